/* The headers of a POST: the CloudEvents HTTP binding 1.0.2, Standard Webhooks
 * 1.0.0, and those of the config. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bridge/buf.h"
#include "bridge/envelope/event.h"
#include "sinks/webhook/webhook_private.h"

#define HEADER_MAX ((size_t)128 * 1024)

/* "${name}: ${value}", if nothing failed before. */
static void
add(struct webhook_request *r, struct buf *line, const char *name,
    const char *value)
{
	struct curl_slist *list;

	buf_clear(line);
	(void)buf_puts(line, name);
	(void)buf_puts(line, ": ");
	(void)buf_puts(line, value);
	list = line->failed ? NULL : curl_slist_append(r->headers, line->data);
	if (list == NULL)
		line->failed = 1;
	else
		r->headers = list;
}

/* An attribute of CloudEvents: section 3.1.3.2 of its HTTP binding. */
static void
add_attribute(struct webhook_request *r, struct buf *line, const char *name,
    const char *value)
{
	struct buf encoded;
	const char *p;

	buf_init(&encoded, HEADER_MAX);
	for (p = value; *p != '\0'; p++) {
		if (*p <= ' ' || *p > '~' || *p == '"' || *p == '%')
			(void)buf_printf(
			    &encoded, "%%%02X", (unsigned)(unsigned char)*p);
		else
			(void)buf_putc(&encoded, *p);
	}
	line->failed |= encoded.failed;
	add(r, line, name, encoded.data != NULL ? encoded.data : "");
	buf_free(&encoded);
}

static void
add_signature(
    struct webhook_request *r, struct buf *line, const struct event *ev)
{
	const struct webhook_secrets *s = &r->webhook->secrets;
	char id[WEBHOOK_ID], signature[WEBHOOK_SIGNATURE], number[24];
	int64_t now = (int64_t)time(NULL);
	struct buf all;
	size_t i;

	(void)snprintf(number, sizeof(number), "%" PRId64, now);
	line->failed |= webhook_id(ev, id) == -1;
	add(r, line, "webhook-id", id);
	add(r, line, "webhook-timestamp", number);
	buf_init(&all, HEADER_MAX);
	for (i = 0; i < s->nkeys && !line->failed; i++) {
		line->failed |= webhook_sign(&s->keys[i], id, now, ev->data,
				    ev->len, signature) == -1;
		(void)buf_printf(&all, "%s%s", i == 0 ? "" : " ", signature);
	}
	if (all.data != NULL)
		add(r, line, "webhook-signature", all.data);
	buf_free(&all);
}

int
webhook_headers(struct webhook_request *r, const struct event *ev)
{
	const struct webhook_config *c = &r->webhook->config;
	const struct webhook_secrets *s = &r->webhook->secrets;
	struct buf line;
	size_t i;
	int failed;

	buf_init(&line, HEADER_MAX);
	add(r, &line, "Content-Type", ev->content_type);
	if (ev->attributes) {
		add(r, &line, "ce-specversion", "1.0");
		add_attribute(r, &line, "ce-id", ev->id);
		add_attribute(r, &line, "ce-source", ev->source);
		add_attribute(r, &line, "ce-type", ev->type);
		if (ev->time[0] != '\0')
			add_attribute(r, &line, "ce-time", ev->time);
	}
	add_signature(r, &line, ev);
	for (i = 0; i < c->nheaders; i++)
		add(r, &line, c->headers[i].name,
		    s->values[i] != NULL ? s->values[i] : c->headers[i].value);
	failed = line.failed;
	buf_free(&line);
	return (failed ? -1 : 0);
}
