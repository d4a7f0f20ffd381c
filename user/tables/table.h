/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a table is: its columns, each declared once with type, unit and meaning. The Parquet schema,
 * the Arrow schema and the documentation follow from it.
 *
 *	const struct table *table = table_find("async_spans");
 *	struct async_spans_row row = { .name = name_id, .nulls = ASYNC_SPANS_NULL_END_TIME };
 *	table_writer_append(writer, &row);
 *
 * Each table has a struct NAME_row with one field per column, named like it: strings are uint32_t
 * ids of a base/intern.h set, timestamps int64_t nanoseconds since 1970 UTC, booleans uint8_t 0 or
 * 1. A column that may be null has a bit in the field `nulls`: 1 << its index, where set the field
 * is ignored.
 */
#ifndef TABLES_TABLE_H
#define TABLES_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parquet/types.h"

#define TABLE_SCHEMA_VERSION 1 /* of all tables; goes up with every column added */
#define TABLE_COLUMNS_MAX 64   /* bits of `nulls` */
#define TABLE_NO_COLUMN SIZE_MAX

enum table_type {
	TABLE_STRING,	 /* uint32_t id of an intern set */
	TABLE_TIMESTAMP, /* int64_t, ns since 1970 UTC */
	TABLE_INT64,	 /* int64_t */
	TABLE_INT32,	 /* int32_t */
	TABLE_UINT32,	 /* uint32_t */
	TABLE_BOOLEAN,	 /* uint8_t */
};

struct table_column {
	const char *name;
	enum table_type type;
	enum parquet_preference preference;
	const char *unit;      /* "" where there is none */
	const char *meaning;   /* one sentence */
	const char *null_when; /* NULL: never null */
	unsigned int since;    /* schema version that brought it */
	size_t offset;	       /* of its field in the row struct */
	bool not_in_older;     /* files of other tracers that read as this table may lack it */
};

struct table {
	const char *name; /* also its folder's */
	const char *meaning;
	const struct table_column *columns;
	size_t column_count;
	size_t row_size;
	size_t nulls_offset; /* of `nulls` in the row; SIZE_MAX: no column is ever null */

	/* The order within a row group: TABLE_NO_COLUMN where there is none. Nulls come last. */
	size_t sort_text; /* a string column, by its text */
	size_t sort_time; /* a timestamp column; rows equal so far stay in the order of appending */

	/* A string column that the writer fills: one UUID per sort_text and row group. */
	size_t block_column;
};

extern const struct table *const tables[];
extern const size_t table_count;

const struct table *table_find(const char *name);		       /* NULL: no such table */
size_t table_column_find(const struct table *table, const char *name); /* or TABLE_NO_COLUMN */
size_t table_type_size(enum table_type type);			       /* of a field, in bytes */
struct parquet_column table_parquet_column(const struct table_column *column);

#endif
