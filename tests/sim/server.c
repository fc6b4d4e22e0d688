/* The simulated server: honest by nature, with mishaps by the dice. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/imap/response.h"
#include "tests/sim/sim.h"

static const char *const rubbish[] = { "* OK Still here",
	"* 0 FETCH (FLAGS ())", "* 3 EXPUNGE", "* NO [OVERQUOTA] full",
	"m99999 OK not yours", "+ what", "* VANISHED (EARLIER) 1:5",
	"* FLAGS (\\Seen)", "* OK [UIDNEXT 1] no", "* X ((((((((((",
	"* 4 FETCH (FLAGS (\\Seen) UID 4)", "* LSUB () NIL {3}\r\nm1 ", "*",
	")", "* STATUS nobody (UIDNEXT 7)", "* STATUS INBOX (UIDNEXT 1)" };

static void
say_exists(struct sim *s, struct sim_line *line)
{
	line->told = s->box[line->box].last;
	buf_printf(&line->out, "* %zu EXISTS\r\n",
	    sim_box_count(s, (unsigned)line->box));
}

void
sim_say(struct sim *s, struct sim_line *line, const char *tag, const char *text)
{
	/* Only in the middle of nothing: message data is never broken. */
	if (sim_mishap(s, 15))
		buf_printf(&line->out, "%s\r\n",
		    rubbish[sim_roll(s, sizeof(rubbish) / sizeof(rubbish[0]))]);
	if (line->box != -1 &&
	    (sim_mishap(s, 25) ||
		(s->calm && s->box[line->box].last > line->told)))
		say_exists(s, line);
	sim_note(s, "[%zu] S: %s%s", (size_t)(line - s->line), tag, text);
	buf_printf(&line->out, "%s%s\r\n", tag, text);
}

unsigned
sim_server_count(const struct sim *s)
{
	unsigned i, n = 0;

	for (i = 0; i < SIM_LINES; i++)
		n += s->line[i].used && s->line[i].in_since &&
		    (s->line[i].client != NULL || s->now < s->line[i].gone_at);
	return (n);
}

/* Commands */

static void
on_search(struct sim *s, struct sim_line *line, const char *tag, char *text)
{
	int set = strncmp(text, "RETURN", 6) == 0 || sim_roll(s, 4) == 0;
	const struct sim_box *box = &s->box[line->box];
	uint32_t lo, hi, uid, listed = 0;
	const char *at = strstr(text, "UID "), *end;
	int any = 0, limit = sim_mishap(s, 30);

	lo = (uint32_t)strtoul(at + 4, NULL, 10);
	end = strchr(at, ':') + 1;
	hi = *end == '*' ? box->last : (uint32_t)strtoul(end, NULL, 10);
	if (lo > box->last && *end == '*')
		lo = box->last; /* "n:*" has the last one */
	if (sim_mishap(s, 60)) {
		sim_say(s, line, tag, " OK done"); /* and no answer */
		return;
	}
	buf_puts(
	    &line->out, set ? "* ESEARCH (TAG \"m\") UID ALL " : "* SEARCH");
	for (uid = hi < box->last ? hi : box->last; uid >= lo && uid > 0;
	     uid--) {
		if (box->at[uid] == 0 || s->mail[box->at[uid]].hidden)
			continue;
		if (limit && listed >= 5)
			break;
		listed++;
		buf_printf(&line->out, "%s%u",
		    set && !any ? ""
			: set	? ","
				: " ",
		    uid);
		any = 1;
	}
	buf_puts(&line->out, "\r\n");
	sim_note(s, "[%zu] S: * SEARCH %u:%u, %u listed%s",
	    (size_t)(line - s->line), lo, hi, listed,
	    limit ? " up to a limit" : "");
	if (limit && listed >= 5 && uid >= lo && uid > 0)
		buf_printf(&line->out, "%s %s [MESSAGELIMIT 5 %u] done\r\n",
		    tag, sim_roll(s, 2) ? "OK" : "NO", uid + 1);
	else
		sim_say(s, line, tag, " OK done");
}

/* The mailbox of a quoted name; there it is, or SIM_BOXES. */
static unsigned
read_box(const struct sim *s, const char *quoted)
{
	const char *name = quoted + 1;

	return (sim_box_find(s, name, strcspn(name, "\"")));
}

static void
on_examine(struct sim *s, struct sim_line *line, const char *tag, char *name)
{
	unsigned i = read_box(s, name);
	struct sim_box *box;

	line->box = -1;
	if (i == SIM_BOXES || sim_mishap(s, 100)) {
		sim_say(s, line, tag,
		    i == SIM_BOXES ? " NO [NONEXISTENT] no such mailbox"
				   : " NO not now");
		return;
	}
	box = &s->box[i];
	line->box = (int)i;
	line->told = box->last;
	box->shown = box->numbering;
	buf_printf(&line->out, "* %zu EXISTS\r\n* OK [UIDVALIDITY %llu] it\r\n",
	    sim_box_count(s, i), (unsigned long long)box->validity);
	if (!s->no_uidnext)
		buf_printf(
		    &line->out, "* OK [UIDNEXT %u] it\r\n", box->last + 1);
	sim_note(s, "[%zu] S: %s has UIDVALIDITY %llu, UIDNEXT %u",
	    (size_t)(line - s->line), box->name,
	    (unsigned long long)box->validity, box->last + 1);
	sim_say(s, line, tag, " OK [READ-ONLY] done");
}

static void
say_status(struct sim *s, struct sim_line *line, unsigned i, int all)
{
	const struct sim_box *box = &s->box[i];

	buf_printf(&line->out, "* STATUS \"%s\" (MESSAGES %zu UIDNEXT %u",
	    box->name, sim_box_count(s, i), box->last + 1);
	if (all)
		buf_printf(&line->out, " UIDVALIDITY %llu",
		    (unsigned long long)box->validity);
	buf_puts(&line->out, ")\r\n");
	sim_note(s, "[%zu] S: * STATUS %s UIDNEXT %u", (size_t)(line - s->line),
	    box->name, box->last + 1);
}

static void
on_status(struct sim *s, struct sim_line *line, const char *tag, char *name)
{
	unsigned i = read_box(s, name);

	sim_counts[SIM_STATUSES]++;
	if (i == SIM_BOXES || sim_mishap(s, 40)) {
		sim_say(s, line, tag, " NO not that one");
		return;
	}
	if (!sim_mishap(s, 40)) /* or says nothing */
		say_status(s, line, i, 1);
	sim_say(s, line, tag, " OK done");
}

static void
on_list(struct sim *s, struct sim_line *line, const char *tag, char *text)
{
	unsigned i;

	if (strcmp(text, "\"\" \"\"") == 0) {
		buf_puts(&line->out, "* LIST (\\Noselect) \"/\" \"\"\r\n");
		sim_say(s, line, tag, " OK done");
		return;
	}
	if (sim_mishap(s, 40)) {
		sim_say(s, line, tag, " NO not now");
		return;
	}
	for (i = 0; i < s->nboxes; i++) {
		if (s->box[i].there)
			buf_printf(&line->out, "* LIST () \"/\" \"%s\"\r\n",
			    s->box[i].name);
	}
	sim_say(s, line, tag, " OK done");
}

static void
on_idle(struct sim *s, struct sim_line *line, const char *tag)
{
	if (sim_mishap(s, 30)) {
		sim_say(
		    s, line, tag, sim_roll(s, 2) ? " BAD no" : " OK enough");
		return;
	}
	(void)snprintf(line->idle_tag, sizeof(line->idle_tag), "%s", tag);
	sim_say(s, line, "+", " idling");
}

static void
on_login(struct sim *s, struct sim_line *line, const char *tag)
{
	if (s->limit != 0 && sim_server_count(s) >= s->limit) {
		s->refused++;
		sim_counts[SIM_REFUSALS]++;
		if (s->limit_style == 1) {
			buf_puts(&line->out,
			    "* BYE Too many connections for you\r\n");
			sim_wire_close(s, line);
		} else
			sim_say(s, line, tag,
			    " NO [LIMIT] Maximum number of connections from "
			    "user+IP exceeded");
	} else if (sim_mishap(s, 60)) {
		sim_say(s, line, tag, " NO [AUTHENTICATIONFAILED] who?");
	} else if (sim_mishap(s, 30)) {
		sim_say(s, line, tag, " NO [UNAVAILABLE] busy");
	} else {
		line->in_since = 1;
		sim_say(s, line, tag, " OK welcome");
	}
}

static void
on_notify(struct sim *s, struct sim_line *line, const char *tag)
{
	unsigned i;

	if (sim_mishap(s, 20)) {
		sim_say(s, line, tag, " NO [BADEVENT] not those");
		return;
	}
	line->notify = 1;
	for (i = 0; i < s->nboxes; i++) {
		if (s->box[i].there && sim_roll(s, 2))
			say_status(s, line, i, 1);
	}
	sim_say(s, line, tag, " OK done");
}

static void
on_command(struct sim *s, struct sim_line *line, const char *tag, char *text)
{
	if (strncmp(text, "AUTHENTICATE", 12) == 0) {
		on_login(s, line, tag);
	} else if (strcmp(text, "CAPABILITY") == 0) {
		buf_printf(&line->out, "* CAPABILITY %s\r\n", s->capabilities);
		sim_say(s, line, tag, " OK done");
	} else if (strncmp(text, "EXAMINE ", 8) == 0) {
		on_examine(s, line, tag, text + 8);
	} else if (strncmp(text, "STATUS ", 7) == 0) {
		on_status(s, line, tag, text + 7);
	} else if (strncmp(text, "LIST ", 5) == 0) {
		on_list(s, line, tag, text + 5);
	} else if (strncmp(text, "NOTIFY ", 7) == 0) {
		on_notify(s, line, tag);
	} else if (strcmp(text, "UNSELECT") == 0) {
		line->box = -1;
		sim_say(s, line, tag, " OK done");
	} else if (strcmp(text, "IDLE") == 0) {
		on_idle(s, line, tag);
	} else if (strncmp(text, "UID ", 4) == 0 && line->box == -1) {
		sim_fail(s, "no mailbox is open for \"%s\"", text);
	} else if (strncmp(text, "UID SEARCH ", 11) == 0) {
		on_search(s, line, tag, text + 11);
	} else if (strncmp(text, "UID FETCH ", 10) == 0) {
		sim_fetch(s, line, tag, text + 10);
	} else if (strcmp(text, "LOGOUT") == 0) {
		buf_puts(&line->out, "* BYE\r\n");
		sim_say(s, line, tag, " OK done");
		sim_wire_close(s, line);
	} else {
		sim_say(s, line, tag, " OK done"); /* ID, NOOP */
	}
}

/* One line from the client. */
static void
on_line(struct sim *s, struct sim_line *line, char *text)
{
	char *command;

	sim_note(s, "[%zu] C: %s", (size_t)(line - s->line), text);
	if (line->idle_tag[0] != '\0') {
		if (strcmp(text, "DONE") != 0)
			sim_fail(s, "in IDLE came \"%s\"", text);
		sim_say(s, line, line->idle_tag, " OK done");
		line->idle_tag[0] = '\0';
		return;
	}
	/* To our "+", which made no sense: in AUTHENTICATE, before an IDLE that
	 * was refused. */
	if (strcmp(text, "*") == 0 || strcmp(text, "DONE") == 0)
		return;
	if ((command = strchr(text, ' ')) == NULL)
		sim_fail(s, "no command: \"%s\"", text);
	*command++ = '\0';
	if (sim_mishap(s, 300)) {
		buf_puts(&line->out, "* BYE shutting down\r\n");
		sim_wire_close(s, line);
	} else if (sim_mishap(s, 300)) {
		line->hole = 1;
	} else {
		on_command(s, line, text, command);
	}
}

int
sim_server_run(struct sim *s, struct sim_line *line)
{
	char *text, *end;
	int any = 0;

	while (line->used && line->client != NULL && !line->closed &&
	    !line->hole && line->in.len > 0 &&
	    (end = memchr(line->in.data, '\n', line->in.len)) != NULL) {
		text = strndup(line->in.data, (size_t)(end - line->in.data));
		buf_consume(&line->in, (size_t)(end - line->in.data) + 1);
		text[strcspn(text, "\r")] = '\0';
		on_line(s, line, text);
		free(text);
		any = 1;
	}
	return (any);
}

/* What is told unasked */

void
sim_server_overflow(struct sim *s, struct sim_line *line)
{
	sim_counts[SIM_OVERFLOWS]++;
	sim_note(s, "[%zu] S: overflow", (size_t)(line - s->line));
	buf_puts(&line->out, "* OK [NOTIFICATIONOVERFLOW] no more\r\n");
	line->notify = 0;
}

static void
notify(struct sim *s, struct sim_line *line, unsigned box, int honest)
{
	if (!honest && sim_roll(s, 4) == 0)
		return; /* it is lost */
	if (!honest && sim_roll(s, 12) == 0) {
		sim_server_overflow(s, line);
		return;
	}
	sim_counts[SIM_NOTICES]++;
	say_status(s, line, box, honest || sim_roll(s, 2));
}

void
sim_server_push(struct sim *s, unsigned box, int honest)
{
	struct sim_line *line;

	for (line = s->line; line < s->line + SIM_LINES; line++) {
		if (!line->used || line->client == NULL || line->closed ||
		    line->hole)
			continue;
		if (line->box == (int)box) {
			if (line->idle_tag[0] != '\0' &&
			    (honest || sim_roll(s, 3)))
				say_exists(s, line);
		} else if (line->notify) {
			notify(s, line, box, honest);
		}
	}
}

void
sim_server_kick(struct sim *s, unsigned box)
{
	struct sim_line *line;

	for (line = s->line; line < s->line + SIM_LINES; line++) {
		if (line->used && line->box == (int)box) {
			buf_puts(&line->out, "* BYE kicked out\r\n");
			sim_wire_close(s, line);
		}
	}
}
