/* The notice of a reset that a sink refused, back from its JSON. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/fault.h"
#include "bridge/message.h"
#include "bridge/publish/letter_private.h"
#include "bridge/reset.h"

static uint64_t
number(json_t *object, const char *key)
{
	return ((uint64_t)json_integer_value(json_object_get(object, key)));
}

static const char *
text(json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return (s != NULL ? s : "");
}

static void
fill(struct reset *r, json_t *notice)
{
	json_t *before = json_object_get(notice, "previous");

	r->epoch = number(notice, "epoch");
	r->cause = reset_cause_read(text(notice, "cause"));
	(void)snprintf(
	    r->policy, sizeof(r->policy), "%s", text(notice, "policy"));
	r->old_uidvalidity = number(before, "uidValidity");
	r->old_uid = (uint32_t)number(before, "uid");
	r->uidvalidity = number(notice, "uidValidity");
	r->uid = (uint32_t)number(notice, "uid");
	r->uidnext = (uint32_t)number(notice, "uidNext");
	r->exists = number(notice, "exists");
	r->matched = number(notice, "matched");
	r->passed = number(notice, "passed");
	r->published = number(notice, "published");
	r->uncertain = number(notice, "uncertain");
}

int
letter_reset(struct message *m, struct fault *f)
{
	json_error_t error;
	json_t *notice;

	notice = json_loadb(m->raw, m->raw_len, JSON_REJECT_DUPLICATES, &error);
	if (notice == NULL)
		return (fault_set(f, FAULT_DATA,
		    "dead letter of a reset: is damaged: %s", error.text));
	m->reset = calloc(1, sizeof(*m->reset));
	if (m->reset != NULL) {
		fill(m->reset, notice);
		m->reset->at = m->internaldate;
	}
	json_decref(notice);
	if (m->reset == NULL)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	if (m->reset->epoch == 0)
		return (fault_set(
		    f, FAULT_DATA, "dead letter of a reset: is damaged"));
	return (0);
}
