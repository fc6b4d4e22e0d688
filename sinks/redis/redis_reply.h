/* redis_reply.h - what an error reply of Redis means to us.  No I/O. */
#ifndef REDIS_REPLY_H
#define REDIS_REPLY_H

#include <stddef.h>
#include <stdint.h>

struct fault;

enum redis_trouble {
	REDIS_PASSING,	 /* loading, out of memory, ...: wait */
	REDIS_PERSON,	 /* somebody must mend something: wait longer */
	REDIS_NO_MASTER, /* it takes no writes: connect anew, perhaps to another
			  */
	REDIS_MOVED,	 /* another node of the cluster has the key */
	REDIS_TOO_LARGE	 /* this very value is over a limit of the server */
};

/* Judge the text of an error reply ("OOM command not allowed ..."), and put it
 * into ${f} with what to do about it. */
enum redis_trouble redis_reply_judge(const char *text, struct fault *f);

/* Where "MOVED 3999 host:port" sends us; ${host} is empty where it is the same
 * one.  0, or -1 if that cannot be read. */
int redis_reply_moved(
    const char *text, char *host, size_t size, uint16_t *port);

#endif
