/* The mailboxes: mail comes and goes, and they are numbered anew. */
#include <string.h>

#include "tests/sim/sim.h"

struct sim_mail *
sim_mail_at(struct sim *s, unsigned box, uint32_t uid)
{
	unsigned i = uid <= SIM_UIDS ? s->box[box].at[uid] : 0;

	return (i != 0 ? &s->mail[i] : NULL);
}

size_t
sim_box_count(const struct sim *s, unsigned box)
{
	size_t n = 0;
	uint32_t uid;

	for (uid = 1; uid <= s->box[box].last; uid++)
		n += s->box[box].at[uid] != 0;
	return (n);
}

unsigned
sim_box_find(const struct sim *s, const char *name, size_t len)
{
	unsigned i;

	for (i = 0; i < s->nboxes; i++) {
		if (s->box[i].there && strlen(s->box[i].name) == len &&
		    memcmp(s->box[i].name, name, len) == 0)
			return (i);
	}
	return (SIM_BOXES);
}

void
sim_mail_put(const struct sim *s, const struct sim_mail *m, struct buf *b)
{
	unsigned n = (unsigned)(m - s->mail), i, lines = n * 7 % 12;

	buf_printf(b, "Subject: mail %u\r\n", n);
	if (n % 9 != 0)
		buf_printf(b, "Message-ID: <%u@sim>\r\n", n);
	buf_puts(b, "\r\n");
	if (n % 31 == 0)
		lines = 100; /* more than SIM_MAX_MESSAGE */
	for (i = 0; i < lines; i++)
		buf_printf(b, "m%u OK done\r\n* %u EXISTS\r\n* BYE\r\n", i, i);
}

/* The next mail, with the next UID of ${box}; NULL if there is no room. */
static struct sim_mail *
put(struct sim *s, unsigned i, unsigned skip)
{
	struct sim_box *box = &s->box[i];
	struct sim_mail *m;

	if (!box->there || box->last + skip >= SIM_UIDS ||
	    s->nmails + 1 >= SIM_MAILS)
		return (NULL);
	box->last += 1 + skip;
	box->at[box->last] = ++s->nmails;
	m = &s->mail[s->nmails];
	*m = (struct sim_mail){ .there = 1,
		.box = i,
		.uid = box->last,
		.numbering = box->numbering,
		.received = SIM_EPOCH + (int64_t)(s->now / 1000) };
	/* Nobody can tell it from the other, unless UIDNEXT is seen first. */
	m->reused = m->exempt = box->last <= box->highest;
	if (box->last > box->highest)
		box->highest = box->last;
	return (m);
}

void
sim_mailbox_arrive(struct sim *s, unsigned box)
{
	const struct sim_mail *m = put(s, box, 0);

	if (m == NULL)
		return;
	sim_note(s, "mail %u arrives in %s, UID %u", s->nmails,
	    s->box[box].name, m->uid);
	sim_server_push(s, box, 1);
}

static void
arrive(struct sim *s, unsigned i)
{
	struct sim_mail *m;

	if (s->box[i].last + 30 >= SIM_UIDS || s->nmails + 100 >= SIM_MAILS ||
	    (m = put(s, i, sim_roll(s, 3))) == NULL)
		return;
	m->hidden = m->was_hidden = sim_roll(s, 25) == 0;
	if (sim_roll(s, 15) == 0)
		m->withheld = (int)sim_roll(s, 4);
	if (sim_roll(s, 30) == 0)
		m->placeholder = (int)sim_roll(s, 3);
	if (sim_roll(s, 200) == 0)
		m->placeholder = SIM_FOR_EVER;
	m->huge = sim_roll(s, 60) == 0;
	if (sim_roll(s, 30) == 0)
		m->lie = 1 + (int)sim_roll(s, 2 * SIM_MAX_MESSAGE);
	m->ignores = sim_roll(s, 4) == 0;
	if (sim_roll(s, 60) == 0)
		m->trouble = sim_roll(s, SIM_TROUBLES);
	sim_note(s, "mail %u arrives in %s, UID %u%s%s", s->nmails,
	    s->box[i].name, m->uid, m->hidden ? ", hidden" : "",
	    m->huge ? ", huge" : "");
	sim_server_push(s, i, 0);
}

static void
expunge(struct sim *s, struct sim_mail *m)
{
	s->box[m->box].at[m->uid] = 0;
	m->there = 0;
}

void
sim_mailbox_step(struct sim *s)
{
	unsigned i = sim_roll(s, s->nboxes);
	struct sim_mail *m = NULL;

	if (s->nmails > 0)
		m = &s->mail[1 + sim_roll(s, s->nmails)];
	if (sim_roll(s, 3)) {
		arrive(s, i);
	} else if (m != NULL && m->there && m->hidden) {
		m->hidden = 0;
	} else if (m != NULL && m->there && sim_roll(s, 8) == 0) {
		expunge(s, m);
		sim_note(s, "mail %zu is expunged", (size_t)(m - s->mail));
	}
}

/* Whatever is known by its number only must be forgotten with it. */
static void
forget_hidden(struct sim *s, unsigned box)
{
	unsigned i;

	for (i = 1; i <= s->nmails; i++) {
		if (s->mail[i].there && s->mail[i].box == box &&
		    s->mail[i].was_hidden) {
			s->mail[i].hidden = 0;
			s->mail[i].exempt = 1;
		}
	}
}

/* New numbers for all mails: in their order, or in any. */
static void
renumber(struct sim *s, unsigned i, int shuffle)
{
	struct sim_box *box = &s->box[i];
	unsigned mails[SIM_UIDS], swap;
	size_t n = 0, j, k;
	uint32_t uid;

	for (uid = 1; uid <= box->last; uid++) {
		if (box->at[uid] != 0)
			mails[n++] = box->at[uid];
	}
	memset(box->at, 0, sizeof(box->at));
	for (j = 0; shuffle && j < n; j++) {
		k = j + sim_roll(s, (unsigned)(n - j));
		swap = mails[j];
		mails[j] = mails[k];
		mails[k] = swap;
	}
	for (j = 0; j < n; j++) {
		box->at[j + 1] = mails[j];
		s->mail[mails[j]].uid = (uint32_t)j + 1;
		s->mail[mails[j]].reused = 0;
	}
	box->last = box->highest = (uint32_t)n;
	box->validity++;
	box->numbering++;
	sim_note(s, "%s is numbered anew%s, UIDVALIDITY %llu, %zu mails",
	    box->name, shuffle ? " in any order" : "",
	    (unsigned long long)box->validity, n);
}

/* Its mails are gone with it. */
static void
empty(struct sim *s, unsigned i)
{
	uint32_t uid;

	for (uid = 1; uid <= s->box[i].last; uid++) {
		if (s->box[i].at[uid] != 0)
			expunge(s, &s->mail[s->box[i].at[uid]]);
	}
}

/* An older state of it comes back: what came since is gone, and its UIDs are
 * given out again. */
static void
restore(struct sim *s, unsigned i)
{
	struct sim_box *box = &s->box[i];
	uint32_t back = box->last - sim_roll(s, box->last + 1), uid;

	for (uid = back + 1; uid <= box->last; uid++) {
		if (box->at[uid] != 0)
			expunge(s, &s->mail[box->at[uid]]);
	}
	box->last = back;
	box->numbering++;
	sim_note(s, "%s is restored up to UID %u", box->name, back);
}

void
sim_mailbox_upset(struct sim *s)
{
	unsigned i = sim_roll(s, s->nboxes);
	struct sim_box *box = &s->box[i];

	forget_hidden(s, i);
	if (!box->there) {
		box->there = 1;
		sim_note(s, "%s is back", box->name);
		return;
	}
	switch (sim_roll(s, 8)) {
	case 0:
	case 1:
		empty(s, i);
		renumber(s, i, 0);
		break;
	case 2:
	case 3:
		renumber(s, i, 0);
		break;
	case 4:
		renumber(s, i, 1);
		break;
	case 5:
		empty(s, i);
		renumber(s, i, 0);
		box->there = 0;
		break;
	default:
		restore(s, i);
		break;
	}
	sim_server_kick(s, i);
}
