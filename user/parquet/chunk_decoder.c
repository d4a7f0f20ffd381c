/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/chunk_decoder.h"

#include <errno.h>
#include <string.h>

#include "parquet/bits.h"
#include "parquet/delta.h"
#include "parquet/rle.h"

#define INDEX_WIDTH_MAX 32

/* A chunk on its way. */
struct chunk_work {
	struct chunk_decoder *decoder;
	const struct parquet_column *column;
	struct parquet_data *data;
	size_t value_size;
	size_t dictionary_count;
	bool has_dictionary;
	size_t rows; /* of the row group */
	size_t done; /* rows decoded so far */
};

void parquet_data_free(struct parquet_data *data)
{
	buffer_free(&data->values);
	buffer_free(&data->valid);
	buffer_free(&data->texts);
	buffer_free(&data->text_bytes);
	*data = (struct parquet_data){ 0 };
}

void chunk_decoder_free(struct chunk_decoder *decoder)
{
	page_reader_free(&decoder->pages);
	codec_close(decoder->codec);
	buffer_free(&decoder->dictionary);
	buffer_free(&decoder->indexes);
	buffer_free(&decoder->levels);
	buffer_free(&decoder->dense);
	buffer_free(&decoder->deltas);
	*decoder = (struct chunk_decoder){ 0 };
}

static int fail(struct chunk_work *work, int err, const char *why)
{
	work->decoder->why = why;
	return err;
}

static int damaged(struct chunk_work *work)
{
	return fail(work, -EBADMSG, "has a page whose values are damaged");
}

static void *clear_and_reserve(struct buffer *buffer, size_t size)
{
	buffer_clear(buffer);
	return buffer_reserve(buffer, size);
}

/* Texts */

static struct text_decode texts_of(struct chunk_work *work)
{
	return (struct text_decode){
		.texts = &work->data->texts,
		.text_count = &work->data->text_count,
		.text_bytes = &work->data->text_bytes,
		.scratch = &work->decoder->deltas,
	};
}

static int take_texts(struct chunk_work *work, const struct page *page, size_t count)
{
	struct text_decode texts = texts_of(work);
	int err;

	if (page->encoding == PARQUET_DELTA_LENGTH_BYTE_ARRAY)
		err = text_decode_delta_length(&texts, page->bytes, page->length, count);
	else if (page->encoding == PARQUET_DELTA_BYTE_ARRAY)
		err = text_decode_delta(&texts, page->bytes, page->length, count);
	else
		err = text_decode_plain(&texts, page->bytes, page->length, count);
	if (err == -ENOTSUP)
		return fail(work, err, "has texts that are too long");
	return err == -EBADMSG ? damaged(work) : err;
}

/* Texts that are not in a dictionary: each value is one of its own. */
static int decode_texts(struct chunk_work *work, const struct page *page, size_t count,
			uint32_t *out)
{
	uint32_t first = work->data->text_count;
	int err = take_texts(work, page, count);

	for (size_t i = 0; i < count && !err; i++)
		out[i] = first + i;
	return err;
}

/* Values of a page that are not null, @count of them, into @out */

static int decode_plain(struct chunk_work *work, const struct page *page, size_t count, void *out)
{
	uint32_t *bits;

	switch (work->column->physical) {
	case PARQUET_BYTE_ARRAY:
		return decode_texts(work, page, count, out);
	case PARQUET_BOOLEAN:
		bits = clear_and_reserve(&work->decoder->indexes, count * sizeof(*bits));
		if (!bits)
			return -ENOMEM;
		if (page->length < bits_size(count, 1))
			return damaged(work);
		bits_unpack32(page->bytes, bits, count, 1);
		for (size_t i = 0; i < count; i++)
			((uint8_t *)out)[i] = bits[i];
		return 0;
	case PARQUET_INT32:
	case PARQUET_INT64:
		break;
	}
	if (page->length / work->value_size < count)
		return damaged(work);
	memcpy(out, page->bytes, count * work->value_size);
	return 0;
}

static int decode_booleans(struct chunk_work *work, const struct page *page, size_t count,
			   uint8_t *out)
{
	uint32_t *bits = clear_and_reserve(&work->decoder->indexes, count * sizeof(*bits));
	uint32_t length;

	if (!bits)
		return -ENOMEM;
	if (page->length < sizeof(length))
		return damaged(work);
	memcpy(&length, page->bytes, sizeof(length));
	if (length > page->length - sizeof(length) ||
	    !rle_decode(page->bytes + sizeof(length), length, 1, bits, count))
		return damaged(work);
	for (size_t i = 0; i < count; i++)
		out[i] = bits[i];
	return 0;
}

#define LOOK_UP(type)                                                               \
	do {                                                                        \
		const type *entries = (const void *)work->decoder->dictionary.data; \
		type *to = out;                                                     \
                                                                                    \
		for (size_t i = 0; i < count; i++)                                  \
			to[i] = entries[indexes[i]];                                \
	} while (0)

static int decode_dictionary(struct chunk_work *work, const struct page *page, size_t count,
			     void *out)
{
	uint32_t *indexes = out, greatest = 0;

	if (!work->has_dictionary)
		return fail(work, -EBADMSG, "has no dictionary for its values");
	if (work->column->physical != PARQUET_BYTE_ARRAY) {
		indexes = clear_and_reserve(&work->decoder->indexes, count * sizeof(*indexes));
		if (!indexes)
			return -ENOMEM;
	}
	if (!count)
		return 0;
	if (!page->length || page->bytes[0] > INDEX_WIDTH_MAX ||
	    !rle_decode(page->bytes + 1, page->length - 1, page->bytes[0], indexes, count))
		return damaged(work);
	for (size_t i = 0; i < count; i++)
		greatest = indexes[i] > greatest ? indexes[i] : greatest;
	if (greatest >= work->dictionary_count)
		return damaged(work);
	if (work->column->physical == PARQUET_INT64)
		LOOK_UP(int64_t);
	else if (work->column->physical == PARQUET_INT32)
		LOOK_UP(int32_t);
	return 0;
}

/* Differences of 32-bit integers wrap around at 32 bits: adding up in 64 gives the same low half. */
static int decode_delta32(struct chunk_work *work, const struct page *page, size_t count,
			  int32_t *out)
{
	int64_t *wide = clear_and_reserve(&work->decoder->deltas, count * sizeof(*wide));

	if (!wide)
		return -ENOMEM;
	if (!delta_decode(page->bytes, page->length, wide, count))
		return damaged(work);
	for (size_t i = 0; i < count; i++)
		out[i] = (int32_t)wide[i];
	return 0;
}

static int decode_delta(struct chunk_work *work, const struct page *page, size_t count, void *out)
{
	if (work->column->physical == PARQUET_INT32)
		return decode_delta32(work, page, count, out);
	return delta_decode(page->bytes, page->length, out, count) ? 0 : damaged(work);
}

static int decode_values(struct chunk_work *work, const struct page *page, size_t count, void *out)
{
	enum parquet_physical physical = work->column->physical;
	bool boolean = physical == PARQUET_BOOLEAN, text = physical == PARQUET_BYTE_ARRAY;

	switch (page->encoding) {
	case PARQUET_PLAIN:
		return decode_plain(work, page, count, out);
	case PARQUET_RLE_DICTIONARY:
	case PARQUET_PLAIN_DICTIONARY:
		if (!boolean)
			return decode_dictionary(work, page, count, out);
		break;
	case PARQUET_RLE:
		if (boolean)
			return decode_booleans(work, page, count, out);
		break;
	case PARQUET_DELTA_BINARY_PACKED:
		if (!boolean && !text)
			return decode_delta(work, page, count, out);
		break;
	case PARQUET_DELTA_LENGTH_BYTE_ARRAY:
	case PARQUET_DELTA_BYTE_ARRAY:
		if (text)
			return decode_texts(work, page, count, out);
		break;
	}
	return fail(work, -ENOTSUP, "has an encoding that is not supported");
}

/* Pages */

static int take_dictionary(struct chunk_work *work, const struct page *page)
{
	struct buffer *dictionary = &work->decoder->dictionary;

	if (work->has_dictionary ||
	    (page->encoding != PARQUET_PLAIN && page->encoding != PARQUET_PLAIN_DICTIONARY))
		return damaged(work);
	work->has_dictionary = true;
	work->dictionary_count = page->values;
	if (work->column->physical == PARQUET_BYTE_ARRAY)
		return work->data->text_count ? damaged(work) :
						take_texts(work, page, page->values);
	if (page->length / work->value_size < page->values)
		return damaged(work);
	buffer_clear(dictionary);
	return buffer_append(dictionary, page->bytes, page->length);
}

/* In pages of version 1 the levels lead the values, behind their length. */
static bool split_levels(struct page *page)
{
	uint32_t length;

	if (page->length < sizeof(length))
		return false;
	memcpy(&length, page->bytes, sizeof(length));
	if (length > page->length - sizeof(length))
		return false;
	page->levels = page->bytes + sizeof(length);
	page->levels_length = length;
	page->bytes = page->levels + length;
	page->length -= sizeof(length) + length;
	return true;
}

/* Fills in which of the page's rows are null. */
static int decode_levels(struct chunk_work *work, struct page *page, uint8_t *valid)
{
	uint32_t *levels =
		clear_and_reserve(&work->decoder->levels, page->values * sizeof(*levels));
	bool v1 = page->type == PAGE_DATA_V1;
	size_t present = 0;

	if (!levels)
		return -ENOMEM;
	if ((v1 && !split_levels(page)) ||
	    !rle_decode(page->levels, page->levels_length, 1, levels, page->values))
		return damaged(work);
	for (size_t i = 0; i < page->values; i++) {
		valid[i] = levels[i];
		present += levels[i];
	}
	if (v1)
		page->nulls = page->values - present;
	return present == page->values - page->nulls ? 0 : damaged(work);
}

#define SPREAD(type)                                    \
	do {                                            \
		const type *from = dense;               \
		type *to = out;                         \
                                                        \
		for (size_t i = 0; i < rows; i++)       \
			to[i] = valid[i] ? *from++ : 0; \
	} while (0)

static void spread(size_t size, const void *dense, const uint8_t *valid, size_t rows, void *out)
{
	if (size == sizeof(int64_t))
		SPREAD(int64_t);
	else if (size == sizeof(int32_t))
		SPREAD(int32_t);
	else
		SPREAD(uint8_t);
}

static int take_data(struct chunk_work *work, struct page *page)
{
	struct parquet_data *data = work->data;
	uint8_t *out = data->values.data + work->done * work->value_size;
	uint8_t *valid = data->valid.data + work->done;
	void *dense;
	int err;

	if (page->values > work->rows - work->done)
		return damaged(work);
	work->done += page->values;
	if (!work->column->optional)
		return page->nulls ? damaged(work) : decode_values(work, page, page->values, out);
	err = decode_levels(work, page, valid);
	if (err)
		return err;
	if (!page->nulls)
		return decode_values(work, page, page->values, out);
	data->any_null = true;
	dense = clear_and_reserve(&work->decoder->dense, page->values * work->value_size);
	if (!dense)
		return -ENOMEM;
	err = decode_values(work, page, page->values - page->nulls, dense);
	if (!err)
		spread(work->value_size, dense, valid, page->values, out);
	return err;
}

static int decode_pages(struct chunk_work *work)
{
	struct chunk_decoder *decoder = work->decoder;

	while (decoder->pages.at < decoder->pages.end) {
		struct page page;
		int err = page_read(&decoder->pages, decoder->codec, &page);

		if (err)
			return decoder->pages.why ? fail(work, err, decoder->pages.why) : err;
		err = page.type == PAGE_DICTIONARY ? take_dictionary(work, &page) :
						     take_data(work, &page);
		if (err)
			return err;
	}
	if (work->done != work->rows)
		return fail(work, -EBADMSG, "has too few values");
	if (work->column->physical == PARQUET_BYTE_ARRAY) {
		struct text_decode texts = texts_of(work);

		return text_decode_finish(&texts);
	}
	return 0;
}

static int set_codec(struct chunk_work *work, enum parquet_codec kind)
{
	struct chunk_decoder *decoder = work->decoder;
	int err;

	if (decoder->codec && decoder->codec_kind == kind)
		return 0;
	codec_close(decoder->codec);
	decoder->codec_kind = kind;
	err = codec_open(&decoder->codec, kind, 0);
	return err == -ENOTSUP ? fail(work, err, "has a compression that is not supported") : err;
}

static size_t value_size(enum parquet_physical physical)
{
	if (physical == PARQUET_BOOLEAN)
		return sizeof(uint8_t);
	return physical == PARQUET_INT64 ? sizeof(int64_t) : sizeof(int32_t);
}

int chunk_decode(struct chunk_decoder *decoder, const struct parquet_column *column,
		 const struct metadata_chunk *chunk, const uint8_t *bytes, size_t rows,
		 struct parquet_data *data)
{
	struct chunk_work work = {
		.decoder = decoder,
		.column = column,
		.data = data,
		.value_size = value_size(column->physical),
		.rows = rows,
	};
	int err;

	decoder->why = NULL;
	decoder->pages.why = NULL;
	decoder->pages.at = bytes;
	decoder->pages.end = bytes + chunk->compressed_size;
	data->rows = rows;
	data->any_null = false;
	data->text_count = 0;
	buffer_clear(&data->texts);
	buffer_clear(&data->text_bytes);
	if (!clear_and_reserve(&data->values, rows * work.value_size) ||
	    !clear_and_reserve(&data->valid, rows))
		return -ENOMEM;
	err = set_codec(&work, chunk->codec);
	return err ? err : decode_pages(&work);
}
