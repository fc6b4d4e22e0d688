/* The pipeline before a sink that does as a script says: every message gets one
 * outcome, in order where the sink lets it, and the budget comes back. */
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
#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "bridge/message.h"
#include "bridge/publish/budget.h"
#include "bridge/publish/pipeline_private.h"
#include "bridge/publish/route.h"
#include "fake_sink.h"
#include "scratch.h"
#include "sinks/sink.h"

#define LANES 3
#define MAILS 60

struct world {
	uv_loop_t loop;
	struct config_source *source;
	struct config_sink sink;
	struct pipeline *pipeline;
	struct route *route;
	struct route_lane *lanes[LANES];
	unsigned outcomes[LANES][MAILS + 1];
	enum pipeline_outcome last[LANES][MAILS + 1];
	uint32_t order[LANES][2 * MAILS];
	size_t norder[LANES];
	unsigned total;
	unsigned changes;
	int closed;
};

struct lane_arg {
	struct world *world;
	size_t lane;
} args[LANES];

static void
on_outcome(void *arg, const struct message *m, enum pipeline_outcome outcome)
{
	struct lane_arg *a = arg;
	struct world *w = a->world;
	uint32_t uid = m->uid;

	assert_int_equal(m->uidvalidity, 7);
	assert_true(uid >= 1 && uid <= MAILS);
	w->outcomes[a->lane][uid]++;
	w->last[a->lane][uid] = outcome;
	w->order[a->lane][w->norder[a->lane]++] = uid;
	w->total++;
}

static void
on_changed(void *arg)
{
	((struct world *)arg)->changes++;
}

static void
on_closed(void *arg)
{
	((struct world *)arg)->closed = 1;
}

static void
begin(struct world *w, size_t inflight)
{
	struct pipeline_config config = {
		.workers = 2, .ops = &fake_sink_ops, .changed = on_changed
	};
	struct fault f;
	size_t i;

	memset(w, 0, sizeof(*w));
	uv_loop_init(&w->loop);
	fake_sink_forget();
	w->source = source_new();
	w->sink = (struct config_sink){ .name = "fake",
		.type = "fake",
		.value = json_object(),
		.path = "sinks.fake" };
	config.loop = &w->loop;
	config.source = w->source;
	config.sink = &w->sink;
	config.state = scratch_enter();
	config.arg = w;
	w->pipeline = pipeline_new(&config, &f);
	assert_non_null(w->pipeline);
	w->route = route_new(&(struct route_config){ .pipelines = &w->pipeline,
	    .n = 1,
	    .inflight_bytes = inflight,
	    .letters = 1,
	    .changed = on_changed,
	    .arg = w });
	assert_non_null(w->route);
	for (i = 0; i < LANES; i++) {
		args[i] = (struct lane_arg){ w, i };
		w->lanes[i] =
		    route_lane_new(w->route, "lane", on_outcome, &args[i]);
	}
}

static void
end(struct world *w)
{
	size_t i;

	for (i = 0; i < LANES; i++)
		route_lane_close(w->lanes[i]);
	pipeline_close(w->pipeline, on_closed, w);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_true(w->closed);
	route_free(w->route);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	json_decref(w->sink.value);
	source_free(w->source);
	scratch_leave();
}

static const char *
mailbox_of(size_t lane)
{
	return (lane == 0 ? "INBOX" : lane == 1 ? "Two" : "Three");
}

static void
submit(struct world *w, size_t lane, uint32_t uid)
{
	static const char mail[] = "Subject: x\r\n\r\nbody\r\n";
	struct message *m = message_new();
	size_t charge;

	m->account = "a";
	m->mailbox = mailbox_of(lane);
	m->uidvalidity = 7;
	m->uid = uid;
	m->raw_len = m->size = sizeof(mail) - 1;
	m->raw = malloc(m->raw_len);
	memcpy(m->raw, mail, m->raw_len);
	charge = route_charge(w->route, m->raw_len);
	budget_force(route_budget(w->route), charge);
	assert_int_equal(route_submit(w->lanes[lane], m, charge), 0);
}

/* Run the loop until that many outcomes are there. */
static void
run_until(struct world *w, unsigned total)
{
	uint64_t deadline = uv_hrtime() + 20000000000ULL;

	while (w->total < total) {
		if (uv_hrtime() > deadline)
			fail_msg("%u of %u outcomes", w->total, total);
		uv_run(&w->loop, UV_RUN_ONCE);
	}
}

static void
submit_all(struct world *w)
{
	uint32_t uid;
	size_t lane;

	for (uid = 1; uid <= MAILS; uid++) {
		for (lane = 0; lane < LANES; lane++)
			submit(w, lane, uid);
	}
}

/* How often the sink stored it. */
static unsigned
stored(size_t lane, uint32_t uid)
{
	char id[32];
	struct event ev = { .account = (char *)"a",
		.mailbox = (char *)mailbox_of(lane),
		.id = id };

	(void)snprintf(id, sizeof(id), "7-%u", uid);
	return (fake_sink_count(&ev));
}

/* Each has one outcome, and is where it says. */
static void
check_once(struct world *w)
{
	uint32_t uid;
	size_t lane;

	for (lane = 0; lane < LANES; lane++) {
		for (uid = 1; uid <= MAILS; uid++) {
			assert_int_equal(w->outcomes[lane][uid], 1);
			assert_int_equal(w->last[lane][uid], PIPELINE_STORED);
			assert_int_equal(stored(lane, uid), 1);
		}
	}
	assert_int_equal(pipeline_count(w->pipeline), 0);
	assert_int_equal(route_budget(w->route)->used, 0);
}

static void
test_order(void **state)
{
	struct world w;
	size_t lane, i;

	(void)state;
	begin(&w, 1 << 20);
	fake_sink_script(w.pipeline->sink, "FSSFSSSSFFSSSSSSSSSSSSSF");
	submit_all(&w);
	run_until(&w, LANES * MAILS);
	check_once(&w);
	for (lane = 0; lane < LANES; lane++) {
		for (i = 0; i < MAILS; i++)
			assert_int_equal(w.order[lane][i], i + 1);
	}
	assert_true(w.changes > 0);
	end(&w);
}

static void
test_late_lower_uid(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 1 << 20);
	fake_sink_lose(w.pipeline->sink);
	submit(&w, 0, 5);
	submit(&w, 0, 9);
	submit(&w, 0, 7);
	fake_sink_regain(w.pipeline->sink);
	run_until(&w, 3);
	assert_int_equal(w.order[0][0], 5);
	assert_int_equal(w.order[0][1], 7);
	assert_int_equal(w.order[0][2], 9);
	end(&w);
}

static void
test_any_script(void **state)
{
	static const char letters[] = "SSSSSRDOF";
	char script[400];
	struct world w;
	unsigned seed;
	uint64_t deadline;
	size_t i;

	(void)state;
	for (seed = 1; seed <= 12; seed++) {
		srand(seed);
		for (i = 0; i < sizeof(script) - 1; i++)
			script[i] = letters[(size_t)rand() % 9];
		script[i] = '\0';
		begin(&w, 1 << 20);
		fake_sink_script(w.pipeline->sink, script);
		submit_all(&w);
		deadline = uv_hrtime() + 60000000000ULL;
		while (w.total < LANES * MAILS) {
			if (uv_hrtime() > deadline)
				fail_msg("seed %u: %u outcomes", seed, w.total);
			/* The rest after a RETRY is a timer; do not sit it out.
			 */
			w.pipeline->rest_ms = 0;
			fake_sink_release(w.pipeline->sink);
			uv_run(&w.loop, UV_RUN_NOWAIT);
		}
		check_once(&w);
		end(&w);
	}
}

static void
test_refused_goes_to_the_dead_letter(void **state)
{
	struct world w;
	char *text;
	size_t len;

	(void)state;
	begin(&w, 1 << 20);
	fake_sink_script(w.pipeline->sink, "SX");
	submit(&w, 0, 1);
	submit(&w, 0, 2);
	submit(&w, 0, 3);
	run_until(&w, 3);
	assert_int_equal(w.last[0][1], PIPELINE_STORED);
	assert_int_equal(w.last[0][2], PIPELINE_LETTER);
	assert_int_equal(w.last[0][3], PIPELINE_STORED);
	text = scratch_read("dead-letter/a/INBOX/7-0000000002@fake.eml", &len);
	assert_string_equal(text, "Subject: x\r\n\r\nbody\r\n");
	free(text);
	text = scratch_read("dead-letter/a/INBOX/7-0000000002@fake.json", &len);
	assert_non_null(strstr(text, "\"uidValidity\":7,\"uid\":2"));
	assert_non_null(strstr(text, "\"reason\":\""));
	free(text);
	end(&w);
}

static void
test_dead_letter_that_fails_holds(void **state)
{
	struct world w;
	unsigned i;

	(void)state;
	begin(&w, 1 << 20);
	/* A file where the folder must be: no letter can be written. */
	scratch_text("dead-letter", "in the way");
	fake_sink_script(w.pipeline->sink, "X");
	submit(&w, 0, 1);
	for (i = 0; i < 5; i++)
		uv_run(&w.loop, UV_RUN_ONCE);
	assert_int_equal(w.outcomes[0][1], 0);
	assert_int_equal(unlink("dead-letter"), 0);
	run_until(&w, 1);
	assert_int_equal(w.last[0][1], PIPELINE_LETTER);
	end(&w);
}

static void
test_hold(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 8192);
	assert_false(route_hold(w.route));
	fake_sink_script(w.pipeline->sink, "DD");
	submit(&w, 0, 1);
	submit(&w, 0, 2);
	assert_true(route_hold(w.route));
	while (w.total < 2) {
		fake_sink_release(w.pipeline->sink);
		uv_run(&w.loop, UV_RUN_NOWAIT);
	}
	assert_true(w.changes > 0);
	assert_false(route_hold(w.route));
	end(&w);
}

static void
test_closed_with_mail_in_flight(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 1 << 20);
	fake_sink_script(w.pipeline->sink, "SDRDSX");
	submit_all(&w);
	uv_run(&w.loop, UV_RUN_NOWAIT);
	end(&w); /* nothing leaks, nothing is told */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_late_lower_uid),
		cmocka_unit_test(test_any_script),
		cmocka_unit_test(test_refused_goes_to_the_dead_letter),
		cmocka_unit_test(test_dead_letter_that_fails_holds),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_closed_with_mail_in_flight),
	};

	return (cmocka_run_group_tests_name("pipeline", tests, NULL, NULL));
}
