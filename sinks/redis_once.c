#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/buf.h"
#include "bridge/envelope/event.h"
#include "sinks/redis_once.h"

/* Mailboxes that have something in flight or handed back; the sink's window
 * bounds them to about this number. */
#define NBUCKETS 1024

/* The hash field holds "uidvalidity:uid" or "uidvalidity:uid:hole,hole". */
const char redis_once_script[] =
    "local value = redis.call('HGET', KEYS[2], ARGV[1])\n"
    "local uid, top, holes = tonumber(ARGV[3]), 0, ','\n"
    "if value then\n"
    "  local v, u, h = string.match(value, '^(%d+):(%d+):?([%d,]*)$')\n"
    "  if not v then\n"
    "    return redis.error_reply('ERR the checkpoint of ' .. ARGV[1] ..\n"
    "      ' is damaged: ' .. value)\n"
    "  end\n"
    "  if v == ARGV[2] then\n"
    "    top = tonumber(u)\n"
    "    if h ~= '' then holes = ',' .. h .. ',' end\n"
    "  end\n"
    "end\n"
    "if uid <= top then\n"
    "  local a, b = string.find(holes, ',' .. ARGV[3] .. ',', 1, true)\n"
    "  if not a then return 0 end\n"
    "  holes = string.sub(holes, 1, a) .. string.sub(holes, b + 1)\n"
    "else\n"
    "  if tonumber(ARGV[4]) > top then return -1 end\n"
    "  for hole in string.gmatch(ARGV[5], '%d+') do\n"
    "    if tonumber(hole) > top then holes = holes .. hole .. ',' end\n"
    "  end\n"
    "  top = uid\n"
    "end\n"
    "local add = {'XADD', KEYS[1]}\n"
    "if ARGV[6] ~= '0' then\n"
    "  add[3], add[4], add[5] = 'MAXLEN', '~', ARGV[6]\n"
    "end\n"
    "add[#add + 1] = '*'\n"
    "for i = 7, #ARGV do add[#add + 1] = ARGV[i] end\n"
    "redis.call(unpack(add))\n"
    "value = ARGV[2] .. ':' .. string.format('%.0f', top)\n"
    "if holes ~= ',' then\n"
    "  value = value .. ':' .. string.sub(holes, 2, -2)\n"
    "end\n"
    "redis.call('HSET', KEYS[2], ARGV[1], value)\n"
    "return 1\n";

struct mailbox {
	struct mailbox *next;
	char *account, *mailbox;
	uint64_t uidvalidity;
	unsigned inflight;
	uint32_t last;	/* highest UID sent since inflight was 0 */
	uint32_t *back; /* handed back and not stored since, ascending */
	size_t nback, maxback;
};

struct redis_once {
	struct mailbox *buckets[NBUCKETS];
};

struct redis_once *
redis_once_new(void)
{
	return (calloc(1, sizeof(struct redis_once)));
}

static uint32_t
hash(uint32_t h, const char *s)
{
	/* FNV-1a, with the ending NUL. */
	do {
		h = (h ^ (unsigned char)*s) * 16777619U;
	} while (*s++ != '\0');
	return (h);
}

static struct mailbox **
find(struct redis_once *o, const struct event *ev)
{
	struct mailbox **mp;

	mp = &o->buckets[hash(hash(2166136261U, ev->account), ev->mailbox) %
	    NBUCKETS];
	for (; *mp != NULL; mp = &(*mp)->next) {
		if (strcmp((*mp)->mailbox, ev->mailbox) == 0 &&
		    strcmp((*mp)->account, ev->account) == 0)
			break;
	}
	return (mp);
}

static void
remove_mailbox(struct mailbox **mp)
{
	struct mailbox *m = *mp;

	*mp = m->next;
	free(m->account);
	free(m->mailbox);
	free(m->back);
	free(m);
}

static struct mailbox *
add_mailbox(struct mailbox **mp, const struct event *ev)
{
	struct mailbox *m;

	if ((m = calloc(1, sizeof(*m))) == NULL)
		return (NULL);
	m->account = strdup(ev->account);
	m->mailbox = strdup(ev->mailbox);
	m->uidvalidity = ev->uidvalidity;
	*mp = m;
	if (m->account == NULL || m->mailbox == NULL) {
		remove_mailbox(mp);
		return (NULL);
	}
	return (m);
}

/* The place of ${uid} among those handed back: of the first not below it. */
static size_t
place(const struct mailbox *m, uint32_t uid)
{
	size_t low = 0, high = m->nback, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (m->back[mid] < uid)
			low = mid + 1;
		else
			high = mid;
	}
	return (low);
}

static int
is_back(const struct mailbox *m, uint32_t uid)
{
	size_t i = place(m, uid);

	return (i < m->nback && m->back[i] == uid);
}

/* Room for as many as can be handed back is made before they are sent: a UID
 * that could not be remembered would be lost. */
static int
reserve(struct mailbox *m)
{
	size_t max = m->nback + m->inflight + 1;
	uint32_t *back;

	if (max <= m->maxback)
		return (0);
	max *= 2;
	if ((back = reallocarray(m->back, max, sizeof(*back))) == NULL)
		return (-1);
	m->back = back;
	m->maxback = max;
	return (0);
}

int
redis_once_sent(struct redis_once *o, const struct event *ev,
    uint32_t *previous, struct buf *holes)
{
	struct mailbox **mp, *m;
	size_t i, n;

	mp = find(o, ev);
	if ((m = *mp) == NULL && (m = add_mailbox(mp, ev)) == NULL)
		return (-1);
	if (m->uidvalidity != ev->uidvalidity) {
		m->uidvalidity = ev->uidvalidity;
		m->nback = 0;
		m->last = 0;
	}
	if (reserve(m) == -1)
		return (-1);
	n = place(m, ev->uid);
	for (i = 0; i < n; i++)
		buf_printf(holes, "%s%" PRIu32, i > 0 ? "," : "", m->back[i]);
	if (holes->failed)
		return (-1);
	if (is_back(m, ev->uid))
		*previous = 0;
	else if (m->last >= ev->uid)
		/* The same event twice at once, as after a mailbox was started
		 * anew: to be stored only by its turn, so not now. */
		*previous = UINT32_MAX;
	else {
		*previous = m->last;
		m->last = ev->uid;
	}
	m->inflight++;
	return (0);
}

void
redis_once_answered(struct redis_once *o, const struct event *ev, int stored)
{
	struct mailbox **mp, *m;
	size_t i;

	mp = find(o, ev);
	if ((m = *mp) == NULL)
		return;
	m->inflight--;
	if (m->uidvalidity == ev->uidvalidity) {
		i = place(m, ev->uid);
		if (stored && is_back(m, ev->uid)) {
			m->nback--;
			memmove(&m->back[i], &m->back[i + 1],
			    (m->nback - i) * sizeof(*m->back));
		} else if (!stored && !is_back(m, ev->uid)) {
			memmove(&m->back[i + 1], &m->back[i],
			    (m->nback - i) * sizeof(*m->back));
			m->back[i] = ev->uid;
			m->nback++;
		}
	}
	if (m->inflight == 0) {
		m->last = 0;
		if (m->nback == 0)
			remove_mailbox(mp);
	}
}

void
redis_once_free(struct redis_once *o)
{
	size_t i;

	if (o == NULL)
		return;
	for (i = 0; i < NBUCKETS; i++) {
		while (o->buckets[i] != NULL)
			remove_mailbox(&o->buckets[i]);
	}
	free(o);
}
