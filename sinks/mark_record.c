#include <sys/random.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sinks/mark_record.h"

void
mark_owner_init(struct mark_owner *o)
{
	uint64_t random[2] = { (uint64_t)getpid(), (uint64_t)time(NULL) };
	char host[128] = "";

	memset(o, 0, sizeof(*o));
	/* Where the kernel gives none, pid and time tell two of us apart. */
	(void)!getrandom(random, sizeof(random), 0);
	(void)snprintf(o->session, sizeof(o->session),
	    "%016" PRIx64 "%016" PRIx64, random[0], random[1]);
	(void)gethostname(host, sizeof(host) - 1);
	(void)snprintf(o->by, sizeof(o->by), "%s:%ld", host, (long)getpid());
}

static char *
dump(json_t *record)
{
	char *text;

	if (record == NULL)
		return (NULL);
	text = json_dumps(record, JSON_COMPACT | JSON_PRESERVE_ORDER);
	json_decref(record);
	return (text);
}

/* What is "" may be left out. */
static int
put(json_t *record, const char *key, const char *text)
{
	if (record == NULL || text == NULL || text[0] == '\0')
		return (0);
	return (json_object_set_new(record, key, json_string(text)));
}

char *
mark_record_write(const struct sink_mark *m)
{
	json_t *record;

	record = json_pack("{ss ss sI sI ss sI}", "account", m->account,
	    "mailbox", m->mailbox, "uidValidity", (json_int_t)m->uidvalidity,
	    "uid", (json_int_t)m->uid, "above", m->above, "epoch",
	    (json_int_t)m->epoch);
	if (record != NULL && m->since[0] != '\0' &&
	    (json_object_set_new(record, "since", json_string(m->since)) ==
		    -1 ||
		json_object_set_new(record, "sinceBelow",
		    json_integer(m->since_below)) == -1)) {
		json_decref(record);
		return (NULL);
	}
	if (put(record, "below", m->below) == -1 ||
	    put(record, "recent", m->recent) == -1) {
		json_decref(record);
		return (NULL);
	}
	return (dump(record));
}

char *
mark_owner_write(const struct mark_owner *o)
{
	return (dump(json_pack("{ss sI sI ss}", "session", o->session,
	    "generation", (json_int_t)o->generation, "batch",
	    (json_int_t)o->batch, "by", o->by)));
}

int
mark_record_read(const json_t *record, struct sink_mark *m)
{
	json_int_t validity, uid, epoch, below = 0;

	memset(m, 0, sizeof(*m));
	m->since = m->recent = m->below = "";
	if (json_unpack((json_t *)record, "{ss ss sI sI ss sI s?s s?I s?s s?s}",
		"account", &m->account, "mailbox", &m->mailbox, "uidValidity",
		&validity, "uid", &uid, "above", &m->above, "epoch", &epoch,
		"since", &m->since, "sinceBelow", &below, "recent", &m->recent,
		"below", &m->below) == -1 ||
	    validity <= 0 || uid < 0 || uid > UINT32_MAX || epoch < 0 ||
	    below < 0 || below > UINT32_MAX)
		return (-1);
	m->uidvalidity = (uint64_t)validity;
	m->uid = (uint32_t)uid;
	m->epoch = (uint64_t)epoch;
	m->since_below = (uint32_t)below;
	return (0);
}

int
mark_owner_read(const json_t *record, struct mark_owner *o)
{
	json_int_t generation, batch;
	const char *session, *by;

	memset(o, 0, sizeof(*o));
	if (json_unpack((json_t *)record, "{ss sI sI ss}", "session", &session,
		"generation", &generation, "batch", &batch, "by", &by) == -1 ||
	    generation < 0 || batch < 0)
		return (-1);
	(void)snprintf(o->session, sizeof(o->session), "%s", session);
	(void)snprintf(o->by, sizeof(o->by), "%s", by);
	o->generation = (uint64_t)generation;
	o->batch = (uint64_t)batch;
	return (0);
}
