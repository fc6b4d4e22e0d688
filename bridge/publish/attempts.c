/* Who may convert when, and what became of those noted at the start. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bridge/fault.h"
#include "bridge/ops/log.h"
#include "bridge/publish/attempts_private.h"
#include "bridge/publish/suspects.h"

static void
attempts_free(struct attempts *a)
{
	if (a->file != NULL)
		(void)munmap(a->file, sizeof(*a->file));
	if (a->state_fd != -1)
		(void)close(a->state_fd);
	suspects_free(a->suspects);
	free(a);
}

/* One that was being converted when the last process ended. */
static void
count(struct attempts *a, const char *name, enum attempt_state state)
{
	const struct suspect *s;

	s = suspects_add(a->suspects, name,
	    state == ATTEMPT_OVERRAN ? SUSPECT_OVERRAN : SUSPECT_CRASHED);
	if (s->why == SUSPECT_CRASHED)
		log_write(LOG_WARN, "convert", name,
		    "the last process ended while it converted this message "
		    "(%u of %d times until the dead letter): it is converted "
		    "alone now",
		    s->count, LIMIT_CONVERT_CRASHES);
}

static int
count_all(struct attempts *a, struct fault *f)
{
	struct attempt_note *note;
	size_t i, n = 0;

	for (i = 0; i < LIMIT_CONVERT_SLOTS; i++) {
		note = &a->file->notes[i];
		/* After a power cut it may be half a name. */
		if (note->state <= ATTEMPT_TAKEN || note->name[0] == '\0' ||
		    memchr(note->name, '\0', sizeof(note->name)) == NULL ||
		    strchr(note->name, '\n') != NULL)
			continue;
		count(a, note->name, (enum attempt_state)note->state);
		n++;
	}
	/* Counted first: what is counted twice is not lost. */
	if (n != 0 && suspects_save(a->suspects, a->state_fd, f) == -1)
		return (-1);
	for (i = 0; i < LIMIT_CONVERT_SLOTS; i++)
		atomic_store(&a->file->notes[i].state, ATTEMPT_NONE);
	return (0);
}

struct attempts *
attempts_open(uv_loop_t *loop, const char *state, struct fault *f)
{
	struct attempts *a;

	if ((a = calloc(1, sizeof(*a))) == NULL) {
		fault_set(f, FAULT_RETRY, "out of memory");
		return (NULL);
	}
	a->loop = loop;
	a->last = &a->first;
	a->state_fd = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (a->state_fd == -1) {
		fault_set(f, FAULT_CONFIG, "state directory %s: %s", state,
		    strerror(errno));
		goto fail;
	}
	if ((a->suspects = suspects_load(a->state_fd, f)) == NULL ||
	    attempts_map(a, f) == -1 || count_all(a, f) == -1)
		goto fail;
	uv_timer_init(loop, &a->timer);
	uv_unref((uv_handle_t *)&a->timer);
	a->timer.data = a;
	return (a);

fail:
	attempts_free(a);
	return (NULL);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	attempts_free(handle->data);
}

void
attempts_close(struct attempts *a)
{
	if (a != NULL)
		uv_close((uv_handle_t *)&a->timer, on_timer_closed);
}

enum attempts_verdict
attempts_judge(
    struct attempts *a, const struct message *m, char *reason, size_t room)
{
	char name[LETTER_NAME_SIZE];
	const struct suspect *s;

	/* A worker may be changing them. */
	if (a == NULL || a->alone || suspects_number(a->suspects) == 0)
		return (ATTEMPTS_FREE);
	letter_name(m, name);
	if ((s = suspects_find(a->suspects, name)) == NULL)
		return (ATTEMPTS_FREE);
	if (s->why == SUSPECT_OVERRAN) {
		(void)snprintf(
		    reason, room, "conversion took longer than its time");
		return (ATTEMPTS_GIVE_UP);
	}
	if (s->count < LIMIT_CONVERT_CRASHES)
		return (ATTEMPTS_ALONE);
	(void)snprintf(reason, room, "conversion crashed %u times", s->count);
	return (ATTEMPTS_GIVE_UP);
}

/* Those who want to be alone are first: the others come and come. */
static void
wait_turn(struct attempts *a, struct attempts_turn *t, int alone)
{
	a->want_alone |= alone;
	if (t->waiting)
		return;
	t->waiting = 1;
	t->next = NULL;
	if (alone) {
		t->next = a->first;
		a->first = t;
		if (t->next == NULL)
			a->last = &t->next;
		return;
	}
	*a->last = t;
	a->last = &t->next;
}

int
attempts_enter(struct attempts *a, struct attempts_turn *t, int alone)
{
	if (a == NULL)
		return (1);
	if (a->alone || (alone ? a->entered != 0 : a->want_alone)) {
		wait_turn(a, t, alone);
		return (0);
	}
	a->entered++;
	a->alone = alone;
	attempts_watch(a);
	return (1);
}

void
attempts_leave(struct attempts *a)
{
	struct attempts_turn *t;
	unsigned n = 0;

	if (a == NULL)
		return;
	a->alone = 0;
	if (--a->entered != 0)
		return;
	a->want_alone = 0;
	/* Each of those here now, once; they may come to wait again. */
	for (t = a->first; t != NULL; t = t->next)
		n++;
	for (; n != 0 && (t = a->first) != NULL; n--) {
		attempts_cancel(a, t);
		t->resume(t->arg);
	}
}

void
attempts_cancel(struct attempts *a, struct attempts_turn *t)
{
	struct attempts_turn **at;

	if (a == NULL || !t->waiting)
		return;
	t->waiting = 0;
	for (at = &a->first; *at != t; at = &(*at)->next)
		;
	if ((*at = t->next) == NULL)
		a->last = at;
}

void
attempts_acquit(struct attempts *a, const struct message *m)
{
	char name[LETTER_NAME_SIZE];
	struct fault f;

	if (a == NULL)
		return;
	letter_name(m, name);
	suspects_remove(a->suspects, name);
	/* Not saved, it is only tried alone once more. */
	if (suspects_save(a->suspects, a->state_fd, &f) == -1)
		log_write(LOG_WARN, "convert", name, "%s", f.text);
}
