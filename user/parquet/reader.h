/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a Parquet file of a flat schema, row group by row group, the columns that are asked for.
 *
 *	err = parquet_reader_open(&reader, fd, &why);
 *	columns = parquet_reader_columns(reader, &count);
 *	while ((err = parquet_reader_next_group(reader, &rows)) > 0)
 *		err = parquet_reader_column(reader, i, &data, &why);
 *	parquet_reader_close(reader);
 *
 * What it reads is what the writer here writes, and other writers of such tables: data pages of
 * both versions, PLAIN, dictionaries, DELTA encodings, RLE booleans; zstd, gzip, lz4_raw or no
 * compression. The file is not trusted: all lengths are bounded, checksums compared where there are
 * any. The descriptor stays the caller's and must be able to pread(2). Memory is the footer and the
 * column chunks that are held.
 *
 * Errors: -ENOMEM, what pread gave, -EBADMSG for what is no Parquet file or damaged, -ENOTSUP for
 * what is not known here. *@why is then a part of a sentence whose subject is the file ("is cut
 * off"), or NULL where the errno says all.
 */
#ifndef PARQUET_READER_H
#define PARQUET_READER_H

#include <stddef.h>
#include <stdint.h>

#include "parquet/chunk_decoder.h"
#include "parquet/types.h"

struct parquet_reader;

int parquet_reader_open(struct parquet_reader **reader, int fd, const char **why);
void parquet_reader_close(struct parquet_reader *reader); /* NULL is fine */

/* Columns of a type that is not known here have an empty name. */
const struct parquet_column *parquet_reader_columns(const struct parquet_reader *reader,
						    size_t *count);
uint64_t parquet_reader_rows(const struct parquet_reader *reader);

/* Text of a key in the footer, NULL: there is none. Not NUL-terminated. */
const char *parquet_reader_key_value(const struct parquet_reader *reader, const char *key,
				     size_t *length);

/* 1: a row group, 0: no more. */
int parquet_reader_next_group(struct parquet_reader *reader, size_t *rows, const char **why);

/*
 * Leaves out rows of this row group whose value of an integer column cannot lie in @first to @last,
 * as far as statistics and indexes of the pages say so; what is left may still have others. *@rows:
 * how many rows are left; where there are none, there is nothing to read. May be called several
 * times, for several columns, before the first column is read.
 */
int parquet_reader_narrow(struct parquet_reader *reader, size_t column, int64_t first, int64_t last,
			  size_t *rows, const char **why);

/* One column of this row group: of the rows that are left. Pages without such rows are not read. */
int parquet_reader_column(struct parquet_reader *reader, size_t column, struct parquet_data *data,
			  const char **why);

/* Bytes that the column takes in this row group. */
uint64_t parquet_reader_column_size(const struct parquet_reader *reader, size_t column);

#endif
