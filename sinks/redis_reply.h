/* redis_reply.h - what an error reply of Redis means to us.  No I/O. */
#ifndef REDIS_REPLY_H
#define REDIS_REPLY_H

struct fault;

enum redis_trouble {
	REDIS_PASSING,	/* loading, out of memory, ...: wait */
	REDIS_PERSON,	/* somebody must mend something: wait longer */
	REDIS_TOO_LARGE /* this very value is over a limit of the server */
};

/* Judge the text of an error reply ("OOM command not allowed ..."), and put it
 * into ${f} with what to do about it. */
enum redis_trouble redis_reply_judge(const char *text, struct fault *f);

#endif
