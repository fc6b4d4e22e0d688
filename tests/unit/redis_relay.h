/* redis_relay.h - between a sink and its server: a relay that can lose the
 * answer to what the server has done. */
#ifndef REDIS_RELAY_H
#define REDIS_RELAY_H

#include <sys/types.h>

struct redis_relay {
	int port; /* to be connected to */
	pid_t pid;
	int *cut; /* set to n: the n-th octets from the server end the
		   * connection and are lost; it counts down to 0 */
};

void redis_relay_start(struct redis_relay *, int server_port);
void redis_relay_end(struct redis_relay *);

#endif
