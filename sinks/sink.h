/* sink.h - where events go.  A sink type is one static struct sink_ops in one
 * file and one line in sinks.c.
 *
 * All functions are called from the loop's thread.  Arguments are borrowed for
 * the call, but for the event of a submit that was taken: it stays valid and
 * unchanged until its answer.  The host's functions are called from the loop,
 * never from inside open(), submit(), flush(), reload() or close(); from inside
 * them the host may call submit(), flush() and close(). */
#ifndef SINK_H
#define SINK_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct event;
struct fault;
struct section;

enum sink_verdict {
	SINK_STORED, /* the far side says it is durable */
	SINK_RETRY,  /* not (known to be) stored; hand it in again */
	SINK_REFUSED /* this very event never will be: too large, ...  A config
		      * mistake or an outage is never REFUSED */
};

/* Where a mailbox stands.  A sink that can store this with the events
 * themselves, both or neither, gives exactly once. */
struct sink_mark {
	const char *account, *mailbox;
	uint64_t uidvalidity;
	uint32_t uid;	   /* it and all before have a terminal outcome */
	const char *below; /* for the host: which UIDs below it are no news,
			    * where these are not all: "1:4,6", or "" */
	const char *above; /* UIDs above it, and some that came late, that this
			    * sink has: "5:7,9", or "" */
	uint64_t epoch;	   /* higher each time the mark was put back on purpose,
			    * so that an older record says nothing any more, and
			    * each time the mailbox was numbered anew: the event
			    * of that comes with the first mark that has it */
	uint32_t
	    since_below; /* where "start: YYYY-MM-DD" began; 0, "" if not */
	const char *since;
	const char *recent; /* for the host: what it remembers of mails that its
			     * own store may not have yet; "" if nothing */
};

/* What the bridge gives to a sink. */
struct sink_host {
	uv_loop_t *loop;
	const char *name; /* the sink's name in the config; outlives the sink */
	void *arg;	  /* passed back in each call below */

	int checking; /* nothing will be submitted: only find out whether
		       * the far side is there */

	/* The one answer to the event taken with ${ticket}.  Called from the
	 * loop, never from inside submit().  ${why} is set for RETRY and
	 * REFUSED, and its retry_ms is a hint how long to wait (0: none). After
	 * the call the sink may not touch the event. */
	void (*answer)(void *arg, void *ticket, enum sink_verdict,
	    const struct fault *why);

	/* After submit() said full: there is room again.  Never called from
	 * inside submit(). */
	void (*ready)(void *arg);

	/* The far side became reachable (up 1, why NULL) or was lost (up 0,
	 * with the reason).  Called on each change, and on a changed reason
	 * while down.  FAULT_ENDED: it will never come back.  Sinks describe,
	 * the host logs. */
	void (*state)(void *arg, int up, const struct fault *why);

	/* The next three are for sinks whose ops->stores_marks() says so.
	 * Where mark is NULL (check, replay) the sink stores no marks and
	 * claims nothing for itself; events are then stored at least once.
	 *
	 * The mark to be stored together with the events of ${tickets}, all of
	 * one account and mailbox.  1 with *mark, whose strings are valid until
	 * the next call; 0: none belongs to them.  May be called from inside
	 * submit() and flush(). */
	int (*mark)(
	    void *arg, void *const *tickets, size_t n, struct sink_mark *mark);

	/* Once, before any room is offered: each mark that the sink has, then
	 * the end of them. */
	void (*stored_mark)(void *arg, const struct sink_mark *);
	void (*marks_loaded)(void *arg);
};

struct sink;

struct sink_ops {
	const char *type; /* "directory", as in the config */

	/* Read the section and make a sink; NULL with ${f} (FAULT_CONFIG) on a
	 * mistake in it, which is noted by section_error() too, so that
	 * section_end() tells its place.  Reads every key of its own, so that
	 * the caller may complain of the keys that nobody read.  Never waits
	 * for the network: an unreachable far side is told by state() and
	 * retried inside for ever, with a jittered delay that grows to at most
	 * 30 s.  With ${host} NULL the section is only checked: returns NULL
	 * with f->kind FAULT_NONE if fine. */
	struct sink *(*open)(
	    struct section *, const struct sink_host *host, struct fault *f);

	/* Hand over one event.  1: taken, one answer will come.  0: full (or
	 * the far side is away): nothing was taken, ready() will be called. */
	int (*submit)(struct sink *, struct event *, void *ticket);

	/* Nothing more comes for now: write out what is held back for batching.
	 */
	void (*flush)(struct sink *);

	/* The largest event data in bytes that the sink takes; 0: no limit. */
	size_t (*max_event_bytes)(const struct sink *);

	/* Are marks stored with the events, by the config of this sink?  NULL:
	 * never. */
	int (*stores_marks)(const struct sink *);

	/* Read the secrets anew that the sink holds, and try now what waits for
	 * a later time.  0, or -1 with ${f}: it goes on with those it has.
	 * NULL: it holds none. */
	int (*reload)(struct sink *, struct fault *f);

	/* Stop.  Every event taken and not yet answered is answered (RETRY, if
	 * nothing better is known), then ${closed} is called once, from the
	 * loop, and the sink is freed.  Not called twice.  submit() is not
	 * called after it.  Bounded by 5 s even where the far side hangs; only
	 * a worker that is stuck in the kernel (a dead disk) is waited for,
	 * because it still reads the events. */
	void (*close)(struct sink *, void (*closed)(void *arg), void *arg);
};

/* Every sink starts with this, so that callers need only a struct sink *. */
struct sink {
	const struct sink_ops *ops;
	struct sink_host host;
};

/* The ops for a type name, or NULL; and the names, NULL-ended, for errors. */
const struct sink_ops *sinks_find(const char *type);
const char *const *sinks_types(void);

#endif
