/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes rows of what a table_reader read, all columns of the table in its order.
 *
 *	err = row_copy_open(&copy, table, strings);
 *	while (table_reader_next(reader, &batch) > 0) {
 *		err = row_copy_begin(copy, &batch);
 *		for (i = 0; i < batch.rows && !err; i++)
 *			err = row_copy_get(copy, i, &row);	// struct NAME_row
 *	}
 *	row_copy_close(copy);
 *
 * Texts of the rows are ids of @strings. The only error is -ENOMEM.
 */
#ifndef TABLES_ROW_COPY_H
#define TABLES_ROW_COPY_H

#include <stddef.h>

#include "base/intern.h"
#include "tables/table.h"
#include "tables/table_reader.h"

struct row_copy;

int row_copy_open(struct row_copy **copy, const struct table *table, struct intern *strings);
void row_copy_close(struct row_copy *copy); /* NULL is fine */

/* @batch must have all columns of the table, in its order. */
int row_copy_begin(struct row_copy *copy, const struct table_batch *batch);
int row_copy_get(struct row_copy *copy, size_t index, void *row);

#endif
