#include <stdint.h>
#include <string.h>

#include "bridge/envelope/cloudevent.h"
#include "bridge/envelope/jsonw.h"

/* A segment of the source: what is not unreserved in RFC 3986 is encoded. */
static void
cloudevent_segment(struct buf *out, const char *s)
{
	static const char hex[] = "0123456789ABCDEF";
	unsigned char c;

	(void)buf_putc(out, '/');
	for (; (c = (unsigned char)*s) != '\0'; s++) {
		if ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		    (c >= '0' && c <= '9') || strchr("._~-", c) != NULL) {
			(void)buf_putc(out, (char)c);
		} else {
			(void)buf_putc(out, '%');
			(void)buf_putc(out, hex[c >> 4]);
			(void)buf_putc(out, hex[c & 15]);
		}
	}
}

char *
cloudevent_source(const char *account, const char *mailbox)
{
	struct buf out;

	buf_init(&out, SIZE_MAX / 4);
	(void)buf_puts(&out, "/mailbridge");
	cloudevent_segment(&out, account);
	cloudevent_segment(&out, mailbox);
	if (out.failed)
		buf_free(&out);
	return (buf_take(&out));
}

void
cloudevent_carry(struct event *ev, enum envelope_cloudevents mode)
{
	ev->attributes = mode == ENVELOPE_BINARY;
	ev->content_type = mode == ENVELOPE_STRUCTURED
	    ? "application/cloudevents+json; charset=UTF-8"
	    : "application/json";
}

static void
cloudevent_attribute(struct jsonw *j, const char *name, const char *value)
{
	jsonw_key(j, name);
	jsonw_string(j, (struct span){ value, strlen(value) });
}

void
cloudevent_open(
    struct buf *out, const struct event *ev, enum envelope_cloudevents mode)
{
	struct jsonw j;

	if (mode != ENVELOPE_STRUCTURED)
		return;
	jsonw_init(&j, out);
	jsonw_open(&j, '{');
	cloudevent_attribute(&j, "specversion", "1.0");
	cloudevent_attribute(&j, "id", ev->id);
	cloudevent_attribute(&j, "source", ev->source);
	cloudevent_attribute(&j, "type", ev->type);
	/* CloudEvents knows no empty attribute, only an absent one. */
	if (ev->time[0] != '\0')
		cloudevent_attribute(&j, "time", ev->time);
	cloudevent_attribute(&j, "datacontenttype", "application/json");
	jsonw_key(&j, "data");
}

void
cloudevent_close(struct buf *out, enum envelope_cloudevents mode)
{
	if (mode == ENVELOPE_STRUCTURED)
		(void)buf_putc(out, '}');
}
