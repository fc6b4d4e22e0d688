#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bridge/fault.h"
#include "bridge/limits.h"
#include "bridge/auth/seal.h"
#include "bridge/auth/secret.h"

enum secret_kind {
	SECRET_FILE,
	SECRET_ENV,
	SECRET_CREDENTIAL,
	SECRET_ENCRYPTED
};

struct secret {
	enum secret_kind kind;
	char *where; /* "file PATH" */
	char *name;  /* SECRET_ENCRYPTED: the sealed text */
	const struct secret *key;
};

static struct secret *
new_secret(enum secret_kind kind, const char *name)
{
	static const char *const kinds[] = { "file", "environment variable",
		"credential", "the config, encrypted" };
	struct secret *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (NULL);
	s->kind = kind;
	s->name = strdup(name);
	if (asprintf(&s->where, "%s%s%s", kinds[kind],
		kind != SECRET_ENCRYPTED ? " " : "",
		kind != SECRET_ENCRYPTED ? name : "") == -1)
		s->where = NULL;
	if (s->name == NULL || s->where == NULL) {
		secret_free(s);
		return (NULL);
	}
	return (s);
}

struct secret *
secret_file(const char *path)
{
	return (new_secret(SECRET_FILE, path));
}

struct secret *
secret_env(const char *name)
{
	return (new_secret(SECRET_ENV, name));
}

struct secret *
secret_credential(const char *name)
{
	return (new_secret(SECRET_CREDENTIAL, name));
}

struct secret *
secret_encrypted(const char *sealed, const struct secret *key)
{
	struct secret *s;

	if ((s = new_secret(SECRET_ENCRYPTED, sealed)) != NULL)
		s->key = key;
	return (s);
}

const char *
secret_where(const struct secret *s)
{
	return (s->where);
}

/* A mistake with this secret; -1. */
static int
unfit(const struct secret *s, struct fault *f, const char *why)
{
	return (fault_set(f, FAULT_CONFIG, "%s: %s", s->where, why));
}

/* A credential is not asked for its mode: systemd opens it to the service's
 * user by an ACL, which stat() shows as bits of the group. */
static int
check_file(const struct secret *s, int fd, struct fault *f)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return (unfit(s, f, strerror(errno)));
	if (!S_ISREG(st.st_mode))
		return (unfit(s, f, "is not a regular file"));
	if (s->kind == SECRET_FILE && (st.st_mode & 077) != 0)
		return (fault_set(f, FAULT_CONFIG,
		    "%s: mode %04o lets others read it: chmod 600 %s", s->where,
		    (unsigned)(st.st_mode & 07777), s->name));
	return (0);
}

/* At most ${size} bytes into ${data}; how many, or -1 with errno. */
static ssize_t
read_up_to(int fd, char *data, size_t size)
{
	size_t len = 0;
	ssize_t n;

	while (len < size) {
		n = read(fd, data + len, size - len);
		if (n == 0)
			break;
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return (-1);
		len += (size_t)n;
	}
	return ((ssize_t)len);
}

static char *
read_file(
    const struct secret *s, const char *path, size_t *len, struct fault *f)
{
	/* One more than the limit, to see that it is passed; and the NUL. */
	const size_t size = LIMIT_SECRET + 1;
	char *data = NULL;
	ssize_t n;
	int fd;

	/* NONBLOCK, so that a FIFO is refused instead of waited for. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd == -1) {
		unfit(s, f, strerror(errno));
		return (NULL);
	}
	if (check_file(s, fd, f) == -1)
		goto fail;
	if ((data = malloc(size + 1)) == NULL ||
	    (n = read_up_to(fd, data, size)) == -1) {
		unfit(s, f, strerror(errno));
		goto fail;
	}
	if (n > (ssize_t)LIMIT_SECRET) {
		unfit(s, f, "is larger than 64 KiB");
		goto fail;
	}
	data[n] = '\0';
	*len = (size_t)n;
	close(fd);
	return (data);

fail:
	secret_wipe(data, size);
	close(fd);
	return (NULL);
}

static char *
read_credential(const struct secret *s, size_t *len, struct fault *f)
{
	const char *folder;
	char *data, *path;

	if ((folder = getenv("CREDENTIALS_DIRECTORY")) == NULL) {
		unfit(s, f,
		    "$CREDENTIALS_DIRECTORY is not set: is LoadCredential= in "
		    "the unit?");
		return (NULL);
	}
	if (asprintf(&path, "%s/%s", folder, s->name) == -1) {
		unfit(s, f, strerror(ENOMEM));
		return (NULL);
	}
	data = read_file(s, path, len, f);
	free(path);
	return (data);
}

static char *
read_env(const struct secret *s, size_t *len, struct fault *f)
{
	const char *value;
	char *data;

	if ((value = getenv(s->name)) == NULL) {
		unfit(s, f, "is not set");
		return (NULL);
	}
	*len = strlen(value);
	if ((data = strdup(value)) == NULL)
		unfit(s, f, strerror(ENOMEM));
	return (data);
}

char *
secret_read(const struct secret *s, size_t *len, struct fault *f)
{
	char *data = NULL;
	size_t size = 0;

	switch (s->kind) {
	case SECRET_FILE:
		data = read_file(s, s->name, &size, f);
		break;
	case SECRET_ENV:
		data = read_env(s, &size, f);
		break;
	case SECRET_CREDENTIAL:
		data = read_credential(s, &size, f);
		break;
	case SECRET_ENCRYPTED:
		data = seal_open(s->key, s->name, &size, f);
		break;
	}
	if (data == NULL)
		return (NULL);
	*len = size;
	if (*len > 0 && data[*len - 1] == '\n')
		data[--*len] = '\0';
	if (*len > 0 && *len < size && data[*len - 1] == '\r')
		data[--*len] = '\0';
	if (*len != 0 && memchr(data, '\0', *len) == NULL)
		return (data);
	unfit(s, f, *len == 0 ? "is empty" : "holds a NUL byte");
	secret_wipe(data, size);
	return (NULL);
}

void
secret_wipe(char *data, size_t len)
{
	if (data == NULL)
		return;
	explicit_bzero(data, len);
	free(data);
}

void
secret_free(struct secret *s)
{
	if (s == NULL)
		return;
	free(s->where);
	free(s->name);
	free(s);
}
