#include <stdlib.h>
#include <string.h>

#include "bridge/fault.h"
#include "sinks/redis/redis_reply.h"

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
	{ "READONLY ", REDIS_NO_MASTER,
	    "it is a replica; after a failover point the url to the master, or "
	    "configure sentinel" },
	{ "ERR WAIT cannot be used with replica", REDIS_NO_MASTER,
	    "it is a replica" },
	{ "ERR WAITAOF cannot be used with replica", REDIS_NO_MASTER,
	    "it is a replica" },
	{ "UNBLOCKED ", REDIS_NO_MASTER, "it is a replica now" },
	{ "BUSY ", REDIS_PASSING, "a script blocks it" },
	{ "CLUSTERDOWN ", REDIS_PASSING, "see CLUSTER INFO" },
	{ "TRYAGAIN ", REDIS_PASSING, "its cluster moves slots" },
	{ "MASTERDOWN ", REDIS_NO_MASTER,
	    "it is a replica without its master" },
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
	{ "MOVED ", REDIS_MOVED, "going there" },
	/* So says a script of Redis 7. */
	{ "ERR The user executing the script", REDIS_PERSON,
	    "allow the user these commands and keys with ACL SETUSER" },
	{ "ERR ACL failure in script", REDIS_PERSON,
	    "allow the user these commands and keys with ACL SETUSER" },
	{ "ASK ", REDIS_PASSING, "its cluster moves the slot of the stream" },
	{ "CROSSSLOT ", REDIS_PERSON,
	    "exactly_once on a cluster needs a hash tag: stream: \"{mail}\"" },
	{ "DENIED ", REDIS_PERSON,
	    "set a password there (requirepass) and here, or bind it to an "
	    "address that only we reach" },
	{ "ERR unknown command 'WAITAOF'", REDIS_PERSON,
	    "durability: fsync needs Redis 7.2; leave it out, and set "
	    "appendfsync always there" },
	{ "ERR unknown command `WAITAOF`", REDIS_PERSON,
	    "durability: fsync needs Redis 7.2; leave it out, and set "
	    "appendfsync always there" },
	{ "ERR WAITAOF cannot be used when numlocal is set", REDIS_PERSON,
	    "durability: fsync needs appendonly yes there" },
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

int
redis_reply_moved(const char *text, char *host, size_t size, uint16_t *port)
{
	const char *place, *colon = strrchr(text, ':');
	unsigned long number;
	char *end;

	if (strncmp(text, "MOVED ", 6) != 0 || colon == NULL ||
	    (place = strchr(text + 6, ' ')) == NULL || ++place > colon ||
	    (size_t)(colon - place) >= size)
		return (-1);
	number = strtoul(colon + 1, &end, 10);
	if (end == colon + 1 || *end != '\0' || number == 0 ||
	    number > UINT16_MAX)
		return (-1);
	memcpy(host, place, (size_t)(colon - place));
	host[colon - place] = '\0';
	if (strcmp(host, "?") == 0)
		host[0] = '\0';
	*port = (uint16_t)number;
	return (0);
}
