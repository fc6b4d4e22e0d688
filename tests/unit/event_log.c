/* Every event that a unit test makes, for tests/tools/check_events.py: the
 * linker puts the function below in place of event_new() (see Makefile), so
 * that no test can forget it.  Where EVENT_LOG names a file each is a line of
 * it. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/envelope/event.h"

struct event *__real_event_new(
    const struct message *, const struct envelope_options *, struct fault *);
struct event *__wrap_event_new(
    const struct message *, const struct envelope_options *, struct fault *);

struct event *
__wrap_event_new(
    const struct message *m, const struct envelope_options *o, struct fault *f)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	struct event *ev = __real_event_new(m, o, f);
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
