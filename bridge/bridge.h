/* bridge.h - the daemon: one event loop with all watchers, pipelines and the
 * checkpoint store. */
#ifndef BRIDGE_H
#define BRIDGE_H

struct config;

/* Watch everything that the config names, until SIGTERM or SIGINT; or, with
 * ${once}, catch up everywhere and return.  The stop drains: no more mail is
 * taken, what is in flight is acknowledged and committed, the servers are told
 * LOGOUT, all within a deadline; a second signal ends the process at once.
 * Logs what goes wrong.  Returns the exit code (sysexits.h). */
int bridge_run(const struct config *, int once);

#endif
