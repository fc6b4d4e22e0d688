#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bridge/fault.h"
#include "bridge/store/checkpoint_private.h"
#include "bridge/store/checkpoint_schema.h"
#include "bridge/store/state.h"

#define DB "checkpoint.db"
#define DB_WAL DB "-wal"
#define DB_NEW DB ".new"

/* `mailbridge status` may look at the store at the same time. */
#define BUSY_MS 5000

/* FULLMUTEX: the loop may read the marks of a mailbox that is new while a
 * worker writes those of others. */
static int
open_db(const struct state *st, const char *name, int flags, sqlite3 **db,
    struct fault *f)
{
	char path[STATE_PATH_MAX];

	*db = NULL;
	if (state_path(st, name, path, f) == -1)
		return (-1);
	if (sqlite3_open_v2(path, db, flags | SQLITE_OPEN_FULLMUTEX, NULL) ==
	    SQLITE_OK) {
		sqlite3_extended_result_codes(*db, 0);
		sqlite3_busy_timeout(*db, BUSY_MS);
		if (checkpoint_sum_open(*db) == 0)
			return (0);
	}
	fault_set(f, FAULT_CONFIG, "%s: %s", path,
	    *db != NULL ? sqlite3_errmsg(*db) : strerror(ENOMEM));
	sqlite3_close(*db);
	*db = NULL;
	return (-1);
}

/* Make the store under another name and rename it when it is whole: so an empty
 * or half-made checkpoint.db is always damage and never a first start that was
 * cut short. */
static int
create(const struct state *st, struct fault *f)
{
	char path[STATE_PATH_MAX];
	sqlite3 *db;
	int fd, rc;

	/* The journal of a first try that was killed would be played back. */
	if (state_path(st, DB_NEW "-journal", path, f) == -1)
		return (-1);
	(void)unlink(path);
	if (state_path(st, DB_NEW, path, f) == -1)
		return (-1);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd == -1)
		return (fault_set(
		    f, FAULT_CONFIG, "%s: %s", path, strerror(errno)));
	close(fd);
	if (open_db(st, DB_NEW, SQLITE_OPEN_READWRITE, &db, f) == -1)
		return (-1);
	rc = checkpoint_schema_create(db, f);
	sqlite3_close(db);
	if (rc == -1)
		return (-1);
	return (state_rename(st, DB_NEW, DB, f));
}

/* 1: there is a store.  0: there never was one.  -1: there should be. */
static int
is_there(const struct state *st, struct fault *f)
{
	char path[STATE_PATH_MAX];

	if (state_path(st, DB, path, f) == -1)
		return (-1);
	if (state_size(st, DB) > 0)
		return (1);
	if (state_size(st, DB) == -1 && !state_marked(st) &&
	    state_size(st, DB_WAL) == -1)
		return (0);
	return (fault_set(f, FAULT_DATA,
	    "%s: %s: restore it from a backup, or begin again as \"start:\" "
	    "says with mailbridge checkpoint reset --all",
	    path,
	    state_size(st, DB) == 0 ? "is empty"
				    : "is missing, and there was one"));
}

/* The file is verified before anything is written to it. */
static int
open_store(
    struct checkpoint_store *store, enum checkpoint_mode mode, struct fault *f)
{
	int flags;

	flags = mode == CHECKPOINT_WRITE ? SQLITE_OPEN_READWRITE
					 : SQLITE_OPEN_READONLY;
	if (open_db(store->state, DB, flags, &store->db, f) == -1 ||
	    checkpoint_schema_verify(
		store->db, &store->version, &store->written, f) == -1)
		return (-1);
	if (mode == CHECKPOINT_READ)
		return (0);
	/* SQLite takes a file that it may only read, and never asks for more
	 * again: no write would ever pass.  BEGIN tells of the log. */
	if (sqlite3_db_readonly(store->db, "main") == 1)
		return (fault_set(f, FAULT_RETRY,
		    "%s: readonly: it must be writable for this user, and so "
		    "must its disk",
		    sqlite3_db_filename(store->db, "main")));
	if (sqlite3_exec(store->db,
		"PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		"BEGIN IMMEDIATE; ROLLBACK",
		NULL, NULL, NULL) != SQLITE_OK)
		return (checkpoint_schema_fault(store->db, "open", f));
	if (!checkpoint_is_current(store)) {
		if (checkpoint_schema_upgrade(store->db, f) == -1)
			return (-1);
		store->version = CHECKPOINT_SCHEMA_VERSION;
	}
	if (!state_marked(store->state))
		return (state_mark(store->state, f));
	return (0);
}

int
checkpoint_is_current(const struct checkpoint_store *store)
{
	return (store->version == CHECKPOINT_SCHEMA_VERSION);
}

sqlite3 *
checkpoint_reader(struct checkpoint_store *store, struct fault *f)
{
	if (store->reader == NULL)
		(void)open_db(
		    store->state, DB, SQLITE_OPEN_READONLY, &store->reader, f);
	return (store->reader);
}

struct checkpoint_store *
checkpoint_open(const char *dir, enum checkpoint_mode mode, struct fault *f)
{
	struct checkpoint_store *store;
	int there;

	f->kind = FAULT_NONE;
	if ((store = calloc(1, sizeof(*store))) == NULL) {
		fault_set(f, FAULT_RETRY, "%s", strerror(ENOMEM));
		return (NULL);
	}
	store->state = state_open(dir, mode == CHECKPOINT_WRITE, f);
	if (store->state == NULL)
		goto fail;
	if ((there = is_there(store->state, f)) == -1)
		goto fail;
	if (there == 0 && mode == CHECKPOINT_READ)
		goto fail;
	if (there == 0 && create(store->state, f) == -1)
		goto fail;
	if (open_store(store, mode, f) == -1)
		goto fail;
	return (store);

fail:
	checkpoint_close(store);
	return (NULL);
}

long
checkpoint_owner(const char *dir)
{
	return (state_owner(dir));
}

int
checkpoint_discard(const char *dir, struct fault *f)
{
	static const char *const names[] = { DB, DB_WAL, DB "-shm",
		DB "-journal" };
	char aside[64];
	struct state *st;
	time_t now;
	size_t i;
	int rc = 0;

	if ((st = state_open(dir, 1, f)) == NULL)
		return (-1);
	now = time(NULL);
	for (i = 0; i < sizeof(names) / sizeof(names[0]) && rc == 0; i++) {
		(void)snprintf(aside, sizeof(aside), "discarded-%lld-%s",
		    (long long)now, names[i]);
		rc = state_rename(st, names[i], aside, f);
	}
	if (rc == 0)
		rc = state_unmark(st, f);
	state_close(st);
	return (rc);
}

void
checkpoint_close(struct checkpoint_store *store)
{
	if (store == NULL)
		return;
	sqlite3_close(store->reader);
	sqlite3_close(store->db);
	state_close(store->state);
	free(store);
}
