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

void
sim_say(struct sim *s, const char *tag, const char *text)
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
		sim_say(s, tag, " OK done"); /* and no answer */
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
		sim_say(s, tag, " OK done");
}

static void
on_examine(struct sim *s, const char *tag)
{
	s->server.selected = 1;
	buf_printf(&s->server.out,
	    "* %u EXISTS\r\n* OK [UIDVALIDITY %llu] it\r\n"
	    "* OK [UIDNEXT %u] it\r\n",
	    s->last, (unsigned long long)s->validity, s->last + 1);
	sim_say(s, tag, " OK [READ-ONLY] done");
}

static void
on_idle(struct sim *s, const char *tag)
{
	if (sim_mishap(s, 30)) {
		sim_say(s, tag, sim_roll(s, 2) ? " BAD no" : " OK enough");
		return;
	}
	(void)snprintf(
	    s->server.idle_tag, sizeof(s->server.idle_tag), "%s", tag);
	sim_say(s, "+", " idling");
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
		sim_say(s, sv->idle_tag, " OK done");
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
		sim_say(s, line,
		    sim_mishap(s, 20) ? " NO [UNAVAILABLE] busy"
				      : " OK welcome");
	} else if (strncmp(command, "CAPABILITY", 10) == 0) {
		buf_printf(&sv->out,
		    "* CAPABILITY IMAP4rev1 IDLE ID SASL-IR AUTH=PLAIN\r\n");
		sim_say(s, line, " OK done");
	} else if (strncmp(command, "EXAMINE", 7) == 0) {
		on_examine(s, line);
	} else if (strncmp(command, "UID SEARCH ", 11) == 0) {
		on_search(s, line, command + 11);
	} else if (strncmp(command, "UID FETCH ", 10) == 0) {
		sim_fetch(s, line, command + 10);
	} else if (strncmp(command, "IDLE", 4) == 0) {
		on_idle(s, line);
	} else {
		sim_say(s, line, " OK done"); /* ID, NOOP */
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
