#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/cli/reset_json.h"
#include "bridge/reset.h"

#define FORMAT                                                                 \
	"{s:I s:I s:I s:s s:s s:I s:I s:I s:I s:I s:I s:I s:I s:I s:I s:b s:I" \
	" s:s s:s"

json_t *
reset_to_json(const struct reset *r)
{
	return (json_pack(FORMAT "}", "uidValidity", (json_int_t)r->uidvalidity,
	    "epoch", (json_int_t)r->epoch, "at", (json_int_t)r->at, "cause",
	    reset_cause_name(r->cause), "policy", r->policy, "oldUidValidity",
	    (json_int_t)r->old_uidvalidity, "oldUid", (json_int_t)r->old_uid,
	    "uid", (json_int_t)r->uid, "uidNext", (json_int_t)r->uidnext,
	    "exists", (json_int_t)r->exists, "matched", (json_int_t)r->matched,
	    "passed", (json_int_t)r->passed, "published",
	    (json_int_t)r->published, "uncertain", (json_int_t)r->uncertain,
	    "ceiling", (json_int_t)r->ceiling, "told", r->told, "horizon",
	    (json_int_t)r->horizon, "skip", r->skip, "plain", r->plain));
}

static int
fits(json_int_t n)
{
	return (n >= 0 && n <= UINT32_MAX);
}

int
reset_from_json(json_t *json, struct reset *r)
{
	json_int_t validity, epoch, at, old_validity, old_uid, uid, uidnext;
	json_int_t exists, matched, passed, published, uncertain, ceiling;
	json_int_t horizon;
	const char *cause, *policy, *skip, *plain;
	struct reset read = { .epoch = 0 };

	if (json_unpack(json, FORMAT " !}", "uidValidity", &validity, "epoch",
		&epoch, "at", &at, "cause", &cause, "policy", &policy,
		"oldUidValidity", &old_validity, "oldUid", &old_uid, "uid",
		&uid, "uidNext", &uidnext, "exists", &exists, "matched",
		&matched, "passed", &passed, "published", &published,
		"uncertain", &uncertain, "ceiling", &ceiling, "told",
		&read.told, "horizon", &horizon, "skip", &skip, "plain",
		&plain) == -1 ||
	    validity < 1 || epoch < 1 || !fits(old_uid) || !fits(uid) ||
	    !fits(uidnext) || !fits(ceiling) || !fits(horizon) ||
	    strlen(policy) >= sizeof(read.policy))
		return (-1);
	(void)snprintf(read.policy, sizeof(read.policy), "%s", policy);
	read.uidvalidity = (uint64_t)validity;
	read.epoch = (uint64_t)epoch;
	read.at = at;
	read.cause = reset_cause_read(cause);
	read.old_uidvalidity = (uint64_t)old_validity;
	read.old_uid = (uint32_t)old_uid;
	read.uid = (uint32_t)uid;
	read.uidnext = (uint32_t)uidnext;
	read.exists = (uint64_t)exists;
	read.matched = (uint64_t)matched;
	read.passed = (uint64_t)passed;
	read.published = (uint64_t)published;
	read.uncertain = (uint64_t)uncertain;
	read.ceiling = (uint32_t)ceiling;
	read.horizon = (uint32_t)horizon;
	*r = read;
	if ((r->skip = strdup(skip)) != NULL &&
	    (r->plain = strdup(plain)) != NULL)
		return (0);
	reset_clear(r);
	return (-1);
}
