/* The text that Prometheus reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/buf.h"
#include "bridge/ops/metrics.h"

static void
test_families(void **state)
{
	struct metrics m;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	m.out = &out;
	metrics_family(&m, "a_total", "counter", "One\nline, a \\ and a \".");
	metrics_put(&m, 0, NULL);
	metrics_put(
	    &m, UINT64_MAX, METRICS_LABELS("x", "a\"b\\c\nd", "y", "\xc3\xa4"));
	metrics_family(&m, "b", "gauge", "Half.");
	metrics_put_real(&m, 0.5, METRICS_LABELS("x", ""));
	assert_string_equal(out.data,
	    "# HELP a_total One\\nline, a \\\\ and a \".\n"
	    "# TYPE a_total counter\n"
	    "a_total 0\n"
	    "a_total{x=\"a\\\"b\\\\c\\nd\",y=\"\xc3\xa4\"} "
	    "18446744073709551615\n"
	    "# HELP b Half.\n"
	    "# TYPE b gauge\n"
	    "b{x=\"\"} 0.500000\n");
	buf_free(&out);
}

static void
test_histogram(void **state)
{
	struct metrics_histogram h = { 0 };
	struct metrics m;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	m.out = &out;
	metrics_observe(&h, 0);
	metrics_observe(&h, 1000);
	metrics_observe(&h, 1001);
	metrics_observe(&h, 60000001);
	metrics_family(&m, "t_seconds", "histogram", "Time.");
	metrics_put_histogram(&m, &h, METRICS_LABELS("s", "x"));
	assert_non_null(
	    strstr(out.data, "t_seconds_bucket{s=\"x\",le=\"0.001\"} 2\n"));
	assert_non_null(
	    strstr(out.data, "t_seconds_bucket{s=\"x\",le=\"0.0025\"} 3\n"));
	assert_non_null(
	    strstr(out.data, "t_seconds_bucket{s=\"x\",le=\"60\"} 3\n"));
	assert_non_null(
	    strstr(out.data, "t_seconds_bucket{s=\"x\",le=\"+Inf\"} 4\n"));
	assert_non_null(strstr(out.data, "t_seconds_sum{s=\"x\"} 60.002002\n"));
	assert_non_null(strstr(out.data, "t_seconds_count{s=\"x\"} 4\n"));
	buf_free(&out);
}

static void
test_no_room(void **state)
{
	struct metrics m;
	struct buf out;

	(void)state;
	buf_init(&out, 20);
	m.out = &out;
	metrics_family(&m, "a", "gauge", "Longer than what there is room for.");
	metrics_put(&m, 1, NULL);
	assert_true(out.failed);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_families),
		cmocka_unit_test(test_histogram),
		cmocka_unit_test(test_no_room),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
