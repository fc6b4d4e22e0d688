#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/envelope/event.h"
#include "sinks/mark_batch.h"
#include "sinks/mark_record.h"

static int
by_mailbox(const void *a, const void *b)
{
	const struct event *x = ((const struct mark_batch_item *)a)->ev;
	const struct event *y = ((const struct mark_batch_item *)b)->ev;
	int order = strcmp(x->account, y->account);

	return (order != 0 ? order : strcmp(x->mailbox, y->mailbox));
}

static int
put_one(const struct sink_host *host, void *const *tickets, size_t n,
    int (*put)(void *, char *, char *), void *arg)
{
	char *key, *record;
	struct sink_mark mark;

	if (!host->mark(host->arg, tickets, n, &mark))
		return (0);
	if (asprintf(&key, "%s/%s", mark.account, mark.mailbox) == -1)
		return (-1);
	if ((record = mark_record_write(&mark)) == NULL) {
		free(key);
		return (-1);
	}
	return (put(arg, key, record));
}

int
mark_batch(const struct sink_host *host, struct mark_batch_item *items,
    size_t n, int (*put)(void *, char *, char *), void *arg)
{
	void **tickets;
	size_t i, end;
	int rc = 0;

	if ((tickets = calloc(n, sizeof(void *))) == NULL)
		return (-1);
	qsort(items, n, sizeof(*items), by_mailbox);
	for (i = 0; i < n; i++)
		tickets[i] = items[i].ticket;
	for (i = 0; i < n && rc == 0; i = end) {
		for (end = i + 1; end < n; end++) {
			if (by_mailbox(&items[i], &items[end]) != 0)
				break;
		}
		rc = put_one(host, tickets + i, end - i, put, arg);
	}
	free(tickets);
	return (rc);
}
