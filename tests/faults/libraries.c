/* Calls of libraries that are steps of their own.  Types are left out: pointers
 * are only handed on. */
#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "tests/faults/faults.h"

/* RD_KAFKA_EVENT_DR */
#define EVENT_REPORT 1

/* The next one of this name; the object-to-function cast that POSIX wants. */
#define NEXT(function)                \
	__typeof__(&(function)) next; \
	*(void **)&next = dlsym(RTLD_NEXT, #function)

void *rd_kafka_queue_poll(void *queue, int ms);
int rd_kafka_event_type(const void *event);
void rd_kafka_queue_io_event_enable(
    void *queue, int fd, const void *payload, size_t size);
void *rd_kafka_init_transactions(void *rk, int ms);
void *rd_kafka_begin_transaction(void *rk);
void *rd_kafka_commit_transaction(void *rk, int ms);
void *rd_kafka_abort_transaction(void *rk, int ms);
int redisAsyncCommandArgv(
    void *ac, void *fn, void *arg, int n, const char **argv, const size_t *len);
void redisAsyncHandleRead(void *ac);
int sqlite3_exec(
    void *db, const char *sql, void *each, void *arg, char **error);

void *
rd_kafka_queue_poll(void *queue, int ms)
{
	int (*type)(const void *);
	struct faults_call call;
	void *event;
	NEXT(rd_kafka_queue_poll);

	event = next(queue, ms);
	*(void **)&type = dlsym(RTLD_NEXT, "rd_kafka_event_type");
	if (event != NULL && type(event) == EVENT_REPORT) {
		faults_before(&call, "kafka-report", -1, NULL);
		(void)faults_after(&call, 0);
	}
	return (event);
}

void
rd_kafka_queue_io_event_enable(
    void *queue, int fd, const void *payload, size_t size)
{
	struct faults_call call;
	NEXT(rd_kafka_queue_io_event_enable);

	faults_before(&call, "kafka-listen", -1, NULL);
	next(queue, fd, payload, size);
	(void)faults_after(&call, 0);
}

void *
rd_kafka_init_transactions(void *rk, int ms)
{
	struct faults_call call;
	void *error;
	NEXT(rd_kafka_init_transactions);

	faults_before(&call, "kafka-init", -1, NULL);
	error = next(rk, ms);
	(void)faults_after(&call, 0);
	return (error);
}

void *
rd_kafka_begin_transaction(void *rk)
{
	struct faults_call call;
	void *error;
	NEXT(rd_kafka_begin_transaction);

	faults_before(&call, "kafka-begin", -1, NULL);
	error = next(rk);
	(void)faults_after(&call, 0);
	return (error);
}

void *
rd_kafka_commit_transaction(void *rk, int ms)
{
	struct faults_call call;
	void *error;
	NEXT(rd_kafka_commit_transaction);

	faults_before(&call, "kafka-commit", -1, NULL);
	error = next(rk, ms);
	(void)faults_after(&call, 0);
	return (error);
}

void *
rd_kafka_abort_transaction(void *rk, int ms)
{
	struct faults_call call;
	void *error;
	NEXT(rd_kafka_abort_transaction);

	faults_before(&call, "kafka-abort", -1, NULL);
	error = next(rk, ms);
	(void)faults_after(&call, 0);
	return (error);
}

int
redisAsyncCommandArgv(
    void *ac, void *fn, void *arg, int n, const char **argv, const size_t *len)
{
	struct faults_call call;
	int rc;
	NEXT(redisAsyncCommandArgv);

	faults_before(&call, "redis-command", -1, NULL);
	rc = next(ac, fn, arg, n, argv, len);
	(void)faults_after(&call, 0);
	return (rc);
}

void
redisAsyncHandleRead(void *ac)
{
	struct faults_call call;
	NEXT(redisAsyncHandleRead);

	faults_before(&call, "redis-read", -1, NULL);
	next(ac);
	(void)faults_after(&call, 0);
}

int
sqlite3_exec(void *db, const char *sql, void *each, void *arg, char **error)
{
	struct faults_call call = { .name = "sqlite-commit" };
	int rc, commit = sql != NULL && strncmp(sql, "COMMIT", 6) == 0;
	NEXT(sqlite3_exec);

	if (commit)
		faults_before(&call, "sqlite-commit", -1, NULL);
	rc = next(db, sql, each, arg, error);
	if (commit)
		(void)faults_after(&call, 0);
	return (rc);
}
