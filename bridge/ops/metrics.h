/* metrics.h - numbers as Prometheus reads them (text format 0.0.4).
 *
 * Nothing is registered and nothing is looked up when something happens: a part
 * of the program counts in plain fields of its own structs, and when somebody
 * asks, bridge/bridge_metrics.c walks the parts and writes them down.
 *
 * To add a number: count it where it happens (on the loop's thread), and write
 * its family where the others of that part are written.  Labels are names from
 * the config (account, mailbox, sink, client) or words of a fixed set; never
 * what came from a server or a sender. */
#ifndef METRICS_H
#define METRICS_H

#include <stddef.h>
#include <stdint.h>

struct buf;

/* How often something took how long. */
#define METRICS_BOUNDS 14

struct metrics_histogram {
	uint64_t counts[METRICS_BOUNDS + 1]; /* the last: longer than all */
	uint64_t sum_us;
};

/* It took ${us} microseconds: between 1 ms and 60 s it is told apart. */
void metrics_observe(struct metrics_histogram *, uint64_t us);

struct metrics {
	struct buf *out; /* remembers whether memory ran out */
	const char *name;
};

/* Begin a family: its ${name} ("mailbridge_sink_up", borrowed until the next
 * one), its type ("counter", "gauge", "histogram"), and one line of help. */
void metrics_family(
    struct metrics *, const char *name, const char *type, const char *help);

/* Label names and values in turns; values may be any UTF-8. */
#define METRICS_LABELS(...) ((const char *const[]){ __VA_ARGS__, NULL })

/* One series of the family: its value and its labels, or NULL. */
void metrics_put(struct metrics *, uint64_t value, const char *const *labels);

/* The same with a fraction; and for a family of the type histogram. */
void metrics_put_real(
    struct metrics *, double value, const char *const *labels);
void metrics_put_histogram(struct metrics *, const struct metrics_histogram *,
    const char *const *labels);

#endif
