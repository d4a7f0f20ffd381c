/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "parquet/arrow_schema.h"
#include "parquet/metadata.h"

struct parquet_writer {
	struct parquet_sink *sink;
	const struct parquet_schema *schema;
	const char *created_by;
	struct parquet_key_value *key_values; /* the first is ARROW:schema */
	size_t key_value_count;
	char *arrow_schema;

	struct chunk_encoder encoder;
	struct buffer pages; /* of the column in work */

	struct metadata_row_group group; /* in work */
	size_t columns_done;
	size_t *chunk_ends;   /* of the descriptions of its columns */
	struct buffer groups; /* descriptions of those that are complete */
	size_t last_group;    /* where the last one begins */

	/* Of every column of those, and of those of the group in work that are done. */
	struct buffer places; /* struct metadata_place */
	struct buffer column_indexes;
	struct buffer offset_indexes;
	/* How much of these is of complete groups. */
	size_t places_complete;
	size_t column_indexes_complete;
	size_t offset_indexes_complete;
	uint32_t group_count;
	uint64_t rows;
};

/* What the encoder can do with a column, and readers expect of it. */
static bool column_is_valid(const struct parquet_column *column)
{
	enum parquet_preference preference = column->preference;

	if (!column->name || !*column->name)
		return false;
	switch (column->physical) {
	case PARQUET_BOOLEAN:
		return column->logical == PARQUET_LOGICAL_NONE && preference == PARQUET_PREFER_RLE;
	case PARQUET_INT32:
		return (column->logical == PARQUET_LOGICAL_NONE ||
			column->logical == PARQUET_LOGICAL_UINT32) &&
		       (preference == PARQUET_PREFER_DICTIONARY ||
			preference == PARQUET_PREFER_PLAIN);
	case PARQUET_INT64:
		return (column->logical == PARQUET_LOGICAL_NONE ||
			column->logical == PARQUET_LOGICAL_TIMESTAMP_NS) &&
		       preference != PARQUET_PREFER_RLE;
	case PARQUET_BYTE_ARRAY:
		return column->logical == PARQUET_LOGICAL_STRING &&
		       preference == PARQUET_PREFER_DICTIONARY;
	}
	return false;
}

static bool schema_is_valid(const struct parquet_schema *schema)
{
	if (!schema->column_count)
		return false;
	for (size_t i = 0; i < schema->column_count; i++)
		if (!column_is_valid(&schema->columns[i]))
			return false;
	for (size_t i = 0; i < schema->sort_count; i++)
		if (schema->sort[i].column >= schema->column_count)
			return false;
	return true;
}

static int set_key_values(struct parquet_writer *writer,
			  const struct parquet_writer_options *options)
{
	int err = arrow_schema_encode(&writer->arrow_schema, writer->schema);

	if (err)
		return err;
	writer->key_value_count = options->key_value_count + 1;
	writer->key_values = calloc(writer->key_value_count, sizeof(*writer->key_values));
	if (!writer->key_values)
		return -ENOMEM;
	writer->key_values[0].key = ARROW_SCHEMA_KEY;
	writer->key_values[0].value = writer->arrow_schema;
	for (size_t i = 0; i < options->key_value_count; i++)
		writer->key_values[i + 1] = options->key_values[i];
	return 0;
}

int parquet_writer_open(struct parquet_writer **out, struct parquet_sink *sink,
			const struct parquet_schema *schema,
			const struct parquet_writer_options *options)
{
	struct parquet_writer *writer;
	int err = -ENOMEM;

	*out = NULL;
	if (!schema_is_valid(schema) || !options->page_rows || options->page_rows > INT32_MAX)
		return -EINVAL;
	writer = calloc(1, sizeof(*writer));
	if (!writer)
		return -ENOMEM;
	writer->sink = sink;
	writer->schema = schema;
	writer->created_by = options->created_by;
	writer->encoder.codec_kind = options->codec;
	writer->encoder.page_rows = options->page_rows;
	writer->encoder.dictionary_limit.entries = options->dictionary_entries;
	writer->encoder.dictionary_limit.bytes = options->dictionary_bytes;
	writer->group.chunks = calloc(schema->column_count, sizeof(*writer->group.chunks));
	writer->chunk_ends = calloc(schema->column_count, sizeof(*writer->chunk_ends));
	if (!writer->group.chunks || !writer->chunk_ends)
		goto fail;
	err = codec_open(&writer->encoder.codec, options->codec, options->level);
	if (!err)
		err = set_key_values(writer, options);
	if (!err)
		err = parquet_sink_write(sink, METADATA_MAGIC, METADATA_MAGIC_SIZE);
	if (err)
		goto fail;
	*out = writer;
	return 0;
fail:
	parquet_writer_close(writer);
	return err;
}

void parquet_writer_close(struct parquet_writer *writer)
{
	if (!writer)
		return;
	buffer_free(&writer->offset_indexes);
	buffer_free(&writer->column_indexes);
	buffer_free(&writer->places);
	buffer_free(&writer->groups);
	buffer_free(&writer->pages);
	free(writer->key_values);
	free(writer->arrow_schema);
	codec_close(writer->encoder.codec);
	chunk_encoder_free(&writer->encoder);
	free(writer->chunk_ends);
	free(writer->group.chunks);
	free(writer);
}

/* Forgets the indexes of the group in work. */
static void drop_indexes(struct parquet_writer *writer)
{
	writer->places.length = writer->places_complete;
	writer->column_indexes.length = writer->column_indexes_complete;
	writer->offset_indexes.length = writer->offset_indexes_complete;
}

/* Takes over the index of the column that has been encoded, whose pages lie from @start on. */
static int add_index(struct parquet_writer *writer, const struct parquet_column *column,
		     uint64_t start)
{
	const struct page_index *pages = &writer->encoder.index;
	struct metadata_place place = {
		.index = {
			.column_index_offset = writer->column_indexes.length,
			.offset_index_offset = writer->offset_indexes.length,
		},
	};
	int err = page_index_write_offsets(pages, start, &writer->offset_indexes);

	if (!err)
		err = page_index_write_bounds(pages, column, &writer->column_indexes);
	if (err)
		return err;
	place.index.column_index_length =
		writer->column_indexes.length - place.index.column_index_offset;
	place.index.offset_index_length =
		writer->offset_indexes.length - place.index.offset_index_offset;
	return buffer_append(&writer->places, &place, sizeof(place));
}

/* The group in work is complete: so are its indexes. */
static void complete_indexes(struct parquet_writer *writer)
{
	struct metadata_place *places = (void *)(writer->places.data + writer->places_complete);

	for (size_t i = 0; i < writer->schema->column_count; i++)
		places[i].chunk_end = writer->chunk_ends[i];
	writer->places_complete = writer->places.length;
	writer->column_indexes_complete = writer->column_indexes.length;
	writer->offset_indexes_complete = writer->offset_indexes.length;
}

int parquet_writer_begin_group(struct parquet_writer *writer, size_t rows)
{
	if (!rows)
		return -EINVAL;
	writer->group.rows = rows;
	writer->group.offset = writer->sink->offset;
	writer->group.ordinal = writer->group_count;
	writer->columns_done = 0;
	drop_indexes(writer);
	return 0;
}

int parquet_writer_column(struct parquet_writer *writer, const struct parquet_values *values)
{
	const struct parquet_column *column = &writer->schema->columns[writer->columns_done];
	struct metadata_chunk *chunk = &writer->group.chunks[writer->columns_done];
	uint64_t start = writer->sink->offset;
	int err;

	if (writer->columns_done == writer->schema->column_count ||
	    values->count != writer->group.rows || (values->valid && !column->optional))
		return -EINVAL;
	buffer_clear(&writer->pages);
	err = chunk_encode(&writer->encoder, column, values, &writer->pages, chunk);
	if (!err)
		err = add_index(writer, column, start);
	if (!err)
		err = parquet_sink_write(writer->sink, writer->pages.data, writer->pages.length);
	if (err)
		return err;
	chunk->data_page_offset += start;
	chunk->dictionary_page_offset += start;
	writer->columns_done++;
	return 0;
}

int parquet_writer_end_group(struct parquet_writer *writer)
{
	size_t start = writer->groups.length;
	int err;

	if (writer->columns_done != writer->schema->column_count)
		return -EINVAL;
	err = metadata_write_row_group(&writer->groups, writer->schema, &writer->group,
				       writer->chunk_ends);
	if (err)
		return err;
	complete_indexes(writer);
	writer->last_group = start;
	writer->rows += writer->group.rows;
	writer->group_count++;
	return 0;
}

int parquet_writer_drop_group(struct parquet_writer *writer)
{
	drop_indexes(writer);
	return parquet_sink_rewind(writer->sink, writer->group.offset);
}

/* Indexes of the pages, if wanted, and the footer, to be put at the sink's offset. */
static int write_tail(const struct parquet_writer *writer, bool page_indexes, struct buffer *out)
{
	struct metadata_file file = {
		.schema = writer->schema,
		.rows = writer->rows,
		.row_group_count = writer->group_count,
		.row_groups = &writer->groups,
		.key_values = writer->key_values,
		.key_value_count = writer->key_value_count,
		.created_by = writer->created_by,
	};
	int err;

	if (!page_indexes)
		return metadata_write_footer(out, &file);
	file.places = (const void *)writer->places.data;
	file.place_count = writer->places_complete / sizeof(*file.places);
	file.column_indexes = writer->sink->offset;
	file.offset_indexes = file.column_indexes + writer->column_indexes_complete;
	err = buffer_append(out, writer->column_indexes.data, writer->column_indexes_complete);
	if (!err)
		err = buffer_append(out, writer->offset_indexes.data,
				    writer->offset_indexes_complete);
	return err ? err : metadata_write_footer(out, &file);
}

int parquet_writer_footer(const struct parquet_writer *writer, struct buffer *out)
{
	return write_tail(writer, false, out);
}

void parquet_writer_last_group(const struct parquet_writer *writer, const uint8_t **bytes,
			       size_t *length)
{
	*length = writer->groups.length - writer->last_group;
	*bytes = *length ? writer->groups.data + writer->last_group : NULL;
}

int parquet_writer_finish(struct parquet_writer *writer)
{
	int err;

	buffer_clear(&writer->pages);
	err = write_tail(writer, true, &writer->pages);
	if (err)
		return err;
	return parquet_sink_write(writer->sink, writer->pages.data, writer->pages.length);
}
