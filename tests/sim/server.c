/* The simulated server: honest by nature, with mishaps by the dice. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/imap/response.h"
#include "tests/sim/sim.h"

static const char *const rubbish[] = { "* OK Still here",
	"* 0 FETCH (FLAGS ())", "* 3 EXPUNGE", "* NO [OVERQUOTA] full",
	"m99 OK not yours", "+ what", "* VANISHED (EARLIER) 1:5",
	"* FLAGS (\\Seen)", "* OK [UIDNEXT 1] no", "* X ((((((((((",
	"* 4 FETCH (FLAGS (\\Seen) UID 4)", "* LIST () NIL {3}\r\nm1 ", "*",
	")" };

static void
say(struct sim *s, const char *tag, const char *text)
{
	/* Only in the middle of nothing: message data is never broken. */
	if (sim_mishap(s, 15))
		buf_printf(&s->server.out, "%s\r\n",
		    rubbish[sim_roll(s, sizeof(rubbish) / sizeof(rubbish[0]))]);
	if (sim_mishap(s, 25))
		buf_printf(&s->server.out, "* %u EXISTS\r\n", s->last);
	sim_note(s, "S: %s%s", tag, text);
	buf_printf(&s->server.out, "%s%s\r\n", tag, text);
}

static void
say_mail(struct sim *s, uint32_t uid, const char *items)
{
	struct sim_mail *m = &s->mail[uid];
	struct buf body;
	const char *part = strstr(items, "<0.");
	size_t len;

	buf_init(&body, 1 << 20);
	if (m->placeholder > 0) {
		m->placeholder--;
		buf_puts(&body,
		    "From: Microsoft Exchange Server\r\nSubject: Retrieval "
		    "using the IMAP4 protocol failed for the following\r\n "
		    "message: 1\r\n\r\nThe server couldn't retrieve the "
		    "following message:\r\n");
	} else {
		sim_mail_put(s, uid, &body);
	}
	sim_note(s, "S: * FETCH UID %u (%zu octets)", uid, body.len);
	if (m->huge && part == NULL) {
		buf_printf(&s->server.out,
		    "* %u FETCH (UID %u BODY[] {5000000000}\r\n", uid, uid);
		buf_put(&s->server.out, body.data, body.len);
		buf_free(&body);
		s->server.hole = 1;
		return;
	}
	len = body.len;
	if (part != NULL && len > strtoul(part + 3, NULL, 10))
		len = strtoul(part + 3, NULL, 10);
	if (sim_roll(s, 2))
		buf_printf(&s->server.out,
		    "* %u FETCH (UID %u FLAGS (\\Seen) RFC822.SIZE %zu "
		    "BODY[]%s {%zu}\r\n",
		    uid, uid, body.len, part != NULL ? "<0>" : "", len);
	else
		buf_printf(&s->server.out, "* %u FETCH (BODY[]%s {%zu%s}\r\n",
		    uid, part != NULL ? "<0>" : "", len,
		    sim_roll(s, 2) ? "+" : "");
	buf_put(&s->server.out, body.data, len);
	buf_printf(
	    &s->server.out, " UID %u RFC822.SIZE %zu)\r\n", uid, body.len);
	buf_free(&body);
}

static void
on_fetch(struct sim *s, const char *tag, const char *set)
{
	const char *items = strchr(set, ' ');
	uint32_t uids[SIM_UIDS], lo, hi, swap;
	size_t n = 0, i, j, limit = SIM_UIDS;

	while (n < SIM_UIDS && set < items && response_range(&set, &lo, &hi)) {
		for (; set <= items && lo <= hi && n < SIM_UIDS; lo++) {
			if (lo <= s->last && s->mail[lo].there)
				uids[n++] = lo;
		}
	}
	if (sim_mishap(s, 40)) {
		say(s, tag, " NO -  fetch error");
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
		if (s->mail[uids[i]].withheld > 0) {
			s->mail[uids[i]].withheld--;
			continue;
		}
		say_mail(s, uids[i], items);
		if (s->server.hole)
			return;
		if (sim_mishap(s, 60))
			say_mail(s, uids[sim_roll(s, (unsigned)n)], items);
		if (s->server.hole)
			return;
	}
	if (limit < n) {
		buf_printf(&s->server.out,
		    "%s OK [MESSAGELIMIT %zu %u] done\r\n", tag, limit,
		    uids[limit - 1]);
		return;
	}
	say(s, tag, " OK done");
}

static void
on_search(struct sim *s, const char *tag, const char *text)
{
	int set = strncmp(text, "RETURN", 6) == 0 || sim_roll(s, 4) == 0;
	uint32_t lo, hi, uid, listed = 0;
	const char *at = strstr(text, "UID "), *end;
	int any = 0, limit = sim_mishap(s, 30);

	lo = (uint32_t)strtoul(at + 4, NULL, 10);
	end = strchr(at, ':') + 1;
	hi = *end == '*' ? s->last : (uint32_t)strtoul(end, NULL, 10);
	if (lo > s->last && *end == '*')
		lo = s->last; /* "n:*" has the last one */
	if (sim_mishap(s, 60)) {
		say(s, tag, " OK done"); /* and no answer */
		return;
	}
	buf_puts(&s->server.out,
	    set ? "* ESEARCH (TAG \"m\") UID ALL " : "* SEARCH");
	for (uid = hi < s->last ? hi : s->last; uid >= lo && uid > 0; uid--) {
		if (!s->mail[uid].there || s->mail[uid].hidden)
			continue;
		if (limit && listed >= 5)
			break;
		listed++;
		buf_printf(&s->server.out, "%s%u",
		    set && !any ? ""
			: set	? ","
				: " ",
		    uid);
		any = 1;
	}
	buf_puts(&s->server.out, "\r\n");
	sim_note(s, "S: * SEARCH %u:%u, %u listed%s", lo, hi, listed,
	    limit ? " up to a limit" : "");
	if (limit && listed >= 5 && uid >= lo && uid > 0)
		buf_printf(&s->server.out, "%s %s [MESSAGELIMIT 5 %u] done\r\n",
		    tag, sim_roll(s, 2) ? "OK" : "NO", uid + 1);
	else
		say(s, tag, " OK done");
}

static void
on_examine(struct sim *s, const char *tag)
{
	s->server.selected = 1;
	buf_printf(&s->server.out,
	    "* %u EXISTS\r\n* OK [UIDVALIDITY %llu] it\r\n"
	    "* OK [UIDNEXT %u] it\r\n",
	    s->last, (unsigned long long)s->validity, s->last + 1);
	say(s, tag, " OK [READ-ONLY] done");
}

static void
on_idle(struct sim *s, const char *tag)
{
	if (sim_mishap(s, 30)) {
		say(s, tag, sim_roll(s, 2) ? " BAD no" : " OK enough");
		return;
	}
	(void)snprintf(
	    s->server.idle_tag, sizeof(s->server.idle_tag), "%s", tag);
	say(s, "+", " idling");
}

/* One line from the client. */
static void
on_line(struct sim *s, char *line)
{
	struct sim_server *sv = &s->server;
	char *command;

	sim_note(s, "C: %s", line);
	if (sv->idle_tag[0] != '\0') {
		if (strcmp(line, "DONE") != 0)
			sim_fail(s, "in IDLE came \"%s\"", line);
		say(s, sv->idle_tag, " OK done");
		sv->idle_tag[0] = '\0';
		return;
	}
	if (strcmp(line, "*") == 0)
		return; /* to our "+", which made no sense in AUTHENTICATE */
	if ((command = strchr(line, ' ')) == NULL)
		sim_fail(s, "no command: \"%s\"", line);
	*command++ = '\0';
	if (sim_mishap(s, 300)) {
		buf_puts(&sv->out, "* BYE shutting down\r\n");
		sv->hole = 1;
	} else if (sim_mishap(s, 300)) {
		sv->hole = 1;
	} else if (strncmp(command, "AUTHENTICATE", 12) == 0) {
		say(s, line,
		    sim_mishap(s, 20) ? " NO [UNAVAILABLE] busy"
				      : " OK welcome");
	} else if (strncmp(command, "CAPABILITY", 10) == 0) {
		buf_printf(&sv->out,
		    "* CAPABILITY IMAP4rev1 IDLE ID SASL-IR AUTH=PLAIN\r\n");
		say(s, line, " OK done");
	} else if (strncmp(command, "EXAMINE", 7) == 0) {
		on_examine(s, line);
	} else if (strncmp(command, "UID SEARCH ", 11) == 0) {
		on_search(s, line, command + 11);
	} else if (strncmp(command, "UID FETCH ", 10) == 0) {
		on_fetch(s, line, command + 10);
	} else if (strncmp(command, "IDLE", 4) == 0) {
		on_idle(s, line);
	} else {
		say(s, line, " OK done"); /* ID, NOOP */
	}
}

void
sim_server_run(struct sim *s)
{
	struct sim_server *sv = &s->server;
	char *line, *end;

	while (sv->open && !sv->hole && sv->in.len > 0 &&
	    (end = memchr(sv->in.data, '\n', sv->in.len)) != NULL) {
		line = strndup(sv->in.data, (size_t)(end - sv->in.data));
		buf_consume(&sv->in, (size_t)(end - sv->in.data) + 1);
		line[strcspn(line, "\r")] = '\0';
		on_line(s, line);
		free(line);
	}
}

void
sim_server_push(struct sim *s)
{
	if (s->server.open && !s->server.hole && s->server.selected &&
	    s->server.idle_tag[0] != '\0' && s->last > 0)
		buf_printf(&s->server.out, "* %u EXISTS\r\n", s->last);
}

void
sim_server_open(struct sim *s)
{
	sim_server_close(s);
	s->server.open = 1;
	buf_puts(&s->server.out,
	    "* OK [CAPABILITY IMAP4rev1 IDLE ID SASL-IR AUTH=PLAIN] hi\r\n");
}

void
sim_server_close(struct sim *s)
{
	buf_free(&s->server.in);
	buf_free(&s->server.out);
	s->server = (struct sim_server){ 0 };
	buf_init(&s->server.in, 1 << 20);
	buf_init(&s->server.out, 1 << 26);
}
