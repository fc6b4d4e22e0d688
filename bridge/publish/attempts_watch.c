/* The time that conversions take. */
#include <inttypes.h>
#include <sysexits.h>
#include <unistd.h>

#include "bridge/ops/log.h"
#include "bridge/publish/attempts_private.h"

#define WATCH_MS 1000

static uint64_t
clock_ms(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts) == -1)
		return (0);
	return ((uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000);
}

/* The worker cannot be stopped, and what it holds cannot be freed: only a new
 * process goes on.  Not exit(): other threads are at work. */
static void
give_up(const struct attempt *slot, enum attempt_state state, const char *what,
    uint64_t seconds)
{
	atomic_store(&slot->note->state, (uint32_t)state);
	log_write(LOG_ERROR, "convert", slot->note->name,
	    "the conversion of this message takes more than %" PRIu64
	    " s%s: ending the process; %s",
	    seconds, what,
	    state == ATTEMPT_OVERRAN
		? "after the next start the message goes to the dead letter"
		: "after the next start it is converted alone");
	_exit(EX_SOFTWARE);
}

static void
look_after(struct attempts *a, struct attempt *slot)
{
	uint64_t number = atomic_load(&slot->number), now = uv_now(a->loop);
	uint64_t cpu = clock_ms((clockid_t)atomic_load(&slot->clock));
	uint64_t seconds = LIMIT_CONVERT_SECONDS +
	    atomic_load(&slot->octets) / LIMIT_CONVERT_SECOND_OCTETS;

	if (number != slot->seen) {
		slot->seen = number;
		slot->seen_cpu_ms = cpu;
		slot->seen_ms = now;
	}
	/* The same one all the time, and still. */
	if (number % 2 == 0 || number != atomic_load(&slot->number))
		return;
	if (cpu >= slot->seen_cpu_ms + seconds * 1000)
		give_up(slot, ATTEMPT_OVERRAN, " of processor time", seconds);
	if (now >= slot->seen_ms + LIMIT_CONVERT_STALL_SECONDS * 1000)
		give_up(slot, ATTEMPT_RUNNING, "", LIMIT_CONVERT_STALL_SECONDS);
}

static void
on_tick(uv_timer_t *timer)
{
	struct attempts *a = timer->data;
	size_t i;

	for (i = 0; i < LIMIT_CONVERT_SLOTS; i++)
		look_after(a, &a->slots[i]);
	if (a->entered == 0)
		uv_timer_stop(timer);
}

void
attempts_watch(struct attempts *a)
{
	if (!uv_is_active((uv_handle_t *)&a->timer))
		uv_timer_start(&a->timer, on_tick, WATCH_MS, WATCH_MS);
}
