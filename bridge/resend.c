#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "bridge/auth/oauth2.h"
#include "bridge/bridge_private.h"
#include "bridge/config/config.h"
#include "bridge/fault.h"
#include "bridge/imap/connection.h"
#include "bridge/message.h"
#include "bridge/ops/log.h"
#include "bridge/ops/progress.h"
#include "bridge/publish/letter.h"
#include "bridge/publish/route.h"
#include "bridge/resend.h"
#include "bridge/store/commit.h"

struct resend;

/* One letter on its way. */
struct item {
	struct resend *resend;
	const struct letter *letter;
	struct route *route;
	struct route_lane *lane;
};

struct resend {
	struct bridge bridge;
	const struct resend_request *request;
	int state_fd;
	struct letter *letters;
	struct item *items; /* one a letter */
	size_t n, next;	    /* letters, and those handed on */
	size_t published, refused, failed;
	struct budget_waiter waiter; /* of items[next] */
	size_t charge;		     /* granted to items[next] */
};

/* Files are small work, and a command has nothing else to do: they are read and
 * removed on the loop. */

static void
finish(struct resend *r)
{
	if (r->published + r->refused + r->failed == r->n)
		bridge_stop(&r->bridge);
}

static void
on_outcome(void *arg, const struct message *m, enum pipeline_outcome outcome)
{
	struct item *item = arg;
	struct resend *r = item->resend;
	struct fault f;

	(void)m;
	route_lane_close(item->lane);
	if (outcome != PIPELINE_STORED) {
		r->refused++;
	} else {
		r->published++;
		if (!r->request->keep &&
		    letter_remove(r->state_fd, item->letter, &f) == -1)
			log_write(LOG_ERROR, "resend", NULL,
			    "published, but not removed: %s", f.text);
	}
	finish(r);
}

/* Read it and hand it on. */
static void
hand_on(struct item *item, size_t charge)
{
	struct resend *r = item->resend;
	struct message *m;
	struct fault f;

	if ((m = letter_read(r->state_fd, item->letter, &f)) != NULL) {
		m->replay = 1;
		item->lane = route_lane_new(
		    item->route, item->letter->stem, on_outcome, item);
		if (item->lane != NULL) {
			if (route_submit(item->lane, m, charge) == 0)
				return;
			route_lane_close(item->lane);
		} else {
			message_free(m);
			budget_give(route_budget(item->route), charge);
		}
		fault_set(&f, FAULT_RETRY, "out of memory");
	} else
		budget_give(route_budget(item->route), charge);
	log_write(LOG_ERROR, "resend", NULL, "%s", f.text);
	r->failed++;
	finish(r);
}

/* Hand on as many as there is room for. */
static void
feed(void *arg)
{
	struct resend *r = arg;
	struct item *item;
	struct fault f;
	int64_t octets;

	while (r->next < r->n && r->bridge.phase == BRIDGE_RUNNING &&
	    !r->waiter.waiting) {
		item = &r->items[r->next];
		if (route_hold(item->route))
			return;
		octets = letter_octets(r->state_fd, item->letter, &f);
		if (octets == -1) {
			log_write(LOG_ERROR, "resend", NULL, "%s", f.text);
			r->next++;
			r->failed++;
			finish(r);
			continue;
		}
		r->charge = route_charge(item->route, (size_t)octets);
		if (!budget_take(
			route_budget(item->route), r->charge, &r->waiter))
			return;
		r->next++;
		hand_on(item, r->charge);
	}
}

static void
on_granted(void *arg)
{
	struct resend *r = arg;

	hand_on(&r->items[r->next++], r->charge);
	feed(r);
}

static void
on_count(void *arg, uint64_t *done, uint64_t *left)
{
	struct resend *r = arg;

	*done = r->published;
	*left = r->n - r->published - r->refused - r->failed;
}

static const struct config_account *
account_of(const struct config *c, const struct letter *l)
{
	size_t i;

	for (i = 0; i < c->naccounts; i++) {
		if (strcmp(c->accounts[i].name, l->account) == 0)
			return (&c->accounts[i]);
	}
	return (NULL);
}

/* Where the letter goes: 0, or -1 with ${f}. */
static int
sinks_of(const struct resend *r, const struct letter *l,
    struct bridge_sinks *to, struct fault *f)
{
	const struct config *c = r->bridge.config;
	const struct config_account *a = account_of(c, l);
	size_t i;

	if (r->request->sink != CONFIG_NO_SINK) {
		*to = (struct bridge_sinks){ &r->request->sink, 1 };
		return (0);
	}
	if (a == NULL)
		return (fault_set(f, FAULT_CONFIG,
		    "%s: the config has no account %s any more: name a sink "
		    "with --sink NAME",
		    l->stem, l->account));
	*to = (struct bridge_sinks){ a->sinks, a->nsinks };
	for (i = 0; i < a->nsinks; i++) {
		if (strcmp(c->sinks[a->sinks[i]].name, l->sink) == 0)
			*to = (struct bridge_sinks){ &a->sinks[i], 1 };
	}
	return (0);
}

/* Accounts have few lists of sinks: look each letter's up among those before.
 */
static int
open_routes(struct resend *r, struct fault *f)
{
	struct bridge_sinks *lists, to = { 0 };
	size_t *which, i, j, n = 0;
	int rc = -1;

	lists = calloc(r->n, sizeof(*lists));
	which = calloc(r->n, sizeof(*which));
	r->items = calloc(r->n, sizeof(*r->items));
	fault_set(f, FAULT_RETRY, "out of memory");
	if (lists == NULL || which == NULL || r->items == NULL)
		goto end;
	for (i = 0; i < r->n; i++) {
		if (sinks_of(r, &r->letters[i], &to, f) == -1)
			goto end;
		for (j = 0; j < n; j++) {
			if (lists[j].sinks == to.sinks && lists[j].n == to.n)
				break;
		}
		if (j == n)
			lists[n++] = to;
		which[i] = j;
	}
	if ((rc = bridge_open_sinks(&r->bridge, lists, n, 0, f)) == -1)
		goto end;
	for (i = 0; i < r->n; i++)
		r->items[i] = (struct item){ .resend = r,
			.letter = &r->letters[i],
			.route = r->bridge.routes[which[i]] };
end:
	free(lists);
	free(which);
	return (rc);
}

static int
open_all(struct resend *r, struct fault *f)
{
	struct bridge *b = &r->bridge;

	if ((b->net = connection_net(&b->loop, f)) == NULL ||
	    (b->oauth2 = oauth2_new(&b->loop, b->config, 0, f)) == NULL ||
	    open_routes(r, f) == -1)
		return (-1);
	b->committer = committer_new(&b->loop, NULL, bridge_changed, b);
	if (b->committer == NULL)
		return (fault_set(f, FAULT_RETRY, "out of memory"));
	b->wake = feed;
	b->wake_arg = r;
	r->waiter.granted = on_granted;
	r->waiter.arg = r;
	return (0);
}

static int
report(const struct resend *r)
{
	size_t left = r->n - r->published - r->refused - r->failed;

	printf("%zu dead letters published again%s\n", r->published,
	    r->request->keep ? "" : " and removed");
	if (r->refused > 0)
		fprintf(stderr, "%zu were refused again\n", r->refused);
	if (r->failed > 0)
		fprintf(stderr, "%zu cannot be read\n", r->failed);
	if (left > 0) {
		fprintf(stderr, "cut short, %zu are left\n", left);
		return (EX_TEMPFAIL);
	}
	return (r->refused + r->failed > 0 ? EX_DATAERR : EX_OK);
}

/* The letters that are meant.  0, or the exit code. */
static int
find_letters(struct resend *r)
{
	const struct resend_request *q = r->request;
	const char *state = r->bridge.config->state;
	struct fault f = { .kind = FAULT_NONE };

	r->state_fd = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->state_fd == -1) {
		fprintf(
		    stderr, "state directory %s: %s\n", state, strerror(errno));
		return (EX_CONFIG);
	}
	r->letters =
	    letter_list(r->state_fd, q->account, q->mailbox, q->uid, &r->n, &f);
	if (r->letters != NULL)
		return (EX_OK);
	if (f.kind != FAULT_NONE) {
		fprintf(stderr, "%s\n", f.text);
		return (fault_exit_code(f.kind));
	}
	if (q->uid != -1) {
		fputs("there is no such dead letter\n", stderr);
		return (EX_DATAERR);
	}
	puts("there are no dead letters");
	return (-1);
}

int
resend_run(const struct config *config, const struct resend_request *q)
{
	static struct resend r; /* the one of the process */
	struct fault f;
	int code;

	r.request = q;
	r.bridge.config = config;
	if ((code = find_letters(&r)) != EX_OK)
		return (code == -1 ? EX_OK : code);
	if (q->dry) {
		printf("%zu dead letters would be published\n", r.n);
		letter_list_free(r.letters, r.n);
		return (EX_OK);
	}
	bridge_init(&r.bridge, config, 1);
	if (open_all(&r, &f) == -1) {
		fprintf(stderr, "%s\n", f.text);
		return (fault_exit_code(f.kind));
	}
	r.bridge.progress = progress_new(&r.bridge.loop, NULL, on_count, &r);
	bridge_loop(&r.bridge);
	code = report(&r);
	letter_list_free(r.letters, r.n);
	free(r.items);
	(void)close(r.state_fd);
	return (code != EX_OK ? code : r.bridge.exit_code);
}
