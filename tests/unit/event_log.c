/* Every event that a unit test makes, for tests/tools/check_events.py: the
 * linker puts the functions below in place of those that make one (see
 * Makefile), so that no test can forget it.  Where EVENT_LOG names a file each
 * is a line of it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/envelope/event.h"
#include "bridge/envelope/notice.h"

struct event *__real_event_new(
    const struct message *, const struct envelope_options *, struct fault *);
struct event *__wrap_event_new(
    const struct message *, const struct envelope_options *, struct fault *);

struct event *__real_notice_refused(const struct message *, const char *sink,
    const char *reason, const struct envelope_options *, struct fault *);
struct event *__wrap_notice_refused(const struct message *, const char *sink,
    const char *reason, const struct envelope_options *, struct fault *);

struct event *__real_notice_reset(
    const struct message *, const struct envelope_options *, struct fault *);
struct event *__wrap_notice_reset(
    const struct message *, const struct envelope_options *, struct fault *);

static struct event *
logged(struct event *ev, const struct envelope_options *o)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	const char *path = getenv("EVENT_LOG");
	FILE *out;

	if (ev == NULL || path == NULL)
		return (ev);
	(void)pthread_mutex_lock(&lock);
	if ((out = fopen(path, "ae")) == NULL ||
	    fprintf(out, "%s %s %s\n",
		o->format == ENVELOPE_JMAP ? "jmap" : "envelope",
		o->cloudevents == ENVELOPE_STRUCTURED ? "structured" : "binary",
		ev->data) < 0 ||
	    fclose(out) == EOF) {
		perror(path);
		abort();
	}
	(void)pthread_mutex_unlock(&lock);
	return (ev);
}

struct event *
__wrap_event_new(
    const struct message *m, const struct envelope_options *o, struct fault *f)
{
	return (logged(__real_event_new(m, o, f), o));
}

struct event *
__wrap_notice_refused(const struct message *m, const char *sink,
    const char *reason, const struct envelope_options *o, struct fault *f)
{
	return (logged(__real_notice_refused(m, sink, reason, o, f), o));
}

struct event *
__wrap_notice_reset(
    const struct message *m, const struct envelope_options *o, struct fault *f)
{
	return (logged(__real_notice_reset(m, o, f), o));
}
