/* sim [--steps N] [--seed N] - play seeds until N steps are done; or one seed,
 * with its history. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bridge/catchup.h"
#include "tests/sim/sim.h"

/* Steps of trouble in one play, and how many the calm after it may take. */
#define PLAY_STEPS 4000
#define CALM_STEPS 20000

static void play(uint64_t seed, int verbose, uint64_t *steps);

uint64_t sim_counts[SIM_COUNTS];

unsigned
sim_roll(struct sim *s, unsigned n)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return ((unsigned)(s->random >> 33) % n);
}

int
sim_mishap(struct sim *s, unsigned n)
{
	return (!s->calm && sim_roll(s, n) == 0);
}

void
sim_note(struct sim *s, const char *format, ...)
{
	va_list ap;

	if (!s->verbose)
		return;
	printf("%10llu.%03llu ", (unsigned long long)s->now / 1000,
	    (unsigned long long)s->now % 1000);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
}

_Noreturn void
sim_fail(struct sim *s, const char *format, ...)
{
	uint64_t steps = 0;
	va_list ap;

	if (!s->verbose)
		play(s->seed, 1, &steps); /* does not come back */
	va_start(ap, format);
	printf("seed %llu fails at step %llu: ", (unsigned long long)s->seed,
	    (unsigned long long)s->steps);
	vprintf(format, ap);
	va_end(ap);
	printf(
	    "\nplay it again: sim --seed %llu\n", (unsigned long long)s->seed);
	fflush(stdout);
	_exit(1);
}

void
sim_mail_put(const struct sim *s, uint32_t uid, struct buf *b)
{
	unsigned i, lines = (uid * 7 + (unsigned)s->validity) % 12;

	buf_printf(b, "Subject: %llu-%u\r\n\r\n",
	    (unsigned long long)s->validity, uid);
	if (uid % 31 == 0)
		lines = 100; /* more than SIM_MAX_MESSAGE */
	for (i = 0; i < lines; i++)
		buf_printf(b, "m%u OK done\r\n* %u EXISTS\r\n* BYE\r\n", i, i);
}

/* The mailbox */

static void
arrive(struct sim *s)
{
	struct sim_mail *m;

	if (s->last + 4 >= SIM_UIDS)
		return;
	s->last += 1 + sim_roll(s, 3);
	m = &s->mail[s->last];
	*m = (struct sim_mail){ .there = 1 };
	/* Nobody can tell it from the other, unless UIDNEXT is seen first. */
	m->reused = m->exempt = s->last <= s->highest;
	m->born = s->restores;
	if (s->last > s->highest)
		s->highest = s->last;
	m->hidden = m->was_hidden = sim_roll(s, 25) == 0;
	if (sim_roll(s, 15) == 0)
		m->withheld = (int)sim_roll(s, 4);
	if (sim_roll(s, 30) == 0)
		m->placeholder = (int)sim_roll(s, 3);
	if (sim_roll(s, 200) == 0)
		m->placeholder = SIM_FOR_EVER;
	m->huge = sim_roll(s, 60) == 0;
	if (sim_roll(s, 30) == 0)
		m->lie = 1 + (int)sim_roll(s, 2 * SIM_MAX_MESSAGE);
	m->ignores = sim_roll(s, 4) == 0;
	if (sim_roll(s, 60) == 0)
		m->trouble = sim_roll(s, SIM_TROUBLES);
	sim_note(s, "mail %u arrives%s%s", s->last, m->hidden ? ", hidden" : "",
	    m->huge ? ", huge" : "");
	if (sim_roll(s, 3))
		sim_server_push(s);
}

void
sim_mailbox_step(struct sim *s)
{
	struct sim_mail *m = &s->mail[1 + sim_roll(s, SIM_UIDS)];

	if (sim_roll(s, 3)) {
		arrive(s);
	} else if (m->there && m->hidden) {
		m->hidden = 0;
	} else if (m->there && sim_roll(s, 8) == 0) {
		m->there = 0;
		m->gone = 1;
		sim_note(s, "mail %zu is expunged", m - s->mail);
	}
}

void
sim_mailbox_renumber(struct sim *s)
{
	memset(s->mail, 0, sizeof(s->mail));
	s->last = s->highest = 0;
	s->validity++;
	sim_note(s, "UIDVALIDITY is now %llu", (unsigned long long)s->validity);
	if (s->client.session != NULL)
		sim_client_lost(s, "kicked out", 1);
}

/* An older state of it comes back: what came since is gone, and its UIDs are
 * given out again. */
void
sim_mailbox_restore(struct sim *s)
{
	unsigned back = s->last - sim_roll(s, s->last + 1);

	memset(&s->mail[back + 1], 0, (SIM_UIDS - back) * sizeof(s->mail[0]));
	s->last = back;
	s->restores++;
	sim_note(s, "the mailbox is restored up to UID %u", back);
	if (s->client.session != NULL)
		sim_client_lost(s, "kicked out", 1);
}

/* The sink and the store */

static void
store(struct sim *s, size_t i, int answer)
{
	struct sim_flight f = s->flight[i];

	s->flight[i] = s->flight[--s->nflight];
	sim_counts[SIM_PUBLISHED]++;
	if (f.validity == s->validity && f.restores >= s->mail[f.uid].born)
		s->mail[f.uid].published++;
	sim_note(s, "UID %u is stored%s", f.uid, answer ? "" : ", unanswered");
	if (answer)
		sim_client_done(s, &f);
}

/* What is committed will never be looked at again, if there is a crash. */
static void
commit(struct sim *s)
{
	struct sim_mail *m;
	uint32_t uid, mark;

	if (s->client.catchup == NULL)
		return;
	mark = catchup_mark(s->client.catchup);
	s->disk = (struct checkpoint){ .uidvalidity = s->client.validity,
		.uid = mark };
	catchup_below(s->client.catchup, NULL, 0, &s->below);
	s->has_disk = 1;
	sim_counts[SIM_COMMITS]++;
	if (s->client.validity != s->validity)
		return;
	for (uid = 1; uid <= mark && uid <= SIM_UIDS; uid++) {
		m = &s->mail[uid];
		if (m->there && m->published == 0 && !m->was_hidden &&
		    !m->exempt)
			sim_fail(
			    s, "UID %u is committed without an outcome", uid);
	}
}

static void
crash(struct sim *s)
{
	sim_note(s, "crash");
	sim_counts[SIM_CRASHES]++;
	while (s->nflight > 0) {
		if (sim_roll(s, 2))
			store(s, 0, 0);
		else
			s->nflight--;
	}
	sim_client_stop(s);
	sim_client_start(s);
}

/* Playing */

static void
pass_time(struct sim *s)
{
	uint64_t at = sim_client_next(s);

	/* Mostly a little; now and then up to what happens by itself. */
	if (s->calm || sim_roll(s, 4) == 0)
		s->now = at != UINT64_MAX && at > s->now ? at : s->now + 1;
	else
		s->now += sim_roll(s, 200);
	sim_client_time(s);
}

static void
trouble(struct sim *s)
{
	unsigned dice = sim_roll(s, 1000);

	if (dice < 60)
		sim_mailbox_step(s);
	else if (dice < 350)
		sim_server_run(s);
	else if (dice < 650)
		sim_client_feed(s, 1 + sim_roll(s, sim_roll(s, 3) ? 4000 : 9));
	else if (dice < 700)
		sim_client_grant(s);
	else if (dice < 820 && s->nflight > 0)
		store(s, sim_roll(s, (unsigned)s->nflight), 1);
	else if (dice < 850)
		commit(s);
	else if (dice < 990)
		pass_time(s);
	else if (dice < 996)
		sim_client_lost(s, "reset", 1);
	else if (dice < 999)
		crash(s);
	else if (sim_roll(s, 3) == 0)
		sim_mailbox_renumber(s);
	else
		sim_mailbox_restore(s);
}

static int
is_over(struct sim *s)
{
	const struct sim_mail *m;
	uint32_t uid;

	if (s->client.catchup == NULL || s->client.validity != s->validity ||
	    s->nflight > 0 || catchup_lag(s->client.catchup) > 0)
		return (0);
	for (uid = 1; uid <= SIM_UIDS; uid++) {
		m = &s->mail[uid];
		if (m->there && m->published == 0 && !m->exempt)
			return (0);
	}
	return (1);
}

static void
calm_down(struct sim *s)
{
	uint32_t uid;
	unsigned i;

	s->calm = 1;
	sim_note(s, "calm");
	for (uid = 1; uid <= SIM_UIDS; uid++) {
		s->mail[uid].withheld = 0;
		if (s->mail[uid].placeholder < SIM_FOR_EVER / 2)
			s->mail[uid].placeholder = 0;
		s->mail[uid].hidden = 0;
	}
	for (i = 0; i < CALM_STEPS && !is_over(s); i++) {
		sim_server_run(s);
		sim_client_grant(s);
		if (s->server.out.len > 0)
			sim_client_feed(s, SIZE_MAX);
		else if (s->nflight > 0)
			store(s, 0, 1);
		else if (s->server.in.len == 0 || s->server.hole)
			pass_time(s);
		s->steps++;
	}
	for (uid = 1; !is_over(s) && uid <= SIM_UIDS; uid++) {
		if (s->mail[uid].there && s->mail[uid].published == 0 &&
		    !s->mail[uid].exempt)
			sim_fail(s, "UID %u never comes out", uid);
	}
	if (!is_over(s))
		sim_fail(s, "it does not come to rest");
	commit(s);
}

static void
play(uint64_t seed, int verbose, uint64_t *steps)
{
	struct sim *s = calloc(1, sizeof(*s));

	s->seed = seed;
	s->random = seed * 0x9e3779b97f4a7c15U + 1;
	s->verbose = verbose;
	s->validity = 1;
	buf_init(&s->below, 1 << 20);
	s->retry = (struct config_retry){ .then = { 1, 5, 30, 60, 600, 3600 },
		.nthen = 6 };
	sim_server_close(s);
	sim_client_start(s);
	while (s->steps < PLAY_STEPS) {
		trouble(s);
		s->steps++;
	}
	calm_down(s);
	*steps += s->steps;
	sim_client_stop(s);
	buf_free(&s->below);
	free(s);
}

static const char *const count_names[] = { "published", "commits", "crashes",
	"restores noticed", "connections lost", "cut", "joined", "incomplete",
	"placeholders", "stubs" };

int
main(int argc, char **argv)
{
	uint64_t steps = 0, max = 1000000, seed = 0, first;
	struct timespec t0, t1;
	double seconds;
	int i;

	first = (uint64_t)time(NULL) * 1000;
	for (i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--steps") == 0)
			max = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 10);
	}
	if (seed != 0) {
		play(seed, 1, &steps);
		return (0);
	}
	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (seed = first; steps < max; seed++)
		play(seed, 0, &steps);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	seconds = (double)(t1.tv_sec - t0.tv_sec) +
	    (double)(t1.tv_nsec - t0.tv_nsec) / 1e9;
	printf("%llu steps in %.1f s, %.1f million a minute; seeds %llu to "
	       "%llu\n",
	    (unsigned long long)steps, seconds,
	    (double)steps / seconds * 60 / 1e6, (unsigned long long)first,
	    (unsigned long long)seed - 1);
	for (i = 0; i < SIM_COUNTS; i++)
		printf("%s%llu %s", i > 0 ? ", " : "",
		    (unsigned long long)sim_counts[i], count_names[i]);
	putchar('\n');
	return (0);
}
