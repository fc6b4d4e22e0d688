/* Fan-out and the dead-letter sink, before sinks that do as scripts say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "bridge/config/config.h"
#include "bridge/config/source.h"
#include "bridge/fault.h"
#include "bridge/message.h"
#include "bridge/publish/pipeline_private.h"
#include "bridge/publish/route.h"
#include "fake_sink.h"
#include "scratch.h"
#include "sinks/sink.h"

#define SINKS 3
#define MAILS 60

struct world {
	uv_loop_t loop;
	struct config_source *source;
	struct config_sink sinks[SINKS];
	struct pipeline *pipelines[SINKS];
	struct route *route; /* to the first two */
	struct route_lane *lane;
	unsigned outcomes[MAILS + 1];
	enum pipeline_outcome last[MAILS + 1];
	unsigned total, closed;
};

static void
on_outcome(void *arg, const struct message *m, enum pipeline_outcome outcome)
{
	struct world *w = arg;

	assert_int_equal(m->uidvalidity, 7);
	w->outcomes[m->uid]++;
	w->last[m->uid] = outcome;
	w->total++;
}

static void
on_changed(void *arg)
{
	(void)arg;
}

static void
on_closed(void *arg)
{
	((struct world *)arg)->closed++;
}

static void
begin(struct world *w, size_t inflight)
{
	static const char *const names[] = { "a", "b", "dead" };
	struct pipeline_config config = {
		.workers = 2, .ops = &fake_sink_ops, .changed = on_changed
	};
	struct fault f;
	size_t i;

	memset(w, 0, sizeof(*w));
	uv_loop_init(&w->loop);
	fake_sink_forget();
	w->source = source_new();
	config.loop = &w->loop;
	config.source = w->source;
	config.state = scratch_enter();
	for (i = 0; i < SINKS; i++) {
		w->sinks[i] = (struct config_sink){ .name = names[i],
			.type = "fake",
			.value = json_object(),
			.path = "sinks.fake" };
		config.sink = &w->sinks[i];
		w->pipelines[i] = pipeline_new(&config, &f);
		assert_non_null(w->pipelines[i]);
	}
	w->route = route_new(&(struct route_config){ .pipelines = w->pipelines,
	    .n = 2,
	    .inflight_bytes = inflight,
	    .letters = 1,
	    .changed = on_changed });
	assert_non_null(w->route);
	w->lane = route_lane_new(w->route, "lane", on_outcome, w);
	assert_non_null(w->lane);
}

static void
end(struct world *w)
{
	size_t i;

	route_lane_close(w->lane);
	for (i = 0; i < SINKS; i++)
		pipeline_close(w->pipelines[i], on_closed, w);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(w->closed, SINKS);
	route_free(w->route);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	for (i = 0; i < SINKS; i++)
		json_decref(w->sinks[i].value);
	source_free(w->source);
	scratch_leave();
}

static void
submit(struct world *w, uint32_t uid)
{
	static const char mail[] = "Subject: x\r\n\r\nbody\r\n";
	struct message *m = message_new();
	size_t charge;

	m->account = "a";
	m->mailbox = "INBOX";
	m->uidvalidity = 7;
	m->uid = uid;
	m->raw_len = m->size = sizeof(mail) - 1;
	m->raw = malloc(m->raw_len);
	memcpy(m->raw, mail, m->raw_len);
	charge = route_charge(w->route, m->raw_len);
	budget_force(route_budget(w->route), charge);
	assert_int_equal(route_submit(w->lane, m, charge), 0);
}

/* Run the loop until that many outcomes are there; delayed answers come when
 * ${release} says so. */
static void
run_until(struct world *w, unsigned total, int release)
{
	uint64_t deadline = uv_hrtime() + 30000000000ULL;
	size_t i;

	while (w->total < total) {
		if (uv_hrtime() > deadline)
			fail_msg("%u of %u outcomes", w->total, total);
		for (i = 0; i < SINKS; i++) {
			w->pipelines[i]->rest_ms = 0;
			if (release)
				fake_sink_release(w->pipelines[i]->sink);
		}
		uv_run(&w->loop, release ? UV_RUN_NOWAIT : UV_RUN_ONCE);
	}
}

/* Turns of the loop in which nothing more should come. */
static void
idle(struct world *w)
{
	uint64_t until = uv_hrtime() + 50000000;

	while (uv_hrtime() < until)
		uv_run(&w->loop, UV_RUN_NOWAIT);
}

static unsigned
stored(const char *id)
{
	struct event ev = { .account = (char *)(uintptr_t) "a",
		.mailbox = (char *)(uintptr_t) "INBOX",
		.id = (char *)(uintptr_t)id };

	return (fake_sink_count(&ev));
}

static void
test_has_its_outcome_when_all_have_it(void **state)
{
	struct world w;
	size_t n;

	(void)state;
	begin(&w, 1 << 20);
	fake_sink_script(w.pipelines[1]->sink, "D");
	submit(&w, 1);
	submit(&w, 2);
	run_until(&w, 1, 0);
	idle(&w);
	assert_int_equal(w.outcomes[1], 0);
	assert_int_equal(w.outcomes[2], 1);
	assert_string_equal(route_slowest(w.route, &n), "b");
	assert_int_equal(n, 1);
	assert_int_equal(stored("7-1"), 1); /* by the other */
	run_until(&w, 2, 1);
	assert_int_equal(stored("7-1"), 2);
	assert_null(route_slowest(w.route, &n));
	assert_int_equal(route_budget(w.route)->used, 0);
	end(&w);
}

static void
test_converted_once(void **state)
{
	struct world w;
	struct flight *f, *g;

	(void)state;
	begin(&w, 1 << 20);
	fake_sink_script(w.pipelines[0]->sink, "D");
	fake_sink_script(w.pipelines[1]->sink, "D");
	submit(&w, 1);
	idle(&w);
	f = w.pipelines[0]->all->first;
	g = w.pipelines[1]->all->first;
	assert_non_null(f->event);
	assert_ptr_equal(f->event, g->event);
	run_until(&w, 1, 1);
	/* Not where one takes less than the other. */
	w.pipelines[1]->config.envelope.max_event_bytes = 100000;
	fake_sink_script(w.pipelines[0]->sink, "D");
	fake_sink_script(w.pipelines[1]->sink, "D");
	submit(&w, 2);
	idle(&w);
	f = w.pipelines[0]->all->first;
	g = w.pipelines[1]->all->first;
	assert_ptr_not_equal(f->event, g->event);
	run_until(&w, 2, 1);
	end(&w);
}

static void
test_one_that_is_away_holds_when_the_budget_is_full(void **state)
{
	struct world w;
	uint32_t uid = 0;

	(void)state;
	begin(&w, 100000);
	fake_sink_lose(w.pipelines[1]->sink);
	idle(&w);
	while (!route_hold(w.route) && uid < MAILS)
		submit(&w, ++uid);
	assert_true(uid > 5 && uid < MAILS);
	while (stored("7-5") == 0)
		uv_run(&w.loop, UV_RUN_ONCE);
	idle(&w);
	assert_int_equal(w.total, 0);
	assert_int_equal(stored("7-5"), 1);
	fake_sink_lose(w.pipelines[0]->sink);
	idle(&w);
	assert_true(route_hold(w.route));
	fake_sink_regain(w.pipelines[0]->sink);
	fake_sink_regain(w.pipelines[1]->sink);
	run_until(&w, uid, 0);
	assert_false(route_hold(w.route));
	assert_int_equal(stored("7-5"), 2);
	end(&w);
}

static void
test_any_script(void **state)
{
	static const char letters[] = "SSSSSRDOFX";
	char scripts[SINKS][200], id[32];
	struct world w;
	unsigned seed;
	uint32_t uid;
	size_t i, j;

	(void)state;
	for (seed = 1; seed <= 12; seed++) {
		srand(seed);
		begin(&w, 1 << 20);
		assert_int_equal(
		    pipeline_set_dead_letter(w.pipelines[0], w.pipelines[2]),
		    0);
		for (i = 0; i < SINKS; i++) {
			for (j = 0; j < sizeof(scripts[0]) - 1; j++)
				scripts[i][j] = letters[(size_t)rand() % 10];
			scripts[i][j] = '\0';
			fake_sink_script(w.pipelines[i]->sink, scripts[i]);
		}
		for (uid = 1; uid <= MAILS; uid++)
			submit(&w, uid);
		run_until(&w, MAILS, 1);
		for (uid = 1; uid <= MAILS; uid++) {
			assert_int_equal(w.outcomes[uid], 1);
			(void)snprintf(id, sizeof(id), "7-%u", uid);
			if (w.last[uid] == PIPELINE_STORED)
				assert_int_equal(stored(id), 2); /* at both */
		}
		assert_int_equal(route_budget(w.route)->used, 0);
		end(&w);
	}
}

static void
test_closed_with_mail_in_flight(void **state)
{
	struct world w;
	uint32_t uid;

	(void)state;
	begin(&w, 1 << 20);
	assert_int_equal(
	    pipeline_set_dead_letter(w.pipelines[0], w.pipelines[2]), 0);
	fake_sink_script(w.pipelines[0]->sink, "XXXXDRX");
	fake_sink_script(w.pipelines[2]->sink, "DXD");
	for (uid = 1; uid <= 20; uid++)
		submit(&w, uid);
	uv_run(&w.loop, UV_RUN_NOWAIT);
	end(&w); /* nothing leaks, nothing is told */
}

static void
test_refused_goes_to_the_dead_letter_sink(void **state)
{
	struct world w;
	uint32_t uid;

	(void)state;
	begin(&w, 1 << 20);
	assert_int_equal(
	    pipeline_set_dead_letter(w.pipelines[0], w.pipelines[2]), 0);
	fake_sink_script(w.pipelines[0]->sink, "XSX");
	fake_sink_script(w.pipelines[1]->sink, "SSD");
	fake_sink_script(w.pipelines[2]->sink, "D");
	for (uid = 1; uid <= 3; uid++)
		submit(&w, uid);
	run_until(&w, 1, 0);
	idle(&w);
	assert_int_equal(w.outcomes[1], 0); /* only its ack moves the mark */
	run_until(&w, 3, 1);
	assert_int_equal(w.last[1], PIPELINE_LETTER);
	assert_int_equal(w.last[2], PIPELINE_STORED);
	/* Whoever tells last. */
	assert_int_equal(w.last[3], PIPELINE_LETTER);
	assert_int_equal(stored("7-1-refused-a"), 1);
	assert_false((access("dead-letter", F_OK) == 0));
	end(&w);
}

static void
test_dead_letter_sink_that_is_away_holds(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 1 << 20);
	assert_int_equal(
	    pipeline_set_dead_letter(w.pipelines[0], w.pipelines[2]), 0);
	fake_sink_lose(w.pipelines[2]->sink);
	fake_sink_script(w.pipelines[0]->sink, "X");
	submit(&w, 1);
	idle(&w);
	assert_int_equal(w.outcomes[1], 0);
	assert_false((access("dead-letter", F_OK) == 0));
	fake_sink_regain(w.pipelines[2]->sink);
	run_until(&w, 1, 0);
	assert_int_equal(w.last[1], PIPELINE_LETTER);
	end(&w);
}

static void
test_dead_letter_sink_that_refuses(void **state)
{
	struct world w;
	char *text;
	size_t len;

	(void)state;
	begin(&w, 1 << 20);
	assert_int_equal(
	    pipeline_set_dead_letter(w.pipelines[0], w.pipelines[2]), 0);
	fake_sink_script(w.pipelines[0]->sink, "X");
	fake_sink_script(w.pipelines[2]->sink, "X");
	submit(&w, 1);
	run_until(&w, 1, 0);
	assert_int_equal(w.last[1], PIPELINE_LETTER);
	text = scratch_read("dead-letter/a/INBOX/7-0000000001@a.eml", &len);
	assert_string_equal(text, "Subject: x\r\n\r\nbody\r\n");
	free(text);
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_has_its_outcome_when_all_have_it),
		cmocka_unit_test(test_converted_once),
		cmocka_unit_test(
		    test_one_that_is_away_holds_when_the_budget_is_full),
		cmocka_unit_test(test_any_script),
		cmocka_unit_test(test_closed_with_mail_in_flight),
		cmocka_unit_test(test_refused_goes_to_the_dead_letter_sink),
		cmocka_unit_test(test_dead_letter_sink_that_is_away_holds),
		cmocka_unit_test(test_dead_letter_sink_that_refuses),
	};

	return (cmocka_run_group_tests_name("route", tests, NULL, NULL));
}
