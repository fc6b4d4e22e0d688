#include <sys/stat.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "bridge/envelope/event.h"
#include "scratch.h"
#include "sink_contract.h"
#include "sinks/directory/directory_name.h"
#include "sinks/sinks.h"

struct directory_far {
	char base[64]; /* a temporary folder */
	char path[80]; /* ... and the sink's, in it */
};

static void *
far_up(char *config, size_t size)
{
	struct directory_far *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	scratch_folder(d->base, sizeof(d->base));
	(void)snprintf(d->path, sizeof(d->path), "%s/out", d->base);
	(void)snprintf(config, size, "{\"path\": \"%s\"}", d->path);
	return (d);
}

static unsigned
far_count(void *far, const struct event *ev)
{
	char account[DIRECTORY_NAME_MAX + 1], mailbox[DIRECTORY_NAME_MAX + 1];
	char file[DIRECTORY_NAME_MAX + 1], path[1024];
	struct directory_far *d = far;
	char *data;
	size_t len;
	FILE *fp;

	directory_name_folder(ev->account, account);
	directory_name_folder(ev->mailbox, mailbox);
	directory_name_file(ev, file);
	(void)snprintf(
	    path, sizeof(path), "%s/%s/%s/%s", d->path, account, mailbox, file);
	if ((fp = fopen(path, "r")) == NULL)
		return (0);
	data = malloc(ev->len + 2);
	len = fread(data, 1, ev->len + 2, fp);
	assert_int_equal(len, ev->len + 1);
	assert_memory_equal(data, ev->data, ev->len);
	assert_int_equal(data[ev->len], '\n');
	free(data);
	fclose(fp);
	return (1);
}

/* Gone, as a file system is that was unmounted.  Its open folders would still
 * work, so one of them is removed. */
static void
far_lose(void *far)
{
	struct directory_far *d = far;
	char away[128];

	(void)snprintf(away, sizeof(away), "%s/away", d->base);
	assert_int_equal(rename(d->path, away), 0);
	(void)snprintf(away, sizeof(away), "%s/away/.tmp", d->base);
	/* The worker may put one more file there while it is being emptied. */
	while (access(away, F_OK) == 0)
		(void)scratch_remove(away);
}

static void
far_regain(void *far)
{
	struct directory_far *d = far;
	char away[128];

	(void)snprintf(away, sizeof(away), "%s/away", d->base);
	assert_int_equal(rename(away, d->path), 0);
}

static void
far_down(void *far)
{
	struct directory_far *d = far;

	assert_int_equal(scratch_remove(d->base), 0);
	free(d);
}

static const struct sink_far far_side = {
	.ops = &directory_ops,
	.up = far_up,
	.lose = far_lose,
	.regain = far_regain,
	.count = far_count,
	.down = far_down,
	.once = 1,
};

static void
assert_folder(const char *name, const char *expected)
{
	char folder[DIRECTORY_NAME_MAX + 1];

	directory_name_folder(name, folder);
	assert_string_equal(folder, expected);
}

static void
test_names(void **state)
{
	char name[1100], folder[DIRECTORY_NAME_MAX + 1];
	char other[DIRECTORY_NAME_MAX + 1];

	(void)state;
	assert_folder("INBOX", "INBOX");
	assert_folder("Orders/2026", "Orders%2F2026");
	assert_folder("a b~%c", "a%20b%7E%25c");
	assert_folder(".", "%2E");
	assert_folder("..", "%2E%2E");
	assert_folder("...", "%2E%2E%2E");
	assert_folder("..a", "..a");
	assert_folder(".tmp", "%2Etmp");
	assert_folder("\xc3\xa9\n\x7f", "%C3%A9%0A%7F");

	memset(name, 'x', 255);
	name[255] = '\0';
	assert_folder(name, name);
	name[255] = 'x';
	name[256] = '\0';
	directory_name_folder(name, folder);
	assert_int_equal(strlen(folder), 255);
	assert_int_equal(folder[222], '~');
	name[255] = 'y';
	directory_name_folder(name, other);
	assert_int_equal(strncmp(folder, other, 222), 0);
	assert_string_not_equal(folder, other);

	/* Never cut inside of a %XX. */
	memset(name, '/', 1000);
	name[1000] = '\0';
	directory_name_folder(name, folder);
	assert_true(strlen(folder) <= 255);
	assert_memory_equal(strchr(folder, '~') - 3, "%2F", 3);
}

static unsigned
count_files(const char *base, const char *folder)
{
	struct dirent *de;
	char path[256];
	unsigned n = 0;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "%s/%s", base, folder);
	if ((dir = opendir(path)) == NULL)
		return (0);
	while ((de = readdir(dir)) != NULL)
		n += de->d_name[0] != '.';
	closedir(dir);
	return (n);
}

static void
write_stale(const char *base, const char *name)
{
	char path[256];
	FILE *fp;

	(void)snprintf(path, sizeof(path), "%s/.tmp/%s", base, name);
	fp = fopen(path, "w");
	assert_non_null(fp);
	fclose(fp);
}

/* What a crash left is removed, but not below another process' feet. */
static void
test_stale_files(void **state)
{
	struct contract a, b;
	char config[256];
	struct directory_far *d = far_up(config, sizeof(config));

	(void)state;
	contract_init(&a);
	contract_init(&b);
	assert_non_null(contract_open(&a, &directory_ops, config));
	write_stale(d->path, "left");
	assert_non_null(contract_open(&b, &directory_ops, config));
	assert_int_equal(count_files(d->path, ".tmp"), 1);
	contract_close(&a, 0);
	contract_close(&b, 0);
	assert_non_null(contract_open(&a, &directory_ops, config));
	assert_int_equal(count_files(d->path, ".tmp"), 0);
	contract_close(&a, 0);
	contract_end(&a);
	contract_end(&b);
	far_down(d);
}

/* A reader that tidies up removes folders while they are open here. */
static void
test_removed_folder(void **state)
{
	struct contract_event e[2] = { contract_event("INBOX", 1, 100),
		contract_event("INBOX", 2, 100) };
	char config[256], path[256];
	struct directory_far *d = far_up(config, sizeof(config));
	struct contract c;
	struct event *ev;

	(void)state;
	contract_init(&c);
	assert_non_null(contract_open(&c, &directory_ops, config));
	contract_store(&c, &e[0], 1, 5000);
	(void)snprintf(path, sizeof(path), "%s/acct", d->path);
	assert_int_equal(scratch_remove(path), 0);
	contract_store(&c, &e[1], 1, 5000);
	assert_int_equal(e[1].tries, 1);
	ev = contract_make(&e[1]);
	assert_int_equal(far_count(d, ev), 1);
	event_free(ev);
	contract_close(&c, 0);
	contract_end(&c);
	far_down(d);
}

/* More mailboxes in a batch than folders are kept open. */
static void
test_many_mailboxes(void **state)
{
	static char names[400][16];
	static struct contract_event e[400];
	char config[256];
	struct directory_far *d = far_up(config, sizeof(config));
	struct contract c;
	struct event *ev;
	size_t i;

	(void)state;
	contract_init(&c);
	assert_non_null(contract_open(&c, &directory_ops, config));
	for (i = 0; i < 400; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "box%zu", i);
		e[i] = contract_event(names[i], 1, 100);
	}
	contract_store(&c, e, 400, 30000);
	for (i = 0; i < 400; i++) {
		ev = contract_make(&e[i]);
		assert_int_equal(far_count(d, ev), 1);
		event_free(ev);
	}
	assert_int_equal(count_files(d->path, ".tmp"), 0);
	contract_close(&c, 0);
	contract_end(&c);
	far_down(d);
}

/* A file where the mailbox's folder should be: held, told, and mended. */
static void
test_in_the_way(void **state)
{
	struct contract_event e[20];
	char config[256], path[256];
	struct directory_far *d = far_up(config, sizeof(config));
	struct contract c;
	size_t i;
	int fd;

	(void)state;
	contract_init(&c);
	assert_non_null(contract_open(&c, &directory_ops, config));
	(void)snprintf(path, sizeof(path), "%s/acct", d->path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	assert_int_not_equal(fd, -1);
	close(fd);
	for (i = 0; i < 20; i++) {
		e[i] = contract_event("INBOX", (uint32_t)i + 1, 100);
		assert_true(contract_submit(&c, &e[i]));
	}
	contract_wait_int(&c, &c.state, 0, 5000);
	assert_non_null(strstr(c.why, "sink test: "));
	assert_non_null(strstr(c.why, "acct"));
	assert_int_equal(count_files(d->path, ".tmp"), 0);
	assert_int_equal(unlink(path), 0);
	contract_store(&c, e, 20, 10000);
	assert_int_equal(c.state, 1);
	contract_close(&c, 0);
	contract_end(&c);
	far_down(d);
}

static void
test_bad_path(void **state)
{
	struct contract c;

	(void)state;
	contract_init(&c);
	assert_non_null(contract_check(&c, &directory_ops, "{}"));
	assert_non_null(contract_check(&c, &directory_ops, "{\"path\": 7}"));
	/* Only the last component is made. */
	assert_null(contract_open(
	    &c, &directory_ops, "{\"path\": \"/nowhere/at/all\"}"));
	assert_non_null(strstr(c.why, "/nowhere/at/all"));
	assert_null(
	    contract_open(&c, &directory_ops, "{\"path\": \"/dev/null\"}"));
	contract_end(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_stale_files),
		cmocka_unit_test(test_removed_folder),
		cmocka_unit_test(test_many_mailboxes),
		cmocka_unit_test(test_in_the_way),
		cmocka_unit_test(test_bad_path),
	};

	return (sink_contract_run("directory", &far_side) +
	    cmocka_run_group_tests_name("directory sink", tests, NULL, NULL));
}
