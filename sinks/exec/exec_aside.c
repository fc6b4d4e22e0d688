/* Events at which the program ends.  Whether the event or the program is to
 * blame, only the next start can tell, and another event: a program that lives,
 * ends at this one each time it has it alone, and answers others, is ended by
 * the event.  One that ends before it has anything, or at others too, is
 * broken, and nothing is given up.
 *
 * So the event is kept here, and is the first and only one that the next start
 * gets, once it has lived for a while.  After LIMIT_EXEC_STARTS_ASIDE such
 * starts every other one is for another event.  If that one ends the program
 * too, it is kept beside the first.  If it is answered, those kept get
 * their last starts, up to LIMIT_EXEC_STARTS_REFUSED. */
#include "bridge/envelope/event.h"
#include "bridge/limits.h"
#include "sinks/exec/exec_private.h"

/* How long another event is waited for. */
#define ASK_MS 500

static void
keep(struct exec *x, struct exec_op *op)
{
	struct exec_op *at;

	TAILQ_FOREACH(at, &x->aside, next)
	{
		if (at->number > op->number)
			break;
	}
	if (at != NULL)
		TAILQ_INSERT_BEFORE(at, op, next);
	else
		TAILQ_INSERT_TAIL(&x->aside, op, next);
	x->naside++;
	op->aside = 1;
}

static void
refuse(struct exec *x, const struct fault *how)
{
	struct fault f;

	fault_set(&f, FAULT_RETRY,
	    "sink %s: %s, in %d starts that had this event alone; it answers "
	    "others",
	    x->sink.host.name, how->text, LIMIT_EXEC_STARTS_REFUSED);
	exec_settle_first(x, SINK_REFUSED, &f);
	x->witnessed = x->naside > 0;
}

void
exec_aside_put(struct exec *x, const struct fault *how)
{
	struct exec_op *op = TAILQ_FIRST(&x->ops);

	/* One that answered something may have ended of that. */
	if (x->answered == 0 &&
	    (x->witnessed || op->starts < LIMIT_EXEC_STARTS_ASIDE))
		op->starts++;
	if (op->starts == LIMIT_EXEC_STARTS_REFUSED) {
		refuse(x, how);
		return;
	}
	TAILQ_REMOVE(&x->ops, op, next);
	x->nops--;
	x->bytes -= op->ev->len;
	keep(x, op);
}

/* The one that is due: no other is tried before all had their starts. */
static struct exec_op *
next_op(struct exec *x)
{
	struct exec_op *op;

	TAILQ_FOREACH(op, &x->aside, next)
	{
		if (op->starts < LIMIT_EXEC_STARTS_ASIDE)
			return (op);
	}
	return (TAILQ_FIRST(&x->aside));
}

static int
ask(struct exec *x)
{
	if (x->witnessed || x->asking || x->naside == LIMIT_EXEC_ASIDE)
		return (0);
	x->turn = !x->turn;
	if (!x->turn)
		return (0);
	x->asking = 1;
	uv_update_time(x->sink.host.loop);
	uv_timer_start(&x->timer, exec_life_timer, ASK_MS, 0);
	exec_offer(x);
	return (1);
}

void
exec_aside_next(struct exec *x)
{
	struct exec_op *op;

	if (x->phase != EXEC_RUNNING || x->nops > 0 || x->paused ||
	    x->closed != NULL)
		return;
	if ((op = next_op(x)) == NULL) {
		x->witnessed = 0;
		exec_offer(x);
		return;
	}
	if (op->starts > 0 && !x->settled)
		return; /* the timer runs */
	if (op->starts >= LIMIT_EXEC_STARTS_ASIDE && ask(x))
		return;
	x->asking = 0;
	TAILQ_REMOVE(&x->aside, op, next);
	x->naside--;
	if (exec_give(x, op) == -1)
		keep(x, op);
}
