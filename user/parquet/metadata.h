/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The footer of a Parquet file: what is in it, and where. Field numbers are those of
 * parquet.thrift.
 *
 * Writing: metadata_write_row_group() appends one row group's description to a buffer; when the
 * file is complete, metadata_write_footer() makes the footer around all of them, length and magic
 * included, and says where the indexes of the pages are. So what a writer keeps of a row group is
 * its finished description, and a footer can be made at any time.
 *
 * Reading: metadata_open() takes the footer's bytes and gives the schema; metadata_next_row_group()
 * reads one row group at a time. Everything read is bounds checked; the bytes must stay while it is
 * used.
 *
 * Errors: -ENOMEM; of reading -EBADMSG for what is malformed, -ENOTSUP for what this reader does
 * not know (nested columns, encryption).
 */
#ifndef PARQUET_METADATA_H
#define PARQUET_METADATA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "parquet/statistics.h"
#include "parquet/thrift.h"
#include "parquet/types.h"

#define METADATA_MAGIC "PAR1"
#define METADATA_MAGIC_SIZE 4
#define METADATA_TAIL_SIZE 8 /* the footer's length and the magic, which end a file */

/* Where the indexes of a chunk's pages are; a length of 0: there is none. */
struct metadata_index {
	uint64_t column_index_offset;
	uint64_t offset_index_offset;
	uint32_t column_index_length;
	uint32_t offset_index_length;
};

/*
 * A column chunk: the values of one column in one row group. Offsets count from the file's start.
 */
struct metadata_chunk {
	enum parquet_codec codec;
	uint32_t encodings; /* a bit for each enum parquet_encoding that occurs */
	uint64_t values;    /* nulls included */
	uint64_t uncompressed_size;
	uint64_t compressed_size; /* of all pages with their headers */
	uint64_t data_page_offset;
	uint64_t dictionary_page_offset;
	bool has_dictionary;
	enum parquet_encoding data_encoding; /* of the data pages, where they have one */
	uint32_t data_pages;
	struct statistics statistics;
	struct metadata_index index; /* only read: they are written by metadata_write_footer() */
};

struct metadata_row_group {
	uint64_t rows;
	uint64_t offset; /* of its first page */
	uint32_t ordinal;
	struct metadata_chunk *chunks; /* one per column of the schema */
};

/* @chunk_ends, where not NULL: how far @out was filled after each column, for metadata_places. */
int metadata_write_row_group(struct buffer *out, const struct parquet_schema *schema,
			     const struct metadata_row_group *group, size_t *chunk_ends);

/*
 * A chunk of a finished description whose pages are indexed. Offsets count from where the column
 * indexes and where the offset indexes begin: that is known only when the file is complete.
 */
struct metadata_place {
	size_t chunk_end; /* in the descriptions */
	struct metadata_index index;
};

struct metadata_file {
	const struct parquet_schema *schema;
	uint64_t rows;
	size_t row_group_count;
	const struct buffer *row_groups;     /* written by metadata_write_row_group() */
	const struct metadata_place *places; /* in ascending order */
	size_t place_count;
	uint64_t column_indexes; /* offsets in the file */
	uint64_t offset_indexes;
	const struct parquet_key_value *key_values;
	size_t key_value_count;
	const char *created_by;
};

int metadata_write_footer(struct buffer *out, const struct metadata_file *file);

struct metadata_reader {
	uint64_t rows;
	size_t row_group_count;
	struct parquet_column *columns; /* names are in .names */
	size_t column_count;
	struct metadata_chunk *chunks; /* of the row group read last */

	struct buffer names;
	struct thrift_reader row_groups; /* where the next one begins */
	size_t row_groups_read;
	const uint8_t *key_values;
	const uint8_t *end;
};

int metadata_open(struct metadata_reader *reader, const uint8_t *bytes, size_t length);
void metadata_close(struct metadata_reader *reader);

/* 1: @group is set, its chunks belong to the reader until the next call; 0: no more. */
int metadata_next_row_group(struct metadata_reader *reader, struct metadata_row_group *group);

/* The value of a key of the footer; .bytes NULL if there is none. */
struct thrift_binary metadata_key_value(const struct metadata_reader *reader, const char *key);

#endif
