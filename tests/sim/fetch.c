/* How the simulated server answers UID FETCH. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bridge/imap/response.h"
#include "tests/sim/sim.h"

/* What one FETCH asks for. */
struct wish {
	const char *name; /* as the answer calls it; NULL: no body */
	enum { WHOLE, HEADER, TEXT, ID } section;
	size_t part; /* octets, or 0 */
	int flags, date, sizes;
};

static struct wish
read_wish(const char *items)
{
	struct wish w = { .name = "BODY[]" };
	const char *part = strstr(items, "<0.");

	if (strstr(items, "[HEADER.FIELDS") != NULL) {
		w.name = "BODY[HEADER.FIELDS (MESSAGE-ID)]";
		w.section = ID;
	} else if (strstr(items, "[HEADER]") != NULL) {
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
	w.flags = strstr(items, "FLAGS") != NULL;
	w.date = strstr(items, "INTERNALDATE") != NULL;
	w.sizes = strstr(items, "RFC822.SIZE") != NULL;
	return (w);
}

static void
put_body(
    struct sim *s, struct sim_mail *m, const struct wish *w, struct buf *body)
{
	if (m->placeholder == 0 || w->section == ID) {
		sim_mail_put(s, m, body);
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
		return (w->section != HEADER && w->section != ID);
	case SIM_NOTHING:
		return (1);
	default:
		return (0);
	}
}

/* Nothing of it, in one of many ways. */
static void
say_nothing(
    struct sim *s, struct sim_line *line, uint32_t uid, const struct wish *w)
{
	static const char *const values[] = { "NIL", "\"\"", "{0}\r\n", "" };

	if (sim_roll(s, 2))
		return;
	/* A TEXT that is empty is one. */
	buf_printf(&line->out, "* %u FETCH (UID %u %s %s)\r\n", uid, uid,
	    w->name, w->section == TEXT ? "NIL" : values[sim_roll(s, 4)]);
}

static void
say_date(const struct sim_mail *m, struct buf *out)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May",
		"Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t t = (time_t)m->received;
	struct tm tm;

	(void)gmtime_r(&t, &tm);
	buf_printf(out, "INTERNALDATE \"%02d-%s-%d %02d:%02d:%02d +0000\" ",
	    tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
}

/* Leave of the octets what is asked for. */
static void
cut(struct buf *body, const struct sim_mail *m, const struct wish *w)
{
	size_t at, len = body->len;
	const char *id, *end;

	at = (size_t)(strstr(body->data, "\r\n\r\n") + 4 - body->data);
	if (w->section == HEADER) {
		body->len = at;
	} else if (w->section == TEXT) {
		buf_consume(body, at);
	} else if (w->section == ID) {
		id = strstr(body->data, "Message-ID");
		end = id != NULL ? strstr(id, "\r\n") + 2 : NULL;
		len = id != NULL ? (size_t)(end - id) : 0;
		if (id != NULL)
			memmove(body->data, id, len);
		memcpy(body->data + len, "\r\n", 2);
		body->len = len + 2;
	}
	if (w->part != 0 && body->len > w->part && !m->ignores)
		body->len = w->part;
}

/* One FETCH response.  Items come in any order; a message of which less is
 * asked for may come whole. */
static void
say_mail(struct sim *s, struct sim_line *line, struct sim_mail *m,
    const struct wish *w)
{
	struct buf *out = &line->out;
	struct buf body;
	size_t size;
	int first = sim_roll(s, 2);

	buf_init(&body, 1 << 20);
	m->looked = m->looked || w->section == ID;
	put_body(s, m, w, &body);
	size = m->lie != 0 ? (size_t)m->lie : body.len;
	cut(&body, m, w);
	sim_note(s, "[%zu] S: * FETCH UID %u %s (%zu octets)",
	    (size_t)(line - s->line), m->uid, w->name != NULL ? w->name : "",
	    body.len);
	buf_printf(out, "* %u FETCH (", m->uid);
	if (first)
		buf_printf(out, "UID %u ", m->uid);
	if (w->flags)
		buf_puts(out, "FLAGS (\\Seen) ");
	if (w->date)
		say_date(m, out);
	if (w->sizes && first)
		buf_printf(out, "RFC822.SIZE %zu ", size);
	if (w->name != NULL && m->huge && w->section == WHOLE && w->part == 0) {
		buf_printf(out, "%s {5000000000}\r\n", w->name);
		line->hole = 1;
	} else if (w->name != NULL) {
		buf_printf(out, "%s%s {%zu%s}\r\n", w->name,
		    w->part != 0 ? "<0>" : "", body.len,
		    sim_roll(s, 2) ? "+" : "");
	}
	if (w->name != NULL)
		buf_put(out, body.data, body.len);
	buf_free(&body);
	if (line->hole)
		return;
	if (w->sizes && !first)
		buf_printf(out, " RFC822.SIZE %zu", size);
	buf_printf(out, " UID %u)\r\n", m->uid);
}

/* The mails of a UID set that are there, in any order now and then. */
static size_t
choose(struct sim *s, unsigned box, const char *set, const char *end,
    struct sim_mail **mails)
{
	struct sim_mail *swap;
	uint32_t lo, hi;
	size_t n = 0, i, j;

	while (n < SIM_UIDS && set < end && response_range(&set, &lo, &hi)) {
		for (; set <= end && lo <= hi && n < SIM_UIDS; lo++) {
			if ((swap = sim_mail_at(s, box, lo)) != NULL)
				mails[n++] = swap;
			if (lo > SIM_UIDS)
				break;
		}
	}
	for (i = 0; i < n; i++) {
		if (!sim_mishap(s, 20))
			continue;
		j = i + sim_roll(s, (unsigned)(n - i));
		swap = mails[i];
		mails[i] = mails[j];
		mails[j] = swap;
	}
	return (n);
}

void
sim_fetch(
    struct sim *s, struct sim_line *line, const char *tag, const char *set)
{
	const char *items = strchr(set, ' ');
	struct wish wish = read_wish(items);
	struct sim_mail *mails[SIM_UIDS], *again;
	size_t n, i, limit = SIM_UIDS;

	n = choose(s, (unsigned)line->box, set, items, mails);
	if (sim_mishap(s, 40)) {
		sim_say(s, line, tag, " NO -  fetch error");
		return;
	}
	if (n > 3 && sim_mishap(s, 30))
		limit = n / 2;
	for (i = 0; i < n && i < limit && !line->hole; i++) {
		if (is_refused(mails[i], &wish)) {
			say_nothing(s, line, mails[i]->uid, &wish);
			continue;
		}
		if (mails[i]->withheld > 0) {
			mails[i]->withheld--;
			continue;
		}
		say_mail(s, line, mails[i], &wish);
		again = mails[sim_roll(s, (unsigned)n)];
		if (!line->hole && sim_mishap(s, 60) &&
		    !is_refused(again, &wish))
			say_mail(s, line, again, &wish);
	}
	if (line->hole)
		return;
	if (limit < n) {
		buf_printf(&line->out, "%s OK [MESSAGELIMIT %zu %u] done\r\n",
		    tag, limit, mails[limit - 1]->uid);
		return;
	}
	sim_say(s, line, tag, " OK done");
}
