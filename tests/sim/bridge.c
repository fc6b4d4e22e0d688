/* The bridge: one account's roster, begun from what is durable, and killed. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bridge/auth/oauth2.h"
#include "bridge/fault.h"
#include "bridge/ops/log.h"
#include "bridge/store/commit.h"
#include "bridge/watch/chance.h"
#include "tests/sim/sim.h"

/* The octets that may be in flight: few, so that there is a line for them. */
#define BUDGET 8000

time_t __wrap_time(time_t *);

time_t
__wrap_time(time_t *to)
{
	time_t now = (time_t)(SIM_EPOCH + sim_now->now / 1000);

	if (to != NULL)
		*to = now;
	return (now);
}

uint32_t
chance(void)
{
	return (sim_roll(sim_now, 1000) * 4294967U);
}

void
log_write(enum log_level level, const char *component, const char *subject,
    const char *format, ...)
{
	char text[600];
	va_list ap;

	(void)level;
	if (!sim_now->verbose)
		return;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	sim_note(sim_now, "    %s %s: %s", component,
	    subject != NULL ? subject : "", text);
}

/* A token is not asked for. */

int
oauth2_get(struct oauth2 *o, const struct config_client *client,
    const char *user, uint64_t refused, struct oauth2_waiter *waiter,
    struct oauth2_token *token, struct fault *f)
{
	(void)o;
	(void)client;
	(void)user;
	(void)refused;
	(void)waiter;
	(void)token;
	return (fault_set(f, FAULT_AUTH, "there are no tokens"));
}

void
oauth2_cancel(struct oauth2_waiter *waiter)
{
	(void)waiter;
}

/* Life */

static void
on_store_changed(void *arg)
{
	struct sim *s = arg;

	if (!s->muted)
		roster_wake(s->roster);
}

static void
on_stopped(void *arg, const struct fault *why)
{
	struct sim *s = arg;

	s->stopped = 1;
	if (!s->muted)
		sim_fail(s, "the account ends: %s",
		    why != NULL ? why->text : "without a reason");
}

void
sim_bridge_start(struct sim *s)
{
	struct fault f;

	s->muted = s->stopped = 0;
	s->life++;
	s->loop.data = s;
	budget_init(&s->route.budget, BUDGET);
	s->host = (struct watcher_host){ .loop = &s->loop,
		.net = (struct net *)(void *)s,
		.store = (struct checkpoint_store *)(void *)s,
		.counts = &s->counts,
		.max_message_bytes = SIM_MAX_MESSAGE };
	s->host.committer =
	    committer_new(&s->loop, s->host.store, on_store_changed, s);
	s->roster_host = (struct roster_host){ .watcher = &s->host,
		.store = s->host.store,
		.stopped = on_stopped,
		.arg = s };
	s->roster = roster_new(&s->roster_host, &s->account, &s->route, &f);
	if (s->roster == NULL)
		sim_fail(s, "it does not start: %s", f.text);
	roster_start(s->roster);
}

static void
on_closed(void *arg)
{
	struct sim *s = arg;

	s->ended++;
}

/* Take it apart: nothing of that is to be seen outside. */
static void
dismantle(struct sim *s)
{
	uint64_t now = s->now;

	s->muted = 1;
	roster_drain(s->roster);
	roster_stop(s->roster);
	while (!s->stopped || s->work != NULL) {
		if (sim_loop_work(s))
			continue;
		if (sim_loop_next(s) == UINT64_MAX)
			sim_fail(s, "it does not end");
		s->now = sim_loop_next(s);
		sim_loop_run(s);
	}
	s->now = now;
	s->ended = 0;
	roster_close(s->roster, on_closed, s);
	committer_close(s->host.committer, on_closed, s);
	sim_loop_close(s);
	if (s->ended != 2 || s->ntimers != 0)
		sim_fail(s, "something of it stays");
	roster_free(s->roster);
	s->roster = NULL;
}

void
sim_bridge_crash(struct sim *s)
{
	sim_note(s, "crash");
	sim_counts[SIM_CRASHES]++;
	sim_sink_crash(s);
	/* A transaction under way is through, or not. */
	if (s->work != NULL && !s->worked && sim_roll(s, 2))
		(void)sim_loop_work(s);
	dismantle(s);
}
