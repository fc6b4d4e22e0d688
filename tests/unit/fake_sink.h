/* fake_sink.h - a sink that does as a script says, for tests of what is in
 * front of sinks.  Its far side is a list in memory. */
#ifndef FAKE_SINK_H
#define FAKE_SINK_H

struct event;
struct sink;
struct sink_ops;

/* Type "fake", without keys. */
extern const struct sink_ops fake_sink_ops;

/* What becomes of the next events, a letter each, then S for ever:
 *   S stored   R retry   X refused   F full: not taken, ready() comes soon
 *   D delayed until fake_sink_release()
 *   O out of order: answered STORED after the event that follows
 * The string is borrowed until it is used up. */
void fake_sink_script(struct sink *, const char *script);

/* Answer the delayed ones, last first. */
void fake_sink_release(struct sink *);

/* Lose or regain the far side: while it is lost, all that is held is answered
 * RETRY, and the sink is full. */
void fake_sink_lose(struct sink *);
void fake_sink_regain(struct sink *);

/* How often an event of this id and mailbox was stored in any fake sink since
 * fake_sink_forget(). */
unsigned fake_sink_count(const struct event *);
void fake_sink_forget(void);

#endif
