#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/buf.h"
#include "bridge/fault.h"
#include "bridge/limits.h"
#include "bridge/publish/suspects.h"
#include "bridge/store/durable.h"

#define SUSPECTS_FILE "suspects"
#define SUSPECTS_BYTES (LIMIT_CONVERT_SUSPECTS * (LETTER_NAME_SIZE + 32))

struct suspects {
	struct suspect *items; /* the oldest first */
	size_t n;
};

static const char *const suspects_words[] = { "crashed", "overran" };

/* "crashed 2 support/INBOX/1-0000000007" */
static void
suspects_line(struct suspects *s, const char *line, size_t len)
{
	struct suspect one = { .count = 0 };
	size_t word = line[0] == 'o' ? SUSPECT_OVERRAN : SUSPECT_CRASHED;
	size_t skip = strlen(suspects_words[word]);
	char *end;

	if (len <= skip + 1 || memcmp(line, suspects_words[word], skip) != 0 ||
	    line[skip] != ' ' || s->n == LIMIT_CONVERT_SUSPECTS)
		return;
	one.why = (enum suspect_why)word;
	one.count = (unsigned)strtoul(line + skip + 1, &end, 10);
	if (one.count == 0 || *end != ' ')
		return;
	len -= (size_t)(++end - line);
	if (len == 0 || len >= sizeof(one.name))
		return;
	memcpy(one.name, end, len);
	s->items[s->n++] = one;
}

static int
suspects_read(struct buf *text, int fd)
{
	ssize_t n;

	do {
		if (buf_reserve(text, 4096) == -1)
			return (-1);
		n = read(fd, text->data + text->len, 4096);
		if (n > 0)
			text->len += (size_t)n;
	} while (n > 0 || (n == -1 && errno == EINTR));
	text->data[text->len] = '\0';
	return (n == -1 ? -1 : 0);
}

struct suspects *
suspects_load(int state_fd, struct fault *f)
{
	struct suspects *s;
	struct buf text;
	const char *line, *end;
	int fd = -1;

	buf_init(&text, SUSPECTS_BYTES + 8192);
	if ((s = calloc(1, sizeof(*s))) == NULL ||
	    (s->items = calloc(
		 LIMIT_CONVERT_SUSPECTS + 1, sizeof(*s->items))) == NULL)
		goto fail;
	fd = openat(state_fd, SUSPECTS_FILE, O_RDONLY | O_CLOEXEC);
	if (fd == -1 && errno == ENOENT)
		return (s);
	if (fd == -1 || suspects_read(&text, fd) == -1)
		goto fail;
	for (line = text.data; (end = strchr(line, '\n')) != NULL;
	     line = end + 1)
		suspects_line(s, line, (size_t)(end - line));
	(void)close(fd);
	buf_free(&text);
	return (s);

fail:
	fault_set(f, FAULT_RETRY, SUSPECTS_FILE ": %s", strerror(errno));
	if (fd != -1)
		(void)close(fd);
	buf_free(&text);
	suspects_free(s);
	return (NULL);
}

int
suspects_save(const struct suspects *s, int state_fd, struct fault *f)
{
	struct buf text;
	size_t i;
	int rc;

	buf_init(&text, SUSPECTS_BYTES);
	for (i = 0; i < s->n; i++)
		(void)buf_printf(&text, "%s %u %s\n",
		    suspects_words[s->items[i].why], s->items[i].count,
		    s->items[i].name);
	if (text.failed)
		rc = fault_set(f, FAULT_RETRY, SUSPECTS_FILE ": out of memory");
	else
		rc = durable_write(state_fd, SUSPECTS_FILE,
		    text.len != 0 ? text.data : "", text.len, f);
	buf_free(&text);
	return (rc);
}

size_t
suspects_number(const struct suspects *s)
{
	return (s->n);
}

const struct suspect *
suspects_find(const struct suspects *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (strcmp(s->items[i].name, name) == 0)
			return (&s->items[i]);
	return (NULL);
}

const struct suspect *
suspects_add(struct suspects *s, const char *name, enum suspect_why why)
{
	struct suspect one = { .why = why, .count = 1 };
	const struct suspect *old;

	if ((old = suspects_find(s, name)) != NULL) {
		one.count = old->count + 1;
		suspects_remove(s, name);
	} else if (s->n == LIMIT_CONVERT_SUSPECTS) {
		suspects_remove(s, s->items[0].name);
	}
	(void)snprintf(one.name, sizeof(one.name), "%s", name);
	s->items[s->n] = one;
	return (&s->items[s->n++]);
}

void
suspects_remove(struct suspects *s, const char *name)
{
	const struct suspect *old = suspects_find(s, name);
	size_t at;

	if (old == NULL)
		return;
	at = (size_t)(old - s->items);
	s->n--;
	memmove(
	    &s->items[at], &s->items[at + 1], (s->n - at) * sizeof(*s->items));
}

void
suspects_free(struct suspects *s)
{
	if (s == NULL)
		return;
	free(s->items);
	free(s);
}
