/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes a Parquet file of a flat schema, row group by row group.
 *
 *	err = parquet_writer_open(&writer, &sink, &schema, &options);
 *	err = parquet_writer_begin_group(writer, rows);
 *	for each column of the schema, in its order:
 *		err = parquet_writer_column(writer, &values);
 *	err = parquet_writer_end_group(writer);
 *	err = parquet_writer_finish(writer);			// the footer
 *	parquet_writer_close(writer);
 *
 * The sink, the schema and what the options point to belong to the caller and must outlive the
 * writer. Memory is that of one column chunk and of the row groups' descriptions and page indexes,
 * about 6 KiB per group of 15 columns and 7 pages.
 *
 * Errors: -EINVAL for a schema or options that make no sense, -ENOMEM, those of the sink. After an
 * error within a row group parquet_writer_drop_group() takes back what was written of it, and the
 * writer goes on as if it had never begun.
 */
#ifndef PARQUET_WRITER_H
#define PARQUET_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "parquet/chunk_encoder.h"
#include "parquet/sink.h"
#include "parquet/types.h"

struct parquet_writer_options {
	enum parquet_codec codec;
	int level;
	size_t page_rows;	     /* rows per page */
	uint32_t dictionary_entries; /* more distinct values in a chunk are written plain */
	size_t dictionary_bytes;     /* the same for the texts of a dictionary */
	const char *created_by;	     /* "PROGRAM version X" */
	const struct parquet_key_value *key_values; /* besides ARROW:schema */
	size_t key_value_count;
};

#define PARQUET_WRITER_OPTIONS_DEFAULT                                            \
	{                                                                         \
		.codec = PARQUET_CODEC_ZSTD, .level = 1, .page_rows = 20000,      \
		.dictionary_entries = 64 * 1024, .dictionary_bytes = 1024 * 1024, \
		.created_by = "asyncspan version " ASYNCSPAN_VERSION              \
	}

struct parquet_writer;

int parquet_writer_open(struct parquet_writer **writer, struct parquet_sink *sink,
			const struct parquet_schema *schema,
			const struct parquet_writer_options *options);

int parquet_writer_begin_group(struct parquet_writer *writer, size_t rows);
int parquet_writer_column(struct parquet_writer *writer, const struct parquet_values *values);
int parquet_writer_end_group(struct parquet_writer *writer);
int parquet_writer_drop_group(struct parquet_writer *writer);

/*
 * For who keeps what a footer needs elsewhere, to make one when the program is killed: see
 * parquet/footer_rebuild.h. The footer as it would be now, without indexes of the pages, and the
 * description of the row group that ended last, which stays valid until the next call.
 */
int parquet_writer_footer(const struct parquet_writer *writer, struct buffer *out);
void parquet_writer_last_group(const struct parquet_writer *writer, const uint8_t **bytes,
			       size_t *length);

int parquet_writer_finish(struct parquet_writer *writer);
void parquet_writer_close(struct parquet_writer *writer); /* NULL is fine */

#endif
