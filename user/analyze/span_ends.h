/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When spans ended that have no end in the files: with their process image, or with the trace.
 *
 *	error = span_ends_open(&ends, directory, &traces);
 *	error = span_ends_scan(ends, parts, group, &latest);	for each row group
 *	error = span_ends_fill(ends, parts, group, rows, times);
 *	span_ends_close(ends);
 *
 * Scanning all row groups first is needed where a trace does not say when it ended: its end is then
 * the latest time of any row.
 */
#ifndef ANALYZE_SPAN_ENDS_H
#define ANALYZE_SPAN_ENDS_H

#include <stddef.h>
#include <stdint.h>

#include "analyze/span_parts.h"
#include "analyze/trace_files.h"

/* What span_ends_fill() wants to have been read. */
#define SPAN_ENDS_COLUMNS                                                          \
	(SPAN_COLUMN(ASYNC_SPANS_END_TIME) | SPAN_COLUMN(ASYNC_SPANS_PROCESS_ID) | \
	 SPAN_COLUMN(ASYNC_SPANS_END_REASON) | SPAN_COLUMN(ASYNC_SPANS_LAST_EVENT_TIME))

struct span_ends;

/* Reads the table of processes, if there is one. @traces must outlive it. */
int span_ends_open(struct span_ends **out, const char *directory, const struct trace_files *traces);
void span_ends_close(struct span_ends *ends); /* NULL is fine */
const char *span_ends_message(const struct span_ends *ends);

/* Looks at every row group, to know the latest time. Errors are those of span_parts_read(). */
int span_ends_scan(struct span_ends *ends, struct span_parts *parts);

/* The latest time of any row, after the scan; INT64_MIN without rows. */
int64_t span_ends_latest(const struct span_ends *ends);

/* The end of each row of a group that was read, @rows of them. Returns 0 or -ENOMEM. */
int span_ends_fill(const struct span_ends *ends, const struct span_parts *parts, size_t group,
		   size_t rows, int64_t *times);

/* The greatest of those, reading what it needs. */
int span_ends_group(const struct span_ends *ends, struct span_parts *parts, size_t group,
		    int64_t *latest);

#endif
