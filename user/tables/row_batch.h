/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Collects rows of a table and gives them back column by column, in the table's order.
 *
 *	err = row_batch_open(&batch, table, capacity);
 *	row_batch_append(batch, &row);			// at most capacity times
 *	err = row_batch_sort(batch, strings);
 *	for each column:
 *		row_batch_column(batch, column, &values);
 *	row_batch_clear(batch);
 *
 * Rows are taken apart in small lots while they are still in the cache: the columns are then arrays
 * from which sorting, gathering and encoding read what they need and no more. The only error is
 * -ENOMEM. Memory is that of @capacity rows, touched as rows come.
 */
#ifndef TABLES_ROW_BATCH_H
#define TABLES_ROW_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/intern.h"
#include "parquet/chunk_encoder.h"
#include "tables/table.h"

struct row_batch;

int row_batch_open(struct row_batch **batch, const struct table *table, size_t capacity);
void row_batch_close(struct row_batch *batch); /* NULL is fine */

void row_batch_append(struct row_batch *batch, const void *row);
size_t row_batch_count(const struct row_batch *batch);
void row_batch_clear(struct row_batch *batch);

/* Decides on the order. Rows that are equal in what the table is sorted by stay as they came. */
int row_batch_sort(struct row_batch *batch, const struct intern *strings);

/* One column in that order; .strings is left alone. Valid until the next call. */
void row_batch_column(struct row_batch *batch, size_t column, struct parquet_values *values);

#endif
