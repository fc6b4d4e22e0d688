/* How the simulated server answers UID FETCH. */
#include <stdlib.h>
#include <string.h>

#include "bridge/imap/response.h"
#include "tests/sim/sim.h"

/* What one FETCH asks for. */
struct wish {
	const char *name; /* as the answer calls it; NULL: no body */
	enum { WHOLE, HEADER, TEXT } section;
	size_t part; /* octets, or 0 */
	int facts, sizes;
};

static struct wish
read_wish(const char *items)
{
	struct wish w = { .name = "BODY[]" };
	const char *part = strstr(items, "<0.");

	if (strstr(items, "[HEADER]") != NULL) {
		w.name = "BODY[HEADER]";
		w.section = HEADER;
	} else if (strstr(items, "[TEXT]") != NULL) {
		w.name = "BODY[TEXT]";
		w.section = TEXT;
	} else if (strstr(items, "BODY") == NULL) {
		w.name = NULL;
	}
	if (part != NULL)
		w.part = strtoul(part + 3, NULL, 10);
	w.facts = strstr(items, "FLAGS") != NULL;
	w.sizes = strstr(items, "RFC822.SIZE") != NULL;
	return (w);
}

static void
put_body(struct sim *s, uint32_t uid, struct buf *body)
{
	struct sim_mail *m = &s->mail[uid];

	if (m->placeholder == 0) {
		sim_mail_put(s, uid, body);
		return;
	}
	m->placeholder--;
	buf_puts(body,
	    "From: Microsoft Exchange Server\r\nSubject: Retrieval using the "
	    "IMAP4 protocol failed for the following\r\n message: 1\r\n\r\n"
	    "The server couldn't retrieve the following message:\r\n");
}

/* Does it never come in this form? */
static int
is_refused(const struct sim_mail *m, const struct wish *w)
{
	if (w->name == NULL)
		return (0);
	switch (m->trouble) {
	case SIM_NO_BODY:
		return (w->section == WHOLE);
	case SIM_NO_TEXT:
		return (w->section == WHOLE ||
		    (w->section == TEXT && w->part == 0));
	case SIM_HEADER:
		return (w->section != HEADER);
	case SIM_NOTHING:
		return (1);
	default:
		return (0);
	}
}

/* Nothing of it, in one of many ways. */
static void
say_nothing(struct sim *s, uint32_t uid, const struct wish *w)
{
	static const char *const values[] = { "NIL", "\"\"", "{0}\r\n", "" };

	if (sim_roll(s, 2))
		return;
	/* A TEXT that is empty is one. */
	buf_printf(&s->server.out, "* %u FETCH (UID %u %s %s)\r\n", uid, uid,
	    w->name, w->section == TEXT ? "NIL" : values[sim_roll(s, 4)]);
}

/* One FETCH response.  Items come in any order; a message of which less is
 * asked for may come whole. */
static void
say_mail(struct sim *s, uint32_t uid, const struct wish *w)
{
	struct buf *out = &s->server.out;
	struct sim_mail *m = &s->mail[uid];
	size_t len, at = 0, size;
	struct buf body;
	int first = sim_roll(s, 2);

	buf_init(&body, 1 << 20);
	put_body(s, uid, &body);
	size = m->lie != 0 ? (size_t)m->lie : body.len;
	len = body.len;
	if (w->name != NULL && w->section != WHOLE) {
		at = (size_t)(strstr(body.data, "\r\n\r\n") + 4 - body.data);
		len = w->section == HEADER ? at : body.len - at;
		if (w->section == HEADER)
			at = 0;
	}
	if (w->part != 0 && len > w->part && !m->ignores)
		len = w->part;
	sim_note(s, "S: * FETCH UID %u %s (%zu octets)", uid,
	    w->name != NULL ? w->name : "", len);
	buf_printf(out, "* %u FETCH (", uid);
	if (first)
		buf_printf(out, "UID %u ", uid);
	if (w->facts)
		buf_puts(out, "FLAGS (\\Seen) ");
	if (w->sizes && first)
		buf_printf(out, "RFC822.SIZE %zu ", size);
	if (w->name != NULL && m->huge && w->section == WHOLE && w->part == 0) {
		buf_printf(out, "%s {5000000000}\r\n", w->name);
		s->server.hole = 1;
	} else if (w->name != NULL) {
		buf_printf(out, "%s%s {%zu%s}\r\n", w->name,
		    w->part != 0 ? "<0>" : "", len, sim_roll(s, 2) ? "+" : "");
	}
	if (w->name != NULL)
		buf_put(out, body.data + at, len);
	buf_free(&body);
	if (s->server.hole)
		return;
	if (w->sizes && !first)
		buf_printf(out, " RFC822.SIZE %zu", size);
	buf_printf(out, " UID %u)\r\n", uid);
}

void
sim_fetch(struct sim *s, const char *tag, const char *set)
{
	const char *items = strchr(set, ' ');
	struct wish wish = read_wish(items);
	uint32_t uids[SIM_UIDS], lo, hi, swap;
	size_t n = 0, i, j, limit = SIM_UIDS;

	while (n < SIM_UIDS && set < items && response_range(&set, &lo, &hi)) {
		for (; set <= items && lo <= hi && n < SIM_UIDS; lo++) {
			if (lo <= s->last && s->mail[lo].there)
				uids[n++] = lo;
		}
	}
	if (sim_mishap(s, 40)) {
		sim_say(s, tag, " NO -  fetch error");
		return;
	}
	if (n > 3 && sim_mishap(s, 30))
		limit = n / 2;
	for (i = 0; i < n && i < limit; i++) {
		if (sim_mishap(s, 20)) { /* another order */
			j = i + sim_roll(s, (unsigned)(n - i));
			swap = uids[i];
			uids[i] = uids[j];
			uids[j] = swap;
		}
		if (is_refused(&s->mail[uids[i]], &wish)) {
			say_nothing(s, uids[i], &wish);
			continue;
		}
		if (s->mail[uids[i]].withheld > 0) {
			s->mail[uids[i]].withheld--;
			continue;
		}
		say_mail(s, uids[i], &wish);
		if (s->server.hole)
			return;
		j = sim_roll(s, (unsigned)n);
		if (sim_mishap(s, 60) && !is_refused(&s->mail[uids[j]], &wish))
			say_mail(s, uids[j], &wish);
		if (s->server.hole)
			return;
	}
	if (limit < n) {
		buf_printf(&s->server.out,
		    "%s OK [MESSAGELIMIT %zu %u] done\r\n", tag, limit,
		    uids[limit - 1]);
		return;
	}
	sim_say(s, tag, " OK done");
}
