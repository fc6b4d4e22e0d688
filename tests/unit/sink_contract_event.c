#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/envelope/event.h"
#include "sink_contract.h"

struct contract_event
contract_event(const char *mailbox, uint32_t uid, size_t len)
{
	return ((struct contract_event){ .account = "acct",
	    .mailbox = mailbox,
	    .uidvalidity = 77,
	    .uid = uid,
	    .len = len });
}

static char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static char *
text(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	assert_int_not_equal(vasprintf(&s, fmt, ap), -1);
	va_end(ap);
	return (s);
}

struct event *
contract_make(const struct contract_event *e)
{
	struct event *ev = calloc(1, sizeof(*ev));
	int n;

	assert_non_null(ev);
	ev->account = strdup(e->account);
	ev->mailbox = strdup(e->mailbox);
	ev->uidvalidity = e->uidvalidity;
	ev->numbered = 1;
	ev->uid = e->uid;
	ev->type = EVENT_TYPE;
	ev->content_type = "application/json";
	ev->attributes = 1;
	ev->id = text("%llu-%u", (unsigned long long)e->uidvalidity, e->uid);
	ev->source = text("/mailbridge/%s/%s", e->account, e->mailbox);
	ev->message_id = text("%u@example.org", e->uid);
	ev->thread_id = text("thread-%u@example.org", e->uid % 7);
	(void)snprintf(ev->time, sizeof(ev->time), "2026-01-02T03:04:05Z");
	ev->len = e->len > 64 ? e->len : 64;
	ev->data = malloc(ev->len + 1);
	assert_non_null(ev->data);
	memset(ev->data, 'a' + (int)(e->uid % 26), ev->len);
	n = snprintf(ev->data, 64, "{\"uid\":%u,\"x\":\"", e->uid);
	ev->data[n] = 'x';
	memcpy(ev->data + ev->len - 2, "\"}", 2);
	ev->data[ev->len] = '\0';
	return (ev);
}
