/* One play: trouble, then calm, in which all that is owed must be done. */
#include <stdlib.h>
#include <string.h>

#include "bridge/auth/secret.h"
#include "tests/sim/sim.h"

/* Steps of trouble in one play, and how many the calm after it may take. */
#define PLAY_STEPS 8000
#define CALM_STEPS 100000

#define MINUTE_MS 60000ULL
#define HOUR_MS (60 * MINUTE_MS)

/* By then all is done: the longest way is that of a placeholder, over hours. */
#define CALM_MS (12 * HOUR_MS)

/* What a mail may take when all is well: its mailbox is looked at each minute,
 * and the others on the same connection have their visits first.  NOTIFY tells
 * nothing of a mailbox that cannot be closed: the next round does. */
#define PROMPT_MS (3 * MINUTE_MS)
#define PROMPT_OPEN_MS (10 * MINUTE_MS)

/* Trouble */

static void
pass_time(struct sim *s)
{
	uint64_t at = sim_loop_next(s);

	/* Mostly a little; now and then up to what happens by itself. */
	if (s->calm || sim_roll(s, 4) == 0)
		s->now = at != UINT64_MAX && at > s->now ? at : s->now + 1;
	else
		s->now += sim_roll(s, 200);
	sim_loop_run(s);
}

/* One of the connections. */
static struct sim_line *
any_line(struct sim *s)
{
	unsigned i, n = 0;

	for (i = 0; i < SIM_LINES; i++)
		n += (unsigned)s->line[i].used;
	if (n == 0)
		return (NULL);
	n = sim_roll(s, n);
	for (i = 0; !s->line[i].used || n-- > 0; i++)
		continue;
	return (&s->line[i]);
}

static void
upset(struct sim *s)
{
	struct sim_line *line = any_line(s);

	switch (sim_roll(s, 8)) {
	case 0:
	case 1:
		if (line != NULL)
			sim_wire_break(s, line, "reset");
		break;
	case 2:
		sim_bridge_crash(s);
		sim_bridge_start(s);
		break;
	case 3:
	case 4:
		sim_mailbox_upset(s);
		break;
	case 5:
		s->limit = sim_roll(s, 2) ? sim_roll(s, s->nboxes + 2) : 0;
		sim_note(s, "the server lets in %u connections", s->limit);
		break;
	case 6:
		sim_sink_switch(s);
		break;
	case 7:
		if (line != NULL && line->notify) {
			sim_note(s, "NOTIFY falls silent");
			line->notify = 0;
			line->silent = 1;
		}
		break;
	}
}

static void
trouble(struct sim *s)
{
	unsigned dice = sim_roll(s, 1000);
	struct sim_line *line = any_line(s);

	if (dice < 60)
		sim_mailbox_step(s);
	else if (dice < 300 && line != NULL)
		(void)sim_server_run(s, line);
	else if (dice < 650 && line != NULL)
		(void)sim_wire_deliver(
		    s, line, 1 + sim_roll(s, sim_roll(s, 4) ? 4000 : 9));
	else if (dice < 760 && s->route.nflight > 0)
		(void)sim_sink_answer(
		    s, sim_roll(s, (unsigned)s->route.nflight));
	else if (dice < 820)
		(void)sim_loop_work(s);
	else if (dice < 980)
		pass_time(s);
	else
		upset(s);
}

/* Calm */

/* Whatever can be done now is done, before time passes. */
static void
calm_step(struct sim *s)
{
	struct sim_line *line;
	int any = sim_loop_work(s);

	s->steps++;
	for (line = s->line; line < s->line + SIM_LINES; line++) {
		if (line->used)
			any |= sim_server_run(s, line);
		if (line->used)
			any |= sim_wire_deliver(s, line, SIZE_MAX);
	}
	while (sim_sink_answer(s, 0))
		any = 1;
	if (!any)
		pass_time(s);
}

static void
calm_until(struct sim *s, uint64_t until)
{
	unsigned i;

	for (i = 0; s->now < until; i++) {
		if (i > CALM_STEPS)
			sim_fail(s, "it does not come to rest");
		calm_step(s);
	}
}

static const struct sim_mail *
missing(const struct sim *s)
{
	const struct sim_mail *m;

	for (m = s->mail + 1; m <= s->mail + s->nmails; m++) {
		if (m->there && m->published == 0 && !m->exempt)
			return (m);
	}
	return (NULL);
}

/* Has all come out?  ${still}: and nothing is done any more. */
static int
is_over(const struct sim *s, int still)
{
	return (missing(s) == NULL &&
	    (!still || (s->route.nflight == 0 && roster_lag(s->roster) == 0)));
}

/* Wait until it is over, but not for ever. */
static void
finish(struct sim *s, uint64_t ms, int still)
{
	uint64_t end = s->now + ms;
	const struct sim_mail *m;
	unsigned i;

	for (i = 0; !is_over(s, still) && i < CALM_STEPS && s->now < end; i++)
		calm_step(s);
	if (is_over(s, still))
		return;
	if ((m = missing(s)) != NULL)
		sim_fail(s, "%s: UID %u does not come out in %llu s",
		    s->box[m->box].name, m->uid, (unsigned long long)ms / 1000);
	sim_fail(s, "it does not come to its end");
}

static void
calm_down(struct sim *s)
{
	unsigned i;

	s->calm = 1;
	sim_note(s, "calm");
	for (i = 1; i <= s->nmails; i++) {
		s->mail[i].withheld = 0;
		s->mail[i].hidden = 0;
		if (s->mail[i].placeholder < SIM_FOR_EVER / 2)
			s->mail[i].placeholder = 0;
	}
	for (i = 0; i < s->nboxes; i++)
		s->box[i].there = 1;
	for (i = 0; i < SIM_LINES; i++) {
		if (s->line[i].used && (s->line[i].hole || s->line[i].silent))
			sim_wire_close(s, &s->line[i]);
	}
	if (s->route.down)
		sim_sink_switch(s);
}

/* The ways of new mail work, and not only the search of each hour. */
static void
check_prompt(struct sim *s)
{
	struct sim_line *line;
	int open = strstr(s->capabilities, "UNSELECT") == NULL &&
	    strstr(s->capabilities, "NOTIFY") != NULL;
	unsigned i, round;

	calm_until(s, s->now + 2 * HOUR_MS + 10 * MINUTE_MS);
	for (round = 0; round < 3; round++) {
		for (line = s->line; line < s->line + SIM_LINES; line++) {
			if (line->used && line->notify && round == 1)
				sim_server_overflow(s, line);
		}
		for (i = 0; i < s->nboxes; i++)
			sim_mailbox_arrive(s, i);
		finish(s, open ? PROMPT_OPEN_MS : PROMPT_MS, 0);
		calm_until(s, s->now + sim_roll(s, 10) * MINUTE_MS);
	}
}

/* As many connections as the server lets in and the config allows, and no more
 * tries than one an hour. */
static void
check_connections(struct sim *s)
{
	unsigned i, guests = 0, may = s->account.max_connections, before;

	before = s->refused;
	calm_until(s, s->now + 5 * HOUR_MS);
	if (s->refused - before > 5 * 3)
		sim_fail(s, "%u logins were refused in five hours",
		    s->refused - before);
	sim_note(s, "the server lets in any number");
	s->limit = 0;
	calm_until(s, s->now + (s->nboxes + 2) * HOUR_MS);
	for (i = 0; i < roster_count(s->roster); i++)
		guests +=
		    (unsigned)watcher_is_guest(roster_watcher(s->roster, i));
	if (may == 0 || may >= s->nboxes + (unsigned)s->has_patterns)
		may = s->nboxes;
	else
		may--;
	if (roster_count(s->roster) != s->nboxes || guests != s->nboxes - may)
		sim_fail(s, "%u of %u mailboxes have no connection", guests,
		    s->nboxes);
}

/* Playing */

/* What server and config are like. */
static void
choose(struct sim *s)
{
	static const char *const capabilities[] = {
		"IMAP4rev1 IDLE ID SASL-IR AUTH=PLAIN",
		"IMAP4rev1 SASL-IR AUTH=PLAIN UNSELECT",
		"IMAP4rev1 IDLE SASL-IR AUTH=PLAIN UNSELECT NOTIFY",
		"IMAP4rev1 IDLE SASL-IR AUTH=PLAIN ESEARCH NOTIFY"
	};
	static const char *const names[SIM_BOXES] = { "INBOX", "bills",
		"support/new", "support/old", "a (b)" };
	struct config_account *a = &s->account;
	unsigned i;

	s->capabilities = capabilities[sim_roll(s, 4)];
	s->nboxes = 1 + sim_roll(s, SIM_BOXES);
	s->limit = sim_roll(s, 2) ? 1 + sim_roll(s, s->nboxes) : 0;
	s->limit_style = (int)sim_roll(s, 3);
	s->no_uidnext = sim_roll(s, 12) == 0;
	s->has_patterns = sim_roll(s, 4) == 0;
	for (i = 0; i < s->nboxes; i++) {
		s->box[i].name = names[i];
		s->box[i].validity = 1 + i;
		s->box[i].numbering = 1;
		s->box[i].there = 1;
		s->mailboxes[i] = s->box[i].name;
	}
	s->mailboxes[0] = s->has_patterns ? "*" : s->box[0].name;
	*a = (struct config_account){ .name = "sim",
		.host = "sim",
		.user = "user",
		.mailboxes = s->mailboxes,
		.nmailboxes = s->has_patterns ? 1 : s->nboxes,
		.start =
		    sim_roll(s, 2) ? CONFIG_START_BEGINNING : CONFIG_START_NOW,
		.on_reset = sim_roll(s, 4) ? CONFIG_RESET_MATCH
		    : sim_roll(s, 2)	   ? CONFIG_RESET_ALL
					   : CONFIG_RESET_NOW,
		.poll_seconds = 60,
		.max_connection_seconds = 86400,
		.command_seconds = 60,
		.sweep_seconds = 3600,
		.max_connections = sim_roll(s, 4) ? 0 : 1 + sim_roll(s, 5),
		.retry = { .then = { 1, 5, 30, 60, 600, 3600 }, .nthen = 6 } };
}

uint64_t
sim_play(uint64_t seed, int verbose)
{
	struct sim *s = calloc(1, sizeof(*s));
	uint64_t steps;

	sim_now = s;
	s->seed = seed;
	s->random = seed * 0x9e3779b97f4a7c15U + 1;
	s->verbose = verbose;
	choose(s);
	(void)setenv("SIM_PASSWORD", "password", 1);
	s->account.password = secret_env("SIM_PASSWORD");
	sim_bridge_start(s);
	while (s->steps < PLAY_STEPS) {
		trouble(s);
		sim_loop_close(s);
		s->steps++;
	}
	calm_down(s);
	finish(s, CALM_MS, 1);
	check_prompt(s);
	check_connections(s);
	sim_bridge_crash(s);
	sim_store_clear(s);
	secret_free(s->account.password);
	steps = s->steps;
	free(s);
	return (steps);
}
