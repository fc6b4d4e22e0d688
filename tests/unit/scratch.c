#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scratch.h"

static char folder[4096];
static char before[4096];

static void
must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	abort();
}

void
scratch_folder(char *path, size_t size)
{
	const char *base = getenv("TMPDIR");

	(void)snprintf(path, size, "%s/mailbridge-test-XXXXXX",
	    base != NULL ? base : "/tmp");
	must(mkdtemp(path) != NULL, "mkdtemp");
}

const char *
scratch_enter(void)
{
	must(getcwd(before, sizeof(before)) != NULL, "getcwd");
	scratch_folder(folder, sizeof(folder));
	must(chdir(folder) == 0, "chdir");
	return (folder);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return (remove(path));
}

int
scratch_remove(const char *path)
{
	return (nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS));
}

void
scratch_leave(void)
{
	must(chdir(before) == 0, "chdir");
	must(scratch_remove(folder) == 0, "nftw");
}

int
scratch_setup(void **state)
{
	(void)state;
	(void)scratch_enter();
	return (0);
}

int
scratch_teardown(void **state)
{
	(void)state;
	scratch_leave();
	return (0);
}

void
scratch_write(const char *path, const void *data, size_t len, unsigned mode)
{
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must(fd != -1, path);
	must(write(fd, data, len) == (ssize_t)len, path);
	must(fchmod(fd, mode) == 0, path);
	must(close(fd) == 0, path);
}

void
scratch_text(const char *path, const char *text)
{
	scratch_write(path, text, strlen(text), 0600);
}

char *
scratch_read(const char *path, size_t *len)
{
	struct stat st;
	char *data;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	must(fd != -1 && fstat(fd, &st) == 0, path);
	must((data = malloc((size_t)st.st_size + 1)) != NULL, "malloc");
	must(read(fd, data, (size_t)st.st_size) == st.st_size, path);
	data[st.st_size] = '\0';
	*len = (size_t)st.st_size;
	close(fd);
	return (data);
}
