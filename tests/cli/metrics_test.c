/*
 * The lines of a metric.  tests/servers/metrics_test.sh has real readers parse
 * them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cli/metrics.h"
#include "support/cases.h"

struct family {
	const char		*sentence;
	enum metric_type	 type;
	const char		*name;
	const char		*text;
};

static void
begins(void **state)
{
	const struct family	*c = *state;
	struct buffer		 b = { 0 };

	metrics_begin(&b, c->type, c->name, "Help.");
	assert_string_equal(b.data, c->text);
	buffer_free(&b);
}

static const struct family families[] = {
	{ "a gauge has a type", METRIC_GAUGE, "relais_queue_entries",
	    "# TYPE relais_queue_entries gauge\n"
	    "# HELP relais_queue_entries Help.\n" },
	{ "seconds are a unit", METRIC_GAUGE, "relais_age_seconds",
	    "# TYPE relais_age_seconds gauge\n"
	    "# UNIT relais_age_seconds seconds\n"
	    "# HELP relais_age_seconds Help.\n" },
	{ "bytes are a unit", METRIC_GAUGE, "relais_bytes",
	    "# TYPE relais_bytes gauge\n# UNIT relais_bytes bytes\n"
	    "# HELP relais_bytes Help.\n" },
	{ "a counter has neither", METRIC_COUNTER, "relais_failures_total",
	    "# HELP relais_failures_total Help.\n" },
};

struct sample {
	const char	*sentence;
	const char	*label;
	const char	*value;
	int64_t		 number;
	const char	*text;
};

static void
adds(void **state)
{
	const struct sample	*c = *state;
	struct buffer		 b = { 0 };

	metrics_add(&b, "relais_x", c->label, c->value, c->number);
	assert_string_equal(b.data, c->text);
	buffer_free(&b);
}

static const struct sample samples[] = {
	{ "a label may be missing", NULL, NULL, 5, "relais_x 5\n" },
	{ "a number may be negative", NULL, NULL, INT64_MIN,
	    "relais_x -9223372036854775808\n" },
	{ "a label has a value", "state", "held", INT64_MAX,
	    "relais_x{state=\"held\"} 9223372036854775807\n" },
	{ "the value may be empty", "a", "", 0, "relais_x{a=\"\"} 0\n" },
	{ "a double quote is escaped", "a", "x\"} 7", 0,
	    "relais_x{a=\"x\\\"} 7\"} 0\n" },
	{ "a backslash is escaped", "a", "x\\", 0,
	    "relais_x{a=\"x\\\\\"} 0\n" },
	{ "a line end is escaped", "a", "x\ny", 0,
	    "relais_x{a=\"x\\ny\"} 0\n" },
	{ "a control character is replaced", "a", "x\033[2J\r\xc2\x9b", 0,
	    "relais_x{a=\"x\xef\xbf\xbd[2J\xef\xbf\xbd\xef\xbf\xbd\"} "
	    "0\n" },
	{ "UTF-8 is not changed", "a", "b\xc3\xbc", 0,
	    "relais_x{a=\"b\xc3\xbc\"} 0\n" },
	{ "an octet that is not UTF-8 is replaced", "a", "b\xfc" "c", 0,
	    "relais_x{a=\"b\xef\xbf\xbd" "c\"} 0\n" },
};

int
main(void)
{
	return CASES_RUN("metrics_begin", begins, families) +
	    CASES_RUN("metrics_add", adds, samples);
}
