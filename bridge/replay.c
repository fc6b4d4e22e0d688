#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "bridge/auth/oauth2.h"
#include "bridge/bridge_private.h"
#include "bridge/buf.h"
#include "bridge/config/client.h"
#include "bridge/config/config.h"
#include "bridge/fault.h"
#include "bridge/imap/connection.h"
#include "bridge/limits.h"
#include "bridge/ops/log.h"
#include "bridge/ops/progress.h"
#include "bridge/publish/pipeline.h"
#include "bridge/replay.h"
#include "bridge/store/checkpoint.h"
#include "bridge/store/commit.h"
#include "bridge/uidset.h"

/* Octets of a list of UIDs that a person still reads. */
#define LIST_MAX 400

struct replay {
	struct bridge bridge;
	const struct replay_request *request;
	struct watcher_replay watch;
	struct uidset listed; /* by the server */
	struct uidset done;   /* published */
	uint64_t uidvalidity; /* 0: the mailbox was never open */
	uint32_t hi;
	uint64_t refused;
	int failed; /* the watcher did not reach its end */
	char name[300];
};

static void
on_opened(void *arg, uint64_t uidvalidity, uint32_t hi)
{
	struct replay *r = arg;

	r->uidvalidity = uidvalidity;
	r->hi = hi;
}

static void
on_found(void *arg, uint32_t lo, uint32_t hi)
{
	struct replay *r = arg;

	(void)uidset_add(&r->listed, lo, hi);
}

static void
on_outcome(void *arg, uint32_t uid, enum pipeline_outcome outcome)
{
	struct replay *r = arg;

	if (outcome == PIPELINE_STORED)
		(void)uidset_add(&r->done, uid, uid);
	else
		r->refused++;
}

static void
on_count(void *arg, uint64_t *done, uint64_t *left)
{
	struct replay *r = arg;

	*done = uidset_count(&r->done);
	*left = uidset_count(&r->listed) - *done - r->refused;
}

static void
on_stopped(void *arg, const struct fault *why)
{
	struct replay *r = arg;

	if (why != NULL) {
		r->failed = 1;
		if (r->bridge.exit_code == EX_OK)
			r->bridge.exit_code = fault_exit_code(why->kind);
	}
	bridge_roster_stopped(&r->bridge);
}

/* A refresh token may be good for once, and the daemon needs the next one. */
static int
check_token(
    const struct config *c, const struct config_account *a, struct fault *f)
{
	if (a->client == NULL || a->client->grant != CLIENT_REFRESH_TOKEN ||
	    checkpoint_owner(c->state) == 0)
		return (0);
	return (fault_set(f, FAULT_CONFIG,
	    "account %s logs in with a refresh token, which the running daemon "
	    "is using: stop the daemon for the time of the replay",
	    a->name));
}

static int
open_sinks(struct replay *r, struct fault *f)
{
	const struct config *c = r->bridge.config;
	const struct config_account *a = &c->accounts[r->request->account];
	struct bridge_sinks list = { a->sinks, a->nsinks };

	if (r->request->sink != CONFIG_NO_SINK)
		list = (struct bridge_sinks){ &r->request->sink, 1 };
	return (bridge_open_sinks(&r->bridge, &list, 1, 0, f));
}

static int
open_all(struct replay *r, struct fault *f)
{
	struct bridge *b = &r->bridge;
	const struct config *c = b->config;
	size_t i = r->request->account;

	if (check_token(c, &c->accounts[i], f) == -1)
		return (-1);
	if ((b->net = connection_net(&b->loop, f)) == NULL ||
	    (b->oauth2 = oauth2_new(&b->loop, c, 0, f)) == NULL ||
	    open_sinks(r, f) == -1)
		return (-1);
	/* Some mails have ids that only the store knows. */
	b->store = checkpoint_open(c->state, CHECKPOINT_READ, f);
	if (b->store == NULL && f->kind != FAULT_NONE)
		return (-1);
	b->committer = committer_new(&b->loop, NULL, bridge_changed, b);
	b->rosters = calloc(1, sizeof(struct roster *));
	if (b->committer == NULL || b->rosters == NULL)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	b->host = (struct watcher_host){ .loop = &b->loop,
		.counts = &b->counts,
		.net = b->net,
		.oauth2 = b->oauth2,
		.committer = b->committer,
		.store = b->store,
		.max_message_bytes = c->max_message_bytes,
		.once = 1,
		.replay = &r->watch };
	b->roster_host = (struct roster_host){
		.watcher = &b->host, .stopped = on_stopped, .arg = r
	};
	b->rosters[0] = roster_new_one(&b->roster_host, &c->accounts[i],
	    r->request->mailbox, b->routes[0], f);
	if (b->rosters[0] == NULL)
		return (-1);
	b->nrosters = 1;
	return (0);
}

/* "5, 7:9", of what is in lo..hi and not in ${set}; "..." where it is long. */
static void
list_gaps(const struct uidset *set, uint64_t lo, uint64_t hi, struct buf *out)
{
	uint64_t end;
	size_t i;

	for (i = 0; i <= set->n && lo <= hi; i++) {
		end = i < set->n ? (uint64_t)set->ranges[i].lo - 1 : hi;
		if (end > hi)
			end = hi;
		if (lo <= end && out->len > LIST_MAX) {
			(void)buf_puts(out, ", ...");
			return;
		}
		if (lo <= end)
			(void)buf_printf(
			    out, "%s%" PRIu64, out->len > 0 ? ", " : "", lo);
		if (lo < end)
			(void)buf_printf(out, ":%" PRIu64, end);
		if (i < set->n)
			lo = (uint64_t)set->ranges[i].hi + 1;
	}
}

/* What was asked for by its UID and is not in the mailbox. */
static int
report_missing(const struct replay *r)
{
	const struct replay_request *q = r->request;
	struct buf gaps;

	buf_init(&gaps, (size_t)2 * LIST_MAX);
	if (q->since[0] == '\0' && q->lo <= r->hi)
		list_gaps(&r->listed, q->lo,
		    q->hi == UINT32_MAX ? r->hi : q->hi, &gaps);
	if (gaps.len > 0)
		fprintf(stderr, "%s: not in the mailbox: UID %s\n", r->name,
		    gaps.data);
	buf_free(&gaps);
	if (!uidset_empty(&r->listed) || q->since[0] != '\0')
		return (EX_OK);
	fprintf(stderr,
	    "%s: there is nothing to replay (UIDVALIDITY %" PRIu64
	    ", UIDs up to %" PRIu32 ")\n",
	    r->name, r->uidvalidity, r->hi);
	return (EX_DATAERR);
}

static int
report(const struct replay *r)
{
	uint64_t n = uidset_count(&r->listed), done = uidset_count(&r->done);
	int code = r->bridge.exit_code, missing = EX_OK;

	if (r->uidvalidity == 0)
		return (code != EX_OK ? code : EX_TEMPFAIL);
	if (!r->failed && !r->bridge.interrupted)
		missing = report_missing(r);
	if (r->request->dry)
		printf(
		    "%s: %" PRIu64 " mails would be published\n", r->name, n);
	else
		printf("%s: %" PRIu64 " mails published again, UIDVALIDITY "
		       "%" PRIu64 "\n",
		    r->name, done, r->uidvalidity);
	if (r->refused > 0) {
		fprintf(stderr, "%s: %" PRIu64 " mails were refused\n", r->name,
		    r->refused);
		missing = EX_DATAERR;
	}
	if (r->bridge.interrupted && done + r->refused < n &&
	    !r->request->dry) {
		fprintf(stderr,
		    "%s: cut short, %" PRIu64 " of %" PRIu64
		    " mails are left\n",
		    r->name, n - done - r->refused, n);
		return (EX_TEMPFAIL);
	}
	return (code != EX_OK ? code : missing);
}

int
replay_run(const struct config *config, const struct replay_request *q)
{
	static struct replay r; /* the one of the process */
	const struct config_account *a = &config->accounts[q->account];
	struct fault f;

	r.request = q;
	(void)snprintf(r.name, sizeof(r.name), "%s/%s", a->name, q->mailbox);
	uidset_init(&r.listed, LIMIT_SEARCH_RANGES);
	uidset_init(&r.done, LIMIT_SEARCH_RANGES);
	r.watch = (struct watcher_replay){ .lo = q->lo,
		.hi = q->hi,
		.dry = q->dry,
		.opened = on_opened,
		.found = on_found,
		.outcome = on_outcome,
		.arg = &r };
	memcpy(r.watch.since, q->since, sizeof(r.watch.since));
	bridge_init(&r.bridge, config, 1);
	if (open_all(&r, &f) == -1) {
		fprintf(stderr, "mailbridge replay: %s\n", f.text);
		return (fault_exit_code(f.kind));
	}
	r.bridge.progress = progress_new(&r.bridge.loop, r.name, on_count, &r);
	bridge_loop(&r.bridge);
	return (report(&r));
}
