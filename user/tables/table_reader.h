/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the columns asked for from all complete parts of a table, row group by row group.
 *
 *	static const char *const columns[] = { "name", "duration_ns" };
 *	struct table_batch batch;
 *
 *	err = table_reader_open(&reader, directory, &async_spans_table, columns, 2);
 *	while ((err = table_reader_next(reader, &batch)) > 0)
 *		for (i = 0; i < batch.rows; i++)
 *			if (table_cell_valid(&batch.columns[1], i))
 *				add(table_cell_string(&batch.columns[0], i),
 *				    batch.columns[1].int64s[i]);
 *	if (err < 0)
 *		complain(table_reader_message(reader));
 *	table_reader_close(reader);
 *
 * Parts are DIRECTORY/TABLE/(any folders)/NAME.parquet, in the order of their paths; names that
 * begin with '.' or '_' are skipped, symbolic links to folders are not followed. The files are not
 * trusted: every length is bounded, every page's checksum compared.
 *
 * Files of other tracers that have this table's columns can be read too: columns that are marked so
 * in the table (.not_in_older) are null where a file lacks them, and any column may have nulls
 * there. async_events.depth is then computed from the parents, for which all parts are read once.
 *
 * A batch is one row group, or the part of it that conditions leave, and belongs to the reader
 * until the next call. Errors: -ENOENT no such folder (the trace has no such table), -EBADMSG a
 * damaged file or not a Parquet file, -ENOTSUP a Parquet file that uses what this reader does not
 * know, -ENODATA a column is missing or of another type, or what opening and reading gave; the
 * message says which file and what. A bad file ends with the error: the next call goes on with the
 * next file.
 */
#ifndef TABLES_TABLE_READER_H
#define TABLES_TABLE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tables/table.h"

struct table_string {
	const char *bytes; /* not NUL-terminated */
	size_t length;
};

struct table_batch_column {
	const struct table_column *column;
	const uint8_t *valid; /* one byte a row, 0: null; NULL: no row is null */

	/* One of these by column->type, one value a row; a null's is 0. */
	union {
		const int64_t *int64s; /* TABLE_INT64, TABLE_TIMESTAMP */
		const int32_t *int32s;
		const uint32_t *uint32s;
		const uint8_t *booleans;
		const uint32_t *indexes; /* TABLE_STRING: into the dictionary; always in range */
	};

	/*
	 * The texts of a batch; the same text may occur more than once. At least one when there are
	 * rows.
	 */
	const struct table_string *dictionary;
	size_t dictionary_count;
};

struct table_batch {
	size_t rows;
	const struct table_batch_column *columns; /* in the order asked for */
	size_t column_count;
	const char *path; /* of the file */
};

static inline bool table_cell_valid(const struct table_batch_column *column, size_t row)
{
	return !column->valid || column->valid[row];
}

static inline const struct table_string *table_cell_string(const struct table_batch_column *column,
							   size_t row)
{
	return &column->dictionary[column->indexes[row]];
}

struct table_reader;

/*
 * @columns are names of the table's columns (-EINVAL otherwise). A folder that is not there is
 * reported by the first table_reader_next(), with a message.
 */
int table_reader_open(struct table_reader **reader, const char *directory,
		      const struct table *table, const char *const *columns, size_t column_count);

/* The same for one file, whatever its name. */
int table_reader_open_file(struct table_reader **reader, const char *path,
			   const struct table *table, const char *const *columns,
			   size_t column_count);

/*
 * Leaves out row groups and pages that cannot have a row with @column from @first to @last, as far
 * as the files say so: batches still have other rows too. @column is an integer or a timestamp of
 * the table, asked for or not (-EINVAL otherwise, -E2BIG too many of them). To be called before
 * table_reader_next(); all conditions hold together.
 */
int table_reader_between(struct table_reader *reader, const char *column, int64_t first,
			 int64_t last);

/* 1: @batch is set; 0: no more; negative: error. */
int table_reader_next(struct table_reader *reader, struct table_batch *batch);

/* What went wrong last: "PATH: cause". Empty when nothing did. */
const char *table_reader_message(const struct table_reader *reader);

void table_reader_close(struct table_reader *reader); /* NULL is fine */

#endif
