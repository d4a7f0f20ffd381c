/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The spans of a trace, one after the other, without holding the trace in memory.
 *
 *	struct span_reader_options options = { .latest_first = true };
 *	error = span_reader_open(&reader, "asyncspan.data", &options);
 *	while ((error = span_reader_next(reader, &span)) > 0)
 *		... *span, valid until the next call ...
 *	if (error < 0)
 *		complain(span_reader_message(reader));
 *	span_reader_close(reader);
 *
 * In the order of the files, spans come as they ended; several parts and traces one after the
 * other. Latest first they come strictly by falling end, over all parts, whatever order they were
 * written in: a parent then comes before its children, but for those that outlived it. That is the
 * order in which nesting, spans in flight and critical paths can be followed with the memory of the
 * spans that are open at a time.
 *
 * A second thread decodes the next row group meanwhile. Memory: two row groups, and latest first
 * the rows that were written later than rows that ended after them.
 *
 * Errors are those of tables/table_reader.h and of trace_files_read(), with a message.
 */
#ifndef ANALYZE_SPAN_READER_H
#define ANALYZE_SPAN_READER_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/span.h"
#include "analyze/span_parts.h"
#include "analyze/trace_files.h"
#include "base/intern.h"

/* What takes time to read and is not always wanted: members are 0 unless asked for. */
#define SPAN_READ_ROOT SPAN_COLUMN(ASYNC_SPANS_ROOT_SPAN_ID)
#define SPAN_READ_TARGET SPAN_COLUMN(ASYNC_SPANS_TARGET)
#define SPAN_READ_THREAD \
	(SPAN_COLUMN(ASYNC_SPANS_BEGIN_STREAM_ID) | SPAN_COLUMN(ASYNC_SPANS_BEGIN_TID))
/* filename, line, status, polls, migrations, end_tid */
#define SPAN_READ_DETAILS                                                    \
	(SPAN_COLUMN(ASYNC_SPANS_FILENAME) | SPAN_COLUMN(ASYNC_SPANS_LINE) | \
	 SPAN_COLUMN(ASYNC_SPANS_STATUS) | SPAN_COLUMN(ASYNC_SPANS_POLLS) |  \
	 SPAN_COLUMN(ASYNC_SPANS_MIGRATIONS) | SPAN_COLUMN(ASYNC_SPANS_END_TID))
#define SPAN_READ_ALL (SPAN_READ_ROOT | SPAN_READ_TARGET | SPAN_READ_THREAD | SPAN_READ_DETAILS)

struct span_reader_options {
	bool latest_first;
	uint64_t read; /* SPAN_READ_... */
};

/* When the traces ran: what they say, where they do not the times of their spans. */
struct span_period {
	int64_t begin;
	int64_t end; /* equal: there is no span, and no trace says */
};

struct span_reader;

/* *@out is to be closed after an error, too. */
int span_reader_open(struct span_reader **out, const char *directory,
		     const struct span_reader_options *options);
void span_reader_close(struct span_reader *reader); /* NULL is fine */
const char *span_reader_message(const struct span_reader *reader);

/* 1: *@span is set; 0: no more; negative: an error, which stays. */
int span_reader_next(struct span_reader *reader, const struct span **span);

/* What the texts of spans are; it grows with each span, ids stay. */
struct intern *span_reader_strings(struct span_reader *reader);
const struct trace_files *span_reader_traces(const struct span_reader *reader);

/*
 * Where no trace says when it began, that is the first begin among the spans given so far:
 * it is right when there are no more.
 */
struct span_period span_reader_period(const struct span_reader *reader);

#endif
