/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pages of a column chunk: where each is, which rows it has, its smallest and its greatest
 * value. Parquet stores that as two structs, OffsetIndex and ColumnIndex, apart from the pages, so
 * that a reader finds the pages it needs without reading the others.
 *
 *	page_index_clear(&index);
 *	err = page_index_add(&index, &entry);			// for every data page
 *	err = page_index_write_offsets(&index, start, &out);
 *	err = page_index_write_bounds(&index, &column, &out);
 *
 *	err = page_index_read_offsets(&index, bytes, length, rows);
 *	err = page_index_read_bounds(&index, bytes, length);
 *	page_index_free(&index);
 *
 * Errors: -ENOMEM; of reading -EBADMSG for what is damaged.
 */
#ifndef PARQUET_PAGE_INDEX_H
#define PARQUET_PAGE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "parquet/statistics.h"
#include "parquet/types.h"

struct page_entry {
	uint64_t offset; /* of its header; in the file when read, from the chunk's start when added */
	uint32_t size;	 /* header included */
	uint64_t first_row; /* in the row group */
	bool all_null;
	struct statistics statistics; /* when read only bounds that fit in one */
};

struct page_index {
	struct buffer entries; /* struct page_entry, in the order of the rows */
	size_t count;
};

static inline void page_index_clear(struct page_index *index)
{
	buffer_clear(&index->entries);
	index->count = 0;
}

static inline struct page_entry *page_index_entries(const struct page_index *index)
{
	return (struct page_entry *)(void *)index->entries.data;
}

void page_index_free(struct page_index *index);
int page_index_add(struct page_index *index, const struct page_entry *entry);

/* Appends the OffsetIndex; the entries' offsets count from @start. */
int page_index_write_offsets(const struct page_index *index, uint64_t start, struct buffer *out);

/* Appends the ColumnIndex, or nothing where the bounds of a page are not known. */
int page_index_write_bounds(const struct page_index *index, const struct parquet_column *column,
			    struct buffer *out);

/* Sets the entries, without bounds: pages of a row group of @rows rows, in order, none empty. */
int page_index_read_offsets(struct page_index *index, const uint8_t *bytes, size_t length,
			    uint64_t rows);

/* Fills in the bounds of the entries read before. */
int page_index_read_bounds(struct page_index *index, const uint8_t *bytes, size_t length);

#endif
