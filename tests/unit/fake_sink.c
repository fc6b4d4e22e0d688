#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "fake_sink.h"
#include "sinks/sink.h"

#define FAKE_MAX 16384
#define FAKE_FULL 1000

struct held {
	struct event *ev;
	void *ticket;
	char what;
};

struct fake {
	struct sink sink; /* first */
	const char *script;
	struct held held[FAKE_MAX];
	size_t nheld;
	int lost, told, hungry;
	uv_idle_t idle; /* one answer a turn */
	uv_timer_t timer;
	int nhandles;
	void (*closed)(void *);
	void *closed_arg;
};

static char *stored[FAKE_MAX];
static size_t nstored;

static char *
name_of(const struct event *ev)
{
	char *name;

	if (asprintf(&name, "%s/%s/%s", ev->account, ev->mailbox, ev->id) == -1)
		abort();
	return (name);
}

unsigned
fake_sink_count(const struct event *ev)
{
	char *name = name_of(ev);
	unsigned n = 0;
	size_t i;

	for (i = 0; i < nstored; i++)
		n += strcmp(stored[i], name) == 0;
	free(name);
	return (n);
}

void
fake_sink_forget(void)
{
	while (nstored > 0)
		free(stored[--nstored]);
}

static void
answer(struct fake *k, size_t i)
{
	const struct sink_host *host = &k->sink.host;
	struct held h = k->held[i];
	struct fault f;

	k->nheld--;
	memmove(&k->held[i], &k->held[i + 1], (k->nheld - i) * sizeof(h));
	if (h.what == 'R' || h.what == 'X') {
		fault_set(
		    &f, FAULT_RETRY, "sink %s: as the script says", host->name);
		host->answer(host->arg, h.ticket,
		    h.what == 'R' ? SINK_RETRY : SINK_REFUSED, &f);
		return;
	}
	assert(nstored < FAKE_MAX);
	stored[nstored++] = name_of(h.ev);
	host->answer(host->arg, h.ticket, SINK_STORED, NULL);
}

static void
retry_all(struct fake *k)
{
	while (k->nheld > 0) {
		k->held[0].what = 'R';
		answer(k, 0);
	}
}

static void
on_closed(uv_handle_t *handle)
{
	struct fake *k = handle->data;
	void (*closed)(void *) = k->closed;
	void *arg = k->closed_arg;

	if (--k->nhandles > 0)
		return;
	retry_all(k);
	free(k);
	closed(arg);
}

static void
on_idle(uv_idle_t *idle)
{
	struct fake *k = idle->data;
	const struct sink_host *host = &k->sink.host;
	size_t i;

	if (k->lost != k->told) {
		struct fault f;

		k->told = k->lost;
		if (k->lost) {
			fault_set(&f, FAULT_RETRY, "sink %s: lost", host->name);
			host->state(host->arg, 0, &f);
			retry_all(k);
		} else
			host->state(host->arg, 1, NULL);
		return;
	}
	for (i = 0; i < k->nheld && k->held[i].what == 'D'; i++)
		continue;
	if (i + 1 < k->nheld && k->held[i].what == 'O' &&
	    k->held[i + 1].what != 'D')
		i++;
	if (i < k->nheld) {
		answer(k, i);
		return;
	}
	uv_idle_stop(idle);
	if (k->hungry && !k->lost && k->closed == NULL) {
		k->hungry = 0;
		host->ready(host->arg);
	}
}

static int
fake_submit(struct sink *s, struct event *ev, void *ticket)
{
	struct fake *k = (struct fake *)s;
	char what = 'S';

	uv_idle_start(&k->idle, on_idle);
	if (k->lost || k->nheld >= FAKE_FULL) {
		k->hungry = 1;
		return (0);
	}
	if (k->script != NULL && *k->script != '\0')
		what = *k->script++;
	if (what == 'F') {
		k->hungry = 1;
		return (0);
	}
	k->held[k->nheld++] = (struct held){ ev, ticket, what };
	return (1);
}

static void
fake_flush(struct sink *s)
{
	(void)s;
}

static size_t
fake_max_event_bytes(const struct sink *s)
{
	(void)s;
	return (0);
}

static void
fake_close(struct sink *s, void (*closed)(void *), void *arg)
{
	struct fake *k = (struct fake *)s;

	k->closed = closed;
	k->closed_arg = arg;
	uv_close((uv_handle_t *)&k->idle, on_closed);
	uv_close((uv_handle_t *)&k->timer, on_closed);
}

static struct sink *
fake_open(
    struct section *section, const struct sink_host *host, struct fault *f)
{
	struct fake *k;

	(void)section;
	f->kind = FAULT_NONE;
	if (host == NULL)
		return (NULL);
	if ((k = calloc(1, sizeof(*k))) == NULL)
		abort();
	k->sink.ops = &fake_sink_ops;
	k->sink.host = *host;
	k->told = -1;
	uv_idle_init(host->loop, &k->idle);
	uv_timer_init(host->loop, &k->timer);
	k->idle.data = k->timer.data = k;
	k->nhandles = 2;
	uv_idle_start(&k->idle, on_idle);
	return (&k->sink);
}

const struct sink_ops fake_sink_ops = {
	.type = "fake",
	.open = fake_open,
	.submit = fake_submit,
	.flush = fake_flush,
	.max_event_bytes = fake_max_event_bytes,
	.close = fake_close,
};

void
fake_sink_script(struct sink *s, const char *script)
{
	((struct fake *)s)->script = script;
}

void
fake_sink_release(struct sink *s)
{
	struct fake *k = (struct fake *)s;
	size_t i;

	for (i = k->nheld; i-- > 0;) {
		if (k->held[i].what == 'D') {
			k->held[i].what = 'S';
			answer(k, i);
		}
	}
}

void
fake_sink_lose(struct sink *s)
{
	struct fake *k = (struct fake *)s;

	k->lost = 1;
	uv_idle_start(&k->idle, on_idle);
}

void
fake_sink_regain(struct sink *s)
{
	struct fake *k = (struct fake *)s;

	k->lost = 0;
	uv_idle_start(&k->idle, on_idle);
}
