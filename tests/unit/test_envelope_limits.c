/* What does not fit: an event that always fits, bombs that are cut, and workers
 * side by side. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>

#include "bridge/buf.h"
#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "bridge/message.h"
#include "mail_event.h"

/* A mail with everything that can be too long. */
static struct message *
make_long(void)
{
	struct message *m;
	struct buf b;
	int i;

	buf_init(&b, 1 << 22);
	buf_puts(&b, "Subject: ");
	for (i = 0; i < 500; i++)
		buf_puts(&b, "long ");
	buf_puts(&b, "\nTo: ");
	for (i = 0; i < 500; i++)
		buf_printf(&b, "user%d@example.org,\n ", i);
	for (i = 0; i < 500; i++)
		buf_printf(&b, "\nX-Field-%d: value \"%d\"", i, i);
	buf_puts(&b,
	    "\nContent-Type: multipart/mixed; boundary=b\n\n"
	    "--b\nContent-Type: text/plain; charset=utf-8\n\n");
	for (i = 0; i < 2000; i++)
		buf_puts(&b, "\xE2\x82\xAC \"quoted\"\n");
	buf_puts(&b, "--b\nContent-Type: text/html; charset=utf-8\n\n");
	for (i = 0; i < 2000; i++)
		buf_puts(&b, "<p>\xC3\xA9\t</p>\n");
	for (i = 0; i < 50; i++) {
		int k;

		buf_printf(&b, "--b\nContent-Type: a/b; name=n%d\n\n", i);
		for (k = 0; k < i * 10; k++)
			buf_printf(&b, "%d and %d\n", i, k);
	}
	buf_puts(&b, "--b--\n");
	m = mail_message(b.data, b.len);
	buf_free(&b);
	return (m);
}

static void
an_event_always_fits(void **state)
{
	struct envelope_options o = mail_inline;
	struct message *m = make_long();
	struct event *ev;
	struct fault f;
	size_t max, full, contents = 0, i;
	json_t *json, *a;

	(void)state;
	o.raw = ENVELOPE_INLINE;
	ev = mail_event(m, &o);
	full = ev->len;
	assert_int_equal(ev->nblobs, 0);
	event_free(ev);
	for (max = full; max > 900; max = max * 19 / 20) {
		o.max_event_bytes = max;
		ev = mail_event(m, &o);
		assert_in_range(ev->len, 1, max);
		json = mail_json(ev);
		assert_int_equal(
		    json_integer_value(json_object_get(json, "uid")), 42);
		/* What is not in it is a blob. */
		contents = 0;
		json_array_foreach(json_object_get(json, "attachments"), i, a)
		    contents += json_is_null(json_object_get(a, "content"));
		assert_true(ev->nblobs >= contents);
		if (contents != 0)
			assert_true(json_problem(json, "attachmentReferenced"));
		json_decref(json);
		event_free(ev);
	}
	o.max_event_bytes = 100;
	assert_null(event_new(m, &o, &f));
	assert_int_equal(f.kind, FAULT_CONFIG);
	message_free(m);
}

static void
the_largest_leave_first(void **state)
{
	struct envelope_options o = mail_inline;
	struct message *m = make_long();
	struct event *ev = mail_event(m, &o);
	json_t *json, *list;

	(void)state;
	o.max_event_bytes = ev->len - 1;
	event_free(ev);
	ev = mail_event(m, &o);
	json = mail_json(ev);
	list = json_object_get(json, "attachments");
	assert_int_equal(ev->nblobs, 1);
	assert_true(json_is_null(json_object_get(
	    json_array_get(list, json_array_size(list) - 1), "content")));
	assert_false(json_problem(json, "bodyTruncated"));
	json_decref(json);
	event_free(ev);
	message_free(m);
}

/* Bombs: bounded work, and an event that says what was cut. */

static json_t *
convert_buf(struct buf *b)
{
	json_t *json = mail_convert(b->data);

	buf_free(b);
	return (json);
}

static void
nesting_is_cut(void **state)
{
	struct buf b;
	json_t *json;
	int i;

	(void)state;
	buf_init(&b, 1 << 24);
	for (i = 0; i < 3000; i++)
		buf_printf(&b,
		    "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i,
		    i);
	buf_puts(&b, "\ndeep down\n");
	json = convert_buf(&b);
	assert_true(json_problem(json, "structureCut"));
	json_decref(json);
}

static void
parts_are_cut(void **state)
{
	struct buf b;
	json_t *json;
	int i;

	(void)state;
	buf_init(&b, 1 << 24);
	buf_puts(&b, "Content-Type: multipart/mixed; boundary=b\n\n");
	for (i = 0; i < 100000; i++)
		buf_puts(&b, "--b\n\nx\n");
	json = convert_buf(&b);
	assert_true(json_problem(json, "structureCut"));
	json_decref(json);
}

static void
headers_are_cut(void **state)
{
	struct buf b;
	json_t *json;
	int i;

	(void)state;
	buf_init(&b, 1 << 24);
	buf_puts(&b, "To: ");
	for (i = 0; i < 20000; i++)
		buf_printf(&b, "u%d@x,", i);
	for (i = 0; i < 5000; i++)
		buf_printf(&b, "\nX: %d", i);
	buf_puts(&b, "\n\nbody");
	json = convert_buf(&b);
	assert_true(json_problem(json, "headersCut"));
	assert_true(json_problem(json, "recipientsCut"));
	assert_int_equal(json_array_size(json_object_get(json, "to")), 2000);
	assert_string_equal(
	    json_text(json_object_get(json, "body"), "text"), "body");
	json_decref(json);
}

/* Several threads convert at once, as the workers do. */
static void *
convert_often(void *arg)
{
	const char *want = arg;
	struct envelope_options o = mail_inline;
	int i;

	for (i = 0; i < 200; i++) {
		struct message *m =
		    mail_message(mail_two_files, strlen(mail_two_files));
		struct event *ev = mail_event(m, &o);
		int same = strcmp(ev->data, want) == 0;

		event_free(ev);
		message_free(m);
		if (!same)
			return (arg);
	}
	return (NULL);
}

static void
workers_do_not_disturb_one_another(void **state)
{
	struct message *m =
	    mail_message(mail_two_files, strlen(mail_two_files));
	struct event *ev = mail_event(m, &mail_inline);
	pthread_t threads[4];
	void *rc;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(
		    pthread_create(&threads[i], NULL, convert_often, ev->data),
		    0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &rc), 0);
		assert_null(rc);
	}
	event_free(ev);
	message_free(m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_always_fits),
		cmocka_unit_test(the_largest_leave_first),
		cmocka_unit_test(nesting_is_cut),
		cmocka_unit_test(parts_are_cut),
		cmocka_unit_test(headers_are_cut),
		cmocka_unit_test(workers_do_not_disturb_one_another),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
