/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the time of a trace went and what is wrong with it: what "asyncspan-trace report" prints,
 * and record when it has finished.
 *
 *	struct report report;
 *	if (report_read("asyncspan.data", &report) == 0)
 *		report_write_text(&report, stdout, 25);
 *	else
 *		complain(report.message);
 *	report_free(&report);
 *
 * Read from the files alone. Memory: the spans that are open at a time, distinct names and paths,
 * and 8 bytes for each ended span and percentile column up to 50 million spans.
 */
#ifndef ANALYZE_REPORT_H
#define ANALYZE_REPORT_H

#include <stdio.h>

#include "analyze/span_findings.h"
#include "analyze/path_tree.h"
#include "analyze/span_filter.h"
#include "analyze/span_reader.h"
#include "analyze/span_groups.h"

enum report_by {
	REPORT_BY_NAME,
	REPORT_BY_DEPTH,
	REPORT_BY_TARGET,
	REPORT_BY_THREAD, /* on which the span began */
	REPORT_BY_PATH,
};

enum report_sort {
	REPORT_SORT_WALL, /* total */
	REPORT_SORT_COUNT,
	REPORT_SORT_P50,
	REPORT_SORT_P90,
	REPORT_SORT_P99,
	REPORT_SORT_MAX,
	REPORT_SORT_BUSY,
	REPORT_SORT_BUSY_SELF,
	REPORT_SORT_IDLE,
	REPORT_SORT_QUEUE,     /* p99 */
	REPORT_SORT_IN_FLIGHT, /* at once */
	REPORT_SORT_ERRORS,
	REPORT_SORT_CANCELLED,
	REPORT_SORT_UNFINISHED,
	REPORT_SORT_KEY, /* by depth rising, by text */
};

/* Words for the two, each ending with NULL. */
extern const char *const report_by_names[];
extern const char *const report_sort_names[];

struct report_options {
	enum report_by by;
	enum report_sort sort;
	struct span_filter *filter; /* NULL: all spans */
	/* Spans open at some time between the two count; ns since the trace began. */
	uint64_t since;
	uint64_t until; /* UINT64_MAX: its end */
	struct finding_thresholds thresholds;
	uint64_t values_max;
};

#define REPORT_OPTIONS_DEFAULT                                                 \
	{                                                                      \
		.until = UINT64_MAX, .thresholds = FINDING_THRESHOLDS_DEFAULT, \
		.values_max = SPAN_GROUPS_VALUES_MAX,                          \
	}

struct report_depth {
	uint64_t spans;
	uint64_t unfinished;
	uint64_t errors;
	uint64_t cancelled;
	uint64_t wall_total; /* of ended ones */
	uint64_t wall_max;
	uint64_t busy;
	uint64_t ended;
};

struct report {
	struct report_options options;
	struct span_reader *reader; /* whose strings keys are */
	struct span_groups *names;
	struct span_groups *groups; /* names, unless another grouping was asked for */
	struct span_group total;
	struct path_tree *paths;
	struct span_findings *findings;
	struct report_depth *depths;
	size_t depth_count; /* greatest depth + 1; 0: no span */
	size_t depth_room;
	struct span_period period; /* cut to since and until */
	uint64_t in_flight_max;
	bool has_polls;	    /* the trace has the table async_polls */
	bool has_off_cpu;   /* and off_cpu */
	char message[1024]; /* after an error: what it concerns and the cause */
	struct report_private *private;
};

/*
 * Returns 0 or a negative errno with a message: -ENOENT no trace in the directory, -EBADMSG a
 * damaged file, and those of reading. report_free is right in any case. What the options point to must
 * outlive the report.
 */
int report_read(const char *directory, struct report *out);
int report_read_with(const char *directory, const struct report_options *options,
		     struct report *out);
void report_free(struct report *report);

/*
 * The findings, the groups with most of what is sorted by, at most limit of them (0: all), the
 * totals and, last, the losses. Both return 0 or a negative errno of the stream, or -ENOMEM.
 */
int report_write_text(const struct report *report, FILE *out, size_t limit);

/* One JSON document; what no ended span gives is null. */
int report_write_json(const struct report *report, FILE *out, size_t limit);

/* For the two above. */
uint64_t report_lost(const struct report *report); /* sum of all counters of losses */
uint64_t report_duration(const struct report *report);
/* Mean number of spans in flight, from the time that spans were open. */
double report_in_flight(const struct report *report, uint64_t open);
/* The text of a group's key, to be freed; NULL without memory. */
char *report_key(const struct report *report, uint32_t key, size_t *length);
/* Names of a path joined by " > ", at most the last @most of them; to be freed. */
char *report_path(const struct report *report, uint32_t path, size_t most, size_t *length);

#endif
