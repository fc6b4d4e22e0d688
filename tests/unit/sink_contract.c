#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <cmocka.h>
#include <jansson.h>

#include "bridge/config/section.h"
#include "bridge/config/source.h"
#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "sink_contract.h"

/* What the host does, and what it demands of each call */

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
	contract_free(e->ev);
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

static void
on_sink_closed(void *arg)
{
	struct contract *c = arg;

	assert_int_equal(c->inside, 0);
	c->closed++;
	c->sink = NULL;
}

static int
is_closed(struct contract *c, void *arg)
{
	(void)arg;
	return (c->closed != 0);
}

void
contract_close(struct contract *c, unsigned ms)
{
	c->inside = 1;
	c->closed = 0;
	c->sink->ops->close(c->sink, on_sink_closed, c);
	c->inside = 0;
	contract_wait(c, is_closed, NULL, ms != 0 ? ms : 5500);
}

void
contract_end(struct contract *c)
{
	uv_close((uv_handle_t *)&c->tick, NULL);
	uv_run(&c->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&c->loop), 0);
	source_free(c->source);
}

struct contract_event
contract_event(const char *mailbox, uint32_t uid, size_t len)
{
	return ((struct contract_event){ .account = "acct",
	    .mailbox = mailbox,
	    .uidvalidity = 77,
	    .uid = uid,
	    .len = len });
}

static char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static char *
text(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	assert_int_not_equal(vasprintf(&s, fmt, ap), -1);
	va_end(ap);
	return (s);
}

struct event *
contract_make(const struct contract_event *e)
{
	struct event *ev = calloc(1, sizeof(*ev));
	int n;

	assert_non_null(ev);
	ev->account = strdup(e->account);
	ev->mailbox = strdup(e->mailbox);
	ev->uidvalidity = e->uidvalidity;
	ev->numbered = 1;
	ev->uid = e->uid;
	ev->type = EVENT_TYPE;
	ev->content_type = "application/json";
	ev->attributes = 1;
	ev->id = text("%llu-%u", (unsigned long long)e->uidvalidity, e->uid);
	ev->source = text("/mailbridge/%s/%s", e->account, e->mailbox);
	ev->message_id = text("%u@example.org", e->uid);
	ev->thread_id = text("thread-%u@example.org", e->uid % 7);
	(void)snprintf(ev->time, sizeof(ev->time), "2026-01-02T03:04:05Z");
	ev->len = e->len > 64 ? e->len : 64;
	ev->data = malloc(ev->len + 1);
	assert_non_null(ev->data);
	memset(ev->data, 'a' + (int)(e->uid % 26), ev->len);
	n = snprintf(ev->data, 64, "{\"uid\":%u,\"x\":\"", e->uid);
	ev->data[n] = 'x';
	memcpy(ev->data + ev->len - 2, "\"}", 2);
	ev->data[ev->len] = '\0';
	return (ev);
}

void
contract_free(struct event *ev)
{
	free(ev->account);
	free(ev->mailbox);
	free(ev->id);
	free(ev->source);
	free(ev->message_id);
	free(ev->thread_id);
	free(ev->data);
	free(ev);
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
		contract_free(e->ev);
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

/* The suite */

static const struct sink_far *far_side;

struct bed {
	struct contract c;
	void *far;
	char config[2048];
};

static struct bed *
bed_make(void)
{
	struct bed *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	contract_init(&b->c);
	if (far_side->marks)
		contract_give_marks(&b->c);
	b->far = far_side->up(b->config, sizeof(b->config));
	if (far_side->opening != NULL)
		far_side->opening(b->far);
	if (contract_open(&b->c, far_side->ops, b->config) == NULL)
		fail_msg("open: %s", b->c.why);
	if (far_side->opened != NULL)
		far_side->opened(b->far, &b->c);
	return (b);
}

static void
bed_end(struct bed *b)
{
	if (b->c.sink != NULL)
		contract_close(&b->c, 0);
	far_side->down(b->far);
	contract_end(&b->c);
	free(b);
}

static void
assert_there(struct bed *b, struct contract_event *e, size_t n)
{
	struct event *ev;
	unsigned count;
	size_t i;

	for (i = 0; i < n; i++) {
		ev = contract_make(&e[i]);
		count = far_side->count(b->far, ev);
		contract_free(ev);
		if (e[i].answer == CONTRACT_STORED && count == 0)
			fail_msg("%s %u: said to be stored, and is not",
			    e[i].mailbox, e[i].uid);
		if (far_side->once && count > 1)
			fail_msg("%s %u: stored %u times", e[i].mailbox,
			    e[i].uid, count);
	}
}

static struct contract_event *
make_events(size_t n, uint32_t first, size_t len)
{
	static const char *const mailboxes[] = { "INBOX", "Orders/2026",
		"R\xc3\xa9sum\xc3\xa9s" };
	struct contract_event *e = calloc(n, sizeof(*e));
	size_t i;

	assert_non_null(e);
	for (i = 0; i < n; i++)
		e[i] = contract_event(
		    mailboxes[i % 3], first + (uint32_t)(i / 3), len);
	return (e);
}

static void
test_open_close(void **state)
{
	struct bed *b = bed_make();

	(void)state;
	bed_end(b);
}

static void
test_becomes_up(void **state)
{
	struct bed *b = bed_make();

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 15000);
	assert_int_equal(b->c.states, 1);
	bed_end(b);
}

static void
test_stores(void **state)
{
	struct contract_event *e = make_events(100, 1, 3000);
	struct bed *b = bed_make();

	(void)state;
	contract_store(&b->c, e, 100, 20000);
	assert_int_equal(b->c.state, 1);
	assert_there(b, e, 100);
	bed_end(b);
	free(e);
}

static void
test_sizes(void **state)
{
	static const size_t sizes[] = { 64, 4095, 65536, 700000 };
	struct contract_event e[4];
	struct bed *b = bed_make();
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		e[i] = contract_event("INBOX", (uint32_t)i + 1, sizes[i]);
	contract_store(&b->c, e, 4, 20000);
	assert_there(b, e, 4);
	bed_end(b);
}

/* More than any sink holds: it must say full, and ready again. */
static void
test_full_and_ready(void **state)
{
	size_t i, n = far_side->many != 0 ? far_side->many : 12000;
	struct contract_event *e = make_events(n, 1, 100);
	struct bed *b = bed_make();

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 15000);
	for (i = 0; i < n; i++) {
		if (!contract_submit(&b->c, &e[i]))
			break;
	}
	assert_true(i < n);
	contract_store(&b->c, e, n, 60000);
	assert_true(b->c.ready > 0);
	assert_there(b, e, 20);
	assert_there(b, e + n - 20, 20);
	bed_end(b);
	free(e);
}

static void
test_same_event_again(void **state)
{
	struct contract_event *e;
	struct bed *b;
	size_t i;

	(void)state;
	if (far_side->marks) /* its host does not do that */
		skip();
	e = make_events(9, 5, 500);
	b = bed_make();
	contract_store(&b->c, e, 9, 20000);
	for (i = 0; i < 9; i++)
		e[i].answer = CONTRACT_NEW;
	contract_store(&b->c, e, 9, 20000);
	assert_there(b, e, 9);
	bed_end(b);
	free(e);
}

/* Each is answered before closed() is called, and what is said is true. */
static void
test_close_in_flight(void **state)
{
	struct contract_event *e = make_events(300, 1, 2000);
	struct bed *b = bed_make();
	size_t i, n;

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 15000);
	for (n = 0; n < 300; n++) {
		if (!contract_submit(&b->c, &e[n]))
			break;
	}
	assert_true(n > 0);
	contract_close(&b->c, 0);
	for (i = 0; i < n; i++) {
		assert_true(e[i].answer == CONTRACT_STORED ||
		    e[i].answer == CONTRACT_RETRY);
	}
	assert_there(b, e, n);
	bed_end(b);
	free(e);
}

static void
submit_more(struct contract *c, struct contract_event *e)
{
	struct contract_event *all = c->arg;
	size_t i = (size_t)(e - all) + 100;

	if (i < 400 && all[i].answer == CONTRACT_NEW && !c->full)
		(void)contract_submit(c, &all[i]);
}

static void
test_submit_from_answer(void **state)
{
	struct contract_event *e = make_events(400, 1, 300);
	struct bed *b = bed_make();

	(void)state;
	b->c.on_answer = submit_more;
	b->c.arg = e;
	contract_store(&b->c, e, 100, 20000);
	contract_store(&b->c, e, 400, 20000);
	assert_there(b, e, 400);
	bed_end(b);
	free(e);
}

static void
close_at_once(struct contract *c, struct contract_event *e)
{
	(void)e;
	c->on_answer = NULL;
	c->inside = 1;
	c->sink->ops->close(c->sink, on_sink_closed, c);
	c->inside = 0;
}

static void
test_close_from_answer(void **state)
{
	struct contract_event *e = make_events(50, 1, 300);
	struct bed *b = bed_make();
	size_t i;

	(void)state;
	contract_wait_int(&b->c, &b->c.state, 1, 15000);
	b->c.on_answer = close_at_once;
	for (i = 0; i < 50 && contract_submit(&b->c, &e[i]); i++)
		continue;
	assert_true(i > 0);
	contract_wait(&b->c, is_closed, NULL, 6000);
	for (i = 0; i < 50; i++)
		assert_true(e[i].answer != CONTRACT_TAKEN);
	assert_there(b, e, 50);
	bed_end(b);
	free(e);
}

/* The far side goes away with events under way, and comes back. */
static void
test_outage(void **state)
{
	struct contract_event *e;
	struct bed *b;
	size_t i;

	(void)state;
	if (far_side->lose == NULL)
		skip();
	e = make_events(600, 1, 1000);
	b = bed_make();
	contract_store(&b->c, e, 300, 20000);
	for (i = 300; i < 400; i++)
		(void)contract_submit(&b->c, &e[i]);
	far_side->lose(b->far);
	/* Nobody need notice until something is sent. */
	while (b->c.state != 0 && i < 600) {
		if (!b->c.full)
			(void)contract_submit(&b->c, &e[i++]);
		contract_turn(&b->c);
	}
	contract_wait_int(&b->c, &b->c.state, 0, 30000);
	assert_true(strstr(b->c.why, "test") != NULL);
	far_side->regain(b->far);
	contract_store(&b->c, e, 600, 60000);
	assert_int_equal(b->c.state, 1);
	assert_there(b, e, 600);
	bed_end(b);
	free(e);
}

/* A sink that cannot reach anything is opened all the same, and closed in
 * time. */
static void
test_close_during_outage(void **state)
{
	struct contract_event *e;
	struct bed *b;
	size_t i;

	(void)state;
	if (far_side->lose == NULL)
		skip();
	e = make_events(10, 1, 1000);
	b = bed_make();
	far_side->lose(b->far);
	for (i = 0; i < 10; i++)
		(void)contract_submit(&b->c, &e[i]);
	contract_turn(&b->c);
	contract_close(&b->c, 0);
	for (i = 0; i < 10; i++)
		assert_int_not_equal(e[i].answer, CONTRACT_TAKEN);
	far_side->regain(b->far);
	bed_end(b);
	free(e);
}

static void
test_unknown_key(void **state)
{
	char config[2048 + 32];
	struct bed *b = bed_make();
	const char *mistake;

	(void)state;
	assert_null(contract_check(&b->c, far_side->ops, b->config));
	(void)snprintf(config, sizeof(config), "{\"nonsense\": 1%s%s",
	    strlen(b->config) > 2 ? ", " : "", b->config + 1);
	mistake = contract_check(&b->c, far_side->ops, config);
	assert_non_null(mistake);
	assert_non_null(strstr(mistake, "nonsense"));
	b->c.why[0] = '\0';
	bed_end(b);
}

int
sink_contract_run(const char *name, const struct sink_far *far)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_close),
		cmocka_unit_test(test_becomes_up),
		cmocka_unit_test(test_stores),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_full_and_ready),
		cmocka_unit_test(test_same_event_again),
		cmocka_unit_test(test_close_in_flight),
		cmocka_unit_test(test_submit_from_answer),
		cmocka_unit_test(test_close_from_answer),
		cmocka_unit_test(test_outage),
		cmocka_unit_test(test_close_during_outage),
		cmocka_unit_test(test_unknown_key),
	};

	far_side = far;
	return (cmocka_run_group_tests_name(name, tests, NULL, NULL));
}
