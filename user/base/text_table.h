/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A table of aligned columns for a terminal.
 *
 *	static const struct text_column columns[] = {
 *		{ .title = "name", .shrinks = true }, { .title = "count", .align = TEXT_RIGHT },
 *	};
 *	struct text_table *table = text_table_new(columns, 2);
 *	text_table_add(table, name, name_length);
 *	text_table_add_number(table, 1234);
 *	text_table_print(table, stdout, 79);
 *	text_table_free(table);
 *
 * Cells are added row by row. Bytes that could drive a terminal are escaped. Where the table is
 * wider than asked for, the columns that shrink are cut, "..." marking the place. Memory that is
 * refused is remembered and returned by text_table_print.
 */
#ifndef BASE_TEXT_TABLE_H
#define BASE_TEXT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum text_align {
	TEXT_LEFT,
	TEXT_RIGHT,
};

struct text_column {
	const char *title;
	enum text_align align;
	bool shrinks;	    /* may be cut, down to 16 columns */
	bool hide_if_empty; /* not shown when all its cells are empty or "-" */
};

struct text_table;

/* columns must outlive the table. NULL without memory; all functions take a NULL table. */
struct text_table *text_table_new(const struct text_column *columns, size_t column_count);
void text_table_free(struct text_table *table);

void text_table_add(struct text_table *table, const char *text, size_t length);
void text_table_add_text(struct text_table *table, const char *text);
void text_table_add_number(struct text_table *table, uint64_t value);	   /* 1,234,567 */
void text_table_add_duration(struct text_table *table, uint64_t duration); /* ns: 1.23 ms */

/* Title and rows, each line ending without blanks. Returns 0, -ENOMEM or -EIO. */
int text_table_print(const struct text_table *table, FILE *out, size_t width);

/* Columns to print on: those of the terminal that the stream is, otherwise 79. */
size_t text_table_width(FILE *out);

#endif
