/* Events to a program of the operator's, by its standard input and output. */
#include <stdlib.h>

#include "bridge/config/section.h"
#include "bridge/envelope/event.h"
#include "sinks/exec/exec_private.h"
#include "sinks/sinks.h"

/* Until memory may be there again. */
#define STARVED_MS 100

static int
has_room(const struct exec *x)
{
	const struct exec_op *op = TAILQ_FIRST(&x->ops);
	int alone =
	    x->careful > 0 || x->naside > 0 || (op != NULL && op->aside);

	return (x->phase == EXEC_RUNNING && x->closed == NULL && !x->paused &&
	    (x->naside == 0 || x->asking) &&
	    x->nops < (alone ? 1 : x->config.in_flight));
}

void
exec_offer(struct exec *x)
{
	const struct sink_host *host = &x->sink.host;

	if (x->hungry && has_room(x)) {
		x->hungry = 0;
		host->ready(host->arg);
	}
}

static void
settle(struct exec *x, struct exec_op *op, enum sink_verdict verdict,
    const struct fault *why)
{
	const struct sink_host *host = &x->sink.host;
	void *ticket = op->ticket;

	free(op);
	host->answer(host->arg, ticket, verdict, why);
}

void
exec_settle_first(
    struct exec *x, enum sink_verdict verdict, const struct fault *why)
{
	struct exec_op *op = TAILQ_FIRST(&x->ops);

	TAILQ_REMOVE(&x->ops, op, next);
	x->nops--;
	x->bytes -= op->ev->len;
	settle(x, op, verdict, why);
}

void
exec_give_back(struct exec *x, const struct fault *why)
{
	while (!TAILQ_EMPTY(&x->ops))
		exec_settle_first(x, SINK_RETRY, why);
}

static void
on_handle_closed(uv_handle_t *handle)
{
	struct exec *x = handle->data;
	void (*closed)(void *) = x->closed;
	void *closed_arg = x->closed_arg;

	if (--x->nclosing > 0)
		return;
	exec_config_clear(&x->config);
	free(x);
	closed(closed_arg);
}

void
exec_end(struct exec *x)
{
	struct exec_op *op;
	struct fault f;

	if (x->nclosing != 0)
		return;
	fault_set(&f, FAULT_RETRY, "sink %s: closed", x->sink.host.name);
	exec_give_back(x, &f);
	while ((op = TAILQ_FIRST(&x->aside)) != NULL) {
		TAILQ_REMOVE(&x->aside, op, next);
		settle(x, op, SINK_RETRY, &f);
	}
	x->nclosing = 2;
	uv_close((uv_handle_t *)&x->timer, on_handle_closed);
	uv_close((uv_handle_t *)&x->deadline, on_handle_closed);
}

int
exec_give(struct exec *x, struct exec_op *op)
{
	if (exec_program_write(x->program, op->ev->data, op->ev->len) == -1) {
		x->paused = 1;
		uv_timer_start(&x->timer, exec_life_timer, STARVED_MS, 0);
		return (-1);
	}
	TAILQ_INSERT_TAIL(&x->ops, op, next);
	x->bytes += op->ev->len;
	if (x->nops++ == 0) {
		uv_update_time(x->sink.host.loop);
		exec_life_watch(x);
	}
	return (0);
}

static int
exec_submit(struct sink *s, struct event *ev, void *ticket)
{
	struct exec *x = (struct exec *)s;
	struct exec_op *op = NULL;

	if (!has_room(x)) {
		x->hungry = 1;
		return (0);
	}
	if ((op = calloc(1, sizeof(*op))) == NULL) {
		x->hungry = x->paused = 1;
		uv_timer_start(&x->timer, exec_life_timer, STARVED_MS, 0);
		return (0);
	}
	op->ev = ev;
	op->ticket = ticket;
	op->number = ++x->number;
	if (exec_give(x, op) == -1) {
		free(op);
		x->hungry = 1;
		return (0);
	}
	return (1);
}

static void
exec_flush(struct sink *s)
{
	(void)s; /* nothing is ever held back */
}

static size_t
exec_max_event_bytes(const struct sink *s)
{
	return (((const struct exec *)s)->config.max_event_bytes);
}

static void
exec_close(struct sink *s, void (*closed)(void *), void *arg)
{
	struct exec *x = (struct exec *)s;

	x->closed = closed;
	x->closed_arg = arg;
	uv_timer_start(&x->timer, exec_life_timer, 0, 0);
}

static struct sink *
exec_open(struct section *s, const struct sink_host *host, struct fault *f)
{
	struct exec_config config;
	struct exec *x;

	f->kind = FAULT_NONE;
	exec_config_read(&config, s);
	if (section_failed(s) && host != NULL)
		fault_set(f, FAULT_CONFIG, "%s: mistakes in the section",
		    section_where(s));
	if (section_failed(s) || host == NULL) {
		exec_config_clear(&config);
		return (NULL);
	}
	if ((x = calloc(1, sizeof(*x))) == NULL) {
		exec_config_clear(&config);
		fault_set(f, FAULT_RETRY, "sink %s: out of memory", host->name);
		return (NULL);
	}
	x->sink.ops = &exec_ops;
	x->sink.host = *host;
	x->config = config;
	TAILQ_INIT(&x->ops);
	TAILQ_INIT(&x->aside);
	health_init(&x->health, &x->sink);
	uv_timer_init(host->loop, &x->timer);
	uv_timer_init(host->loop, &x->deadline);
	x->timer.data = x->deadline.data = x;
	uv_timer_start(&x->timer, exec_life_timer, 0, 0);
	return (&x->sink);
}

const struct sink_ops exec_ops = {
	.type = "exec",
	.open = exec_open,
	.submit = exec_submit,
	.flush = exec_flush,
	.max_event_bytes = exec_max_event_bytes,
	.close = exec_close,
};
