#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "bridge/auth/oauth2.h"
#include "bridge/bridge.h"
#include "bridge/bridge_private.h"
#include "bridge/config/config.h"
#include "bridge/fault.h"
#include "bridge/imap/connection.h"
#include "bridge/imap/net.h"
#include "bridge/limits.h"
#include "bridge/ops/log.h"
#include "bridge/ops/progress.h"
#include "bridge/publish/attempts.h"
#include "bridge/publish/pipeline.h"
#include "bridge/store/checkpoint.h"
#include "bridge/store/commit.h"
#include "bridge/version.h"

/* With --once: how long a sink may be down before we give up. */
#define ONCE_STUCK_SECONDS 30

/* Descriptors besides the mailboxes' own. */
#define OTHER_DESCRIPTORS 128

/* Somebody may have put a secret right. */
static void
hurry(struct bridge *b)
{
	size_t i;

	log_write(LOG_INFO, "bridge", NULL,
	    "SIGHUP: refused logins and sinks are tried again now, with "
	    "secrets read anew; a changed config needs a restart");
	if (b->phase != BRIDGE_RUNNING)
		return;
	oauth2_hurry(b->oauth2);
	bridge_reload_sinks(b);
	for (i = 0; i < b->nrosters; i++)
		roster_hurry(b->rosters[i]);
}

static void
on_signal(uv_signal_t *handle, int number)
{
	struct bridge *b = handle->data;

	if (number == SIGHUP) {
		hurry(b);
		return;
	}
	if (b->phase != BRIDGE_RUNNING) {
		/* The operator does not want to wait; nothing is lost. */
		_exit(EX_TEMPFAIL);
	}
	b->interrupted = 1;
	log_write(LOG_INFO, "bridge", NULL, "stopping: %s; draining",
	    number == SIGINT ? "SIGINT" : "SIGTERM");
	bridge_stop(b);
}

/* The committer or a pipeline has changed its mind. */
void
bridge_changed(void *arg)
{
	struct bridge *b = arg;
	size_t i;

	if (b->phase == BRIDGE_CLOSING)
		return;
	bridge_sink_status(b);
	if (b->wake != NULL)
		b->wake(b->wake_arg);
	for (i = 0; i < b->nrosters && b->phase == BRIDGE_RUNNING; i++)
		roster_wake(b->rosters[i]);
}

/* Before the loop sleeps: whatever a stop awaits may have come. */
static void
on_turn(uv_prepare_t *prepare)
{
	bridge_step(prepare->data);
}

static void
on_roster_stopped(void *arg, const struct fault *why)
{
	struct bridge *b = arg;

	if (why != NULL && b->exit_code == EX_OK)
		b->exit_code = fault_exit_code(why->kind);
	bridge_roster_stopped(b);
}

static void
on_count(void *arg, uint64_t *done, uint64_t *left)
{
	struct bridge *b = arg;
	size_t i;

	for (i = 0; i < b->config->nsinks; i++) {
		if (b->pipelines[i] != NULL)
			*done += pipeline_ended(b->pipelines[i]);
	}
	for (i = 0; i < b->nrosters; i++)
		*left += roster_lag(b->rosters[i]);
}

/* With --once nobody waits for ever. */
static void
on_watchdog(uv_timer_t *timer)
{
	struct bridge *b = timer->data;
	const char *trouble = committer_trouble(b->committer);
	size_t i;

	for (i = 0; i < b->config->nsinks && trouble[0] == '\0'; i++) {
		if (b->pipelines[i] != NULL)
			trouble = pipeline_trouble(b->pipelines[i]);
	}
	b->stuck = trouble[0] != '\0' ? b->stuck + 1 : 0;
	if (b->stuck < ONCE_STUCK_SECONDS)
		return;
	log_write(LOG_ERROR, "bridge", NULL, "given up after %d s: %s",
	    ONCE_STUCK_SECONDS, trouble);
	b->exit_code = EX_TEMPFAIL;
	bridge_stop(b);
}

static void
raise_descriptor_limit(size_t mailboxes)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < mailboxes + OTHER_DESCRIPTORS)
		log_write(LOG_WARN, "bridge", NULL,
		    "%zu mailboxes, but only %llu descriptors: raise the limit "
		    "(ulimit -n, LimitNOFILE=)",
		    mailboxes, (unsigned long long)limit.rlim_cur);
}

/* A converter for each processor; the loop's other blocking work (files, the
 * store, names) must not wait behind them. */
static unsigned
set_workers(void)
{
	char number[24];
	long n;

	if ((n = sysconf(_SC_NPROCESSORS_ONLN)) < 1)
		n = 1;
	(void)snprintf(number, sizeof(number), "%ld", n + 4);
	(void)setenv("UV_THREADPOOL_SIZE", number, 0);
	return ((unsigned)n);
}

/* The sinks of each account. */
static int
open_sinks(struct bridge *b, struct fault *f)
{
	const struct config *c = b->config;
	struct bridge_sinks *lists;
	size_t i;
	int rc;

	if ((lists = calloc(c->naccounts, sizeof(*lists))) == NULL)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	for (i = 0; i < c->naccounts; i++)
		lists[i] = (struct bridge_sinks){ c->accounts[i].sinks,
			c->accounts[i].nsinks };
	rc = bridge_open_sinks(b, lists, c->naccounts, 1, f);
	free(lists);
	return (rc);
}

const struct watcher *
bridge_each(const struct bridge *b, struct bridge_cursor *c)
{
	while (c->roster < b->nrosters &&
	    c->item == roster_count(b->rosters[c->roster])) {
		c->roster++;
		c->item = 0;
	}
	if (c->roster == b->nrosters)
		return (NULL);
	return (roster_watcher(b->rosters[c->roster], c->item++));
}

int
bridge_each_pattern(const struct bridge *b, struct bridge_cursor *c,
    struct checkpoint_row *row, size_t *matches)
{
	for (; c->roster < b->nrosters; c->roster++, c->item = 0) {
		if (roster_pattern(
			b->rosters[c->roster], c->item++, row, matches))
			return (1);
	}
	return (0);
}

size_t
bridge_count(const struct bridge *b)
{
	size_t i, n = 0;

	for (i = 0; i < b->nrosters; i++)
		n += roster_count(b->rosters[i]);
	return (n);
}

static int
open_rosters(struct bridge *b, struct fault *f)
{
	const struct config *c = b->config;
	size_t i, n = 0;

	for (i = 0; i < c->naccounts; i++)
		n += c->accounts[i].nmailboxes;
	raise_descriptor_limit(n);
	b->host = (struct watcher_host){ .loop = &b->loop,
		.store = b->store,
		.net = b->net,
		.oauth2 = b->oauth2,
		.committer = b->committer,
		.counts = &b->counts,
		.max_message_bytes = c->max_message_bytes,
		.once = b->once };
	b->roster_host = (struct roster_host){ .watcher = &b->host,
		.store = b->store,
		.stopped = on_roster_stopped,
		.arg = b };
	b->rosters = calloc(c->naccounts + 1, sizeof(struct roster *));
	if (b->rosters == NULL)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	for (i = 0; i < c->naccounts; i++) {
		b->rosters[i] = roster_new(
		    &b->roster_host, &c->accounts[i], b->routes[i], f);
		if (b->rosters[i] == NULL)
			return (-1);
		b->nrosters++;
	}
	return (0);
}

static void
watch_signals(struct bridge *b)
{
	static const int numbers[] = { SIGTERM, SIGINT, SIGHUP };
	size_t i;

	(void)signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < 3; i++) {
		uv_signal_init(&b->loop, &b->signals[i]);
		b->signals[i].data = b;
		uv_signal_start(&b->signals[i], on_signal, numbers[i]);
	}
}

static int
open_all(struct bridge *b, struct fault *f)
{
	b->store = checkpoint_open(b->config->state, CHECKPOINT_WRITE, f);
	if (b->store == NULL)
		return (-1);
	if ((b->net = connection_net(&b->loop, f)) == NULL)
		return (-1);
	if ((b->oauth2 = oauth2_new(&b->loop, b->config, 1, f)) == NULL)
		return (-1);
	b->committer = committer_new(&b->loop, b->store, bridge_changed, b);
	if (b->committer == NULL)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	b->attempts = attempts_open(&b->loop, b->config->state, f);
	if (b->attempts == NULL || open_sinks(b, f) == -1 ||
	    bridge_keep_blobs(b, f) == -1)
		return (-1);
	if (open_rosters(b, f) == -1)
		return (-1);
	return (bridge_open_admin(b, f));
}

void
bridge_init(struct bridge *b, const struct config *config, int once)
{
	b->config = config;
	b->once = once;
	b->workers = set_workers();
	curl_global_init(CURL_GLOBAL_DEFAULT);
	uv_loop_init(&b->loop);
}

void
bridge_loop(struct bridge *b)
{
	uv_prepare_t turn;
	size_t i;

	/* No debugger of the same user may look at tokens and mail.  Not
	 * before: a sink on standard output opens /proc/self/fd, which this
	 * makes root's. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	watch_signals(b);
	uv_timer_init(&b->loop, &b->timer);
	b->timer.data = b;
	bridge_watch_sinks(b);
	if (b->once)
		uv_timer_start(&b->timer, on_watchdog, 1000, 1000);
	uv_prepare_init(&b->loop, &turn);
	turn.data = b;
	uv_prepare_start(&turn, on_turn);
	uv_unref((uv_handle_t *)&turn);
	bridge_start_rosters(b);
	if (b->wake != NULL)
		b->wake(b->wake_arg);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&turn, NULL);
	attempts_close(b->attempts);
	uv_run(&b->loop, UV_RUN_DEFAULT);
	uv_loop_close(&b->loop);
	checkpoint_close(b->store);
	for (i = 0; i < b->nrosters; i++)
		roster_free(b->rosters[i]);
	free(b->sorted);
	free(b->rosters);
	bridge_free_sinks(b);
	curl_global_cleanup();
}

int
bridge_run(const struct config *config, int once)
{
	static struct bridge b; /* the one of the process */
	struct fault f;

	bridge_init(&b, config, once);
	if (open_all(&b, &f) == -1) {
		/* The process ends: what is open is the kernel's to close. */
		log_write(LOG_ERROR, "bridge", NULL, "%s", f.text);
		checkpoint_close(b.store);
		return (fault_exit_code(f.kind));
	}
	log_write(LOG_INFO, "bridge", NULL,
	    "mailbridge %s: %zu mailboxes of %zu accounts", MAILBRIDGE_VERSION,
	    bridge_count(&b), config->naccounts);
	if (once)
		b.progress = progress_new(&b.loop, NULL, on_count, &b);
	bridge_loop(&b);
	log_write(LOG_INFO, "bridge", NULL, "stopped");
	return (b.exit_code);
}
