/* ack.h - which UID may be committed, given outcomes in any order.
 *
 * The window knows each UID above the mark that the server has listed and that
 * was taken up, and where it stands.  The mark is the highest UID such that it
 * and every known UID below it has a terminal outcome: published and
 * acknowledged, in the dead letter, or expunged.  Nothing else may be written
 * as a checkpoint.  Pure: no I/O, no clock. */
#ifndef ACK_H
#define ACK_H

#include <stddef.h>
#include <stdint.h>

enum ack_state {
	ACK_UNKNOWN,
	ACK_OPEN,  /* listed, to be fetched (again) */
	ACK_ASKED, /* a FETCH for it is under way */
	ACK_HELD,  /* handed on; its outcome will come */
	ACK_DONE   /* terminal outcome; also every UID up to the mark */
};

struct ack_entry {
	uint32_t uid;
	enum ack_state state;
	unsigned tries;	     /* FETCHes that did not bring it */
	uint64_t size;	     /* as the server says; 0: unknown */
	int sized;	     /* it was asked, or need not be */
	int listed;	     /* by the present SEARCH */
	int withheld;	     /* tried often enough */
	int part;	     /* too large to be asked for as a whole */
	int rest;	     /* its start is there, from another connection */
	int placeholder;     /* the server sent something in its place */
	uint64_t not_before; /* ms; do not ask again earlier */
};

struct ack_window;

/* A window whose mark is ${uid}, for at most ${max} UIDs; NULL if memory is
 * out. */
struct ack_window *ack_new(uint32_t uid, size_t max);
void ack_free(struct ack_window *);

/* Take ${uid} up as ACK_OPEN.  Its entry (valid until the next ack_open() or
 * ack_done()); also if it is known already.  NULL if it is not above the mark,
 * the window is full or memory is out. */
struct ack_entry *ack_open(struct ack_window *, uint32_t uid);

/* The entry of ${uid}, or NULL if unknown or at most the mark. */
struct ack_entry *ack_find(struct ack_window *, uint32_t uid);

/* Where ${uid} stands. */
enum ack_state ack_state(struct ack_window *, uint32_t uid);

/* ${uid} has its terminal outcome.  Unknown or repeated UIDs are ignored: a
 * sink that reconnects may answer twice. */
void ack_done(struct ack_window *, uint32_t uid);

/* The mark.  Never decreases. */
uint32_t ack_mark(const struct ack_window *);

/* The mark, if the ${n} ${uids} (in any order) had their outcome. */
uint32_t ack_mark_if(const struct ack_window *, const uint32_t *uids, size_t n);

/* The entries above the mark, ascending by UID; *n of them. */
struct ack_entry *ack_entries(struct ack_window *, size_t *n);

/* How many of them have no terminal outcome yet; and how many more fit. */
size_t ack_unfinished(const struct ack_window *);
size_t ack_room(const struct ack_window *);

#endif
