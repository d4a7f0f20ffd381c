/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which rows of a row group are wanted: ranges in ascending order that do not touch.
 *
 *	err = row_selection_all(&selection, rows);
 *	err = row_selection_add(&other, first, count);		// behind those added before
 *	err = row_selection_intersect(&selection, &other);
 *	row_selection_free(&selection);
 *
 * All zero is the selection of no row. The only error is -ENOMEM, which leaves the selection as it
 * was.
 */
#ifndef PARQUET_ROW_SELECTION_H
#define PARQUET_ROW_SELECTION_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct row_range {
	size_t first;
	size_t count;
};

struct row_selection {
	struct buffer ranges; /* struct row_range */
	size_t range_count;
	size_t rows; /* in all ranges */
};

static inline const struct row_range *row_selection_ranges(const struct row_selection *selection)
{
	return (const void *)selection->ranges.data;
}

void row_selection_clear(struct row_selection *selection);
void row_selection_free(struct row_selection *selection);
int row_selection_all(struct row_selection *selection, size_t rows);
int row_selection_add(struct row_selection *selection, size_t first, size_t count);
int row_selection_intersect(struct row_selection *selection, const struct row_selection *other);

#endif
