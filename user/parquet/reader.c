/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parquet/metadata.h"

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

int parquet_reader_column(struct parquet_reader *reader, size_t column, struct parquet_data *data,
			  const char **why)
{
	const struct metadata_chunk *chunk = &reader->group.chunks[column];
	uint64_t offset = chunk_offset(chunk);
	int err;

	*why = "has a damaged footer";
	if (chunk->values != reader->group.rows || chunk->compressed_size > CHUNK_SIZE_MAX ||
	    offset < METADATA_MAGIC_SIZE || offset > reader->footer_offset ||
	    chunk->compressed_size > reader->footer_offset - offset)
		return -EBADMSG;
	*why = NULL;
	err = read_into(&reader->chunk, reader->fd, offset, chunk->compressed_size);
	if (err)
		return err;
	err = chunk_decode(&reader->decoder, &reader->metadata.columns[column], chunk,
			   reader->chunk.data, reader->group.rows, data);
	*why = reader->decoder.why;
	return err;
}

uint64_t parquet_reader_column_size(const struct parquet_reader *reader, size_t column)
{
	return reader->group.chunks[column].compressed_size;
}
