/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * traces/TRACE_ID.json: what a trace was made with, and what it lost.
 *
 * Written as the trace starts, with "complete": false, and again as it ends; each time under a
 * hidden name first, then renamed.
 */
#ifndef COLLECT_TRACE_FILE_H
#define COLLECT_TRACE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "attach/programs.h"
#include "collect/rows.h"
#include "collect/trace.h"

/* What the person asked for, as it is told in the file. */
struct trace_request {
	char **command; /* ends with NULL; NULL: none, or not to be told */
	const pid_t *pids;
	size_t pid_count;
	bool follow;
	bool command_lines;
	struct programs_options programs;
	const char *codec;
	int level;
};

struct trace_file {
	const char *directory;
	const struct trace *trace;
	const struct programs *programs;
	const struct trace_request *request;
};

/* `stats` NULL: the trace starts. Negative errno of writing. */
int trace_file_write(const struct trace_file *file, const struct rows_stats *stats);

#endif
