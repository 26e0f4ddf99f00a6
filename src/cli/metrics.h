/*
 * metrics.h - write metrics as text for Prometheus
 *
 * The text is valid both as OpenMetrics 1.0 and as the older text format, the
 * only one that node_exporter's textfile collector and promtool accept.  The
 * formats do not agree on the name of a counter in its TYPE line, so counters
 * have none: their type is unknown in OpenMetrics, and untyped in the older
 * format.
 *
 *	metrics_begin(&text, METRIC_GAUGE, "relais_queue_bytes", "Size of ...");
 *	metrics_add(&text, "relais_queue_bytes", "state", "held", 5);
 *	metrics_end(&text);
 */
#ifndef CLI_METRICS_H
#define CLI_METRICS_H

#include <stdint.h>

#include "util/buffer.h"

enum metric_type { METRIC_GAUGE, METRIC_COUNTER };

/*
 * Begins a family: TYPE, UNIT if the name ends in a unit, and HELP.  The help
 * must be one line without a backslash or a double quote.
 */
void	metrics_begin(struct buffer *, enum metric_type, const char *name,
	    const char *help);

/*
 * Adds a sample to the family that was begun last.  label is NULL if the sample
 * has none; its value can be any text: octets that are not UTF-8, and characters
 * that are not safe on a terminal, are replaced.
 */
void	metrics_add(struct buffer *, const char *name, const char *label,
	    const char *value, int64_t number);

void	metrics_end(struct buffer *);

#endif
