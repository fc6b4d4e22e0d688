#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/envelope/event.h"
#include "sink_contract_bed.h"

const struct sink_far *bed_far;

struct bed *
bed_make(void)
{
	struct bed *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	contract_init(&b->c);
	if (bed_far->marks)
		contract_give_marks(&b->c);
	b->far = bed_far->up(b->config, sizeof(b->config));
	if (bed_far->opening != NULL)
		bed_far->opening(b->far);
	if (contract_open(&b->c, bed_far->ops, b->config) == NULL)
		fail_msg("open: %s", b->c.why);
	if (bed_far->opened != NULL)
		bed_far->opened(b->far, &b->c);
	return (b);
}

void
bed_end(struct bed *b)
{
	if (b->c.sink != NULL)
		contract_close(&b->c, 0);
	bed_far->down(b->far);
	contract_end(&b->c);
	free(b);
}

void
bed_assert_there(struct bed *b, struct contract_event *e, size_t n)
{
	struct event *ev;
	unsigned count;
	size_t i;

	for (i = 0; i < n; i++) {
		ev = contract_make(&e[i]);
		count = bed_far->count(b->far, ev);
		event_free(ev);
		if (e[i].answer == CONTRACT_STORED && count == 0)
			fail_msg("%s %u: said to be stored, and is not",
			    e[i].mailbox, e[i].uid);
		if (bed_far->once && count > 1)
			fail_msg("%s %u: stored %u times", e[i].mailbox,
			    e[i].uid, count);
	}
}

struct contract_event *
bed_events(size_t n, uint32_t first, size_t len)
{
	static const char *const mailboxes[] = { "INBOX", "Orders/2026",
		"R\xc3\xa9sum\xc3\xa9s" };
	struct contract_event *e = calloc(n, sizeof(*e));
	size_t i;

	assert_non_null(e);
	for (i = 0; i < n; i++)
		e[i] = contract_event(
		    mailboxes[i % 3], first + (uint32_t)(i / 3), len);
	return (e);
}
