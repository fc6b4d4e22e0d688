/* The committer before a real store: what is called durable is durable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "bridge/fault.h"
#include "bridge/store/checkpoint.h"
#include "bridge/store/commit.h"
#include "checkpoint_store.h"
#include "scratch.h"

struct world;

struct mailbox {
	struct commit_slot slot;
	struct world *world;
	char name[16];
	uint32_t uid;
	uint32_t told; /* by the last fill */
	uint64_t durable;
	unsigned commits;
	/* Called from fill(), as if an ack came while the worker writes. */
	int mark_while_writing;
};

struct world {
	uv_loop_t loop;
	struct checkpoint_store *store;
	struct committer *committer;
	unsigned changes;
	int closed;
};

static void
on_fill(void *arg, struct checkpoint_row *row)
{
	struct mailbox *m = arg;

	row->account = "a";
	row->mailbox = m->name;
	row->has_checkpoint = 1;
	row->checkpoint.uidvalidity = 1;
	row->checkpoint.uid = m->told = m->uid;
	if (m->mark_while_writing) {
		m->mark_while_writing = 0;
		m->uid++;
		assert_int_equal(
		    committer_mark(m->world->committer, &m->slot), 2);
	}
}

static void
on_committed(void *arg, uint64_t mark)
{
	struct mailbox *m = arg;
	struct checkpoint *rows;
	struct fault f;
	size_t n;

	m->durable = mark;
	m->commits++;
	rows = checkpoint_load(m->world->store, "a", m->name, &n, &f);
	assert_int_equal(n, 1);
	assert_int_equal(rows[0].uid, m->told);
	free(rows);
}

static void
on_changed(void *arg)
{
	((struct world *)arg)->changes++;
}

static void
on_closed(void *arg)
{
	((struct world *)arg)->closed = 1;
}

static void
begin(struct world *w)
{
	struct fault f;

	memset(w, 0, sizeof(*w));
	uv_loop_init(&w->loop);
	scratch_enter();
	w->store = checkpoint_open("state", CHECKPOINT_WRITE, &f);
	assert_non_null(w->store);
	w->committer = committer_new(&w->loop, w->store, on_changed, w);
}

static void
end(struct world *w)
{
	committer_close(w->committer, on_closed, w);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_true(w->closed);
	assert_int_equal(uv_loop_close(&w->loop), 0);
	checkpoint_close(w->store);
	scratch_leave();
}

static void
mailbox(struct world *w, struct mailbox *m, unsigned number)
{
	memset(m, 0, sizeof(*m));
	m->world = w;
	m->slot.fill = on_fill;
	m->slot.committed = on_committed;
	m->slot.arg = m;
	m->uid = 10;
	(void)snprintf(m->name, sizeof(m->name), "m%u", number);
}

static void
run_until_idle(struct world *w)
{
	while (!committer_idle(w->committer))
		uv_run(&w->loop, UV_RUN_ONCE);
}

static void
test_mark_while_writing(void **state)
{
	struct mailbox m;
	struct world w;

	(void)state;
	begin(&w);
	mailbox(&w, &m, 0);
	m.mark_while_writing = 1;
	assert_int_equal(committer_mark(w.committer, &m.slot), 1);
	while (m.commits == 0)
		uv_run(&w.loop, UV_RUN_ONCE);
	/* The first transaction does not make the second mark durable. */
	assert_int_equal(m.durable, 1);
	run_until_idle(&w);
	assert_int_equal(m.durable, 2);
	assert_int_equal(m.told, 11);
	end(&w);
}

static void
test_many_in_one(void **state)
{
	static struct mailbox m[500];
	struct world w;
	unsigned i;

	(void)state;
	begin(&w);
	for (i = 0; i < 500; i++) {
		mailbox(&w, &m[i], i);
		committer_note(w.committer, &m[i].slot);
		committer_mark(w.committer, &m[i].slot);
		committer_mark(w.committer, &m[i].slot);
	}
	committer_flush(w.committer);
	run_until_idle(&w);
	for (i = 0; i < 500; i++) {
		assert_int_equal(m[i].commits, 1);
		assert_int_equal(m[i].durable, 2);
	}
	end(&w);
}

/* A transaction that failed makes nothing durable; the next one does. */
static void
test_failed(void **state)
{
	struct mailbox m;
	struct world w;

	(void)state;
	begin(&w);
	mailbox(&w, &m, 0);
	store_sql("CREATE TRIGGER refuse BEFORE INSERT ON checkpoint"
		  " BEGIN SELECT RAISE(FAIL, 'it is refused'); END");
	committer_mark(w.committer, &m.slot);
	committer_flush(w.committer);
	while (w.changes == 0)
		uv_run(&w.loop, UV_RUN_ONCE);
	assert_non_null(
	    strstr(committer_trouble(w.committer), "it is refused"));
	assert_int_equal(committer_counts(w.committer)->failures, 1);
	assert_false(committer_idle(w.committer));
	assert_int_equal(m.commits, 0);
	store_sql("DROP TRIGGER refuse");
	run_until_idle(&w);
	assert_int_equal(m.commits, 1);
	assert_int_equal(m.durable, 1);
	assert_int_equal(w.changes, 2);
	assert_string_equal(committer_trouble(w.committer), "");
	end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mark_while_writing),
		cmocka_unit_test(test_many_in_one),
		cmocka_unit_test(test_failed),
	};

	return (cmocka_run_group_tests_name("commit", tests, NULL, NULL));
}
