/* sim [--steps N] [--seed N] - play seeds until N steps are done; or one seed,
 * with its history. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim/sim.h"

struct sim *sim_now;
uint64_t sim_counts[SIM_COUNTS];

unsigned
sim_roll(struct sim *s, unsigned n)
{
	s->random ^= s->random << 13;
	s->random ^= s->random >> 7;
	s->random ^= s->random << 17;
	return ((unsigned)(s->random >> 33) % n);
}

int
sim_mishap(struct sim *s, unsigned n)
{
	return (!s->calm && sim_roll(s, n) == 0);
}

void
sim_note(struct sim *s, const char *format, ...)
{
	va_list ap;

	if (!s->verbose)
		return;
	printf("%10llu.%03llu ", (unsigned long long)s->now / 1000,
	    (unsigned long long)s->now % 1000);
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
}

_Noreturn void
sim_fail(struct sim *s, const char *format, ...)
{
	uint64_t seed = s->seed;
	va_list ap;

	if (!s->verbose) {
		sim_play(seed, 1); /* does not come back */
		printf("seed %llu fails only once: ", (unsigned long long)seed);
	}
	va_start(ap, format);
	printf("seed %llu fails at step %llu: ", (unsigned long long)seed,
	    (unsigned long long)s->steps);
	vprintf(format, ap);
	va_end(ap);
	printf("\nplay it again: sim --seed %llu\n", (unsigned long long)seed);
	fflush(stdout);
	_exit(1);
}

static const char *const count_names[] = { "published", "of them again",
	"commits", "crashes", "resets decided", "known again", "passed over",
	"uncertain", "connections lost", "refused as too many", "STATUS",
	"NOTIFY events", "overflows", "cut", "joined", "incomplete",
	"placeholders", "stubs" };

int
main(int argc, char **argv)
{
	uint64_t steps = 0, max = 1000000, seed = 0, first;
	struct timespec t0, t1;
	double seconds;
	int i;

	clock_gettime(CLOCK_REALTIME, &t0);
	first = (uint64_t)t0.tv_sec * 1000;
	for (i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--steps") == 0)
			max = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--seed") == 0)
			seed = strtoull(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--first") == 0)
			first = strtoull(argv[i + 1], NULL, 10);
	}
	if (seed != 0) {
		(void)sim_play(seed, 1);
		return (0);
	}
	clock_gettime(CLOCK_MONOTONIC, &t0);
	for (seed = first; steps < max; seed++)
		steps += sim_play(seed, 0);
	clock_gettime(CLOCK_MONOTONIC, &t1);
	seconds = (double)(t1.tv_sec - t0.tv_sec) +
	    (double)(t1.tv_nsec - t0.tv_nsec) / 1e9;
	printf("%llu steps in %.1f s, %.1f million a minute; seeds %llu to "
	       "%llu\n",
	    (unsigned long long)steps, seconds,
	    (double)steps / seconds * 60 / 1e6, (unsigned long long)first,
	    (unsigned long long)seed - 1);
	for (i = 0; i < SIM_COUNTS; i++)
		printf("%s%llu %s", i > 0 ? ", " : "",
		    (unsigned long long)sim_counts[i], count_names[i]);
	putchar('\n');
	return (0);
}
