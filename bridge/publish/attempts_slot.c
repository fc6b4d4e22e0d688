/* The notes: a file in the state directory, mapped into memory. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/fault.h"
#include "bridge/message.h"
#include "bridge/ops/log.h"
#include "bridge/publish/attempts_private.h"

#define ATTEMPTS_FILE "converting"
#define ATTEMPTS_MAGIC "mailbridge: messages being converted, 1\n"

/* All of its blocks are there, or a store could find the disk full. */
static int
attempts_open_file(int state_fd)
{
	struct stat sb;
	int fd, why;

	fd = openat(state_fd, ATTEMPTS_FILE,
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd == -1)
		return (-1);
	if (fstat(fd, &sb) == 0 &&
	    sb.st_size != (off_t)sizeof(struct attempts_file) &&
	    ftruncate(fd, 0) == -1)
		goto fail;
	why = posix_fallocate(fd, 0, (off_t)sizeof(struct attempts_file));
	if (why == 0)
		return (fd);
	errno = why;
fail:
	why = errno;
	(void)close(fd);
	errno = why;
	return (-1);
}

int
attempts_map(struct attempts *a, struct fault *f)
{
	size_t i;
	int fd, flags = MAP_SHARED;

	if ((fd = attempts_open_file(a->state_fd)) == -1) {
		log_write(LOG_WARN, "convert", NULL,
		    "state directory: %s: %s; a message that crashes the "
		    "conversion cannot be told",
		    ATTEMPTS_FILE, strerror(errno));
		flags |= MAP_ANONYMOUS;
	}
	a->file =
	    mmap(NULL, sizeof(*a->file), PROT_READ | PROT_WRITE, flags, fd, 0);
	if (fd != -1)
		(void)close(fd);
	if (a->file == MAP_FAILED) {
		a->file = NULL;
		return (fault_set(f, FAULT_RETRY, "state directory: %s: %s",
		    ATTEMPTS_FILE, strerror(errno)));
	}
	if (strncmp(a->file->magic, ATTEMPTS_MAGIC, sizeof(a->file->magic)) !=
	    0) {
		memset(a->file, 0, sizeof(*a->file));
		memcpy(a->file->magic, ATTEMPTS_MAGIC, sizeof(ATTEMPTS_MAGIC));
	}
	for (i = 0; i < LIMIT_CONVERT_SLOTS; i++)
		a->slots[i].note = &a->file->notes[i];
	return (0);
}

struct attempt *
attempts_begin(struct attempts *a, const struct message *m)
{
	struct attempt *slot;
	clockid_t clock;
	uint32_t none;
	size_t i;

	for (i = 0; a != NULL && i < LIMIT_CONVERT_SLOTS; i++) {
		slot = &a->slots[i];
		none = ATTEMPT_NONE;
		if (!atomic_compare_exchange_strong(
			&slot->note->state, &none, ATTEMPT_TAKEN))
			continue;
		letter_name(m, slot->note->name);
		if (pthread_getcpuclockid(pthread_self(), &clock) != 0)
			clock = CLOCK_MONOTONIC;
		atomic_store(&slot->clock, (int)clock);
		atomic_store(&slot->octets, m->raw_len);
		atomic_fetch_add(&slot->number, 1);
		atomic_store(&slot->note->state, ATTEMPT_RUNNING);
		return (slot);
	}
	return (NULL);
}

void
attempts_end(struct attempt *slot)
{
	if (slot == NULL)
		return;
	atomic_fetch_add(&slot->number, 1);
	atomic_store(&slot->note->state, ATTEMPT_NONE);
}
