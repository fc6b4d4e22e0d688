/* checkpoint.h - the state directory: its lock, and the store of the last
 * committed UID of each (account, mailbox, UIDVALIDITY), in SQLite.
 *
 * Opening, listing and the plain setters block and are for start-up and the
 * commands.  The daemon writes through checkpoint_write(), on a worker. */
#ifndef CHECKPOINT_H
#define CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

struct checkpoint_store;
struct fault;
struct fingerprint;
struct reset;
struct reset_span;

struct checkpoint {
	uint64_t uidvalidity;
	uint32_t uid; /* it and all before it have a terminal outcome */
	/* Where "start: YYYY-MM-DD" began: UIDs below since_below were taken
	 * only if they arrived on or after since ("05-Jan-2026"); "" otherwise.
	 */
	uint32_t since_below;
	char since[16];
	int64_t committed_at; /* wall clock, seconds since 1970 */
};

/* How a mailbox does, for `mailbridge status`; written with the checkpoints. */
struct checkpoint_status {
	char state[16]; /* "connecting", "catching-up", "idle", "polling",
			 * "backing-off", "stopped" */
	uint64_t uidvalidity;
	uint32_t uid; /* last committed */
	uint64_t lag; /* messages listed and not yet committed */
	int64_t
	    last_success; /* wall clock of the last commit or clean search */
	int64_t last_error_at;
	char last_error[256]; /* "" if none */
};

enum checkpoint_mode {
	CHECKPOINT_READ, /* no lock, makes nothing */
	CHECKPOINT_WRITE /* takes the lock; makes directory and store if new */
};

/* Open the state directory ${dir} (created 0700).  NULL with ${f}:
 * FAULT_CONFIG when another process holds the lock (its pid is named) or the
 * directory cannot be used; FAULT_DATA when the store is damaged, of a newer
 * version, empty, or missing from a directory that had one: never read as "no
 * checkpoint".  The text says what to do.  To read where nothing was ever
 * stored: NULL with FAULT_NONE. */
struct checkpoint_store *checkpoint_open(
    const char *dir, enum checkpoint_mode, struct fault *f);

/* All rows known of one mailbox, newest commit first; malloc'ed, *n of them
 * (0: never seen, returns NULL with f->kind FAULT_NONE).  It waits for
 * a checkpoint_write() that is under way. */
struct checkpoint *checkpoint_load(struct checkpoint_store *,
    const char *account, const char *mailbox, size_t *n, struct fault *f);

/* The status of one mailbox: 1, 0 if there is none, -1 with ${f}. */
int checkpoint_load_status(struct checkpoint_store *, const char *account,
    const char *mailbox, struct checkpoint_status *, struct fault *f);

/* Call ${each} for every row, ordered by account and mailbox, the newest of a
 * mailbox last. */
int checkpoint_each(struct checkpoint_store *,
    void (*each)(void *arg, const char *account, const char *mailbox,
	const struct checkpoint *),
    void *arg, struct fault *f);

/* The same for the statuses. */
int checkpoint_each_status(struct checkpoint_store *,
    void (*each)(void *arg, const char *account, const char *mailbox,
	const struct checkpoint_status *),
    void *arg, struct fault *f);

/* One row to be written. */
struct checkpoint_row {
	const char *account;
	const char *mailbox;
	struct checkpoint checkpoint;
	struct checkpoint_status status;
	int has_checkpoint;
	int has_status;
	uint64_t epoch;			  /* of the mailbox; never lowered */
	const struct fingerprint *prints; /* of ${nprints} more mails, in the */
	size_t nprints;			  /* order of their outcomes */
	const struct reset *reset;	  /* or NULL: nothing new of it */
	int replaces; /* prints (with their own numbers) and ${nresets} of
		       * ${resets}: all that were there */
	const struct reset *resets;
	size_t nresets;
	const char
	    *below; /* with the checkpoint, see catchup_below(); NULL: "" */
};

/* Write ${n} rows in one durable transaction: all of them or none.  May run on
 * a worker thread, one call at a time.  0; or -1 with ${f} (FAULT_RETRY: disk
 * full, I/O error; what was stored before still stands). */
int checkpoint_write(struct checkpoint_store *, const struct checkpoint_row *,
    size_t n, struct fault *f);

/* Does it have all that goes with the marks?  A store of an older version gets
 * that when it is opened to be written; to be read it has the marks alone. */
int checkpoint_is_current(const struct checkpoint_store *);

/* How often the marks of a mailbox were put back on purpose: what a sink stored
 * of it before that says nothing any more.  0, or -1 with ${f}. */
int checkpoint_epoch(struct checkpoint_store *, const char *account,
    const char *mailbox, uint64_t *epoch, struct fault *f);

/* Call ${each} for those that are not 0. */
int checkpoint_each_epoch(struct checkpoint_store *,
    void (*each)(
	void *arg, const char *account, const char *mailbox, uint64_t epoch),
    void *arg, struct fault *f);

/* The fingerprints of the mailbox's last mails, oldest first; malloc'ed, *n of
 * them.  Of older ones there are fewer, see LIMIT_FINGERPRINTS.  NULL with
 * f->kind FAULT_NONE if there are none, else NULL with ${f}.  Like the next it
 * does not wait for a checkpoint_write(). */
struct fingerprint *checkpoint_prints(struct checkpoint_store *,
    const char *account, const char *mailbox, size_t *n, struct fault *f);

/* The last one alone: 1, 0 if there is none, -1 with ${f}. */
int checkpoint_last_print(struct checkpoint_store *, const char *account,
    const char *mailbox, struct fingerprint *, struct fault *f);

/* Which UIDs below ${at} are no news, if that is where the mailbox stands: in
 * *below, malloc'ed; NULL: all of them.  0, or -1 with ${f}. */
int checkpoint_below(struct checkpoint_store *, const char *account,
    const char *mailbox, const struct checkpoint *at, char **below,
    struct fault *f);

/* The last time that the mailbox was numbered anew and got ${uidvalidity}; 0:
 * whatever it got.  1 with *reset, to be cleared; 0 if never, -1 with ${f}. */
int checkpoint_last_reset(struct checkpoint_store *, const char *account,
    const char *mailbox, uint64_t uidvalidity, struct reset *reset,
    struct fault *f);

/* The UIDs of ${uidvalidity} that were given to other mails before, the last
 * reset first; malloc'ed, *n of them.  NULL with f->kind FAULT_NONE if there
 * are none, else NULL with ${f}. */
struct reset_span *checkpoint_spans(struct checkpoint_store *,
    const char *account, const char *mailbox, uint64_t uidvalidity, size_t *n,
    struct fault *f);

/* Call ${each} for the resets of all mailboxes. */
int checkpoint_each_reset(struct checkpoint_store *,
    void (*each)(void *arg, const char *account, const char *mailbox,
	const struct reset *),
    void *arg, struct fault *f);

/* Forget all rows and fingerprints of a mailbox: the next start applies
 * `start:` again. */
int checkpoint_reset(struct checkpoint_store *, const char *account,
    const char *mailbox, struct fault *f);

/* Begin again: put the store of ${dir}, sound or damaged, aside (its files get
 * names that begin with "discarded-").  0, or -1 with ${f}. */
int checkpoint_discard(const char *dir, struct fault *f);

/* Is a daemon running on ${dir}?  Its pid, 0 if not, -1 if the pid cannot be
 * told. */
long checkpoint_owner(const char *dir);

void checkpoint_close(struct checkpoint_store *);

#endif
