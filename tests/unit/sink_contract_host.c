/* The host of the contract suite: what it does for a sink, and what it demands
 * of each call. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <signal.h>
#include <cmocka.h>
#include <jansson.h>

#include "bridge/config/section.h"
#include "bridge/config/source.h"
#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "sink_contract.h"

static void
on_host_answer(
    void *arg, void *ticket, enum sink_verdict verdict, const struct fault *why)
{
	struct contract *c = arg;
	struct contract_event *e = ticket;

	assert_int_equal(c->inside, 0);
	assert_ptr_equal(e->contract, c);
	assert_int_equal(e->answer, CONTRACT_TAKEN);
	e->why[0] = '\0';
	if (verdict == SINK_STORED) {
		e->answer = CONTRACT_STORED;
	} else {
		e->answer =
		    verdict == SINK_RETRY ? CONTRACT_RETRY : CONTRACT_REFUSED;
		assert_non_null(why);
		assert_true(why->text[0] != '\0');
		(void)snprintf(e->why, sizeof(e->why), "%s", why->text);
	}
	/* At once, so that a sanitizer sees a sink that still looks at it. */
	event_free(e->ev);
	e->ev = NULL;
	if (c->on_answer != NULL)
		c->on_answer(c, e);
}

static void
on_host_ready(void *arg)
{
	struct contract *c = arg;

	assert_int_equal(c->inside, 0);
	c->ready++;
	c->full = 0;
}

static void
on_host_state(void *arg, int up, const struct fault *why)
{
	struct contract *c = arg;

	assert_int_equal(c->inside, 0);
	assert_true(up ? why == NULL : why->text[0] != '\0');
	/* Only news is told. */
	assert_true(c->state != up || strcmp(c->why, up ? "" : why->text) != 0);
	c->state = up;
	c->states++;
	(void)snprintf(c->why, sizeof(c->why), "%s", up ? "" : why->text);
	if (c->on_state != NULL)
		c->on_state(c);
}

static int
on_host_mark(void *arg, void *const *tickets, size_t n, struct sink_mark *mark)
{
	const struct contract_event *e, *first = tickets[0];
	struct contract *c = arg;
	size_t i;

	assert_true(n > 0);
	*mark = (struct sink_mark){ .account = first->account,
		.mailbox = first->mailbox,
		.uidvalidity = first->uidvalidity,
		.above = "",
		.epoch = c->epoch,
		.since = "" };
	for (i = 0; i < n; i++) {
		e = tickets[i];
		assert_int_equal(e->answer, CONTRACT_TAKEN);
		assert_string_equal(e->account, first->account);
		assert_string_equal(e->mailbox, first->mailbox);
		mark->uid = e->uid > mark->uid ? e->uid : mark->uid;
	}
	c->marks++;
	return (1);
}

static void
on_host_stored_mark(void *arg, const struct sink_mark *mark)
{
	struct contract *c = arg;
	const char **texts[] = { &c->first.account, &c->first.mailbox,
		&c->first.above, &c->first.since };
	size_t i;

	assert_int_equal(c->inside, 0);
	assert_int_equal(c->loaded, 0);
	if (c->found++ > 0)
		return;
	c->first = *mark;
	for (i = 0; i < 4; i++) {
		(void)snprintf(
		    c->texts[i], sizeof(c->texts[i]), "%s", *texts[i]);
		*texts[i] = c->texts[i];
	}
}

static void
on_host_marks_loaded(void *arg)
{
	struct contract *c = arg;

	assert_int_equal(c->inside, 0);
	assert_int_equal(c->loaded, 0);
	c->loaded = 1;
}

void
contract_give_marks(struct contract *c)
{
	c->host.mark = on_host_mark;
	c->host.stored_mark = on_host_stored_mark;
	c->host.marks_loaded = on_host_marks_loaded;
}

static void
on_tick(uv_timer_t *timer)
{
	(void)timer;
}

void
contract_init(struct contract *c)
{
	memset(c, 0, sizeof(*c));
	(void)signal(SIGPIPE, SIG_IGN);
	assert_int_equal(uv_loop_init(&c->loop), 0);
	uv_timer_init(&c->loop, &c->tick);
	c->source = source_new();
	c->host = (struct sink_host){ .loop = &c->loop,
		.name = "test",
		.arg = c,
		.answer = on_host_answer,
		.ready = on_host_ready,
		.state = on_host_state };
	c->state = -1;
}

void
contract_turn(struct contract *c)
{
	uv_update_time(&c->loop);
	/* Again and again: the first one may pass before the poll. */
	uv_timer_start(&c->tick, on_tick, 10, 10);
	uv_run(&c->loop, UV_RUN_ONCE);
}

void
contract_wait(struct contract *c, int (*cond)(struct contract *, void *),
    void *arg, unsigned ms)
{
	uint64_t end = uv_hrtime() + (uint64_t)ms * 1000000;

	while (!cond(c, arg)) {
		if (uv_hrtime() > end)
			fail_msg("not within %u ms; state %d: %s", ms, c->state,
			    c->why);
		contract_turn(c);
	}
}

struct expected {
	const int *value;
	int wanted;
};

static int
is_expected(struct contract *c, void *arg)
{
	struct expected *e = arg;

	(void)c;
	return (*e->value == e->wanted);
}

void
contract_wait_int(struct contract *c, const int *value, int wanted, unsigned ms)
{
	struct expected e = { value, wanted };

	contract_wait(c, is_expected, &e, ms);
}

static struct section *
section_of(struct contract *c, const char *config, json_t **object)
{
	json_error_t error;
	struct section *s;

	*object = json_loads(config, 0, &error);
	if (*object == NULL)
		fail_msg("%s: %s", error.text, config);
	s = section_new(c->source, *object, "sinks.test");
	(void)section_value(s, "type"); /* read by the caller of open() */
	return (s);
}

struct sink *
contract_open(
    struct contract *c, const struct sink_ops *ops, const char *config)
{
	struct section *s;
	json_t *object;
	struct fault f;

	s = section_of(c, config, &object);
	c->inside = 1;
	c->sink = ops->open(s, &c->host, &f);
	c->inside = 0;
	if (c->sink == NULL) {
		assert_int_not_equal(f.kind, FAULT_NONE);
		(void)snprintf(c->why, sizeof(c->why), "%s", f.text);
	}
	(void)section_end(s, NULL);
	json_decref(object); /* nothing of it may be kept */
	return (c->sink);
}

const char *
contract_check(
    struct contract *c, const struct sink_ops *ops, const char *config)
{
	struct section *s;
	json_t *object;
	struct fault f;
	int rc;

	s = section_of(c, config, &object);
	assert_null(ops->open(s, NULL, &f));
	assert_int_equal(f.kind, FAULT_NONE);
	rc = section_end(s, &f);
	json_decref(object);
	(void)snprintf(c->why, sizeof(c->why), "%s", rc == 0 ? "" : f.text);
	return (rc == 0 ? NULL : c->why);
}

void
contract_mistake(struct contract *c, const struct sink_ops *ops,
    const char *config, const char *text)
{
	const char *mistake = contract_check(c, ops, config);

	if (mistake == NULL)
		fail_msg("%s: accepted", config);
	else if (strstr(mistake, text) == NULL)
		fail_msg("%s: %s", config, mistake);
}

static void
on_sink_closed(void *arg)
{
	struct contract *c = arg;

	assert_int_equal(c->inside, 0);
	c->closed++;
	c->sink = NULL;
}

void
contract_begin_close(struct contract *c)
{
	c->inside = 1;
	c->closed = 0;
	c->sink->ops->close(c->sink, on_sink_closed, c);
	c->inside = 0;
}

void
contract_close(struct contract *c, unsigned ms)
{
	contract_begin_close(c);
	contract_wait_int(c, &c->closed, 1, ms != 0 ? ms : 5500);
}

void
contract_end(struct contract *c)
{
	uv_close((uv_handle_t *)&c->tick, NULL);
	uv_run(&c->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&c->loop), 0);
	source_free(c->source);
}

int
contract_submit(struct contract *c, struct contract_event *e)
{
	int taken;

	assert_true(e->answer == CONTRACT_NEW || e->answer == CONTRACT_RETRY);
	e->contract = c;
	e->ev = contract_make(e);
	e->answer = CONTRACT_TAKEN;
	e->tries++;
	c->inside++;
	taken = c->sink->ops->submit(c->sink, e->ev, e);
	c->inside--;
	assert_true(!taken || c->host.mark == NULL || c->loaded);
	if (!taken) {
		event_free(e->ev);
		e->ev = NULL;
		e->answer = CONTRACT_NEW;
		c->full = 1;
	}
	return (taken);
}

void
contract_store(
    struct contract *c, struct contract_event *e, size_t n, unsigned ms)
{
	uint64_t end = uv_hrtime() + (uint64_t)ms * 1000000;
	size_t i, stored = 0;

	while (stored < n) {
		if (uv_hrtime() > end)
			fail_msg("%zu of %zu stored after %u ms; state %d: %s",
			    stored, n, ms, c->state, c->why);
		for (i = 0; i < n && !c->full; i++) {
			if ((e[i].answer == CONTRACT_NEW ||
				e[i].answer == CONTRACT_RETRY) &&
			    !contract_submit(c, &e[i]))
				break;
		}
		c->inside = 1;
		c->sink->ops->flush(c->sink);
		c->inside = 0;
		contract_turn(c);
		for (i = stored = 0; i < n; i++) {
			assert_int_not_equal(e[i].answer, CONTRACT_REFUSED);
			stored += e[i].answer == CONTRACT_STORED;
		}
	}
}
