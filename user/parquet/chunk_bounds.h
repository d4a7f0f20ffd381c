/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The smallest and the greatest value of every page of a column chunk, and of the chunk.
 *
 *	chunk_bounds_begin(&bounds, &column);
 *	err = chunk_bounds_dictionary(&bounds, entries, length, count);	// where there is one
 *	for each page, one of:
 *		err = chunk_bounds_indexes(&bounds, indexes, count, &page_statistics);
 *		err = chunk_bounds_plain_texts(&bounds, plain, length, &page_statistics);
 *		chunk_bounds_integers(&bounds, values, count, &page_statistics);
 *	chunk_bounds_end(&bounds, &chunk_statistics);
 *	chunk_bounds_free(&bounds);
 *
 * Dictionary entries and texts are given in PLAIN encoding, texts valid UTF-8; the entries must
 * stay until the chunk's end. A page without values gets no bounds. The only error is -ENOMEM.
 */
#ifndef PARQUET_CHUNK_BOUNDS_H
#define PARQUET_CHUNK_BOUNDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "parquet/statistics.h"
#include "parquet/types.h"

struct chunk_bounds {
	const struct parquet_column *column;
	struct statistics whole; /* of integers, as far as the pages have come */

	/* Of texts: the smallest and the greatest so far, uncut. */
	struct buffer min;
	struct buffer max;
	bool any_text;

	/* The dictionary. */
	const uint8_t *entries;
	size_t entry_count;
	struct buffer places; /* uint32_t: where each text begins */
	struct buffer seen;   /* a byte per entry: it occurs in the page */
	struct buffer found;  /* integers that occur */
};

void chunk_bounds_begin(struct chunk_bounds *bounds, const struct parquet_column *column);
int chunk_bounds_dictionary(struct chunk_bounds *bounds, const uint8_t *entries, size_t length,
			    size_t count);
int chunk_bounds_indexes(struct chunk_bounds *bounds, const uint32_t *indexes, size_t count,
			 struct statistics *page);
int chunk_bounds_plain_texts(struct chunk_bounds *bounds, const uint8_t *plain, size_t length,
			     struct statistics *page);
void chunk_bounds_integers(struct chunk_bounds *bounds, const void *values, size_t count,
			   struct statistics *page);
void chunk_bounds_end(const struct chunk_bounds *bounds, struct statistics *chunk);
void chunk_bounds_free(struct chunk_bounds *bounds);

#endif
