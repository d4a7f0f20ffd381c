/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the traces of a directory say about themselves, from DIR/traces/<trace_id>.json: how long
 * they ran and what they lost. Where several traces share a directory, the numbers are summed.
 *
 *	struct trace_files files;
 *	error = trace_files_read(directory, &files);
 *	... files.counters[i].value ...
 *	trace_files_free(&files);
 *
 * The files are not trusted. Members of a file that are missing or of another type count as 0.
 */
#ifndef ANALYZE_TRACE_FILES_H
#define ANALYZE_TRACE_FILES_H

#include <stddef.h>
#include <stdint.h>

enum trace_counter_kind {
	TRACE_COUNTER_LOSS,	     /* the files lack something */
	TRACE_COUNTER_INCONSISTENCY, /* the program used its spans in a way that had to be mended */
	TRACE_COUNTER_NOTE,
};

struct trace_counter {
	char *name;    /* owned by trace_files */
	char *meaning; /* likewise */
	enum trace_counter_kind kind;
	uint64_t value;
};

/* When a trace ran, in ns since 1970 UTC; 0: the file does not say. */
struct trace_period {
	char trace8[9]; /* the beginning of its id: the names of its parts begin with it */
	int64_t start;
	int64_t end;
};

struct trace_files {
	struct trace_period *periods; /* one for each of the traces */
	size_t traces;		      /* 0: nothing is known of losses */
	size_t open;		      /* of these: still being written, or never completed */
	uint64_t events;	      /* begins and ends in the files */
	uint64_t duration_ns;	      /* of all traces that have ended */
	struct trace_counter *counters;
	size_t counter_count;
	char message[512]; /* after an error: "PATH: cause" */
};

/*
 * Returns 0, also when there is no such folder or no file in it; -EBADMSG for a file that is not of
 * this form, -E2BIG for one too large to be real, or a negative errno; then only message is set.
 */
int trace_files_read(const char *directory, struct trace_files *out);
void trace_files_free(struct trace_files *files);

#endif
