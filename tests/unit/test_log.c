#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "bridge/ops/log.h"
#include "scratch.h"

static int saved_stderr;

/* What was logged since setup(), to be freed. */
static char *
logged(void)
{
	size_t len;

	return (scratch_read("log", &len));
}

static void
test_text(void **state)
{
	char *text;
	int year, ms, end = 0;

	(void)state;
	log_setup(LOG_INFO, LOG_TEXT);
	errno = 7;
	log_write(LOG_WARN, "watcher", "support/INBOX", "%d mails", 3);
	assert_int_equal(errno, 7);
	log_write(LOG_DEBUG, "watcher", NULL, "not shown");
	text = logged();
	assert_int_equal(strlen(text),
	    24 +
		strlen(" warn: watcher: "
		       "support/INBOX: 3 mails\n"));
	assert_string_equal(
	    text + 24, " warn: watcher: support/INBOX: 3 mails\n");
	year = (int)strtol(text, NULL, 10);
	assert_in_range(year, 2024, 9999);
	ms = (int)strtol(text + 20, NULL, 10);
	assert_in_range(ms, 0, 999);
	assert_int_equal(text[23], 'Z');
	assert_int_equal(end, 0);
	free(text);
}

static void
test_levels(void **state)
{
	char *text;

	(void)state;
	log_setup(LOG_ERROR, LOG_TEXT);
	assert_true(log_enabled(LOG_ERROR));
	assert_false(log_enabled(LOG_WARN));
	log_write(LOG_WARN, "m", NULL, "no");
	log_setup(LOG_DEBUG, LOG_TEXT);
	log_write(LOG_DEBUG, "m", NULL, "yes");
	text = logged();
	assert_string_equal(text + 24, " debug: m: yes\n");
	free(text);
}

/* No server and no mail can write a line or speak to the terminal. */
static void
test_text_is_escaped(void **state)
{
	char *text;

	(void)state;
	log_setup(LOG_INFO, LOG_TEXT);
	log_write(LOG_INFO, "m", "a\nb", "%s",
	    "x\r\n\033[31m\177\302\233 \303\251 \377\300\200\355\240\200");
	text = logged();
	assert_string_equal(text + 24,
	    " info: m: a\\x0ab: x\\x0d\\x0a\\x1b[31m\\x7f\\x9b \303\251 "
	    "\\xff\\xc0\\x80\\xed\\xa0\\x80\n");
	free(text);
}

static void
test_json(void **state)
{
	json_t *line;
	char *text;

	(void)state;
	log_setup(LOG_INFO, LOG_JSON);
	log_write(LOG_ERROR, "redis", "s\"x", "a\\b\n\303\251\377\302\205");
	text = logged();
	line = json_loads(text, 0, NULL);
	assert_non_null(line);
	assert_string_equal(
	    json_string_value(json_object_get(line, "level")), "error");
	assert_string_equal(
	    json_string_value(json_object_get(line, "module")), "redis");
	assert_string_equal(
	    json_string_value(json_object_get(line, "subject")), "s\"x");
	assert_string_equal(json_string_value(json_object_get(line, "msg")),
	    "a\\b\n\303\251\357\277\275\302\205");
	assert_int_equal(
	    strlen(json_string_value(json_object_get(line, "ts"))), 24);
	assert_int_equal(text[strlen(text) - 1], '\n');
	json_decref(line);
	free(text);
}

/* Whatever its length, a line is one line, of valid JSON. */
static void
test_long(void **state)
{
	char big[9000], *text;
	json_t *line;
	size_t i, step;

	(void)state;
	log_setup(LOG_INFO, LOG_JSON);
	for (step = 0; step < 13; step++) {
		assert_int_equal(ftruncate(STDERR_FILENO, 0), 0);
		for (i = 0; i < sizeof(big) - 1; i++)
			big[i] = i < step ? 'x' : i % 2 ? '\001' : '"';
		big[sizeof(big) - 1] = '\0';
		log_write(LOG_INFO, "m", NULL, "%s", big);
		text = logged();
		assert_in_range(strlen(text), 1000, 4096);
		assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
		line = json_loads(text, 0, NULL);
		assert_non_null(line);
		json_decref(line);
		free(text);
	}
}

static void
test_journal(void **state)
{
	char stream[64], *text;
	struct stat st;

	(void)state;
	assert_int_equal(fstat(STDERR_FILENO, &st), 0);
	(void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_setup(LOG_INFO, LOG_AUTO);
	log_write(LOG_WARN, "m", NULL, "x");
	/* Inherited, and stderr is something else. */
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_setup(LOG_INFO, LOG_AUTO);
	log_write(LOG_WARN, "m", NULL, "x");
	unsetenv("JOURNAL_STREAM");
	text = logged();
	assert_int_equal(strncmp(text, "<4>warn: m: x\n2", 15), 0);
	free(text);
}

static int
setup(void **state)
{
	int fd;

	(void)state;
	scratch_enter();
	saved_stderr = dup(STDERR_FILENO);
	fd = open("log", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	dup2(fd, STDERR_FILENO);
	close(fd);
	return (0);
}

static int
teardown(void **state)
{
	(void)state;
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	scratch_leave();
	return (0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_text),
		TEST(test_levels),
		TEST(test_text_is_escaped),
		TEST(test_json),
		TEST(test_long),
		TEST(test_journal),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
