/* health.h - whether a sink's far side is reachable, told to the host when it
 * changes and not with every event. */
#ifndef HEALTH_H
#define HEALTH_H

#include "bridge/fault.h"

struct sink;

enum health_state { HEALTH_UNKNOWN, HEALTH_UP, HEALTH_DOWN };

struct health {
	struct sink *sink;
	enum health_state state;
	char reason[FAULT_TEXT_MAX]; /* why it is down */
};

void health_init(struct health *, struct sink *);

/* Call host.state if that is news: a change, or another reason.  From the loop
 * only, never from inside a function of the sink's ops. */
void health_up(struct health *);
void health_down(struct health *, const struct fault *why);

#endif
