/* Connections: what bridge/imap/connection.h promises, without a network. */
#include <stdlib.h>
#include <string.h>

#include "bridge/fault.h"
#include "bridge/imap/connection.h"
#include "tests/sim/sim.h"

/* So long a server keeps a connection whose client went away. */
#define NOTICE_MS 500

struct connection {
	struct sim *sim;
	struct sim_line *line;
	const struct connection_ops *ops;
	void *arg;
	int opened, paused, dropped, lost;
};

static void
line_end(struct sim_line *line)
{
	buf_free(&line->in);
	buf_free(&line->out);
	*line = (struct sim_line){ .used = 0 };
}

struct connection *
connection_open(struct net *net, const struct connection_config *config,
    const struct connection_ops *ops, void *arg, struct fault *f)
{
	struct sim *s = (struct sim *)(void *)net;
	struct connection *c = calloc(1, sizeof(*c));
	struct sim_line *line = s->line;

	(void)config;
	(void)f;
	while (line->used) {
		if (++line == s->line + SIM_LINES)
			sim_fail(s, "too many connections are open");
	}
	*line = (struct sim_line){ .used = 1, .client = c, .box = -1 };
	buf_init(&line->in, 1 << 20);
	buf_init(&line->out, 1 << 26);
	*c = (struct connection){
		.sim = s, .line = line, .ops = ops, .arg = arg
	};
	sim_note(s, "[%zu] connect", (size_t)(line - s->line));
	return (c);
}

int
connection_send(struct connection *c, struct buf *out, struct fault *f)
{
	size_t n = out->len;

	if (c->sim->muted || c->lost) {
		buf_clear(out);
		return (0);
	}
	if (n > 0 && sim_mishap(c->sim, 500))
		return (fault_set(f, FAULT_RETRY, "connection: broken pipe"));
	if (n > 0)
		buf_put(&c->line->in, out->data, n);
	buf_consume(out, n);
	return (0);
}

void
connection_pause(struct connection *c, int paused)
{
	c->paused = paused;
}

int
connection_was_dropped(const struct connection *c)
{
	return (c->dropped);
}

void
connection_close(struct connection *c)
{
	struct sim_line *line;

	if (c == NULL)
		return;
	line = c->line;
	sim_note(c->sim, "[%zu] close", (size_t)(line - c->sim->line));
	line->client = NULL;
	line->gone_at = c->sim->now + NOTICE_MS;
	if (!line->in_since || c->sim->muted)
		line_end(line);
	free(c);
}

/* The client is told that it is lost. */
static void
lose(struct connection *c, const char *why)
{
	struct fault f;

	sim_counts[SIM_LOSSES]++;
	c->lost = 1;
	fault_set(&f, FAULT_RETRY, "connection: %s", why);
	c->ops->lost(c->arg, &f);
}

void
sim_wire_break(struct sim *s, struct sim_line *line, const char *why)
{
	if (line->client == NULL || line->client->lost)
		return;
	sim_note(s, "[%zu] breaks: %s", (size_t)(line - s->line), why);
	lose(line->client, why);
}

void
sim_wire_close(struct sim *s, struct sim_line *line)
{
	(void)s;
	line->closed = 1;
	line->in_since = 0;
	line->notify = 0;
	line->box = -1;
}

/* The server takes the connection: 1, or not. */
static int
accept_client(struct sim *s, struct sim_line *line)
{
	struct connection *c = line->client;

	if (sim_mishap(s, 40)) {
		lose(c, "refused");
		return (0);
	}
	if (s->limit != 0 && s->limit_style == 2 &&
	    sim_server_count(s) >= s->limit) {
		s->refused++;
		sim_counts[SIM_REFUSALS]++;
		c->dropped = 1;
		lose(c, "closed before the greeting");
		return (0);
	}
	c->opened = line->greeted = 1;
	buf_printf(&line->out, "* OK [CAPABILITY %s] hi\r\n", s->capabilities);
	return (1);
}

int
sim_wire_deliver(struct sim *s, struct sim_line *line, size_t n)
{
	struct connection *c = line->client;
	int greeting = 0;
	char *piece;

	if (c == NULL) {
		if (s->now >= line->gone_at)
			line_end(line);
		return (0);
	}
	if (c->lost)
		return (0);
	if (!c->opened) {
		if (!accept_client(s, line))
			return (1);
		n = line->out.len; /* the greeting comes whole */
		greeting = 1;
	}
	if (c->paused)
		return (0);
	n = n < line->out.len ? n : line->out.len;
	if (n == 0 && !line->closed)
		return (0);
	if (n == 0) {
		lose(c, "closed by the server");
		return (1);
	}
	piece = malloc(n);
	memcpy(piece, line->out.data, n);
	buf_consume(&line->out, n);
	if (greeting)
		c->ops->opened(c->arg, piece, n);
	else
		c->ops->data(c->arg, piece, n);
	free(piece);
	return (1);
}
