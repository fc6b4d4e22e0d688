#include <string.h>

#include "bridge/auth/oauth2.h"
#include "bridge/buf.h"
#include "bridge/envelope/date.h"
#include "bridge/envelope/jsonw.h"
#include "bridge/report.h"
#include "bridge/reset.h"
#include "bridge/store/checkpoint.h"

static void
text(struct jsonw *w, const char *key, const char *value)
{
	struct span s = { value, value != NULL ? strlen(value) : 0 };

	jsonw_key(w, key);
	jsonw_maybe(w, s);
}

/* RFC 3339, or null for never. */
static void
date(struct jsonw *w, const char *key, int64_t seconds)
{
	char value[DATE_TEXT];

	if (seconds == 0 || date_utc(seconds, value) == -1)
		text(w, key, NULL);
	else
		text(w, key, value);
}

static void
number(struct jsonw *w, const char *key, int known, uint64_t value)
{
	jsonw_key(w, key);
	if (known)
		jsonw_uint(w, value);
	else
		jsonw_null(w);
}

/* One object a line: a person may look for a name in it. */
static void
line(struct report *r, struct jsonw *w)
{
	buf_puts(r->out, r->comma ? ",\n    " : "\n    ");
	r->comma = 1;
	jsonw_init(w, r->out);
	jsonw_open(w, '{');
}

void
report_begin(struct report *r, const char *state, long pid)
{
	struct jsonw w;

	r->comma = 0;
	jsonw_init(&w, r->out);
	jsonw_open(&w, '{');
	text(&w, "state", state);
	number(&w, "pid", pid > 0, (uint64_t)pid);
	buf_puts(r->out, ",\n  \"mailboxes\":[");
}

/* The last time that the mailbox was numbered anew. */
static void
put_reset(struct jsonw *w, const struct reset *r)
{
	jsonw_key(w, "reset");
	if (r == NULL) {
		jsonw_null(w);
		return;
	}
	jsonw_open(w, '{');
	date(w, "at", r->at);
	text(w, "cause", reset_cause_name(r->cause));
	text(w, "policy", r->policy);
	number(w, "previousUidValidity", 1, r->old_uidvalidity);
	number(w, "previousUid", 1, r->old_uid);
	number(w, "matched", 1, r->matched);
	number(w, "passed", 1, r->passed);
	number(w, "published", 1, r->published);
	number(w, "uncertain", 1, r->uncertain);
	number(w, "epoch", 1, r->epoch);
	jsonw_close(w, '}');
}

void
report_mailbox(struct report *r, const struct report_mailbox *m)
{
	const struct checkpoint_status *s = m->status;
	struct jsonw w;

	line(r, &w);
	text(&w, "account", m->account);
	text(&w, "mailbox", m->mailbox);
	text(&w, "state", m->state);
	jsonw_key(&w, "configured");
	jsonw_bool(&w, m->configured);
	number(&w, "uid", m->has_checkpoint, m->uid);
	number(&w, "uidValidity", m->has_checkpoint, m->uidvalidity);
	number(&w, "lag", s != NULL, s != NULL ? s->lag : 0);
	date(&w, "lastSuccess", s != NULL ? s->last_success : 0);
	date(&w, "lastErrorAt", s != NULL ? s->last_error_at : 0);
	text(&w, "lastError",
	    s != NULL && s->last_error[0] != '\0' ? s->last_error : NULL);
	put_reset(&w, m->reset);
	jsonw_close(&w, '}');
}

void
report_sinks(struct report *r)
{
	r->comma = 0;
	buf_puts(r->out, "\n  ],\n  \"sinks\":[");
}

void
report_sink(struct report *r, const struct report_sink *s)
{
	struct jsonw w;

	line(r, &w);
	text(&w, "sink", s->name);
	text(&w, "state", s->state);
	number(&w, "unanswered", 1, s->unanswered);
	number(&w, "oldestSeconds", 1, s->oldest_seconds);
	text(&w, "lastError", s->error[0] != '\0' ? s->error : NULL);
	jsonw_close(&w, '}');
}

void
report_clients(struct report *r)
{
	r->comma = 0;
	buf_puts(r->out, "\n  ],\n  \"oauth2\":[");
}

void
report_client(struct report *r, const struct oauth2_facts *facts)
{
	struct jsonw w;

	line(r, &w);
	text(&w, "client", facts->client);
	date(&w, "tokenExpiresAt", facts->token_until);
	date(&w, "secretExpiresAt", facts->secret_until);
	date(&w, "certificateExpiresAt", facts->certificate_until);
	date(&w, "lastErrorAt", facts->failed_at);
	text(&w, "lastError", facts->error);
	jsonw_close(&w, '}');
}

void
report_end(struct report *r)
{
	buf_puts(r->out, "\n  ]\n}\n");
}
