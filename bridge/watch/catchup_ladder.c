/* What to do about a message that does not come. */
#include "bridge/watch/catchup_private.h"

/* What is asked for in the n-th try, and how long after the one before.  Some
 * servers deliver half an hour later what they cannot deliver now; Exchange
 * goes on sending a placeholder for hours.  In the end what there is. */
static const struct {
	enum fetch_form form;
	uint64_t wait_ms;
} ladder[] = {
	{ FETCH_WHOLE, 0 }, /* among others */
	{ FETCH_WHOLE, 0 },
	{ FETCH_PLAIN, 0 },
	{ FETCH_APART, 5000 },
	{ FETCH_WHOLE, 30000 },
	{ FETCH_PLAIN, 120000 },
	{ FETCH_APART, 600000 },
	{ FETCH_WHOLE, 1800000 },
#define LATE 7 /* a refusal is repeated from here */
	{ FETCH_WHOLE, 3600000 },
#define PLACEHOLDER 8 /* from here to START: only for one of these */
	{ FETCH_WHOLE, 3600000 },
	{ FETCH_WHOLE, 3600000 },
	{ FETCH_START, 0 },
#define START 11
	{ FETCH_HEADER, 0 },
};

#define RUNGS (sizeof(ladder) / sizeof(ladder[0]))

enum fetch_form
catchup_form(const struct ack_entry *e)
{
	enum fetch_form form = ladder[e->tries].form;

	if (e->rest && form == FETCH_WHOLE)
		return (FETCH_REST);
	if (!e->part)
		return (form);
	switch (form) {
	case FETCH_WHOLE:
	case FETCH_PLAIN:
		return (FETCH_PART);
	case FETCH_APART:
		return (FETCH_START);
	default:
		return (form);
	}
}

void
catchup_missed(struct ack_entry *e, int refused, uint64_t now)
{
	e->state = ACK_OPEN;
	e->tries++;
	if (e->tries == PLACEHOLDER && !e->placeholder)
		e->tries = START;
	if (e->tries == RUNGS && !refused) {
		e->tries = RUNGS - 1;
		e->withheld = 1;
	} else if (e->tries == RUNGS) {
		/* It says that there is something, and may mean: not now. */
		e->tries = LATE;
	}
	e->not_before = now + ladder[e->tries].wait_ms;
}

void
catchup_header_only(struct ack_entry *e)
{
	e->tries = RUNGS - 1;
	e->not_before = 0;
}

int
catchup_is_last(const struct ack_entry *e)
{
	return (e->tries >= START);
}

int
catchup_unanswered(unsigned tries, uint64_t now, uint64_t *at)
{
	if (tries >= LATE)
		return (1);
	*at = now + ladder[tries + 1].wait_ms + 1;
	return (0);
}
