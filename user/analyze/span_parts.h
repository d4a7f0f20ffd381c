/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The row groups of async_spans, to be read in any order, some columns of each.
 *
 *	error = span_parts_open(&parts, "asyncspan.data");
 *	for (group = 0; group < span_parts_count(parts); group++) {
 *		error = span_parts_read(parts, group, SPAN_COLUMN(ASYNC_SPANS_END_TIME), &rows);
 *		const int64_t *times = span_parts_values(parts, ASYNC_SPANS_END_TIME);
 *	}
 *	span_parts_close(parts);
 *
 * Parts are DIRECTORY/async_spans/(any folders)/NAME.parquet in the order of their paths; hidden
 * names are left out. Files are not trusted: the Parquet reader checks every length, this the types
 * of the columns. Errors are those of tables/table_reader.h; span_parts_message() says which file
 * and what. What the accessors give is valid until the next read. One thread at a time.
 */
#ifndef ANALYZE_SPAN_PARTS_H
#define ANALYZE_SPAN_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "parquet/chunk_decoder.h"
#include "tables/async_spans.h"

#define SPAN_COLUMN(column) (UINT64_C(1) << (column))

struct span_parts;

/* Finds the parts and counts their row groups. *@out is to be closed after an error, too. */
int span_parts_open(struct span_parts **out, const char *directory);
void span_parts_close(struct span_parts *parts); /* NULL is fine */
const char *span_parts_message(const struct span_parts *parts);

size_t span_parts_count(const struct span_parts *parts); /* row groups of all parts */
const char *span_parts_path(const struct span_parts *parts, size_t group);

/* Reads the columns of a mask of SPAN_COLUMN()s. */
int span_parts_read(struct span_parts *parts, size_t group, uint64_t columns, size_t *rows);

/* One value a row: int64_t, int32_t, uint8_t or, of texts, uint32_t indexes; a null's is 0. */
const void *span_parts_values(const struct span_parts *parts, enum async_spans_column column);
/* One byte a row, 0: null. NULL: no row is null. */
const uint8_t *span_parts_valid(const struct span_parts *parts, enum async_spans_column column);
const struct parquet_text *span_parts_texts(const struct span_parts *parts,
					    enum async_spans_column column, size_t *count);

#endif
