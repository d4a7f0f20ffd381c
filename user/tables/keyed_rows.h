/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows of a small table (processes, streams), of which the first column is the key, each key once:
 * of several rows the one with the greatest `updated` counts, of equal ones the last.
 *
 *	struct keyed_rows rows = { .table = table };
 *	err = keyed_rows_read(&rows, path, strings);	// a part
 *	err = keyed_rows_put(&rows, &row, &changed);
 *	table_writer_rewrite(writer, rows.rows.data, rows.count);
 *	keyed_rows_free(&rows);
 *
 * Texts of all rows are ids of one intern set. Errors: as of table_reader_next().
 */
#ifndef TABLES_KEYED_ROWS_H
#define TABLES_KEYED_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/intern.h"
#include "tables/table.h"

struct keyed_rows {
	const struct table *table;
	struct buffer rows; /* in the order of the keys' first appearance */
	size_t count;
	struct buffer places; /* uint32_t, by the key's id: number of the row + 1, 0: none */
};

/* Whether the table is one of these: it has a column `updated`. */
bool keyed_rows_table(const struct table *table);

int keyed_rows_read(struct keyed_rows *rows, const char *path, struct intern *strings);

/* Counts in @changed if the row was taken, NULL is fine. */
int keyed_rows_put(struct keyed_rows *rows, const void *row, size_t *changed);
void keyed_rows_free(struct keyed_rows *rows);

#endif
