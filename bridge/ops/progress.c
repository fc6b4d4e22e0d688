#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bridge/ops/log.h"
#include "bridge/ops/progress.h"

#define TERMINAL_MS 250
#define LOG_MS 10000

struct progress {
	uv_timer_t timer;
	const char *subject;
	void (*count)(void *arg, uint64_t *done, uint64_t *left);
	void *arg;
	uint64_t began;
	int terminal;
	int told;
	void (*closed)(void *arg);
	void *closed_arg;
};

static void
tell(struct progress *p)
{
	uint64_t done = 0, left = 0, ms = uv_now(p->timer.loop) - p->began;
	char text[128];

	p->count(p->arg, &done, &left);
	(void)snprintf(text, sizeof(text),
	    "%" PRIu64 " published, %" PRIu64 " to go, %" PRIu64 "/s", done,
	    left, ms > 0 ? done * 1000 / ms : 0);
	if (!p->terminal) {
		log_write(LOG_INFO, "progress", p->subject, "%s", text);
		return;
	}
	/* Back to the line's start, so that a log line takes its place. */
	p->told = 1;
	fprintf(stderr, "%s%s%s\033[K\r", p->subject != NULL ? p->subject : "",
	    p->subject != NULL ? ": " : "", text);
	(void)fflush(stderr);
}

static void
on_timer(uv_timer_t *timer)
{
	tell(timer->data);
}

struct progress *
progress_new(uv_loop_t *loop, const char *subject,
    void (*count)(void *arg, uint64_t *done, uint64_t *left), void *arg)
{
	struct progress *p;
	uint64_t ms;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return (NULL);
	p->subject = subject;
	p->count = count;
	p->arg = arg;
	p->began = uv_now(loop);
	p->terminal = isatty(STDERR_FILENO);
	ms = p->terminal ? TERMINAL_MS : LOG_MS;
	uv_timer_init(loop, &p->timer);
	p->timer.data = p;
	uv_timer_start(&p->timer, on_timer, ms, ms);
	uv_unref((uv_handle_t *)&p->timer);
	return (p);
}

static void
on_closed(uv_handle_t *handle)
{
	struct progress *p = handle->data;

	p->closed(p->closed_arg);
	free(p);
}

void
progress_close(struct progress *p, void (*closed)(void *), void *arg)
{
	if (p->told) {
		tell(p);
		putc('\n', stderr);
	}
	p->closed = closed;
	p->closed_arg = arg;
	uv_close((uv_handle_t *)&p->timer, on_closed);
}
