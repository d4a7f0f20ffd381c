/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the time of a trace went, by name: what "asyncspan-trace report" prints, and record when it
 * has finished.
 *
 *	struct report report;
 *	if (report_read("asyncspan.data", &report) == 0)
 *		report_write_text(&report, stdout, 25);
 *	else
 *		complain(report.message);
 *	report_free(&report);
 *
 * Read from the files alone: async_spans and traces.
 */
#ifndef ANALYZE_REPORT_H
#define ANALYZE_REPORT_H

#include <stdio.h>

#include "analyze/name_statistics.h"
#include "analyze/trace_files.h"

struct report {
	struct name_statistics *names;
	struct trace_files traces;
	char message[1024]; /* after an error: what it concerns and the cause */
};

/*
 * Returns 0 or a negative errno with a message: -ENOENT no trace in the directory, -EBADMSG a
 * damaged file, and those of reading. report_free is right in any case.
 */
int report_read(const char *directory, struct report *out);
void report_free(struct report *report);

/*
 * The names with most wall time, at most limit of them (0: all), the totals and, last, the losses.
 * Both return 0 or a negative errno of the stream, or -ENOMEM.
 */
int report_write_text(const struct report *report, FILE *out, size_t limit);

/* One JSON document; what no ended span gives is null. */
int report_write_json(const struct report *report, FILE *out, size_t limit);

#endif
