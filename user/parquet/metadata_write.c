/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include "parquet/metadata.h"
#include "parquet/metadata_fields.h"

/* Readers take "version 2" as: any encoding or page type may occur. */
#define FORMAT_VERSION 2

#define STOP_SIZE 1 /* the byte that ends a struct */

static void write_converted_type(struct thrift_writer *w, enum parquet_logical logical)
{
	/*
	 * The older form of the logical type, which some readers go by alone. Nanoseconds have
	 * none.
	 */
	if (logical == PARQUET_LOGICAL_STRING)
		thrift_write_i32(w, ELEMENT_CONVERTED_TYPE, CONVERTED_UTF8);
	else if (logical == PARQUET_LOGICAL_UINT32)
		thrift_write_i32(w, ELEMENT_CONVERTED_TYPE, CONVERTED_UINT_32);
}

static void write_logical_type(struct thrift_writer *w, enum parquet_logical logical)
{
	if (logical == PARQUET_LOGICAL_NONE)
		return;
	thrift_begin_struct(w, ELEMENT_LOGICAL_TYPE);
	switch (logical) {
	case PARQUET_LOGICAL_STRING:
		thrift_write_empty_struct(w, LOGICAL_STRING);
		break;
	case PARQUET_LOGICAL_UINT32:
		thrift_begin_struct(w, LOGICAL_INTEGER);
		thrift_write_i8(w, INTEGER_BIT_WIDTH, 32);
		thrift_write_bool(w, INTEGER_IS_SIGNED, false);
		thrift_end_struct(w);
		break;
	case PARQUET_LOGICAL_TIMESTAMP_NS:
		thrift_begin_struct(w, LOGICAL_TIMESTAMP);
		thrift_write_bool(w, TIMESTAMP_IS_ADJUSTED_TO_UTC, true);
		thrift_begin_struct(w, TIMESTAMP_UNIT);
		thrift_write_empty_struct(w, UNIT_NANOS);
		thrift_end_struct(w);
		thrift_end_struct(w);
		break;
	case PARQUET_LOGICAL_NONE:
		break;
	}
	thrift_end_struct(w);
}

static void write_schema(struct thrift_writer *w, const struct parquet_schema *schema)
{
	thrift_begin_list(w, FILE_SCHEMA, THRIFT_STRUCT, schema->column_count + 1);
	thrift_begin_element_struct(w);
	thrift_write_text(w, ELEMENT_NAME, "schema");
	thrift_write_i32(w, ELEMENT_NUM_CHILDREN, schema->column_count);
	thrift_end_struct(w);
	for (size_t i = 0; i < schema->column_count; i++) {
		const struct parquet_column *column = &schema->columns[i];

		thrift_begin_element_struct(w);
		thrift_write_i32(w, ELEMENT_TYPE, column->physical);
		thrift_write_i32(w, ELEMENT_REPETITION,
				 column->optional ? REPETITION_OPTIONAL : REPETITION_REQUIRED);
		thrift_write_text(w, ELEMENT_NAME, column->name);
		write_converted_type(w, column->logical);
		write_logical_type(w, column->logical);
		thrift_end_struct(w);
	}
}

static void write_encodings(struct thrift_writer *w, uint32_t encodings)
{
	thrift_begin_list(w, CHUNK_ENCODINGS, THRIFT_I32, __builtin_popcount(encodings));
	for (int i = 0; i < 32; i++)
		if (encodings & UINT32_C(1) << i)
			thrift_element_i32(w, i);
}

static void write_page_count(struct thrift_writer *w, int32_t type, int32_t encoding, int32_t count)
{
	thrift_begin_element_struct(w);
	thrift_write_i32(w, PAGE_COUNT_TYPE, type);
	thrift_write_i32(w, PAGE_COUNT_ENCODING, encoding);
	thrift_write_i32(w, PAGE_COUNT_COUNT, count);
	thrift_end_struct(w);
}

static void write_chunk(struct thrift_writer *w, const struct parquet_column *column,
			const struct metadata_chunk *chunk)
{
	bool dictionary = chunk->has_dictionary;

	thrift_begin_element_struct(w);
	thrift_write_i64(w, CHUNK_FILE_OFFSET, 0);
	thrift_begin_struct(w, CHUNK_METADATA);
	thrift_write_i32(w, CHUNK_TYPE, column->physical);
	write_encodings(w, chunk->encodings);
	thrift_begin_list(w, CHUNK_PATH, THRIFT_BINARY, 1);
	thrift_element_text(w, column->name);
	thrift_write_i32(w, CHUNK_CODEC, chunk->codec);
	thrift_write_i64(w, CHUNK_NUM_VALUES, chunk->values);
	thrift_write_i64(w, CHUNK_UNCOMPRESSED_SIZE, chunk->uncompressed_size);
	thrift_write_i64(w, CHUNK_COMPRESSED_SIZE, chunk->compressed_size);
	thrift_write_i64(w, CHUNK_DATA_PAGE_OFFSET, chunk->data_page_offset);
	if (dictionary)
		thrift_write_i64(w, CHUNK_DICTIONARY_PAGE_OFFSET, chunk->dictionary_page_offset);
	statistics_write(&chunk->statistics, w, CHUNK_STATISTICS);
	thrift_begin_list(w, CHUNK_ENCODING_STATS, THRIFT_STRUCT, dictionary ? 2 : 1);
	if (dictionary)
		write_page_count(w, PAGE_DICTIONARY, PARQUET_PLAIN, 1);
	write_page_count(w, PAGE_DATA_V2, chunk->data_encoding, chunk->data_pages);
	thrift_end_struct(w);
	thrift_end_struct(w);
}

static void write_sorting(struct thrift_writer *w, const struct parquet_schema *schema)
{
	if (!schema->sort_count)
		return;
	thrift_begin_list(w, GROUP_SORTING_COLUMNS, THRIFT_STRUCT, schema->sort_count);
	for (size_t i = 0; i < schema->sort_count; i++) {
		thrift_begin_element_struct(w);
		thrift_write_i32(w, SORTING_COLUMN, schema->sort[i].column);
		thrift_write_bool(w, SORTING_DESCENDING, schema->sort[i].descending);
		thrift_write_bool(w, SORTING_NULLS_FIRST, schema->sort[i].nulls_first);
		thrift_end_struct(w);
	}
}

int metadata_write_row_group(struct buffer *out, const struct parquet_schema *schema,
			     const struct metadata_row_group *group, size_t *chunk_ends)
{
	struct thrift_writer w = { .out = out };
	uint64_t compressed = 0, uncompressed = 0;
	size_t before = out->length;

	thrift_begin_list(&w, GROUP_COLUMNS, THRIFT_STRUCT, schema->column_count);
	for (size_t i = 0; i < schema->column_count; i++) {
		write_chunk(&w, &schema->columns[i], &group->chunks[i]);
		if (chunk_ends)
			chunk_ends[i] = out->length - STOP_SIZE;
		compressed += group->chunks[i].compressed_size;
		uncompressed += group->chunks[i].uncompressed_size;
	}
	thrift_write_i64(&w, GROUP_TOTAL_BYTE_SIZE, uncompressed);
	thrift_write_i64(&w, GROUP_NUM_ROWS, group->rows);
	write_sorting(&w, schema);
	thrift_write_i64(&w, GROUP_FILE_OFFSET, group->offset);
	thrift_write_i64(&w, GROUP_TOTAL_COMPRESSED_SIZE, compressed);
	if (group->ordinal <= INT16_MAX)
		thrift_write_i16(&w, GROUP_ORDINAL, group->ordinal);
	thrift_end_struct(&w);
	if (w.error)
		out->length = before;
	return w.error;
}

static void write_key_values(struct thrift_writer *w, const struct metadata_file *file)
{
	if (!file->key_value_count)
		return;
	thrift_begin_list(w, FILE_KEY_VALUES, THRIFT_STRUCT, file->key_value_count);
	for (size_t i = 0; i < file->key_value_count; i++) {
		thrift_begin_element_struct(w);
		thrift_write_text(w, KEY_VALUE_KEY, file->key_values[i].key);
		thrift_write_text(w, KEY_VALUE_VALUE, file->key_values[i].value);
		thrift_end_struct(w);
	}
}

/*
 * All columns are ordered as their types say. Without this list some readers ignore the statistics.
 */
static void write_column_orders(struct thrift_writer *w, size_t count)
{
	thrift_begin_list(w, FILE_COLUMN_ORDERS, THRIFT_STRUCT, count);
	for (size_t i = 0; i < count; i++) {
		thrift_begin_element_struct(w);
		thrift_write_empty_struct(w, ORDER_OF_TYPE);
		thrift_end_struct(w);
	}
}

/* The last fields of a ColumnChunk. */
static void write_index(struct thrift_writer *w, const struct metadata_file *file,
			const struct metadata_index *index)
{
	struct thrift_writer chunk = {
		.out = w->out,
		.error = w->error,
		.last_field = { CHUNK_METADATA },
	};

	thrift_write_i64(&chunk, CHUNK_OFFSET_INDEX_OFFSET,
			 file->offset_indexes + index->offset_index_offset);
	thrift_write_i32(&chunk, CHUNK_OFFSET_INDEX_LENGTH, index->offset_index_length);
	if (index->column_index_length) {
		thrift_write_i64(&chunk, CHUNK_COLUMN_INDEX_OFFSET,
				 file->column_indexes + index->column_index_offset);
		thrift_write_i32(&chunk, CHUNK_COLUMN_INDEX_LENGTH, index->column_index_length);
	}
	w->error = chunk.error;
}

/* The finished descriptions, each chunk's completed by where its indexes are. */
static void write_row_groups(struct thrift_writer *w, const struct metadata_file *file)
{
	const struct buffer *groups = file->row_groups;
	size_t done = 0;

	thrift_begin_list(w, FILE_ROW_GROUPS, THRIFT_STRUCT, file->row_group_count);
	for (size_t i = 0; i < file->place_count && !w->error; i++) {
		const struct metadata_place *place = &file->places[i];

		w->error = buffer_append(w->out, groups->data + done, place->chunk_end - done);
		write_index(w, file, &place->index);
		done = place->chunk_end;
	}
	if (!w->error && groups->length)
		w->error = buffer_append(w->out, groups->data + done, groups->length - done);
}

int metadata_write_footer(struct buffer *out, const struct metadata_file *file)
{
	struct thrift_writer w = { .out = out };
	size_t start = out->length;

	thrift_write_i32(&w, FILE_VERSION, FORMAT_VERSION);
	write_schema(&w, file->schema);
	thrift_write_i64(&w, FILE_NUM_ROWS, file->rows);
	write_row_groups(&w, file);
	write_key_values(&w, file);
	thrift_write_text(&w, FILE_CREATED_BY, file->created_by);
	write_column_orders(&w, file->schema->column_count);
	thrift_end_struct(&w);
	if (!w.error)
		w.error = buffer_append_u32(out, out->length - start);
	if (!w.error)
		w.error = buffer_append(out, METADATA_MAGIC, METADATA_MAGIC_SIZE);
	return w.error;
}
