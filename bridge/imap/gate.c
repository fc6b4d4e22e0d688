#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bridge/imap/gate.h"
#include "bridge/limits.h"

#define BUCKETS 256

struct gate {
	struct gate *next;
	struct connection *waiting;
	unsigned inside;
	uint16_t port;
	char host[];
};

struct gates {
	struct gate *buckets[BUCKETS];
};

struct gates *
gates_new(void)
{
	return (calloc(1, sizeof(struct gates)));
}

void
gates_free(struct gates *g)
{
	struct gate *gate;
	size_t i;

	for (i = 0; g != NULL && i < BUCKETS; i++) {
		while ((gate = g->buckets[i]) != NULL) {
			g->buckets[i] = gate->next;
			free(gate);
		}
	}
	free(g);
}

static size_t
bucket(const char *host, uint16_t port)
{
	size_t hash = port;

	for (; *host != '\0'; host++)
		hash = hash * 31 + ((unsigned char)*host | 0x20);
	return (hash % BUCKETS);
}

struct gate *
gate_find(struct gates *g, const char *host, uint16_t port)
{
	struct gate **list = &g->buckets[bucket(host, port)], *gate;
	size_t len = strlen(host) + 1;

	for (gate = *list; gate != NULL; gate = gate->next) {
		if (gate->port == port && strcasecmp(gate->host, host) == 0)
			return (gate);
	}
	if ((gate = calloc(1, sizeof(*gate) + len)) == NULL)
		return (NULL);
	memcpy(gate->host, host, len);
	gate->port = port;
	gate->next = *list;
	*list = gate;
	return (gate);
}

int
gate_enter(struct gate *gate)
{
	if (gate->inside >= LIMIT_CONNECTING || gate->waiting != NULL)
		return (0);
	gate->inside++;
	return (1);
}

struct connection *
gate_leave(struct gate *gate)
{
	gate->inside--;
	if (gate->waiting != NULL)
		gate->inside++;
	return (gate->waiting);
}

struct connection **
gate_waiting(struct gate *gate)
{
	return (&gate->waiting);
}
