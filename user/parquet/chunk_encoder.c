/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/chunk_encoder.h"

#include <errno.h>
#include <string.h>
#include <sys/types.h>

#include "base/utf8.h"
#include "parquet/bits.h"
#include "parquet/delta.h"
#include "parquet/rle.h"

/* A chunk on its way. */
struct chunk_work {
	struct chunk_encoder *encoder;
	const struct parquet_column *column;
	const struct parquet_values *values;
	struct buffer *out;
	size_t start; /* of the chunk in it */
	struct metadata_chunk *chunk;

	const void *dense; /* the values that are not null */
	size_t dense_count;
	enum parquet_encoding encoding;
	const uint32_t *indexes; /* one per dense value, for RLE_DICTIONARY and RLE */
	unsigned int index_width;
};

void chunk_encoder_free(struct chunk_encoder *encoder)
{
	dictionary_free(&encoder->dictionary);
	page_scratch_free(&encoder->page_scratch);
	buffer_free(&encoder->dense);
	buffer_free(&encoder->indexes);
	buffer_free(&encoder->raw);
	buffer_free(&encoder->levels);
	buffer_free(&encoder->valid);
	buffer_free(&encoder->clean);
	buffer_free(&encoder->entries);
	chunk_bounds_free(&encoder->bounds);
	page_index_free(&encoder->index);
}

static size_t value_size(const struct parquet_column *column)
{
	switch (column->physical) {
	case PARQUET_BOOLEAN:
		return sizeof(uint8_t);
	case PARQUET_INT64:
		return sizeof(int64_t);
	case PARQUET_INT32:
	case PARQUET_BYTE_ARRAY:
		break;
	}
	return sizeof(int32_t);
}

/* Values without the nulls. */
#define MAKE_DENSE(type)                                     \
	do {                                                 \
		const type *from = values->values;           \
		type *to = (void *)room;                     \
                                                             \
		for (size_t i = 0; i < values->count; i++) { \
			to[count] = from[i];                 \
			count += !!values->valid[i];         \
		}                                            \
	} while (0)

static int make_dense(struct chunk_work *work)
{
	const struct parquet_values *values = work->values;
	size_t size = value_size(work->column), count = 0;
	uint8_t *room;

	work->dense = values->values;
	work->dense_count = values->count;
	if (!values->valid)
		return 0;
	buffer_clear(&work->encoder->dense);
	room = buffer_reserve(&work->encoder->dense, size * values->count);
	if (!room)
		return -ENOMEM;
	if (size == sizeof(int64_t))
		MAKE_DENSE(int64_t);
	else if (size == sizeof(int32_t))
		MAKE_DENSE(int32_t);
	else
		MAKE_DENSE(uint8_t);
	work->dense = room;
	work->dense_count = count;
	return 0;
}

/* Texts */

/* Appends one text as PLAIN encodes it. */
static int put_text(struct chunk_encoder *encoder, const struct intern *strings, uint32_t id,
		    struct buffer *out)
{
	size_t length;
	const char *text = intern_get(strings, id, &length);
	uint8_t *to;

	if (length > INT32_MAX / 4)
		return -EFBIG;
	if (!utf8_valid(text, length)) {
		size_t most = UTF8_SANITIZED_MAX(length);

		buffer_clear(&encoder->clean);
		to = buffer_reserve(&encoder->clean, most);
		if (!to)
			return -ENOMEM;
		length = utf8_sanitize(text, length, (char *)to, most);
		text = (const char *)to;
	}
	to = buffer_reserve(out, sizeof(uint32_t) + length);
	if (!to)
		return -ENOMEM;
	memcpy(to, &(uint32_t){ length }, sizeof(uint32_t));
	memcpy(to + sizeof(uint32_t), text, length);
	out->length += sizeof(uint32_t) + length;
	return 0;
}

static int put_texts(struct chunk_encoder *encoder, const struct intern *strings,
		     const uint32_t *ids, size_t count, struct buffer *out)
{
	int err = 0;

	for (size_t i = 0; i < count && !err; i++)
		err = put_text(encoder, strings, ids[i], out);
	return err;
}

/* Choice of the encoding */

static int index_values(struct chunk_work *work, uint32_t *indexes)
{
	struct chunk_encoder *encoder = work->encoder;
	const struct dictionary_limit *limit = &encoder->dictionary_limit;

	if (work->column->physical == PARQUET_BYTE_ARRAY)
		return dictionary_index_texts(&encoder->dictionary, work->values->strings,
					      work->dense, work->dense_count, limit, indexes);
	if (work->column->physical == PARQUET_INT32)
		return dictionary_index_int32(&encoder->dictionary, work->dense, work->dense_count,
					      limit, indexes);
	return dictionary_index_int64(&encoder->dictionary, work->dense, work->dense_count, limit,
				      indexes);
}

/* Integers go into a dictionary only where that is shorter, texts whenever there are any. */
static bool dictionary_pays(const struct chunk_work *work)
{
	size_t size = value_size(work->column);
	size_t entries = work->encoder->dictionary.count;

	if (work->column->physical == PARQUET_BYTE_ARRAY)
		return entries;
	return entries * size + bits_size(work->dense_count, work->index_width) <
	       work->dense_count * size;
}

/*
 * Bits of an index: as few as possible, but before compression not 3 or 5 to 7. Codecs look at
 * bytes, and find again what repeats, and what is frequent, only where it begins at the same bit of
 * a byte.
 */
static unsigned int index_width(const struct chunk_encoder *encoder, uint32_t entries)
{
	unsigned int width = bits_width(entries ? entries - 1 : 0);

	if (encoder->codec_kind == PARQUET_CODEC_NONE || width > 8)
		return width;
	return width > 4 ? 8 : width == 3 ? 4 : width;
}

/* Room for one index per value. */
static uint32_t *reserve_indexes(struct chunk_work *work)
{
	struct buffer *room = &work->encoder->indexes;

	buffer_clear(room);
	return (uint32_t *)buffer_reserve(room, work->dense_count * sizeof(uint32_t));
}

static int try_dictionary(struct chunk_work *work)
{
	struct chunk_encoder *encoder = work->encoder;
	uint32_t *indexes = reserve_indexes(work), entries;
	int fits;

	if (!indexes)
		return -ENOMEM;
	fits = index_values(work, indexes);
	if (fits < 0)
		return fits;
	entries = encoder->dictionary.count;
	work->index_width = index_width(encoder, entries);
	work->indexes = indexes;
	work->encoding = fits && dictionary_pays(work) ? PARQUET_RLE_DICTIONARY : PARQUET_PLAIN;
	return 0;
}

static int booleans_as_indexes(struct chunk_work *work)
{
	const uint8_t *booleans = work->dense;
	uint32_t *indexes = reserve_indexes(work);

	if (!indexes)
		return -ENOMEM;
	for (size_t i = 0; i < work->dense_count; i++)
		indexes[i] = !!booleans[i];
	work->indexes = indexes;
	work->index_width = 1;
	work->encoding = PARQUET_RLE;
	return 0;
}

/* What bytes come to when they are compressed, or an error. */
static ssize_t stored_size(struct chunk_encoder *encoder, const void *bytes, size_t length)
{
	struct buffer *compressed = &encoder->page_scratch.compressed;
	int err;

	buffer_clear(compressed);
	err = codec_compress(encoder->codec, bytes, length, compressed);
	return err ? err : (ssize_t)compressed->length;
}

/*
 * Values that repeat at a distance are best left as they are to a codec that finds them again: zstd
 * does. For the others it depends: the first page is tried both ways.
 */
static int choose_by_trial(struct chunk_work *work)
{
	struct chunk_encoder *encoder = work->encoder;
	size_t rows = encoder->page_rows;
	size_t count = work->dense_count < rows ? work->dense_count : rows;
	ssize_t plain, delta;
	int err;

	buffer_clear(&encoder->raw);
	err = delta_encode(&encoder->raw, work->dense, count);
	if (err)
		return err;
	delta = stored_size(encoder, encoder->raw.data, encoder->raw.length);
	plain = stored_size(encoder, work->dense, count * sizeof(int64_t));
	if (delta < 0 || plain < 0)
		return delta < 0 ? delta : plain;
	if (delta < plain)
		work->encoding = PARQUET_DELTA_BINARY_PACKED;
	return 0;
}

static int choose_encoding(struct chunk_work *work)
{
	work->encoding = PARQUET_PLAIN;
	switch (work->column->preference) {
	case PARQUET_PREFER_DICTIONARY:
		return try_dictionary(work);
	case PARQUET_PREFER_RLE:
		return booleans_as_indexes(work);
	case PARQUET_PREFER_DELTA:
		work->encoding = PARQUET_DELTA_BINARY_PACKED;
		return 0;
	case PARQUET_PREFER_PLAIN:
		if (work->encoder->codec_kind != PARQUET_CODEC_ZSTD &&
		    work->column->physical == PARQUET_INT64)
			return choose_by_trial(work);
		return 0;
	}
	return -EINVAL;
}

/* Pages */

static int write_page(struct chunk_work *work, const struct page *page)
{
	struct chunk_encoder *encoder = work->encoder;

	work->chunk->encodings |= UINT32_C(1) << page->encoding;
	return page_write(&encoder->page_scratch, encoder->codec,
			  encoder->codec_kind != PARQUET_CODEC_NONE, page, work->out,
			  &work->chunk->uncompressed_size);
}

static int write_dictionary(struct chunk_work *work)
{
	struct chunk_encoder *encoder = work->encoder;
	const struct dictionary *dictionary = &encoder->dictionary;
	size_t size = value_size(work->column);
	struct page page = {
		.type = PAGE_DICTIONARY,
		.encoding = PARQUET_PLAIN,
		.values = dictionary->count,
	};
	int err = 0;

	buffer_clear(&encoder->entries);
	if (work->column->physical == PARQUET_BYTE_ARRAY)
		err = put_texts(encoder, work->values->strings, dictionary->ids, dictionary->count,
				&encoder->entries);
	for (uint32_t i = 0; i < dictionary->count && !err; i++)
		if (work->column->physical != PARQUET_BYTE_ARRAY)
			err = buffer_append(&encoder->entries, &dictionary->values[i], size);
	if (!err)
		err = chunk_bounds_dictionary(&encoder->bounds, encoder->entries.data,
					      encoder->entries.length, dictionary->count);
	if (err)
		return err;
	page.bytes = encoder->entries.data;
	page.length = encoder->entries.length;
	work->chunk->has_dictionary = true;
	work->chunk->dictionary_page_offset = work->out->length;
	return write_page(work, &page);
}

/* Encodes @count dense values from @first into the page. */
static int encode_values(struct chunk_work *work, size_t first, size_t count, struct page *page)
{
	struct buffer *raw = &work->encoder->raw;
	size_t size = value_size(work->column);
	int err = 0;

	buffer_clear(raw);
	switch (work->encoding) {
	case PARQUET_RLE_DICTIONARY:
		err = buffer_append_byte(raw, work->index_width);
		if (!err)
			err = rle_encode(raw, work->indexes + first, count, work->index_width);
		break;
	case PARQUET_RLE: /* the one use of it for values: booleans, behind a length */
		err = buffer_append_u32(raw, 0);
		if (!err)
			err = rle_encode(raw, work->indexes + first, count, 1);
		if (!err)
			memcpy(raw->data, &(uint32_t){ raw->length - sizeof(uint32_t) },
			       sizeof(uint32_t));
		break;
	case PARQUET_DELTA_BINARY_PACKED:
		err = delta_encode(raw, (const int64_t *)work->dense + first, count);
		break;
	case PARQUET_PLAIN:
		if (work->column->physical == PARQUET_BYTE_ARRAY) {
			err = put_texts(work->encoder, work->values->strings,
					(const uint32_t *)work->dense + first, count, raw);
			break;
		}
		page->bytes = (const uint8_t *)work->dense + first * size;
		page->length = count * size;
		return 0;
	case PARQUET_PLAIN_DICTIONARY: /* only read */
	case PARQUET_DELTA_LENGTH_BYTE_ARRAY:
	case PARQUET_DELTA_BYTE_ARRAY:
		return -EINVAL;
	}
	page->bytes = raw->data;
	page->length = raw->length;
	return err;
}

/* The definition levels of @count rows from @first. Returns how many are not null, or an error. */
static ssize_t encode_levels(struct chunk_work *work, size_t first, size_t count, struct page *page)
{
	struct chunk_encoder *encoder = work->encoder;
	const uint8_t *valid = work->values->valid;
	size_t present = 0;
	uint32_t *levels;
	int err;

	if (!work->column->optional)
		return count;
	buffer_clear(&encoder->valid);
	levels = (uint32_t *)buffer_reserve(&encoder->valid, count * sizeof(*levels));
	if (!levels)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		levels[i] = !valid || valid[first + i];
		present += levels[i];
	}
	buffer_clear(&encoder->levels);
	err = rle_encode(&encoder->levels, levels, count, 1);
	if (err)
		return err;
	page->levels = encoder->levels.data;
	page->levels_length = encoder->levels.length;
	page->nulls = count - present;
	return present;
}

/* The bounds of @count dense values from @first, which are encoded in @page. */
static int set_bounds(struct chunk_work *work, size_t first, size_t count, const struct page *page,
		      struct statistics *statistics)
{
	struct chunk_bounds *bounds = &work->encoder->bounds;
	const uint8_t *dense = work->dense;

	if (work->encoding == PARQUET_RLE_DICTIONARY)
		return chunk_bounds_indexes(bounds, work->indexes + first, count, statistics);
	if (work->column->physical == PARQUET_BYTE_ARRAY)
		return chunk_bounds_plain_texts(bounds, page->bytes, page->length, statistics);
	chunk_bounds_integers(bounds, dense + first * value_size(work->column), count, statistics);
	return 0;
}

/* Encodes and writes @rows rows from @row; the values that are not null begin at *@dense. */
static int write_data_page(struct chunk_work *work, size_t row, size_t rows, size_t *dense)
{
	struct page page = {
		.type = PAGE_DATA_V2,
		.encoding = work->encoding,
		.values = rows,
	};
	struct page_entry entry = {
		.offset = work->out->length - work->start,
		.first_row = row,
	};
	ssize_t present = encode_levels(work, row, rows, &page);
	int err;

	if (present < 0)
		return present;
	err = encode_values(work, *dense, present, &page);
	if (!err)
		err = set_bounds(work, *dense, present, &page, &entry.statistics);
	if (!err)
		err = write_page(work, &page);
	if (err)
		return err;
	*dense += present;
	work->chunk->data_pages++;
	entry.size = work->out->length - work->start - entry.offset;
	entry.all_null = !present;
	entry.statistics.nulls = rows - present;
	return page_index_add(&work->encoder->index, &entry);
}

static int write_data_pages(struct chunk_work *work)
{
	size_t rows = work->values->count, page_rows = work->encoder->page_rows;
	size_t dense = 0;
	int err = 0;

	work->chunk->data_page_offset = work->out->length;
	for (size_t row = 0; row < rows && !err; row += page_rows)
		err = write_data_page(work, row, rows - row < page_rows ? rows - row : page_rows,
				      &dense);
	return err;
}

int chunk_encode(struct chunk_encoder *encoder, const struct parquet_column *column,
		 const struct parquet_values *values, struct buffer *out,
		 struct metadata_chunk *chunk)
{
	struct chunk_work work = {
		.encoder = encoder,
		.column = column,
		.values = values,
		.out = out,
		.chunk = chunk,
		.start = out->length,
	};
	int err;

	*chunk = (struct metadata_chunk){
		.codec = encoder->codec_kind,
		.values = values->count,
	};
	page_index_clear(&encoder->index);
	chunk_bounds_begin(&encoder->bounds, column);
	err = make_dense(&work);
	if (!err)
		err = choose_encoding(&work);
	if (!err && work.encoding == PARQUET_RLE_DICTIONARY)
		err = write_dictionary(&work);
	if (!err)
		err = write_data_pages(&work);
	if (err) {
		out->length = work.start;
		return err;
	}
	chunk->encodings |= UINT32_C(1) << PARQUET_RLE; /* the levels' */
	chunk->data_encoding = work.encoding;
	chunk->compressed_size = out->length - work.start;
	chunk->statistics.nulls = values->count - work.dense_count;
	chunk_bounds_end(&encoder->bounds, &chunk->statistics);
	return 0;
}
