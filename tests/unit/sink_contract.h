/* sink_contract.h - what sinks/sink.h promises, as one test suite that every
 * sink is put through.  A test program describes the far side of its sink and
 * calls sink_contract_run(); for tests of its own it uses the same host. */
#ifndef SINK_CONTRACT_H
#define SINK_CONTRACT_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "sinks/sink.h"

struct config_source;
struct contract;
struct event;

/* The world beyond a sink. */
struct sink_far {
	const struct sink_ops *ops;
	/* Bring it up, empty.  ${config} gets the section in JSON. */
	void *(*up)(char *config, size_t size);
	/* Around the opening of the sink; may be NULL. */
	void (*opening)(void *far);
	void (*opened)(void *far, struct contract *);
	/* Make it unreachable, and reachable again; NULL: cannot. */
	void (*lose)(void *far);
	void (*regain)(void *far);
	/* How often the event is stored there, with exactly its data. */
	unsigned (*count)(void *far, const struct event *ev);
	void (*down)(void *far);
	int once;    /* no event is stored twice, unless it was STORED before */
	int marks;   /* it is to store marks */
	size_t many; /* more events than it holds; 0: 12000 */
};

enum contract_answer {
	CONTRACT_NEW,
	CONTRACT_TAKEN,
	CONTRACT_STORED,
	CONTRACT_RETRY,
	CONTRACT_REFUSED
};

struct contract_event {
	struct contract *contract;
	struct event *ev; /* while the sink has it; each try is a fresh copy */
	const char *account, *mailbox;
	uint64_t uidvalidity;
	uint32_t uid;
	size_t len;
	enum contract_answer answer;
	unsigned tries;
	char why[512]; /* of RETRY and REFUSED */
};

/* A host with the events that it hands in. */
struct contract {
	uv_loop_t loop;
	uv_timer_t tick;
	struct config_source *source;
	struct sink_host host;
	struct sink *sink;
	int inside; /* a function of the sink is on the stack: no calls */
	unsigned ready;
	int closed;
	int full;  /* submit() said so and ready() did not come yet */
	int state; /* -1: not told yet */
	unsigned states;
	char why[512];
	unsigned marks, found; /* asked for; told at the start */
	int loaded;
	uint64_t epoch;		/* of the next marks */
	struct sink_mark first; /* the first one told; its texts below */
	char texts[4][64];
	void (*on_answer)(struct contract *, struct contract_event *);
	void (*on_state)(struct contract *);
	void *arg; /* the test's */
};

void contract_init(struct contract *);

/* Let the host give marks: where each mailbox is with the last UID of the
 * batch. */
void contract_give_marks(struct contract *);

/* Open a sink with the section ${config}; NULL (and why) if it refuses. */
struct sink *contract_open(
    struct contract *, const struct sink_ops *, const char *config);

/* Only check the section: NULL if it is fine, else the mistake, until the next
 * call. */
const char *contract_check(
    struct contract *, const struct sink_ops *, const char *config);

/* The same check must find a mistake, and say ${text} of it. */
void contract_mistake(struct contract *, const struct sink_ops *,
    const char *config, const char *text);

/* Begin to close the sink: ${closed} is 1 when it is. */
void contract_begin_close(struct contract *);

/* Close the sink, which must end within 5 s (or ${ms} if not 0). */
void contract_close(struct contract *, unsigned ms);

/* All handles must be gone. */
void contract_end(struct contract *);

/* An event that is not handed in yet; the data is ${len} bytes of JSON. */
struct contract_event contract_event(
    const char *mailbox, uint32_t uid, size_t len);
struct event *contract_make(const struct contract_event *);

/* Hand it in, once: 1 if it was taken. */
int contract_submit(struct contract *, struct contract_event *);

/* Hand in all ${n} as the sink has room, in order, those answered RETRY again,
 * until each is stored, for ${ms} at most. */
void contract_store(
    struct contract *, struct contract_event *, size_t n, unsigned ms);

/* Run the loop until *value is ${wanted} or until ${cond} holds. */
void contract_wait_int(
    struct contract *, const int *value, int wanted, unsigned ms);
void contract_wait(struct contract *, int (*cond)(struct contract *, void *arg),
    void *arg, unsigned ms);

/* Run the loop once, for 10 ms at most. */
void contract_turn(struct contract *);

/* The suite; the exit code. */
int sink_contract_run(const char *name, const struct sink_far *);

#endif
