// SPDX-License-Identifier: BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "analyze/report.h"
#include "base/duration.h"
#include "base/message.h"
#include "base/number.h"
#include "cmds/recording.h"

#define NAMES_SHOWN 10

static void show_totals(const struct recording *recording)
{
	const struct rows_stats *stats = &recording->stats;
	char spans[NUMBER_TEXT_SIZE], events[NUMBER_TEXT_SIZE], unfinished[NUMBER_TEXT_SIZE];
	char tasks[NUMBER_TEXT_SIZE], processes[NUMBER_TEXT_SIZE], bytes[NUMBER_TEXT_SIZE];
	char duration[DURATION_TEXT_SIZE];

	fprintf(stderr,
		"%s span%s (%s event%s, %s unfinished) on %s task%s of %s process%s in %s\n",
		number_format(stats->begins, spans), stats->begins == 1 ? "" : "s",
		number_format(stats->begins + stats->ends, events),
		stats->begins + stats->ends == 1 ? "" : "s",
		number_format(stats->unfinished, unfinished), number_format(stats->tasks, tasks),
		stats->tasks == 1 ? "" : "s", number_format(stats->processes, processes),
		stats->processes == 1 ? "" : "es",
		duration_format(trace_now() - recording->trace.start, duration));
	fprintf(stderr, "%s in %s\n\n", number_format_size(stats->bytes, bytes),
		recording->options->directory);
}

/* Read back from the files: what is shown is what was written. */
void record_summary(const struct recording *recording)
{
	const char *directory = recording->options->directory;
	bool json = recording->options->json;
	struct report report;
	int error;

	if (recording->options->quiet && !json)
		return;
	if (report_read(directory, &report)) {
		message_error("cannot read %s back: %s", directory, report.message);
		report_free(&report);
		return;
	}
	if (json) {
		error = report_write_json(&report, stdout, 0);
	} else {
		show_totals(recording);
		error = report_write_text(&report, stderr, NAMES_SHOWN);
		fprintf(stderr, "\nnext: asyncspan-trace report%s%s\n",
			recording->options->directory_given ? " " : "",
			recording->options->directory_given ? directory : "");
	}
	if (error)
		message_error("cannot write the summary: %s", strerror(-error));
	report_free(&report);
}
