/* What /metrics tells: every part's numbers, written when somebody asks.
 *
 * Series: a few for the process, some 25 for each sink, 7 for each client and
 * each account, 4 for each mailbox. */
#include <curl/curl.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bridge/auth/oauth2.h"
#include "bridge/bridge_private.h"
#include "bridge/buf.h"
#include "bridge/config/config.h"
#include "bridge/ops/metrics.h"
#include "bridge/publish/pipeline.h"
#include "bridge/store/checkpoint.h"
#include "bridge/store/commit.h"
#include "bridge/version.h"
#include "bridge/watch/doorman.h"

/* About what the series of one take. */
#define MAILBOX_TEXT 400
#define ACCOUNT_TEXT 500

/* 0 if it cannot be told. */
static uint64_t
resident_pages(void)
{
	char text[64] = "", *end;
	FILE *file;

	if ((file = fopen("/proc/self/statm", "re")) == NULL)
		return (0);
	if (fgets(text, sizeof(text), file) == NULL)
		text[0] = '\0';
	(void)fclose(file);
	(void)strtoul(text, &end, 10); /* the whole size */
	return (strtoul(end, NULL, 10));
}

/* The process: the names that all exporters use. */
static void
put_process(struct metrics *m, int64_t started_at)
{
	struct rusage usage;
	uint64_t pages;

	metrics_family(m, "mailbridge_build_info", "gauge",
	    "Always 1; the labels tell the versions.");
	metrics_put(m, 1,
	    METRICS_LABELS("version", MAILBRIDGE_VERSION, "libcurl",
		curl_version_info(CURLVERSION_NOW)->version, "librdkafka",
		rd_kafka_version_str()));
	metrics_family(m, "process_start_time_seconds", "gauge",
	    "When the process started, seconds since 1970.");
	metrics_put(m, (uint64_t)started_at, NULL);
	if (getrusage(RUSAGE_SELF, &usage) == 0) {
		metrics_family(m, "process_cpu_seconds_total", "counter",
		    "CPU time used, by the system for us included.");
		metrics_put_real(m,
		    (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
			(double)(usage.ru_utime.tv_usec +
			    usage.ru_stime.tv_usec) /
			    1e6,
		    NULL);
	}
	if ((pages = resident_pages()) == 0)
		return;
	metrics_family(
	    m, "process_resident_memory_bytes", "gauge", "Resident memory.");
	metrics_put(m, pages * (uint64_t)sysconf(_SC_PAGESIZE), NULL);
}

static void
put_logins(struct metrics *m, const struct counts *c)
{
	static const char *const reconnects[COUNTS_RECONNECTS] = { "connect",
		"token", "login", "session", "renewal" };
	static const char *const logins[COUNTS_LOGINS] = { "refused",
		"stale_token", "token_refused", "token_missing", "secret" };
	size_t i;

	metrics_family(m, "mailbridge_imap_reconnects_total", "counter",
	    "Connections to mailboxes that ended or did not come about: "
	    "connect "
	    "(it never stood), token (there was none), login (refused), "
	    "session (lost later), renewal (planned).");
	for (i = 0; i < COUNTS_RECONNECTS; i++)
		metrics_put(m, c->reconnects[i],
		    METRICS_LABELS("reason", reconnects[i]));
	metrics_family(m, "mailbridge_imap_logins_total", "counter",
	    "Logins that succeeded.");
	metrics_put(m, c->logins, NULL);
	metrics_family(m, "mailbridge_imap_login_failures_total", "counter",
	    "Logins that failed: refused (by the server), stale_token (a kept "
	    "token was refused, and replaced once), token_refused (by the "
	    "token endpoint), token_missing (it did not answer), secret (could "
	    "not be read).");
	for (i = 0; i < COUNTS_LOGINS; i++)
		metrics_put(
		    m, c->login_failures[i], METRICS_LABELS("kind", logins[i]));
}

static void
put_store(struct metrics *m, const struct committer *committer)
{
	const struct committer_counts *c = committer_counts(committer);

	metrics_family(m, "mailbridge_checkpoint_up", "gauge",
	    "1 while the checkpoint store can be written.");
	metrics_put(m, committer_trouble(committer)[0] == '\0', NULL);
	metrics_family(m, "mailbridge_checkpoint_commit_seconds", "histogram",
	    "How long the transactions took that made marks durable.");
	metrics_put_histogram(m, &c->latency, NULL);
	metrics_family(m, "mailbridge_checkpoint_failures_total", "counter",
	    "Transactions that failed, to be tried again.");
	metrics_put(m, c->failures, NULL);
}

/* One family over all sinks; ${what} gives the number. */
static void
put_sinks(struct metrics *m, const struct bridge *b, const char *name,
    const char *type, const char *help,
    uint64_t (*what)(const struct pipeline *))
{
	size_t i;

	metrics_family(m, name, type, help);
	for (i = 0; i < b->config->nsinks; i++) {
		if (b->pipelines[i] != NULL)
			metrics_put(m, what(b->pipelines[i]),
			    METRICS_LABELS("sink", b->config->sinks[i].name));
	}
}

static uint64_t
is_up(const struct pipeline *p)
{
	return (pipeline_reachable(p) != 0);
}

static uint64_t
downs(const struct pipeline *p)
{
	return (pipeline_counts(p)->downs);
}

static uint64_t
in_flight(const struct pipeline *p)
{
	return (pipeline_count(p));
}

static uint64_t
in_flight_bytes(const struct pipeline *p)
{
	return (pipeline_octets(p));
}

static void
put_answers(struct metrics *m, const struct bridge *b)
{
	const struct pipeline_counts *c;
	const char *name;
	size_t i;

	metrics_family(m, "mailbridge_sink_answers_total", "counter",
	    "What the sink said of events: stored, retry (handed in again), "
	    "refused (for good).");
	for (i = 0; i < b->config->nsinks; i++) {
		if (b->pipelines[i] == NULL)
			continue;
		c = pipeline_counts(b->pipelines[i]);
		name = b->config->sinks[i].name;
		metrics_put(m, c->stored,
		    METRICS_LABELS("sink", name, "answer", "stored"));
		metrics_put(m, c->retried,
		    METRICS_LABELS("sink", name, "answer", "retry"));
		metrics_put(m, c->refused,
		    METRICS_LABELS("sink", name, "answer", "refused"));
	}
	metrics_family(m, "mailbridge_sink_ack_seconds", "histogram",
	    "From handing an event to the sink to its being durable.");
	for (i = 0; i < b->config->nsinks; i++) {
		if (b->pipelines[i] != NULL)
			metrics_put_histogram(m,
			    &pipeline_counts(b->pipelines[i])->latency,
			    METRICS_LABELS("sink", b->config->sinks[i].name));
	}
	metrics_family(m, "mailbridge_sink_oldest_unanswered_seconds", "gauge",
	    "For how long the sink has owed its oldest answer; 0: it owes "
	    "none.");
	for (i = 0; i < b->config->nsinks; i++) {
		if (b->pipelines[i] != NULL)
			metrics_put_real(m,
			    (double)pipeline_oldest_ms(b->pipelines[i]) / 1e3,
			    METRICS_LABELS("sink", b->config->sinks[i].name));
	}
}

unsigned
bridge_metrics(const struct bridge *b, struct buf *out)
{
	struct metrics m = { .out = out };
	/* Growing step by step would copy megabytes. */
	(void)buf_reserve(out,
	    bridge_count(b) * MAILBOX_TEXT +
		b->config->naccounts * ACCOUNT_TEXT);
	put_process(&m, b->started_at);
	put_logins(&m, &b->counts);
	put_store(&m, b->committer);
	put_sinks(&m, b, "mailbridge_sink_up", "gauge",
	    "1 while the sink reaches its far side.", is_up);
	put_sinks(&m, b, "mailbridge_sink_losses_total", "counter",
	    "How often the sink lost its far side.", downs);
	put_sinks(&m, b, "mailbridge_sink_in_flight_messages", "gauge",
	    "Messages between their FETCH and the sink's answer.", in_flight);
	put_sinks(&m, b, "mailbridge_sink_in_flight_bytes", "gauge",
	    "Octets of the mails of which the sink has not told the outcome.",
	    in_flight_bytes);
	put_answers(&m, b);
	return (bridge_metrics_accounts(b, &m) == 0 ? 200 : 503);
}
