/* The patterns: which mailboxes match them, and what `status` shows of them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bridge/config/config.h"
#include "bridge/config/mailboxes.h"
#include "bridge/imap/session.h"
#include "bridge/ops/log.h"
#include "bridge/store/checkpoint.h"
#include "bridge/watch/patrol_private.h"

static const char *
state_name(const struct patrol *p)
{
	switch (p->state) {
	case PATROL_READY:
		return (!p->listed_once ? "catching-up"
			: p->notified	? "idle"
					: "polling");
	case PATROL_BACKING_OFF:
		return ("backing-off");
	case PATROL_STOPPED:
		return ("stopped");
	default:
		return ("connecting");
	}
}

static void
fill(const struct patrol_pattern *pattern, struct checkpoint_row *row)
{
	const struct patrol *p = pattern->patrol;
	struct checkpoint_status *status = &row->status;

	row->account = p->account->name;
	row->mailbox = pattern->text;
	row->has_status = 1;
	(void)snprintf(
	    status->state, sizeof(status->state), "%s", state_name(p));
	status->last_success = pattern->settled_at;
	status->last_error_at = p->last_error_at;
	(void)snprintf(status->last_error, sizeof(status->last_error), "%.*s",
	    (int)sizeof(status->last_error) - 1, p->last.text);
}

static void
on_fill(void *arg, struct checkpoint_row *row)
{
	fill(arg, row);
}

int
patrol_pattern(const struct patrol *p, size_t i, struct checkpoint_row *row,
    size_t *matches)
{
	if (i >= p->npatterns)
		return (0);
	fill(&p->patterns[i], row);
	*matches = p->patterns[i].matches;
	return (1);
}

static void
on_committed(void *arg, uint64_t mark)
{
	(void)arg;
	(void)mark;
}

void
patrol_settle(struct patrol *p)
{
	size_t i;

	for (i = 0; i < p->npatterns; i++) {
		if (p->patterns[i].settled_at != 0)
			continue;
		p->patterns[i].settled_at = time(NULL);
		committer_mark(p->host->committer, &p->patterns[i].slot);
	}
}

void
patrol_settled_before(struct patrol *p, size_t mailbox, int64_t when)
{
	size_t i;

	for (i = 0; i < p->npatterns; i++) {
		if (p->patterns[i].text == p->account->mailboxes[mailbox])
			p->patterns[i].settled_at = when;
	}
}

int
patrol_take_patterns(struct patrol *p)
{
	const struct config_account *a = p->account;
	struct patrol_pattern *pattern;
	size_t i;

	p->patterns = calloc(a->nmailboxes + 1, sizeof(*p->patterns));
	if (p->patterns == NULL)
		return (-1);
	for (i = 0; i < a->nmailboxes; i++) {
		if (!mailbox_is_pattern(a->mailboxes[i]))
			continue;
		pattern = &p->patterns[p->npatterns++];
		pattern->patrol = p;
		pattern->text = a->mailboxes[i];
		pattern->slot.fill = on_fill;
		pattern->slot.committed = on_committed;
		pattern->slot.arg = pattern;
	}
	return (0);
}

/* LIST */

/* The next form of the present pattern, or of the next one; 1, or 0 if that was
 * all.  The config writes "/" where the server may write another delimiter. */
static int
next_list(struct patrol *p)
{
	if (p->form == LIST_DELIMITER) {
		p->form = LIST_AS_IS;
	} else if (p->form == LIST_AS_IS && p->delimiter != '\0' &&
	    p->delimiter != '/' &&
	    strchr(p->patterns[p->pattern].text, '/') != NULL) {
		p->form = LIST_TRANSLATED;
	} else {
		p->form = LIST_AS_IS;
		p->pattern++;
	}
	return (p->pattern < p->npatterns);
}

static int
send_list(struct patrol *p, struct fault *f)
{
	char *translated, *s;
	int result;

	if (p->form == LIST_DELIMITER)
		return (session_list(
		    p->line.session, "", uv_now(p->host->loop), f));
	translated = strdup(p->patterns[p->pattern].text);
	if (translated == NULL)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	for (s = translated; p->form == LIST_TRANSLATED && *s != '\0'; s++) {
		if (*s == '/')
			*s = p->delimiter;
	}
	result =
	    session_list(p->line.session, translated, uv_now(p->host->loop), f);
	free(translated);
	return (result);
}

int
patrol_list_begin(struct patrol *p, struct fault *f)
{
	size_t i;

	for (i = 0; i < p->npatterns; i++)
		p->patterns[i].listed = 0;
	p->listing = 1;
	p->list_failed = 0;
	p->pattern = 0;
	p->form = LIST_DELIMITER;
	return (send_list(p, f));
}

int
patrol_list_done(
    struct patrol *p, const struct session_event *ev, struct fault *f)
{
	size_t i;

	if (!p->listing)
		return (0);
	if (p->form == LIST_DELIMITER)
		p->delimiter = ev->delimiter;
	else if (!ev->ok && p->form == LIST_AS_IS) {
		/* It proves nothing of what it did not list. */
		p->list_failed = 1;
		log_write(LOG_WARN, "patrol", p->account->name,
		    "LIST %s: %s; next try in %u s",
		    p->patterns[p->pattern].text, ev->text,
		    p->account->poll_seconds);
	}
	if (next_list(p))
		return (send_list(p, f));
	p->listing = 0;
	p->list_at = uv_now(p->host->loop) + patrol_interval(p);
	if (p->list_failed && p->host->once)
		return (fault_set(f, FAULT_RETRY, "LIST was refused"));
	if (!p->list_failed) {
		for (i = 0; i < p->npatterns; i++)
			p->patterns[i].matches = p->patterns[i].listed;
		p->ops->list_done(p->arg);
		if (!p->listed_once) {
			p->listed_once = 1;
			patrol_enter(p, p->state);
		}
	}
	return (0);
}

void
patrol_listed(struct patrol *p, const struct session_event *ev)
{
	struct patrol_pattern *pattern = &p->patterns[p->pattern];

	if (!p->listing) {
		p->list_at =
		    uv_now(p->host->loop); /* NOTIFY: something is new */
	} else if (p->form != LIST_DELIMITER && !ev->closed) {
		pattern->listed++;
		p->ops->listed(
		    p->arg, ev->name, ev->wire, pattern->settled_at != 0);
	}
}
