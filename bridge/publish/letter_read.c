#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/fault.h"
#include "bridge/message.h"
#include "bridge/publish/letter_private.h"

struct listing {
	struct letter *letters;
	size_t n, cap;
};

static void
letter_clear(struct letter *l)
{
	free(l->stem);
	free(l->account);
	free(l->mailbox);
	free(l->sink);
	free(l->reason);
	free(l->flags);
}

void
letter_list_free(struct letter *letters, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		letter_clear(&letters[i]);
	free(letters);
}

static char *
text_of(json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return (strdup(text != NULL ? text : ""));
}

static uint64_t
number_of(json_t *object, const char *key)
{
	return ((uint64_t)json_integer_value(json_object_get(object, key)));
}

/* Read the .json of a letter; its path is below the state directory. */
static int
read_description(int fd, const char *path, struct letter *l, struct fault *f)
{
	json_error_t error;
	struct stat sb;
	json_t *object;

	memset(&sb, 0, sizeof(sb));
	if (fd == -1 || fstat(fd, &sb) == -1)
		return (
		    fault_set(f, FAULT_DATA, "%s: %s", path, strerror(errno)));
	if ((object = json_loadfd(fd, JSON_REJECT_DUPLICATES, &error)) == NULL)
		return (fault_set(
		    f, FAULT_DATA, "%s: is damaged: %s", path, error.text));
	l->stem = strndup(path, strlen(path) - strlen(".json"));
	l->account = text_of(object, "account");
	l->mailbox = text_of(object, "mailbox");
	l->sink = text_of(object, "sink");
	l->reason = text_of(object, "reason");
	l->flags = text_of(object, "flags");
	l->uidvalidity = number_of(object, "uidValidity");
	l->uid = (uint32_t)number_of(object, "uid");
	l->size = number_of(object, "size");
	l->has_internaldate = json_object_get(object, "internalDate") != NULL;
	l->internaldate = (int64_t)number_of(object, "internalDate");
	l->unavailable = json_is_true(json_object_get(object, "unavailable"));
	l->epoch = number_of(object, "epoch");
	l->reset = number_of(object, "reset");
	l->uncertain = json_is_true(json_object_get(object, "maybeRepeated"));
	l->written = (int64_t)sb.st_mtime;
	json_decref(object);
	if (l->stem == NULL || l->account == NULL || l->mailbox == NULL ||
	    l->sink == NULL || l->reason == NULL || l->flags == NULL)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	if ((l->uid == 0) != (l->reset != 0) || l->uidvalidity == 0 ||
	    l->account[0] == '\0' || l->mailbox[0] == '\0')
		return (fault_set(
		    f, FAULT_DATA, "%s: is damaged: names no mail", path));
	return (0);
}

static int
add(struct listing *list, int state_fd, const char *path, const char *account,
    const char *mailbox, int64_t uid, struct fault *f)
{
	struct letter l = { 0 }, *more;
	int fd, rc;

	fd = openat(state_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	rc = read_description(fd, path, &l, f);
	if (fd != -1)
		(void)close(fd);
	if (rc == -1 || (account != NULL && strcmp(l.account, account) != 0) ||
	    (mailbox != NULL && strcmp(l.mailbox, mailbox) != 0) ||
	    (uid != -1 && l.uid != uid)) {
		letter_clear(&l);
		return (rc);
	}
	if (list->n == list->cap) {
		list->cap = list->cap * 2 + 16;
		more = reallocarray(list->letters, list->cap, sizeof(*more));
		if (more == NULL) {
			letter_clear(&l);
			return (fault_set(f, FAULT_RETRY, "out of memory"));
		}
		list->letters = more;
	}
	list->letters[list->n++] = l;
	return (0);
}

static int
compare(const void *a, const void *b)
{
	const struct letter *x = a, *y = b;
	int rc;

	if ((rc = strcmp(x->account, y->account)) != 0 ||
	    (rc = strcmp(x->mailbox, y->mailbox)) != 0)
		return (rc);
	if (x->uidvalidity != y->uidvalidity)
		return (x->uidvalidity < y->uidvalidity ? -1 : 1);
	if (x->uid != y->uid)
		return (x->uid < y->uid ? -1 : 1);
	return (strcmp(x->sink, y->sink));
}

struct letter *
letter_list(int state_fd, const char *account, const char *mailbox, int64_t uid,
    size_t *n, struct fault *f)
{
	char root[64], *paths[2] = { root, NULL };
	struct listing list = { 0 };
	const char *path;
	FTSENT *e;
	FTS *fts;
	int rc = 0;

	*n = 0;
	f->kind = FAULT_NONE;
	/* fts wants a path; this one follows the descriptor. */
	(void)snprintf(
	    root, sizeof(root), "/proc/self/fd/%d/" LETTER_FOLDER, state_fd);
	if ((fts = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL)) == NULL) {
		fault_set(f, FAULT_RETRY, "dead letters: %s", strerror(errno));
		return (NULL);
	}
	while (rc == 0 && (e = fts_read(fts)) != NULL) {
		if (e->fts_info != FTS_F || e->fts_namelen < 6 ||
		    strcmp(e->fts_name + e->fts_namelen - 5, ".json") != 0)
			continue;
		path = e->fts_path + strlen(root) - strlen(LETTER_FOLDER);
		rc = add(&list, state_fd, path, account, mailbox, uid, f);
	}
	(void)fts_close(fts);
	if (rc == -1 || list.n == 0) {
		letter_list_free(list.letters, list.n);
		return (NULL);
	}
	qsort(list.letters, list.n, sizeof(*list.letters), compare);
	*n = list.n;
	return (list.letters);
}

static int
open_part(
    int state_fd, const struct letter *l, const char *suffix, struct fault *f)
{
	char *path;
	int fd;

	if (asprintf(&path, "%s%s", l->stem, suffix) == -1)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	fd = openat(state_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		fault_set(f, FAULT_DATA, "%s: %s", path, strerror(errno));
	free(path);
	return (fd);
}

int64_t
letter_octets(int state_fd, const struct letter *l, struct fault *f)
{
	struct stat sb;
	int fd, rc;

	if ((fd = open_part(state_fd, l, ".eml", f)) == -1)
		return (-1);
	if ((rc = fstat(fd, &sb)) == -1)
		fault_set(
		    f, FAULT_DATA, "%s.eml: %s", l->stem, strerror(errno));
	(void)close(fd);
	return (rc == -1 ? -1 : (int64_t)sb.st_size);
}

/* The whole file of ${len} octets, in a buffer that is one longer. */
static int
read_all(int fd, char *to, size_t len)
{
	size_t got = 0;
	ssize_t n;

	while (got < len) {
		n = read(fd, to + got, len - got);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return (-1);
		got += (size_t)n;
	}
	return (0);
}

struct message *
letter_read(int state_fd, const struct letter *l, struct fault *f)
{
	struct message *m = NULL;
	int64_t len;
	int fd = -1;

	errno = 0;
	if ((len = letter_octets(state_fd, l, f)) == -1)
		return (NULL);
	if ((m = message_new()) == NULL ||
	    (m->raw = malloc((size_t)len + 1)) == NULL ||
	    (m->flags = strdup(l->flags)) == NULL) {
		fault_set(f, FAULT_RETRY, "%s: out of memory", l->stem);
		goto fail;
	}
	if ((fd = open_part(state_fd, l, ".eml", f)) == -1)
		goto fail;
	if (read_all(fd, m->raw, (size_t)len) == -1) {
		fault_set(f, FAULT_DATA, "%s.eml: %s", l->stem,
		    errno != 0 ? strerror(errno) : "ends too early");
		goto fail;
	}
	(void)close(fd);
	if ((fd = open_part(state_fd, l, ".json", f)) == -1)
		goto fail;
	if (letter_facts(fd, m) == -1) {
		fault_set(f, FAULT_DATA, "%s.json cannot be read", l->stem);
		goto fail;
	}
	(void)close(fd);
	fd = -1;
	m->raw_len = (size_t)len;
	m->account = l->account;
	m->mailbox = l->mailbox;
	m->uidvalidity = l->uidvalidity;
	m->uid = l->uid;
	m->internaldate = l->internaldate;
	m->has_internaldate = l->has_internaldate;
	m->size = l->size;
	m->unavailable = l->unavailable;
	m->epoch = l->epoch;
	m->uncertain = l->uncertain;
	if (l->reset != 0 && letter_reset(m, f) == -1)
		goto fail;
	return (m);

fail:
	if (fd != -1)
		(void)close(fd);
	message_free(m);
	return (NULL);
}

int
letter_remove(int state_fd, const struct letter *l, struct fault *f)
{
	static const char *const suffixes[] = { ".json", ".eml" };
	char *path, *slash;
	size_t i;
	int fd;

	/* The .json first: without it there is no letter. */
	for (i = 0; i < 2; i++) {
		if (asprintf(&path, "%s%s", l->stem, suffixes[i]) == -1)
			return (fault_set(f, FAULT_RETRY, "out of memory"));
		if (unlinkat(state_fd, path, 0) == -1 && errno != ENOENT) {
			fault_set(
			    f, FAULT_RETRY, "%s: %s", path, strerror(errno));
			free(path);
			return (-1);
		}
		if (i == 0) {
			slash = strrchr(path, '/');
			*slash = '\0';
			fd = openat(
			    state_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			if (fd != -1) {
				(void)fsync(fd);
				(void)close(fd);
			}
		}
		free(path);
	}
	return (0);
}
