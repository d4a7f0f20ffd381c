/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>

#include <zlib.h>

#include "parquet/bits.h"
#include "parquet/page.h"
#include "parquet/thrift.h"

/* A page's header as it is read. */
struct header {
	int32_t type;
	int32_t uncompressed_size;
	int32_t compressed_size;
	int32_t crc;
	bool has_crc;
	bool has_details; /* of the dictionary or the data page */
	int32_t values;
	int32_t nulls;
	int32_t rows;
	int32_t encoding;
	int32_t definition_length;
	int32_t repetition_length;
	int32_t level_encoding;
	bool is_compressed;
};

static void read_data_v1_header(struct thrift_reader *r, const struct thrift_field *outer,
				struct header *header)
{
	struct thrift_field field = { 0 };

	header->has_details = thrift_enter_struct(r, outer);
	while (header->has_details && thrift_next_field(r, &field)) {
		if (field.id == DATA_V1_NUM_VALUES)
			header->values = thrift_read_i32(r, &field);
		else if (field.id == DATA_V1_ENCODING)
			header->encoding = thrift_read_i32(r, &field);
		else if (field.id == DATA_V1_DEFINITION_ENCODING)
			header->level_encoding = thrift_read_i32(r, &field);
		else
			thrift_skip(r, &field);
	}
	header->rows = header->values;
}

static void read_dictionary_header(struct thrift_reader *r, const struct thrift_field *outer,
				   struct header *header)
{
	struct thrift_field field = { 0 };

	header->has_details = thrift_enter_struct(r, outer);
	while (header->has_details && thrift_next_field(r, &field)) {
		if (field.id == DICTIONARY_NUM_VALUES)
			header->values = thrift_read_i32(r, &field);
		else if (field.id == DICTIONARY_ENCODING)
			header->encoding = thrift_read_i32(r, &field);
		else
			thrift_skip(r, &field);
	}
	header->rows = header->values;
}

static void read_data_header(struct thrift_reader *r, const struct thrift_field *outer,
			     struct header *header)
{
	struct thrift_field field = { 0 };

	header->has_details = thrift_enter_struct(r, outer);
	while (header->has_details && thrift_next_field(r, &field)) {
		switch (field.id) {
		case DATA_V2_NUM_VALUES:
			header->values = thrift_read_i32(r, &field);
			break;
		case DATA_V2_NUM_NULLS:
			header->nulls = thrift_read_i32(r, &field);
			break;
		case DATA_V2_NUM_ROWS:
			header->rows = thrift_read_i32(r, &field);
			break;
		case DATA_V2_ENCODING:
			header->encoding = thrift_read_i32(r, &field);
			break;
		case DATA_V2_DEFINITION_LENGTH:
			header->definition_length = thrift_read_i32(r, &field);
			break;
		case DATA_V2_REPETITION_LENGTH:
			header->repetition_length = thrift_read_i32(r, &field);
			break;
		case DATA_V2_IS_COMPRESSED:
			header->is_compressed = thrift_read_bool(r, &field);
			break;
		default:
			thrift_skip(r, &field);
		}
	}
}

static bool read_header(struct page_reader *reader, struct header *header)
{
	struct thrift_reader r = { .at = reader->at, .end = reader->end };
	struct thrift_field field = { 0 };

	*header = (struct header){
		.type = -1,
		.is_compressed = true,
		.level_encoding = PARQUET_RLE,
	};
	while (thrift_next_field(&r, &field)) {
		switch (field.id) {
		case PAGE_TYPE:
			header->type = thrift_read_i32(&r, &field);
			break;
		case PAGE_UNCOMPRESSED_SIZE:
			header->uncompressed_size = thrift_read_i32(&r, &field);
			break;
		case PAGE_COMPRESSED_SIZE:
			header->compressed_size = thrift_read_i32(&r, &field);
			break;
		case PAGE_CRC:
			header->crc = thrift_read_i32(&r, &field);
			header->has_crc = true;
			break;
		case PAGE_DATA_V1_HEADER:
			read_data_v1_header(&r, &field, header);
			break;
		case PAGE_DICTIONARY_HEADER:
			read_dictionary_header(&r, &field, header);
			break;
		case PAGE_DATA_V2_HEADER:
			read_data_header(&r, &field, header);
			break;
		default:
			thrift_skip(&r, &field);
		}
	}
	reader->at = r.at;
	return !r.failed;
}

static bool sizes_are_sane(const struct page_reader *reader, const struct header *header)
{
	int32_t levels = header->definition_length;

	return header->compressed_size >= 0 &&
	       header->compressed_size <= reader->end - reader->at &&
	       header->uncompressed_size >= 0 && header->uncompressed_size <= PAGE_SIZE_LIMIT &&
	       levels >= 0 && levels <= header->compressed_size &&
	       levels <= header->uncompressed_size && header->values >= 0 && header->nulls >= 0 &&
	       header->nulls <= header->values && header->rows == header->values;
}

static int fail(struct page_reader *reader, int err, const char *why)
{
	reader->why = why;
	return err;
}

static int check_header(struct page_reader *reader, const struct header *header)
{
	if (header->type != PAGE_DICTIONARY && header->type != PAGE_DATA_V1 &&
	    header->type != PAGE_DATA_V2)
		return fail(reader, -ENOTSUP, "has pages of a kind that is not supported");
	if (!header->has_details || !sizes_are_sane(reader, header))
		return fail(reader, -EBADMSG, "has a damaged page header");
	if (header->level_encoding != PARQUET_RLE)
		return fail(reader, -ENOTSUP, "has levels in an encoding that is not supported");
	if (header->repetition_length)
		return fail(reader, -ENOTSUP, "has nested columns, which are not supported");
	if (header->has_crc &&
	    crc32_z(0, reader->at, header->compressed_size) != (uint32_t)header->crc)
		return fail(reader, -EBADMSG, "has a page with a wrong checksum");
	return 0;
}

/* Levels as they are, then the values decompressed, then room for unpacking beyond the end. */
static int fill(struct page_reader *reader, struct codec *codec, const struct header *header)
{
	size_t size = header->uncompressed_size, levels = header->definition_length;
	size_t stored = header->compressed_size;
	uint8_t *to;
	int err = 0;

	buffer_clear(&reader->bytes);
	to = buffer_reserve(&reader->bytes, size + BITS_SLACK);
	if (!to)
		return -ENOMEM;
	memcpy(to, reader->at, levels);
	memset(to + size, 0, BITS_SLACK);
	if (header->is_compressed)
		err = codec_decompress(codec, reader->at + levels, stored - levels, to + levels,
				       size - levels);
	else if (stored == size)
		memcpy(to + levels, reader->at + levels, size - levels);
	else
		err = -EBADMSG;
	return err == -EBADMSG ? fail(reader, err, "has a page that cannot be decompressed") : err;
}

int page_read(struct page_reader *reader, struct codec *codec, struct page *page)
{
	struct header header;
	int err;

	if (!read_header(reader, &header))
		return fail(reader, -EBADMSG, "has a damaged page header");
	err = check_header(reader, &header);
	if (!err)
		err = fill(reader, codec, &header);
	if (err)
		return err;
	reader->at += header.compressed_size;
	*page = (struct page){
		.type = header.type,
		.encoding = header.encoding,
		.values = header.values,
		.nulls = header.nulls,
		.levels = reader->bytes.data,
		.levels_length = header.definition_length,
		.bytes = reader->bytes.data + header.definition_length,
		.length = header.uncompressed_size - header.definition_length,
	};
	return 0;
}

void page_reader_free(struct page_reader *reader)
{
	buffer_free(&reader->bytes);
}
