#include <glib.h>
#include <string.h>

#include "bridge/buf.h"
#include "bridge/limits.h"
#include "bridge/envelope/nfc.h"
#include "bridge/envelope/utf8.h"

/* Below U+0300 (CC 80) all text is in Form C. */
static int
nfc_is(struct span s)
{
	size_t i;

	for (i = utf8_ascii(s); i < s.len; i++)
		if ((unsigned char)s.data[i] >= 0xCC)
			return (0);
	return (1);
}

/* The length of the run at the start: a mark joins what stands before it, so a
 * run goes from one ASCII character to the next. */
static size_t
nfc_run(struct span s)
{
	size_t i;

	for (i = 1; i < s.len && (unsigned char)s.data[i] >= 0x80; i++)
		continue;
	return (i);
}

struct span
nfc(struct arena *a, struct span s)
{
	struct span run;
	struct buf out;
	gchar *form;

	if (nfc_is(s))
		return (s);
	buf_init(&out, s.len * 4 + 16);
	while (s.len != 0) {
		run = span_cut(s, 0, nfc_run(s));
		s = span_cut(s, run.len, s.len);
		form = NULL;
		if (run.len > 1 && run.len <= LIMIT_ENVELOPE_NFC)
			form = g_utf8_normalize(run.data, (gssize)run.len,
			    G_NORMALIZE_DEFAULT_COMPOSE);
		if (form != NULL)
			(void)buf_puts(&out, form);
		else
			(void)buf_put(&out, run.data, run.len);
		g_free(form);
	}
	s = arena_copy(a, (struct span){ out.data, out.len });
	buf_free(&out);
	return (s);
}
