/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/page.h"

#include <errno.h>
#include <string.h>

#include <zlib.h>

#include "parquet/bits.h"
#include "parquet/thrift.h"

void page_scratch_free(struct page_scratch *scratch)
{
	buffer_free(&scratch->header);
	buffer_free(&scratch->compressed);
}

/* zlib's takes a null pointer for the wish to begin anew, whatever the length. */
static uint32_t checksum(uint32_t crc, const uint8_t *bytes, size_t length)
{
	return length ? crc32_z(crc, bytes, length) : crc;
}

struct stored {
	const uint8_t *bytes;
	size_t length;
	bool compressed;
};

static int write_header(struct buffer *header, const struct page *page, const struct stored *stored,
			uint32_t crc)
{
	struct thrift_writer w = { .out = header };

	buffer_clear(header);
	thrift_write_i32(&w, PAGE_TYPE, page->type);
	thrift_write_i32(&w, PAGE_UNCOMPRESSED_SIZE, page->levels_length + page->length);
	thrift_write_i32(&w, PAGE_COMPRESSED_SIZE, page->levels_length + stored->length);
	thrift_write_i32(&w, PAGE_CRC, crc);
	if (page->type == PAGE_DICTIONARY) {
		thrift_begin_struct(&w, PAGE_DICTIONARY_HEADER);
		thrift_write_i32(&w, DICTIONARY_NUM_VALUES, page->values);
		thrift_write_i32(&w, DICTIONARY_ENCODING, page->encoding);
	} else {
		thrift_begin_struct(&w, PAGE_DATA_V2_HEADER);
		thrift_write_i32(&w, DATA_V2_NUM_VALUES, page->values);
		thrift_write_i32(&w, DATA_V2_NUM_NULLS, page->nulls);
		thrift_write_i32(&w, DATA_V2_NUM_ROWS, page->values);
		thrift_write_i32(&w, DATA_V2_ENCODING, page->encoding);
		thrift_write_i32(&w, DATA_V2_DEFINITION_LENGTH, page->levels_length);
		thrift_write_i32(&w, DATA_V2_REPETITION_LENGTH, 0);
		thrift_write_bool(&w, DATA_V2_IS_COMPRESSED, stored->compressed);
	}
	thrift_end_struct(&w);
	thrift_end_struct(&w);
	return w.error;
}

/*
 * Data pages that do not get smaller are stored as they are; a dictionary's header cannot say so.
 */
static int compress_values(struct page_scratch *scratch, struct codec *codec,
			   const struct page *page, struct stored *stored)
{
	int err;

	buffer_clear(&scratch->compressed);
	err = codec_compress(codec, page->bytes, page->length, &scratch->compressed);
	if (err)
		return err;
	if (page->type != PAGE_DICTIONARY && scratch->compressed.length >= page->length)
		return 0;
	stored->bytes = scratch->compressed.data;
	stored->length = scratch->compressed.length;
	stored->compressed = true;
	return 0;
}

int page_write(struct page_scratch *scratch, struct codec *codec, bool compressing,
	       const struct page *page, struct buffer *out, uint64_t *uncompressed)
{
	struct stored stored = { page->bytes, page->length, false };
	size_t before = out->length;
	uint32_t crc;
	int err = 0;

	if (page->length + page->levels_length > INT32_MAX)
		return -EFBIG;
	if (compressing)
		err = compress_values(scratch, codec, page, &stored);
	if (err)
		return err;
	crc = checksum(checksum(0, page->levels, page->levels_length), stored.bytes, stored.length);
	err = write_header(&scratch->header, page, &stored, crc);
	if (!err)
		err = buffer_append(out, scratch->header.data, scratch->header.length);
	if (!err)
		err = buffer_append(out, page->levels, page->levels_length);
	if (!err)
		err = buffer_append(out, stored.bytes, stored.length);
	if (err) {
		out->length = before;
		return err;
	}
	*uncompressed += scratch->header.length + page->levels_length + page->length;
	return 0;
}
