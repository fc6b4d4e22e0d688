#include <stddef.h>
#include <string.h>

#include "bridge/buf.h"
#include "bridge/ops/metrics.h"

/* What is local answers in milliseconds, what is far in seconds; what takes
 * longer than a minute is an outage. */
static const struct {
	uint64_t us;
	const char *le;
} bounds[METRICS_BOUNDS] = {
	{ 1000, "0.001" },
	{ 2500, "0.0025" },
	{ 5000, "0.005" },
	{ 10000, "0.01" },
	{ 25000, "0.025" },
	{ 50000, "0.05" },
	{ 100000, "0.1" },
	{ 250000, "0.25" },
	{ 500000, "0.5" },
	{ 1000000, "1" },
	{ 2500000, "2.5" },
	{ 10000000, "10" },
	{ 30000000, "30" },
	{ 60000000, "60" },
};

void
metrics_observe(struct metrics_histogram *h, uint64_t us)
{
	size_t i = 0;

	while (i < METRICS_BOUNDS && us > bounds[i].us)
		i++;
	h->counts[i]++;
	h->sum_us += us;
}

static void
escape(struct buf *out, const char *text, const char *special)
{
	size_t len;

	for (;;) {
		len = strcspn(text, special);
		buf_put(out, text, len);
		text += len;
		if (*text == '\0')
			return;
		buf_putc(out, '\\');
		buf_putc(out, *text == '\n' ? 'n' : *text);
		text++;
	}
}

void
metrics_family(
    struct metrics *m, const char *name, const char *type, const char *help)
{
	m->name = name;
	buf_puts(m->out, "# HELP ");
	buf_puts(m->out, name);
	buf_putc(m->out, ' ');
	escape(m->out, help, "\\\n");
	buf_puts(m->out, "\n# TYPE ");
	buf_puts(m->out, name);
	buf_putc(m->out, ' ');
	buf_puts(m->out, type);
	buf_putc(m->out, '\n');
}

/* "mailbridge_x_bucket{account="a",le="0.1"} "; ${le} may be NULL. */
static void
series(struct metrics *m, const char *suffix, const char *le,
    const char *const *labels)
{
	char before = '{';

	buf_puts(m->out, m->name);
	buf_puts(m->out, suffix);
	for (; labels != NULL && *labels != NULL; labels += 2) {
		buf_putc(m->out, before);
		buf_puts(m->out, labels[0]);
		buf_puts(m->out, "=\"");
		escape(m->out, labels[1], "\\\n\"");
		buf_putc(m->out, '"');
		before = ',';
	}
	if (le != NULL) {
		buf_putc(m->out, before);
		buf_puts(m->out, "le=\"");
		buf_puts(m->out, le);
		buf_putc(m->out, '"');
		before = ',';
	}
	if (before == ',')
		buf_putc(m->out, '}');
	buf_putc(m->out, ' ');
}

static void
number(struct metrics *m, uint64_t value)
{
	char text[24], *p = text + sizeof(text);

	/* There may be tens of thousands of them. */
	*--p = '\n';
	do
		*--p = (char)('0' + value % 10);
	while ((value /= 10) != 0);
	buf_put(m->out, p, (size_t)(text + sizeof(text) - p));
}

void
metrics_put(struct metrics *m, uint64_t value, const char *const *labels)
{
	series(m, "", NULL, labels);
	number(m, value);
}

static void
real(struct metrics *m, double value)
{
	buf_printf(m->out, "%.6f\n", value);
}

void
metrics_put_real(struct metrics *m, double value, const char *const *labels)
{
	series(m, "", NULL, labels);
	real(m, value);
}

void
metrics_put_histogram(struct metrics *m, const struct metrics_histogram *h,
    const char *const *labels)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i <= METRICS_BOUNDS; i++) {
		sum += h->counts[i];
		series(m, "_bucket", i < METRICS_BOUNDS ? bounds[i].le : "+Inf",
		    labels);
		number(m, sum);
	}
	series(m, "_sum", NULL, labels);
	real(m, (double)h->sum_us / 1e6);
	series(m, "_count", NULL, labels);
	number(m, sum);
}
