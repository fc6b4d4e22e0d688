/* The store: what bridge/store/checkpoint.h promises, in memory.  A transaction
 * is durable as a whole or not at all. */
#include <stdlib.h>
#include <string.h>

#include "bridge/fault.h"
#include "bridge/message.h"
#include "tests/sim/sim.h"

/* The mailbox, whether or not it is there; a pattern is none. */
static struct sim_box *
find(const char *name)
{
	struct sim *s = sim_now;
	unsigned i;

	for (i = 0; i < s->nboxes; i++) {
		if (strcmp(s->box[i].name, name) == 0)
			return (&s->box[i]);
	}
	return (NULL);
}

static struct sim_stored *
stored(const char *mailbox)
{
	struct sim_box *box = find(mailbox);

	return (box != NULL ? &box->stored : &sim_now->pattern);
}

/* What is committed will never be looked at again, if there is a crash. */
static void
check(struct sim *s, struct sim_box *box, const struct checkpoint *c)
{
	const struct sim_mail *m;
	uint32_t uid;

	if (c->uidvalidity != box->validity)
		return;
	for (uid = 1; uid <= c->uid && uid <= box->last; uid++) {
		m = &s->mail[box->at[uid]];
		if (box->at[uid] != 0 && m->published == 0 && !m->was_hidden &&
		    !m->exempt)
			sim_fail(s,
			    "%s: UID %u, mail %u, is committed without an "
			    "outcome",
			    box->name, uid, box->at[uid]);
	}
}

/* The bridge says where it begins: what it leaves out need not come. */
static void
excuse(struct sim *s, struct sim_box *box, const struct checkpoint *c)
{
	uint32_t uid;

	for (uid = 1; uid <= c->uid && uid <= box->last; uid++) {
		if (box->at[uid] != 0 && c->uidvalidity == box->validity)
			s->mail[box->at[uid]].exempt = 1;
	}
}

/* A reset is decided: numbers that had been given out mean something again.
 * What was late is not known to be so any more. */
static void
note_reset(struct sim *s, struct sim_box *box, const struct checkpoint_row *row)
{
	const struct reset *r = row->reset;
	struct sim_mail *m;
	uint32_t uid;

	if (++box->resets >= box->numbering)
		sim_fail(s, "%s: a reset is decided, and nothing was reset",
		    box->name);
	sim_counts[SIM_RESETS]++;
	sim_counts[SIM_MATCHED] += r->matched;
	sim_counts[SIM_PASSED] += r->passed;
	sim_counts[SIM_UNCERTAIN] += r->uncertain;
	for (uid = 1; uid <= box->last; uid++) {
		m = &s->mail[box->at[uid]];
		if (box->at[uid] == 0 || r->uidvalidity != box->validity)
			continue;
		/* Without UIDNEXT it cannot know that they were, nor if that
		 * came after it looked, or long before. */
		if (m->reused && !s->no_uidnext && m->numbering == box->shown &&
		    (m->looked || s->account.on_reset != CONFIG_RESET_MATCH))
			m->reused = m->exempt = 0;
		if (m->was_hidden)
			m->exempt = 1;
	}
	if (s->account.on_reset == CONFIG_RESET_NOW)
		excuse(s, box, &row->checkpoint);
}

static void
put_row(struct sim *s, struct sim_stored *st, const struct checkpoint *c)
{
	size_t i = 0;

	while (i < st->nrows && st->rows[i].uidvalidity != c->uidvalidity)
		i++;
	if (i == SIM_ROWS)
		sim_fail(s, "too many UIDVALIDITYs");
	if (i == st->nrows)
		st->nrows++;
	memmove(st->rows + 1, st->rows, i * sizeof(st->rows[0]));
	st->rows[0] = *c;
}

static void
put_prints(
    struct sim *s, struct sim_stored *st, const struct checkpoint_row *row)
{
	int64_t last = st->seq + (int64_t)row->nprints;
	size_t i, n = 0;

	for (i = 0; i < row->nprints; i++) {
		if (st->nprints == SIM_PRINTS)
			sim_fail(s, "too many fingerprints are kept");
		st->prints[st->nprints] = row->prints[i];
		st->prints[st->nprints++].seq = ++st->seq;
	}
	for (i = 0; i < st->nprints; i++) {
		if (fingerprint_is_kept(st->prints[i].seq, last))
			st->prints[n++] = st->prints[i];
	}
	st->nprints = n;
}

static int
put_reset(struct sim *s, struct sim_stored *st, const struct reset *r)
{
	size_t i = 0;
	int decided;

	while (i < st->nresets && st->resets[i].epoch != r->epoch)
		i++;
	if (i == SIM_ROWS)
		sim_fail(s, "too many resets");
	if (i == st->nresets)
		st->nresets++;
	decided = st->resets[i].epoch != r->epoch;
	reset_clear(&st->resets[i]);
	(void)reset_copy(&st->resets[i], r);
	return (decided);
}

int
checkpoint_write(struct checkpoint_store *store,
    const struct checkpoint_row *rows, size_t n, struct fault *f)
{
	const struct checkpoint_row *row;
	struct sim *s = sim_now;
	struct sim_stored *st;
	struct sim_box *box;

	(void)store;
	if (s->muted)
		return (0);
	if (sim_mishap(s, 50))
		return (fault_set(f, FAULT_RETRY, "write: no space left"));
	for (row = rows; row < rows + n; row++) {
		st = stored(row->mailbox);
		box = find(row->mailbox);
		if (row->has_status)
			st->status = row->status;
		st->has_status = row->has_status;
		if (box == NULL)
			continue;
		put_prints(s, st, row);
		if (!row->has_checkpoint)
			continue;
		sim_counts[SIM_COMMITS]++;
		sim_note(s, "%s: the mark is %u of %llu", box->name,
		    row->checkpoint.uid,
		    (unsigned long long)row->checkpoint.uidvalidity);
		if (st->nrows == 0 && s->account.start == CONFIG_START_NOW)
			excuse(s, box, &row->checkpoint);
		put_row(s, st, &row->checkpoint);
		free(st->below);
		st->below = row->below != NULL ? strdup(row->below) : NULL;
		st->below_at = row->checkpoint;
		if (row->epoch > st->epoch)
			st->epoch = row->epoch;
		if (row->reset != NULL && put_reset(s, st, row->reset))
			note_reset(s, box, row);
		check(s, box, &row->checkpoint);
	}
	return (0);
}

struct checkpoint *
checkpoint_load(struct checkpoint_store *store, const char *account,
    const char *mailbox, size_t *n, struct fault *f)
{
	const struct sim_stored *st = stored(mailbox);
	struct checkpoint *rows;

	(void)store;
	(void)account;
	f->kind = FAULT_NONE;
	if ((*n = st->nrows) == 0)
		return (NULL);
	rows = calloc(*n, sizeof(*rows));
	memcpy(rows, st->rows, *n * sizeof(*rows));
	return (rows);
}

int
checkpoint_load_status(struct checkpoint_store *store, const char *account,
    const char *mailbox, struct checkpoint_status *status, struct fault *f)
{
	const struct sim_stored *st = stored(mailbox);

	(void)store;
	(void)account;
	(void)f;
	*status = st->status;
	return (st->has_status);
}

int
checkpoint_epoch(struct checkpoint_store *store, const char *account,
    const char *mailbox, uint64_t *epoch, struct fault *f)
{
	(void)store;
	(void)account;
	(void)f;
	*epoch = stored(mailbox)->epoch;
	return (0);
}

struct fingerprint *
checkpoint_prints(struct checkpoint_store *store, const char *account,
    const char *mailbox, size_t *n, struct fault *f)
{
	const struct sim_stored *st = stored(mailbox);
	struct fingerprint *prints;

	(void)store;
	(void)account;
	f->kind = FAULT_NONE;
	if ((*n = st->nprints) == 0)
		return (NULL);
	prints = calloc(*n, sizeof(*prints));
	memcpy(prints, st->prints, *n * sizeof(*prints));
	return (prints);
}

int
checkpoint_last_print(struct checkpoint_store *store, const char *account,
    const char *mailbox, struct fingerprint *print, struct fault *f)
{
	const struct sim_stored *st = stored(mailbox);

	(void)store;
	(void)account;
	(void)f;
	if (st->nprints == 0)
		return (0);
	*print = st->prints[st->nprints - 1];
	return (1);
}

int
checkpoint_below(struct checkpoint_store *store, const char *account,
    const char *mailbox, const struct checkpoint *at, char **below,
    struct fault *f)
{
	const struct sim_stored *st = stored(mailbox);

	(void)store;
	(void)account;
	(void)f;
	*below = NULL;
	if (st->below != NULL && st->below_at.uidvalidity == at->uidvalidity &&
	    st->below_at.uid == at->uid)
		*below = strdup(st->below);
	return (0);
}

int
checkpoint_last_reset(struct checkpoint_store *store, const char *account,
    const char *mailbox, uint64_t uidvalidity, struct reset *reset,
    struct fault *f)
{
	const struct sim_stored *st = stored(mailbox);
	const struct reset *found = NULL;
	size_t i;

	(void)store;
	(void)account;
	(void)f;
	for (i = 0; i < st->nresets; i++) {
		if ((uidvalidity == 0 ||
			st->resets[i].uidvalidity == uidvalidity) &&
		    (found == NULL || st->resets[i].epoch > found->epoch))
			found = &st->resets[i];
	}
	if (found == NULL)
		return (0);
	return (reset_copy(reset, found) == 0 ? 1 : -1);
}

struct reset_span *
checkpoint_spans(struct checkpoint_store *store, const char *account,
    const char *mailbox, uint64_t uidvalidity, size_t *n, struct fault *f)
{
	const struct sim_stored *st = stored(mailbox);
	struct reset_span *spans;
	const struct reset *r;
	size_t i;

	(void)store;
	(void)account;
	f->kind = FAULT_NONE;
	*n = 0;
	spans = calloc(st->nresets + 1, sizeof(*spans));
	/* They are stored in the order of their epochs. */
	for (i = st->nresets; i > 0; i--) {
		r = &st->resets[i - 1];
		if (r->uidvalidity == uidvalidity &&
		    r->ceiling > reset_above(r))
			spans[(*n)++] = (struct reset_span){ .epoch = r->epoch,
				.above = reset_above(r),
				.ceiling = r->ceiling };
	}
	return (spans);
}

/* After a crash the mailbox must be found where it is now: its first mark is
 * stored before a mail is handed on, and a reset before it is told. */
void
sim_store_knows(struct sim *s, const struct message *m)
{
	const struct sim_stored *st = stored(m->mailbox);
	size_t i;

	for (i = 0; m->reset == NULL && i < st->nrows; i++) {
		if (st->rows[i].uidvalidity == m->uidvalidity)
			return;
	}
	for (i = 0; m->reset != NULL && i < st->nresets; i++) {
		if (st->resets[i].epoch == m->reset->epoch)
			return;
	}
	sim_fail(s, "%s: UID %u of %llu comes before its place is stored",
	    m->mailbox, m->uid, (unsigned long long)m->uidvalidity);
}

void
sim_store_clear(struct sim *s)
{
	unsigned i;
	size_t j;

	for (i = 0; i < s->nboxes; i++) {
		free(s->box[i].stored.below);
		for (j = 0; j < s->box[i].stored.nresets; j++)
			reset_clear(&s->box[i].stored.resets[j]);
	}
}
