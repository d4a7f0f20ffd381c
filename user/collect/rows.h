/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turns what comes from the kernel into the rows of a trace's tables.
 *
 *	err = rows_open(&rows, &options);
 *	rows_begin(rows, record); rows_end(rows, &record->span); ...
 *	err = rows_finish(rows, trace_end);
 *	rows_close(rows);
 *
 * The first failure to write is kept: rows are counted as lost from then on, what is written stays
 * good. One thread at a time, but for rows_stats().
 */
#ifndef COLLECT_ROWS_H
#define COLLECT_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attach/programs.h"
#include "attach/targets.h"
#include "collect/registry.h"
#include "collect/trace.h"
#include "parquet/types.h"

struct rows;

struct rows_options {
	const char *directory; /* of the trace; must exist */
	const struct trace *trace;
	const struct programs *programs;
	struct targets *targets; /* NULL: objects have no names */
	struct registry *registry;
	enum parquet_codec codec;
	int level;
	uint64_t rotate_bytes; /* a part this large or ... */
	uint64_t rotate_ns;    /* ... open this long is completed; 0: the table writer's limits */
	bool polls;	       /* write async_polls */
};

/* Everything counts rows of this trace; may be read by another thread while it grows. */
struct rows_stats {
	uint64_t begins;
	uint64_t ends;
	uint64_t unfinished;
	uint64_t polls;
	uint64_t tasks;
	uint64_t processes;
	uint64_t late;	/* out of time order over row groups */
	uint64_t lost;	/* not written, for the error that rows_error() tells */
	uint64_t bytes; /* of all files */
	uint64_t files;
};

int rows_open(struct rows **rows, const struct rows_options *options);

/* A record as the ring buffer has it, `size` bytes; one that is none is counted as lost. */
void rows_record(struct rows *rows, const void *record, size_t size);

/*
 * False where the span's end would come before its begin, whose record, with the name, is still
 * in the ring.
 */
bool rows_ready(const struct rows *rows, const struct model_span *span);

/* A span that ended, or that did not by the end of its process or of the trace. */
void rows_end(struct rows *rows, const struct model_span *span);
void rows_unfinished(struct rows *rows, const struct model_span *span);

/* The rows of processes that are over are complete: drops what was kept for them. */
void rows_forget(struct rows *rows);

/* To be called now and then: completes parts, and writes processes and streams that changed. */
void rows_tick(struct rows *rows);

/* Writes everything that is left. Returns the first failure of all. */
int rows_finish(struct rows *rows);
void rows_close(struct rows *rows);

int rows_error(const struct rows *rows); /* the first failure so far, 0 for none */
struct rows_stats rows_stats(const struct rows *rows);

#endif
