/* Each mail in tests/mails becomes the event beside it.  After a change that is
 * meant, write them anew: UPDATE=1 build/unit/test_envelope_mails, and read the
 * difference. */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "bridge/buf.h"
#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "bridge/message.h"

static struct message *
read_mail(const char *path)
{
	struct message *m = message_new();
	struct buf b;
	FILE *in;

	assert_non_null(m);
	assert_non_null(in = fopen(path, "rb"));
	buf_init(&b, 1 << 20);
	assert_int_equal(buf_reserve(&b, 1 << 18), 0);
	b.len = fread(b.data, 1, 1 << 18, in);
	fclose(in);
	m->account = "support";
	m->mailbox = "INBOX";
	m->uidvalidity = 1700000000;
	m->uid = 7;
	m->internaldate = 1777631400;
	m->has_internaldate = 1;
	m->flags = strdup("\\Seen");
	m->raw_len = m->size = b.len;
	m->raw = buf_take(&b);
	return (m);
}

static void
check_mail(const char *path)
{
	struct envelope_options o = { .attachments = ENVELOPE_INLINE };
	struct message *m = read_mail(path);
	struct event *ev;
	struct fault f;
	json_t *got, *want;
	char beside[512];

	assert_non_null(ev = event_new(m, &o, &f));
	got = json_loadb(ev->data, ev->len, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(got);
	snprintf(beside, sizeof(beside), "%.*s.json",
	    (int)(strlen(path) - strlen(".eml")), path);
	if (getenv("UPDATE") != NULL)
		assert_int_equal(
		    json_dump_file(got, beside, JSON_INDENT(1)), 0);
	want = json_load_file(beside, 0, NULL);
	if (want == NULL || !json_equal(got, want))
		fail_msg(
		    "%s is not what becomes of the mail: %s", beside, ev->data);
	json_decref(got);
	json_decref(want);
	event_free(ev);
	message_free(m);
}

static void
mails_become_their_events(void **state)
{
	glob_t g;
	size_t i;

	(void)state;
	assert_int_equal(glob("tests/mails/*.eml", 0, NULL, &g), 0);
	assert_true(g.gl_pathc >= 15);
	for (i = 0; i < g.gl_pathc; i++)
		check_mail(g.gl_pathv[i]);
	globfree(&g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mails_become_their_events),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
