/* The numbers of accounts, their mailboxes, and the clients that get tokens for
 * them. */
#include <stdlib.h>
#include <string.h>

#include "bridge/auth/oauth2.h"
#include "bridge/bridge_private.h"
#include "bridge/config/config.h"
#include "bridge/limits.h"
#include "bridge/ops/metrics.h"
#include "bridge/store/checkpoint.h"
#include "bridge/watch/doorman.h"

static const char *const states[] = { "connecting", "catching-up", "idle",
	"polling", "backing-off", "stopped" };

#define NSTATES (sizeof(states) / sizeof(states[0]))

static uint64_t
received(const struct counts_account *c)
{
	return (c->received);
}

static uint64_t
received_bytes(const struct counts_account *c)
{
	return (c->received_bytes);
}

static uint64_t
published(const struct counts_account *c)
{
	return (c->published);
}

static uint64_t
lettered(const struct counts_account *c)
{
	return (c->lettered);
}

static uint64_t
resets(const struct counts_account *c)
{
	return (c->resets);
}

static uint64_t
login_failures(const struct counts_account *c)
{
	return (c->login_failures);
}

static uint64_t
is_refused(const struct counts_account *c)
{
	return (c->refused != 0);
}

static void
put_accounts(struct metrics *m, const struct bridge *b)
{
	static const struct {
		const char *name, *type, *help;
		uint64_t (*what)(const struct counts_account *);
	} families[] = {
		{ "mailbridge_messages_received_total", "counter",
		    "Messages read from the account's mailboxes.", received },
		{ "mailbridge_received_bytes_total", "counter",
		    "Octets of these messages.", received_bytes },
		{ "mailbridge_messages_published_total", "counter",
		    "Messages that the sink has stored.", published },
		{ "mailbridge_messages_dead_lettered_total", "counter",
		    "Messages that the sink refused, and that are in the dead "
		    "letter.",
		    lettered },
		{ "mailbridge_mailbox_resets_total", "counter",
		    "Times that a mailbox was numbered anew.", resets },
		{ "mailbridge_account_login_failures_total", "counter",
		    "Times that the account's credentials were refused.",
		    login_failures },
		{ "mailbridge_account_login_refused", "gauge",
		    "1 while the account's credentials are refused: they are "
		    "tried again slowly, and read anew each time.",
		    is_refused },
	};
	size_t i, j;

	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		metrics_family(
		    m, families[i].name, families[i].type, families[i].help);
		for (j = 0; j < b->config->naccounts; j++)
			metrics_put(m,
			    families[i].what(
				doorman_counts(roster_doorman(b->rosters[j]))),
			    METRICS_LABELS(
				"account", b->config->accounts[j].name));
	}
}

/* The mailboxes: one walk, since a status takes copying. */
static void
put_mailboxes(
    struct metrics *m, const struct bridge *b, struct checkpoint_row *rows)
{
	uint64_t n[NSTATES] = { 0 };
	struct bridge_cursor cursor = { 0 };
	const struct checkpoint_row *row;
	const struct watcher *w;
	size_t i, j, count, all;

	for (all = count = 0; (w = bridge_each(b, &cursor)) != NULL; all++) {
		/* One beyond the limit is overwritten by the next. */
		watcher_status(w, &rows[count]);
		for (j = 0; j < NSTATES; j++)
			n[j] +=
			    strcmp(rows[count].status.state, states[j]) == 0;
		count += count < LIMIT_METRICS_MAILBOXES;
	}
	metrics_family(m, "mailbridge_mailboxes", "gauge",
	    "How many mailboxes are in which state.");
	for (j = 0; j < NSTATES; j++)
		metrics_put(m, n[j], METRICS_LABELS("state", states[j]));
	metrics_family(m, "mailbridge_mailboxes_without_series", "gauge",
	    "Mailboxes that are counted above but have no series of their "
	    "own: there are too many.");
	metrics_put(m, all - count, NULL);
	metrics_family(m, "mailbridge_mailbox_lag_messages", "gauge",
	    "Messages that the server lists and that have no outcome yet.");
	for (i = 0; i < count; i++) {
		row = &rows[i];
		metrics_put(m, row->status.lag,
		    METRICS_LABELS(
			"account", row->account, "mailbox", row->mailbox));
	}
	metrics_family(m, "mailbridge_mailbox_stalled_seconds", "gauge",
	    "For how long mail has been waiting without any of it reaching "
	    "its end; 0: none waits.");
	cursor = (struct bridge_cursor){ 0 };
	for (i = 0; i < count && (w = bridge_each(b, &cursor)) != NULL; i++)
		metrics_put(m, watcher_stalled_ms(w) / 1000,
		    METRICS_LABELS("account", rows[i].account, "mailbox",
			rows[i].mailbox));
	metrics_family(m, "mailbridge_mailbox_last_success_timestamp_seconds",
	    "gauge",
	    "When the mailbox was last seen empty of new mail, or its mark "
	    "moved; seconds since 1970, 0: never since the start.");
	for (i = 0; i < count; i++)
		metrics_put(m, (uint64_t)rows[i].status.last_success,
		    METRICS_LABELS("account", rows[i].account, "mailbox",
			rows[i].mailbox));
	metrics_family(m, "mailbridge_mailbox_up", "gauge",
	    "1 while the mailbox is open: catching up, idle or polling.");
	for (i = 0; i < count; i++)
		metrics_put(m,
		    strcmp(rows[i].status.state, "catching-up") == 0 ||
			strcmp(rows[i].status.state, "idle") == 0 ||
			strcmp(rows[i].status.state, "polling") == 0,
		    METRICS_LABELS("account", rows[i].account, "mailbox",
			rows[i].mailbox));
}

/* The patterns: is their account's LIST heard, and what do they match? */
static void
put_patterns(struct metrics *m, const struct bridge *b)
{
	struct bridge_cursor cursor = { 0 };
	struct checkpoint_row row = { 0 };
	size_t matches;

	metrics_family(m, "mailbridge_pattern_up", "gauge",
	    "1 while the connection that lists the pattern's mailboxes is up "
	    "and has listed them.");
	while (bridge_each_pattern(b, &cursor, &row, &matches))
		metrics_put(m,
		    strcmp(row.status.state, "idle") == 0 ||
			strcmp(row.status.state, "polling") == 0,
		    METRICS_LABELS(
			"account", row.account, "pattern", row.mailbox));
	metrics_family(m, "mailbridge_pattern_mailboxes", "gauge",
	    "Mailboxes that the pattern matches, by the last LIST.");
	cursor = (struct bridge_cursor){ 0 };
	while (bridge_each_pattern(b, &cursor, &row, &matches))
		metrics_put(m, matches,
		    METRICS_LABELS(
			"account", row.account, "pattern", row.mailbox));
}

/* A time that is known; an unknown one has no series. */
static void
put_times(struct metrics *m, const struct bridge *b, const char *name,
    const char *help, size_t offset)
{
	struct oauth2_facts facts;
	int64_t at;
	size_t i;

	metrics_family(m, name, "gauge", help);
	for (i = 0; i < b->config->nclients; i++) {
		oauth2_facts(b->oauth2, i, &facts);
		memcpy(&at, (const char *)&facts + offset, sizeof(at));
		if (at > 0)
			metrics_put(m, (uint64_t)at,
			    METRICS_LABELS("client", facts.client));
	}
}

static void
put_clients(struct metrics *m, const struct bridge *b)
{
	struct oauth2_facts facts;
	size_t i;

	if (b->config->nclients == 0)
		return;
	metrics_family(m, "mailbridge_oauth2_requests_total", "counter",
	    "Attempts to get a token: ok, unavailable (no answer, or busy), "
	    "refused (the client), misconfigured (could not be asked).");
	for (i = 0; i < b->config->nclients; i++) {
		oauth2_facts(b->oauth2, i, &facts);
		metrics_put(m, facts.fetched,
		    METRICS_LABELS("client", facts.client, "outcome", "ok"));
		metrics_put(m, facts.unavailable,
		    METRICS_LABELS(
			"client", facts.client, "outcome", "unavailable"));
		metrics_put(m, facts.refused,
		    METRICS_LABELS(
			"client", facts.client, "outcome", "refused"));
		metrics_put(m, facts.misconfigured,
		    METRICS_LABELS(
			"client", facts.client, "outcome", "misconfigured"));
	}
	put_times(m, b, "mailbridge_oauth2_token_expiry_timestamp_seconds",
	    "When the token ends (of several, the first), seconds since 1970.",
	    offsetof(struct oauth2_facts, token_until));
	put_times(m, b, "mailbridge_oauth2_secret_expiry_timestamp_seconds",
	    "When the client secret ends, as expires_at says.",
	    offsetof(struct oauth2_facts, secret_until));
	put_times(m, b,
	    "mailbridge_oauth2_certificate_expiry_timestamp_seconds",
	    "When the client certificate ends.",
	    offsetof(struct oauth2_facts, certificate_until));
}

int
bridge_metrics_accounts(const struct bridge *b, struct metrics *m)
{
	struct checkpoint_row *rows;

	if ((rows = calloc(bridge_count(b) + 1, sizeof(*rows))) == NULL)
		return (-1);
	put_clients(m, b);
	put_accounts(m, b);
	put_mailboxes(m, b, rows);
	put_patterns(m, b);
	free(rows);
	return (0);
}
