/* report.h - how the mailboxes, the sinks and the clients do, for people and
 * programs: what `mailbridge status --json` and the admin port's /status print.
 */
#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>

struct buf;
struct checkpoint_status;
struct oauth2_facts;
struct reset;

struct report_mailbox {
	const char *account;
	const char *mailbox;
	const char *state;
	int configured;	    /* 0: only the store knows it */
	int has_checkpoint; /* the next two are set */
	uint64_t uidvalidity;
	uint32_t uid;
	const struct checkpoint_status *status; /* NULL: none yet */
	const struct reset *reset;		/* the last one; NULL: none */
};

struct report_sink {
	const char *name;
	const char *state;   /* "connecting", "up", "slow": it has long owed an
			      * answer, or asks for one mail again and again,
			      * "down"; "stopped" with the daemon, "unused" by
			      * the accounts */
	uint64_t unanswered; /* mails that it was given */
	uint64_t oldest_seconds; /* how long it has owed the oldest answer */
	const char *error;	 /* why it is down or slow; or "" */
};

/* Write the report in this order: begin, each mailbox, sinks, each sink,
 * clients, each client, end.  ${pid} 0: no daemon runs.  Whatever the texts
 * hold, it is JSON; the buffer remembers if memory ran out. */
struct report {
	struct buf *out;
	int comma;
};

void report_begin(struct report *, const char *state, long pid);
void report_mailbox(struct report *, const struct report_mailbox *);
void report_sinks(struct report *);
void report_sink(struct report *, const struct report_sink *);
void report_clients(struct report *);
void report_client(struct report *, const struct oauth2_facts *);
void report_end(struct report *);

#endif
