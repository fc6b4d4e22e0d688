/* Are the UIDs what they were, while UIDVALIDITY stays?  UIDNEXT may go back,
 * and servers are known that number all mails anew when an old one arrives:
 * UIDs that were read mean other mails then, and the old one hides below the
 * mark.  So whenever sizes are asked for, the date of the last mail that had
 * its outcome is asked for as well, and if that changed, its Message-ID. */
#include <stdio.h>

#include "bridge/config/config.h"
#include "bridge/imap/session.h"
#include "bridge/limits.h"
#include "bridge/message.h"
#include "bridge/watch/catchup.h"
#include "bridge/watch/watcher_private.h"

void
watcher_known_forget(struct watcher *w)
{
	w->known = (struct watcher_known){ .uid = 0 };
	w->other = 0;
}

static void
know(struct watcher *w, const struct fingerprint *print)
{
	w->known = (struct watcher_known){ .uid = print->uid,
		.read = 1,
		.size = print->size,
		.received = print->received,
		.id = print->id };
}

void
watcher_known_note(struct watcher *w, const struct message *m)
{
	/* The late ones are below others, which tell more. */
	if (m->uid > w->known.uid && m->print.has_received && m->print.has_hash)
		know(w, &m->print);
}

/* After a start: what the store remembers. */
static void
read_known(struct watcher *w)
{
	struct fingerprint print;
	struct fault f;

	w->known.read = 1;
	if (checkpoint_last_print(w->host->store, w->account->name, w->mailbox,
		&print, &f) == 1 &&
	    print.uidvalidity == w->uidvalidity && print.epoch == w->epoch &&
	    print.has_received && print.has_hash)
		know(w, &print);
}

int
watcher_known_fetch(struct watcher *w, const char *set)
{
	char text[LIMIT_IMAP_COMMAND + 16];

	if (w->form != FETCH_SIZES || w->match != NULL ||
	    w->host->store == NULL || w->host->replay != NULL)
		return (0);
	if (!w->known.read)
		read_known(w);
	if (w->known.uid == 0)
		return (0);
	(void)snprintf(text, sizeof(text), "%u,%s", w->known.uid, set);
	session_fetch(
	    w->line->session, text, FETCH_CHECK, 0, uv_now(w->host->loop));
	return (1);
}

int
watcher_known_size(struct watcher *w, const struct session_event *ev)
{
	if (ev->uid != w->known.uid || w->match != NULL)
		return (0);
	if (ev->dated && ev->date != w->known.received)
		w->known.state = KNOWN_DOUBTED;
	return (1);
}

int
watcher_known_look(struct watcher *w)
{
	char text[16];

	if (w->known.state != KNOWN_DOUBTED || w->match != NULL ||
	    !session_can_fetch(w->line->session))
		return (0);
	w->known.state = KNOWN_LOOKED_AT;
	w->form = FETCH_LOOK;
	(void)snprintf(text, sizeof(text), "%u", w->known.uid);
	session_fetch(
	    w->line->session, text, FETCH_LOOK, 0, uv_now(w->host->loop));
	return (1);
}

/* Dates come from files that are copied, and servers guess sizes.  ${told}: the
 * server told whether there is a Message-ID. */
static int
is_other(
    const struct watcher_known *k, const struct fingerprint *look, int told)
{
	if (told && (k->id != 0 || look->id != 0))
		return (k->id != look->id);
	return (look->size != k->size && look->received != k->received);
}

void
watcher_known_glance(struct watcher *w, struct message *m)
{
	struct watcher_known *k = &w->known;
	struct fingerprint look;

	if (k->state == KNOWN_LOOKED_AT && m->uid == k->uid) {
		fingerprint_look(&look, m);
		if (is_other(k, &look, m->raw != NULL))
			w->other = k->uid;
		k->received = look.received;
		k->state = KNOWN_SURE;
	}
	message_free(m);
}

void
watcher_known_interrupted(struct watcher *w)
{
	if (w->known.state == KNOWN_LOOKED_AT)
		w->known.state = KNOWN_DOUBTED;
}

int
watcher_known_end(struct watcher *w)
{
	if (w->form != FETCH_LOOK || w->match != NULL)
		return (0);
	if (w->known.state == KNOWN_LOOKED_AT)
		w->known = (struct watcher_known){ .read = 1 }; /* it is gone */
	return (1);
}

/* Where the mailbox stood, and what it is now. */
void
watcher_note_reset(struct watcher *w, const struct session_event *ev)
{
	struct reset *from = &w->reset_from, before = *from;

	*from = (struct reset){ .uidvalidity = ev->uidvalidity,
		.uidnext = ev->uidnext,
		.exists = ev->exists };
	if (w->match != NULL || w->resetting) {
		from->old_uidvalidity = before.old_uidvalidity;
		from->old_uid = before.old_uid;
		from->at = before.at;
	} else {
		from->old_uidvalidity = w->uidvalidity;
		from->old_uid = catchup_mark(w->catchup);
		from->at = w->mark.committed_at;
	}
	if (from->uidvalidity != from->old_uidvalidity)
		from->cause = RESET_UIDVALIDITY;
	else
		from->cause = w->other != 0 ? RESET_UID : RESET_UIDNEXT;
}

/* UIDs were given out up to the mark, and now the next one is to be below: the
 * mailbox is an older one, restored, or the server does not know what it says.
 * Then it lists UIDs from there on. */
static void
check_uidnext(struct watcher *w, const struct session_event *ev)
{
	if (ev->uidnext == 0 || ev->uidnext > watcher_names_highest(w) ||
	    w->lying_uidnext)
		return;
	watcher_note_reset(w, ev);
	watcher_probe(w, ev->uidnext);
}

int
watcher_check_numbers(
    struct watcher *w, const struct session_event *ev, struct fault *f)
{
	char why[200];

	if (w->other == 0) {
		check_uidnext(w, ev);
		return (0);
	}
	watcher_note_reset(w, ev);
	(void)snprintf(why, sizeof(why),
	    "UID %u was read, and means another mail now, and UIDVALIDITY "
	    "stays %llu: the server numbers the mailbox anew",
	    w->other, (unsigned long long)w->uidvalidity);
	return (watcher_reset(w, why, f));
}
