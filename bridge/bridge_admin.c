/* The pages of the admin port. */
#include <time.h>
#include <unistd.h>

#include "bridge/auth/oauth2.h"
#include "bridge/bridge_private.h"
#include "bridge/buf.h"
#include "bridge/config/config.h"
#include "bridge/ops/admin.h"
#include "bridge/ops/page.h"
#include "bridge/publish/pipeline.h"
#include "bridge/report.h"
#include "bridge/store/checkpoint.h"
#include "bridge/store/commit.h"

struct cursors {
	struct bridge_cursor mailboxes, patterns;
};

/* The next row of what is watched: first the mailboxes, then the patterns that
 * bring them in.  ${row} holds what ${m} points to. */
static int
each(const struct bridge *b, struct cursors *c, struct checkpoint_row *row,
    struct report_mailbox *m)
{
	const struct watcher *w;
	size_t matches;

	*row = (struct checkpoint_row){ 0 };
	if ((w = bridge_each(b, &c->mailboxes)) != NULL)
		watcher_status(w, row);
	else if (!bridge_each_pattern(b, &c->patterns, row, &matches))
		return (0);
	*m = (struct report_mailbox){ .account = row->account,
		.mailbox = row->mailbox,
		.state = row->status.state,
		.configured = 1,
		.has_checkpoint = row->status.uidvalidity != 0,
		.uidvalidity = row->status.uidvalidity,
		.uid = row->status.uid,
		.status = &row->status,
		.reset = w != NULL ? watcher_last_reset(w) : NULL };
	return (1);
}

static unsigned
write_status(const struct bridge *b, struct buf *out)
{
	struct report r = { .out = out };
	struct report_mailbox m;
	struct report_sink sink;
	struct oauth2_facts facts;
	struct checkpoint_row row;
	struct cursors cursors = { 0 };
	size_t i;

	report_begin(&r, b->config->state, getpid());
	while (each(b, &cursors, &row, &m))
		report_mailbox(&r, &m);
	report_sinks(&r);
	for (i = 0; i < b->config->nsinks; i++) {
		if (bridge_sink_facts(b, i, &sink))
			report_sink(&r, &sink);
	}
	report_clients(&r);
	for (i = 0; i < b->config->nclients; i++) {
		oauth2_facts(b->oauth2, i, &facts);
		report_client(&r, &facts);
	}
	report_end(&r);
	return (200);
}

/* A line for each condition, as Kubernetes writes them. */
static int
condition(struct buf *out, const char *what, const char *name, int good,
    const char *why)
{
	buf_printf(out, "[%c]%s%s%s %s%s%s\n", good ? '+' : '-', what,
	    name[0] != '\0' ? " " : "", name, good ? "ok" : "failed",
	    why[0] != '\0' ? ": " : "", why);
	return (good);
}

/* Can mail flow: marks can be written, and every sink is reached.  Mailboxes do
 * not count: one wrong password must not take the others' bridge away. */
static unsigned
write_ready(const struct bridge *b, struct buf *out)
{
	const char *trouble = committer_trouble(b->committer);
	const struct pipeline *p;
	int ready;
	size_t i;

	ready = condition(out, "running", "", b->phase == BRIDGE_RUNNING,
	    b->phase == BRIDGE_RUNNING ? "" : "it stops");
	ready &= condition(out, "checkpoint", "", trouble[0] == '\0', trouble);
	for (i = 0; i < b->config->nsinks; i++) {
		if ((p = b->pipelines[i]) == NULL)
			continue;
		trouble = pipeline_trouble(p);
		if (!pipeline_reachable(p) && trouble[0] == '\0')
			trouble = "not reached yet";
		ready &= condition(out, "sink", b->config->sinks[i].name,
		    pipeline_reachable(p), trouble);
	}
	return (ready ? 200 : 503);
}

static unsigned
write_home(const struct bridge *b, struct buf *out)
{
	struct page page = { .out = out, .now = time(NULL) };
	struct report_mailbox m;
	struct oauth2_facts facts;
	struct checkpoint_row row;
	struct cursors cursors = { 0 };
	struct buf ready;
	size_t i;

	page_begin(&page, b->started_at);
	buf_init(&ready, 1024 * 1024);
	(void)write_ready(b, &ready);
	page_text(&page, ready.data != NULL ? ready.data : "");
	buf_free(&ready);
	if (b->config->nclients > 0)
		page_clients(&page);
	for (i = 0; i < b->config->nclients; i++) {
		oauth2_facts(b->oauth2, i, &facts);
		page_client(&page, &facts);
	}
	page_mailboxes(&page);
	while (each(b, &cursors, &row, &m))
		page_mailbox(&page, &m);
	page_end(&page);
	return (200);
}

static unsigned
on_page(void *arg, enum admin_page page, struct buf *out)
{
	const struct bridge *b = arg;

	switch (page) {
	case ADMIN_HOME:
		return (write_home(b, out));
	case ADMIN_STATUS:
		return (write_status(b, out));
	case ADMIN_METRICS:
		return (bridge_metrics(b, out));
	case ADMIN_READYZ:
		return (write_ready(b, out));
	case ADMIN_LIVEZ:
		break;
	}
	buf_puts(out, "ok\n");
	return (200);
}

int
bridge_open_admin(struct bridge *b, struct fault *f)
{
	b->started_at = time(NULL);
	if (b->config->admin.listen == NULL || b->once)
		return (0);
	b->admin = admin_new(&b->loop, &b->config->admin, on_page, b, f);
	return (b->admin != NULL ? 0 : -1);
}
