/* The stop, phase by phase: drain, commit, say good-bye, close. */
#include <stdlib.h>
#include <sysexits.h>

#include "bridge/auth/oauth2.h"
#include "bridge/store/blob_keeper.h"
#include "bridge/store/checkpoint.h"
#include "bridge/store/commit.h"
#include "bridge/config/config.h"
#include "bridge/imap/net.h"
#include "bridge/limits.h"
#include "bridge/ops/admin.h"
#include "bridge/ops/log.h"
#include "bridge/ops/progress.h"
#include "bridge/publish/pipeline.h"
#include "bridge/bridge_private.h"

static size_t
in_flight(const struct bridge *b, int awaited)
{
	size_t i, n = 0;

	for (i = 0; i < b->config->nsinks; i++) {
		/* What a dead sink holds is published again after the start. */
		if (b->pipelines[i] != NULL &&
		    (!awaited || pipeline_trouble(b->pipelines[i])[0] == '\0'))
			n += pipeline_count(b->pipelines[i]);
	}
	return (n);
}

static void
on_drain_late(uv_timer_t *timer)
{
	struct bridge *b = timer->data;

	log_write(LOG_WARN, "bridge", NULL,
	    "stopping: %zu messages were not acknowledged within %d s; they "
	    "are published again after the next start",
	    in_flight(b, 0), LIMIT_DRAIN_SECONDS);
	b->exit_code = EX_TEMPFAIL;
	b->phase = BRIDGE_COMMITTING;
	bridge_step(b);
}

void
bridge_stop(struct bridge *b)
{
	size_t i;

	if (b->phase != BRIDGE_RUNNING)
		return;
	b->phase = BRIDGE_DRAINING;
	for (i = 0; i < b->nrosters; i++)
		roster_drain(b->rosters[i]);
	uv_timer_stop(&b->timer);
	uv_timer_start(&b->timer, on_drain_late, LIMIT_DRAIN_SECONDS * 1000, 0);
	bridge_step(b);
}

static void
on_part_closed(void *arg)
{
	struct bridge *b = arg;

	b->closing--;
}

static void
close_all(struct bridge *b)
{
	size_t i;

	b->phase = BRIDGE_CLOSING;
	for (i = 0; i < 3; i++)
		uv_close((uv_handle_t *)&b->signals[i], NULL);
	uv_close((uv_handle_t *)&b->timer, NULL);
	uv_close((uv_handle_t *)&b->look, NULL);
	for (i = 0; i < b->nrosters; i++) {
		b->closing++;
		roster_close(b->rosters[i], on_part_closed, b);
	}
	for (i = 0; i < b->config->nsinks; i++) {
		if (b->pipelines[i] == NULL)
			continue;
		b->closing++;
		pipeline_close(b->pipelines[i], on_part_closed, b);
	}
	if (b->progress != NULL) {
		b->closing++;
		progress_close(b->progress, on_part_closed, b);
	}
	if (b->admin != NULL) {
		b->closing++;
		admin_close(b->admin, on_part_closed, b);
	}
	if (b->blobs != NULL) {
		b->closing++;
		blob_keeper_close(b->blobs, on_part_closed, b);
	}
	b->closing += 3;
	oauth2_close(b->oauth2, on_part_closed, b);
	committer_close(b->committer, on_part_closed, b);
	net_close(b->net, on_part_closed, b);
}

static void
leave(struct bridge *b)
{
	size_t i;

	b->phase = BRIDGE_LEAVING;
	uv_timer_stop(&b->timer);
	for (i = 0; i < b->nrosters; i++)
		roster_stop(b->rosters[i]);
}

/* The last statuses too are to be durable: "stopped", with the marks. */
static int
committed(const struct bridge *b)
{
	return (committer_idle(b->committer) ||
	    committer_trouble(b->committer)[0] != '\0');
}

void
bridge_step(struct bridge *b)
{
	if (b->phase == BRIDGE_DRAINING && in_flight(b, 1) == 0) {
		b->phase = BRIDGE_COMMITTING;
		uv_timer_stop(&b->timer);
	}
	if (b->phase == BRIDGE_COMMITTING) {
		committer_flush(b->committer);
		if (committed(b))
			leave(b);
	}
	if (b->phase == BRIDGE_LEAVING && b->nstopped == b->nrosters) {
		committer_flush(b->committer);
		if (committed(b))
			close_all(b);
	}
}

void
bridge_roster_stopped(struct bridge *b)
{
	b->nstopped++;
	if (b->nstopped == b->nrosters && b->phase == BRIDGE_RUNNING)
		bridge_stop(b);
}
