/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the spans of each name took: the numbers of "asyncspan-trace report".
 *
 *	struct name_statistics *statistics = name_statistics_new();
 *	group = name_statistics_group(statistics, name, name_length);
 *	name_statistics_add(statistics, group, &span);		for each span
 *	error = name_statistics_finish(statistics);
 *	for (i = 0; i < statistics->count; i++)
 *		... statistics->names[i] ...
 *	name_statistics_free(statistics);
 *
 * Definitions: wall is end - begin, busy the time in which the span was entered, queue the time
 * from begin until it was entered first. Wall, busy and queue are those of ended spans. Percentiles
 * are exact, by nearest rank: the smallest value that at least p percent of the values do not
 * exceed. All times in nanoseconds. Memory: 16 bytes a span.
 */
#ifndef ANALYZE_NAME_STATISTICS_H
#define ANALYZE_NAME_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum span_outcome {
	SPAN_OK,
	SPAN_ERROR,
	SPAN_CANCELLED,
	SPAN_UNFINISHED,
};

struct span_times {
	enum span_outcome outcome;
	uint64_t wall; /* ignored, as is busy, if unfinished */
	uint64_t busy;
	bool entered; /* it was entered at least once: queue is valid */
	uint64_t queue;
};

struct distribution {
	uint64_t count; /* 0: the others mean nothing */
	uint64_t total; /* UINT64_MAX when it does not fit */
	uint64_t p50;
	uint64_t p99;
	uint64_t max;
};

struct name_statistic {
	const char *name; /* any bytes; owned by name_statistics */
	size_t name_length;
	uint64_t spans; /* all, unfinished ones too */
	uint64_t unfinished;
	uint64_t errors;
	uint64_t cancelled;
	struct distribution wall;
	struct distribution queue;
	uint64_t busy_total;
};

struct name_statistics {
	struct name_statistic *names; /* after finish: by total wall, greatest first, then by name */
	size_t count;
	/* Of all names, after finish. */
	uint64_t spans;
	uint64_t unfinished;
	uint64_t errors;
	uint64_t cancelled;
	uint64_t total_wall;
	uint64_t total_busy;
	struct name_statistics_private *private;
};

struct name_statistics *name_statistics_new(void);	       /* NULL without memory */
void name_statistics_free(struct name_statistics *statistics); /* NULL is fine */

/* The group of a name, made when it is new; SIZE_MAX without memory. Valid until finish. */
size_t name_statistics_group(struct name_statistics *statistics, const char *name, size_t length);

/* Without memory, finish reports it. */
void name_statistics_add(struct name_statistics *statistics, size_t group,
			 const struct span_times *span);

/* Computes the distributions and sorts. Returns 0 or -ENOMEM. To be called once, after the last add. */
int name_statistics_finish(struct name_statistics *statistics);

#endif
