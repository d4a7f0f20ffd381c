/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parquet/metadata.h"
#include "parquet/page_index.h"
#include "parquet/row_selection.h"

/* Far beyond what any file of ours has; what a damaged one may make us allocate. */
#define FOOTER_SIZE_MAX (64 << 20)
#define GROUP_ROWS_MAX (16 << 20)
#define CHUNK_SIZE_MAX (UINT64_C(1) << 30)

struct parquet_reader {
	int fd;
	uint64_t size;		/* of the file */
	uint64_t footer_offset; /* all pages lie before it */
	struct buffer footer;
	struct metadata_reader metadata;
	struct metadata_row_group group;
	uint64_t rows_seen; /* in the row groups so far */
	struct buffer chunk;

	/* The rows of this row group that are wanted, once some are not. */
	bool narrowed;
	struct row_selection wanted;
	struct row_selection pages; /* rows of the pages that were read, or may have a value */
	struct page_index index;
	struct buffer index_bytes;
	struct chunk_decoder decoder;
};

static int read_at(int fd, uint64_t offset, void *to, size_t length)
{
	uint8_t *at = to;

	while (length) {
		ssize_t got = pread(fd, at, length, offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			return -EBADMSG;
		at += got;
		offset += got;
		length -= got;
	}
	return 0;
}

static int read_into(struct buffer *buffer, int fd, uint64_t offset, size_t length)
{
	uint8_t *to;
	int err;

	buffer_clear(buffer);
	to = buffer_reserve(buffer, length);
	if (!to)
		return -ENOMEM;
	err = read_at(fd, offset, to, length);
	if (!err)
		buffer->length = length;
	return err;
}

static int read_footer(struct parquet_reader *reader, const char **why)
{
	uint8_t head[METADATA_MAGIC_SIZE], tail[METADATA_TAIL_SIZE];
	uint32_t length;
	int err;

	*why = "is not a Parquet file";
	if (reader->size < sizeof(head))
		return -EBADMSG;
	err = read_at(reader->fd, 0, head, sizeof(head));
	if (err)
		return err;
	if (memcmp(head, METADATA_MAGIC, sizeof(head)))
		return -EBADMSG;
	*why = "is cut off: its footer is missing";
	if (reader->size < sizeof(head) + sizeof(tail))
		return -EBADMSG;
	err = read_at(reader->fd, reader->size - sizeof(tail), tail, sizeof(tail));
	if (err)
		return err;
	if (memcmp(tail + sizeof(length), METADATA_MAGIC, METADATA_MAGIC_SIZE))
		return -EBADMSG;
	memcpy(&length, tail, sizeof(length));
	*why = "has a damaged footer";
	if (length > FOOTER_SIZE_MAX || length > reader->size - sizeof(head) - sizeof(tail))
		return -EBADMSG;
	reader->footer_offset = reader->size - sizeof(tail) - length;
	err = read_into(&reader->footer, reader->fd, reader->footer_offset, length);
	if (err)
		return err;
	err = metadata_open(&reader->metadata, reader->footer.data, length);
	if (err == -ENOTSUP)
		*why = "has nested or encrypted columns, which are not supported";
	return err;
}

int parquet_reader_open(struct parquet_reader **out, int fd, const char **why)
{
	struct parquet_reader *reader = calloc(1, sizeof(*reader));
	struct stat status;
	int err;

	*out = NULL;
	*why = NULL;
	if (!reader)
		return -ENOMEM;
	reader->fd = fd;
	if (fstat(fd, &status)) {
		err = -errno;
		goto fail;
	}
	reader->size = status.st_size;
	err = read_footer(reader, why);
	if (err)
		goto fail;
	*out = reader;
	*why = NULL;
	return 0;
fail:
	if (err != -EBADMSG && err != -ENOTSUP)
		*why = NULL;
	parquet_reader_close(reader);
	return err;
}

void parquet_reader_close(struct parquet_reader *reader)
{
	if (!reader)
		return;
	buffer_free(&reader->index_bytes);
	page_index_free(&reader->index);
	row_selection_free(&reader->pages);
	row_selection_free(&reader->wanted);
	chunk_decoder_free(&reader->decoder);
	buffer_free(&reader->chunk);
	metadata_close(&reader->metadata);
	buffer_free(&reader->footer);
	free(reader);
}

const struct parquet_column *parquet_reader_columns(const struct parquet_reader *reader,
						    size_t *count)
{
	*count = reader->metadata.column_count;
	return reader->metadata.columns;
}

uint64_t parquet_reader_rows(const struct parquet_reader *reader)
{
	return reader->metadata.rows;
}

const char *parquet_reader_key_value(const struct parquet_reader *reader, const char *key,
				     size_t *length)
{
	struct thrift_binary value = metadata_key_value(&reader->metadata, key);

	*length = value.length;
	return (const char *)value.bytes;
}

int parquet_reader_next_group(struct parquet_reader *reader, size_t *rows, const char **why)
{
	int err = metadata_next_row_group(&reader->metadata, &reader->group);

	*why = "has a damaged footer";
	if (!err && reader->rows_seen != reader->metadata.rows)
		return -EBADMSG;
	if (err <= 0)
		return err;
	if (reader->group.rows > GROUP_ROWS_MAX) {
		*why = "has a row group that is too large";
		return -ENOTSUP;
	}
	reader->rows_seen += reader->group.rows;
	reader->narrowed = false;
	*rows = reader->group.rows;
	*why = NULL;
	return 1;
}

static uint64_t chunk_offset(const struct metadata_chunk *chunk)
{
	if (chunk->has_dictionary && chunk->dictionary_page_offset < chunk->data_page_offset)
		return chunk->dictionary_page_offset;
	return chunk->data_page_offset;
}

static bool is_inside(const struct parquet_reader *reader, uint64_t offset, uint64_t length)
{
	return offset >= METADATA_MAGIC_SIZE && offset <= reader->footer_offset &&
	       length <= reader->footer_offset - offset;
}

/* Indexes of pages */

static int read_index_bytes(struct parquet_reader *reader, uint64_t offset, uint32_t length)
{
	if (length > FOOTER_SIZE_MAX || !is_inside(reader, offset, length))
		return -EBADMSG;
	return read_into(&reader->index_bytes, reader->fd, offset, length);
}

/* Where the pages of a column are. The chunk must have an offset index. */
static int read_offset_index(struct parquet_reader *reader, const struct metadata_chunk *chunk)
{
	const struct metadata_index *at = &chunk->index;
	int err = read_index_bytes(reader, at->offset_index_offset, at->offset_index_length);

	if (err)
		return err;
	return page_index_read_offsets(&reader->index, reader->index_bytes.data,
				       at->offset_index_length, reader->group.rows);
}

static int read_column_index(struct parquet_reader *reader, const struct metadata_chunk *chunk)
{
	const struct metadata_index *at = &chunk->index;
	int err = read_index_bytes(reader, at->column_index_offset, at->column_index_length);

	if (err)
		return err;
	return page_index_read_bounds(&reader->index, reader->index_bytes.data,
				      at->column_index_length);
}

static size_t page_rows(const struct parquet_reader *reader, size_t page)
{
	const struct page_entry *entry = &page_index_entries(&reader->index)[page];

	if (page + 1 == reader->index.count)
		return reader->group.rows - entry->first_row;
	return entry[1].first_row - entry->first_row;
}

/* Selects the rows of pages that may have a value from @first to @last. */
static int select_pages(struct parquet_reader *reader, const struct parquet_column *column,
			int64_t first, int64_t last)
{
	const struct page_entry *entries = page_index_entries(&reader->index);
	int err = 0;

	row_selection_clear(&reader->pages);
	for (size_t i = 0; i < reader->index.count && !err; i++)
		if (!entries[i].all_null &&
		    statistics_may_have(&entries[i].statistics, column, first, last))
			err = row_selection_add(&reader->pages, entries[i].first_row,
						page_rows(reader, i));
	return err;
}

static int narrow(struct parquet_reader *reader, size_t column, int64_t first, int64_t last)
{
	const struct parquet_column *declared = &reader->metadata.columns[column];
	const struct metadata_chunk *chunk = &reader->group.chunks[column];
	int err = 0;

	if (!reader->narrowed)
		err = row_selection_all(&reader->wanted, reader->group.rows);
	if (err)
		return err;
	reader->narrowed = true;
	if (!statistics_may_have(&chunk->statistics, declared, first, last)) {
		row_selection_clear(&reader->wanted);
		return 0;
	}
	if (!chunk->index.offset_index_length || !chunk->index.column_index_length)
		return 0;
	err = read_offset_index(reader, chunk);
	if (!err)
		err = read_column_index(reader, chunk);
	if (!err)
		err = select_pages(reader, declared, first, last);
	return err ? err : row_selection_intersect(&reader->wanted, &reader->pages);
}

int parquet_reader_narrow(struct parquet_reader *reader, size_t column, int64_t first, int64_t last,
			  size_t *rows, const char **why)
{
	int err = narrow(reader, column, first, last);

	*why = err == -EBADMSG ? "has a damaged index of pages" : NULL;
	*rows = reader->wanted.rows;
	return err;
}

/* Columns */

/* Appends bytes of the file to those of the chunk. */
static int read_more(struct parquet_reader *reader, uint64_t offset, uint64_t length)
{
	uint8_t *to;
	int err;

	if (length > CHUNK_SIZE_MAX || !is_inside(reader, offset, length) ||
	    reader->chunk.length > CHUNK_SIZE_MAX)
		return -EBADMSG;
	to = buffer_reserve(&reader->chunk, length);
	if (!to)
		return -ENOMEM;
	err = read_at(reader->fd, offset, to, length);
	if (!err)
		reader->chunk.length += length;
	return err;
}

/* Reads the pages that have rows that are wanted; .pages is then the rows of these pages. */
static int read_wanted_pages(struct parquet_reader *reader, const struct metadata_chunk *chunk)
{
	const struct row_range *range = row_selection_ranges(&reader->wanted);
	const struct row_range *end = range + reader->wanted.range_count;
	const struct page_entry *entry;
	int err = read_offset_index(reader, chunk);

	row_selection_clear(&reader->pages);
	entry = page_index_entries(&reader->index);
	for (size_t i = 0; i < reader->index.count && !err; i++, entry++) {
		size_t rows = page_rows(reader, i);

		while (range < end && range->first + range->count <= entry->first_row)
			range++;
		if (range == end || range->first >= entry->first_row + rows)
			continue;
		err = read_more(reader, entry->offset, entry->size);
		if (!err)
			err = row_selection_add(&reader->pages, entry->first_row, rows);
	}
	return err;
}

/* Reads a chunk, as much as is wanted of it; .pages is then the rows that were read. */
static int read_chunk(struct parquet_reader *reader, const struct metadata_chunk *chunk)
{
	uint64_t offset = chunk_offset(chunk);
	int err;

	buffer_clear(&reader->chunk);
	if (!reader->narrowed || !chunk->index.offset_index_length) {
		err = row_selection_all(&reader->pages, reader->group.rows);
		return err ? err : read_more(reader, offset, chunk->compressed_size);
	}
	err = read_more(reader, offset, chunk->data_page_offset - offset);
	return err ? err : read_wanted_pages(reader, chunk);
}

#define MOVE(type)                                                            \
	do {                                                                  \
		type *values = (void *)data->values.data;                     \
                                                                              \
		memmove(values + to, values + from, count * sizeof(*values)); \
	} while (0)

static void move_rows(const struct parquet_column *column, struct parquet_data *data, size_t to,
		      size_t from, size_t count)
{
	if (column->physical == PARQUET_INT64)
		MOVE(int64_t);
	else if (column->physical == PARQUET_BOOLEAN)
		MOVE(uint8_t);
	else
		MOVE(int32_t);
	if (data->any_null)
		memmove(data->valid.data + to, data->valid.data + from, count);
}

/* Drops the rows that were read with others of their page but are not wanted. */
static void keep_wanted(struct parquet_reader *reader, const struct parquet_column *column,
			struct parquet_data *data)
{
	const struct row_range *read = row_selection_ranges(&reader->pages);
	const struct row_range *wanted = row_selection_ranges(&reader->wanted);
	size_t before = 0, kept = 0; /* rows of the ranges read before this one */

	for (size_t i = 0; i < reader->wanted.range_count; i++) {
		while (read->first + read->count <= wanted[i].first)
			before += read++->count;
		move_rows(column, data, kept, before + wanted[i].first - read->first,
			  wanted[i].count);
		kept += wanted[i].count;
	}
	data->rows = kept;
}

int parquet_reader_column(struct parquet_reader *reader, size_t column, struct parquet_data *data,
			  const char **why)
{
	const struct parquet_column *declared = &reader->metadata.columns[column];
	struct metadata_chunk chunk = reader->group.chunks[column];
	uint64_t offset = chunk_offset(&chunk);
	int err;

	*why = "has a damaged footer";
	if (chunk.values != reader->group.rows || chunk.compressed_size > CHUNK_SIZE_MAX ||
	    !is_inside(reader, offset, chunk.compressed_size) ||
	    chunk.data_page_offset - offset > chunk.compressed_size)
		return -EBADMSG;
	err = read_chunk(reader, &chunk);
	*why = err == -EBADMSG ? "has a damaged index of pages" : NULL;
	if (err)
		return err;
	chunk.compressed_size = reader->chunk.length;
	err = chunk_decode(&reader->decoder, declared, &chunk, reader->chunk.data,
			   reader->pages.rows, data);
	*why = reader->decoder.why;
	if (!err && reader->narrowed)
		keep_wanted(reader, declared, data);
	return err;
}

uint64_t parquet_reader_column_size(const struct parquet_reader *reader, size_t column)
{
	return reader->group.chunks[column].compressed_size;
}
