#include <string.h>

#include "bridge/fault.h"
#include "sinks/redis_reply.h"

struct rule {
	const char *prefix;
	enum redis_trouble trouble;
	const char *advice;
};

/* By the error codes of Redis 5 to 8 and compatible servers.  What is in no
 * rule is taken for something that a person must mend: no event is ever given
 * up because of a text that we do not know. */
static const struct rule rules[] = {
	{ "LOADING ", REDIS_PASSING, "it is starting" },
	{ "OOM ", REDIS_PASSING,
	    "give it more maxmemory, or trim or consume streams" },
	{ "MISCONF ", REDIS_PASSING,
	    "it cannot write to its disk; see its log" },
	{ "READONLY ", REDIS_PASSING,
	    "it is a replica; after a failover point the url to the master" },
	{ "BUSY ", REDIS_PASSING, "a script blocks it" },
	{ "CLUSTERDOWN ", REDIS_PASSING, "see CLUSTER INFO" },
	{ "TRYAGAIN ", REDIS_PASSING, "its cluster moves slots" },
	{ "MASTERDOWN ", REDIS_PASSING, "it is a replica without its master" },
	{ "NOREPLICAS ", REDIS_PASSING,
	    "too few replicas are connected for min-replicas-to-write" },
	{ "NOAUTH ", REDIS_PERSON, "set password, and the user in the url" },
	{ "WRONGPASS ", REDIS_PERSON,
	    "check password and the user in the url" },
	{ "ERR invalid password", REDIS_PERSON, "check password" },
	{ "ERR AUTH <password> called", REDIS_PERSON,
	    "the server wants no password; remove it" },
	{ "ERR Client sent AUTH", REDIS_PERSON,
	    "the server wants no password; remove it" },
	{ "NOPERM ", REDIS_PERSON,
	    "allow the user these commands and keys with ACL SETUSER" },
	{ "MOVED ", REDIS_PERSON,
	    "the stream lives on another node of the cluster; point the url "
	    "to it" },
	{ "ASK ", REDIS_PASSING, "its cluster moves the slot of the stream" },
	{ "CROSSSLOT ", REDIS_PERSON,
	    "exactly_once on a cluster needs a hash tag: stream: \"{mail}\"" },
	{ "WRONGTYPE ", REDIS_PERSON,
	    "the key of stream (or its checkpoint) holds something else; "
	    "choose another name" },
	{ "ERR Protocol error: invalid bulk length", REDIS_TOO_LARGE,
	    "the event is larger than the server's proto-max-bulk-len" },
	{ "ERR DB index is out of range", REDIS_PERSON,
	    "the url names a database that it does not have" },
	{ "ERR max number of clients", REDIS_PASSING, "raise its maxclients" },
};

enum redis_trouble
redis_reply_judge(const char *text, struct fault *f)
{
	const struct rule *r;
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		r = &rules[i];
		if (strncmp(text, r->prefix, strlen(r->prefix)) != 0)
			continue;
		fault_set(f,
		    r->trouble == REDIS_PERSON ? FAULT_CONFIG : FAULT_RETRY,
		    "%.300s (%s)", text, r->advice);
		return (r->trouble);
	}
	fault_set(f, FAULT_CONFIG, "%.300s", text);
	return (REDIS_PERSON);
}
