/* gate.h - how many connections to one server may be in the making at once.
 *
 * A start with thousands of mailboxes must be no storm for their server; and a
 * server that does not answer must keep nobody from reaching another one, so
 * each has a gate of its own. */
#ifndef GATE_H
#define GATE_H

#include <stdint.h>

struct connection;
struct gate;
struct gates;

/* All gates; none yet.  NULL if memory is out. */
struct gates *gates_new(void);
void gates_free(struct gates *);

/* The gate of a server, made if it is new; NULL if memory is out. */
struct gate *gate_find(struct gates *, const char *host, uint16_t port);

/* 1: go in.  0: wait in gate_waiting(), where the caller puts the connection.
 * Each 1 is ended by one gate_leave(). */
int gate_enter(struct gate *);

/* One has come through, or given up.  The connection that is next goes in (it
 * is the caller's to take it off the list and start it); NULL if none waits. */
struct connection *gate_leave(struct gate *);

/* The connections that wait, first come first. */
struct connection **gate_waiting(struct gate *);

#endif
