/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages that are damaged or made to harm: an error, never more. For sanitizer and valgrind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "parquet/chunk_decoder.h"
#include "parquet/metadata_fields.h"
#include "parquet/thrift.h"
#include "support_parquet.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct parquet_column text_column = { "text", PARQUET_BYTE_ARRAY,
						   PARQUET_LOGICAL_STRING,
						   PARQUET_PREFER_DICTIONARY, true };
static const struct parquet_column number_column = { "number", PARQUET_INT32, PARQUET_LOGICAL_NONE,
						     PARQUET_PREFER_PLAIN, false };
static const struct parquet_column flag_column = { "flag", PARQUET_BOOLEAN, PARQUET_LOGICAL_NONE,
						   PARQUET_PREFER_RLE, false };

static int decode(const struct parquet_column *column, const struct buffer *pages, size_t rows)
{
	const struct metadata_chunk chunk = { .values = rows, .compressed_size = pages->length };
	struct chunk_decoder decoder = { 0 };
	struct parquet_data data = { 0 };
	int err = chunk_decode(&decoder, column, &chunk, pages->data, rows, &data);

	if (err)
		assert_non_null(decoder.why);
	else
		parquet_look_at(column, &data);
	chunk_decoder_free(&decoder);
	parquet_data_free(&data);
	return err;
}

/* A chunk of one data page. */
static int decode_page(const struct parquet_column *column, struct page page, size_t rows)
{
	struct buffer pages = { 0 };
	int err;

	page.type = PAGE_DATA_V2;
	parquet_put_page(&pages, &page);
	err = decode(column, &pages, rows);
	buffer_free(&pages);
	return err;
}

static void checksum_tells_any_wrong_bit_of_a_page(void **state)
{
	static const struct page page = { .type = PAGE_DATA_V2,
					  .values = 2,
					  .bytes = BYTES("\1\0\0\0\2\0\0\0") };
	struct buffer pages = { 0 };
	(void)state;

	parquet_put_page(&pages, &page);
	assert_int_equal(decode(&number_column, &pages, 2), 0);
	for (size_t bit = 0; bit < 64; bit++) {
		pages.data[pages.length - 8 + bit / 8] ^= 1 << bit % 8;
		assert_int_equal(decode(&number_column, &pages, 2), -EBADMSG);
		pages.data[pages.length - 8 + bit / 8] ^= 1 << bit % 8;
	}
	assert_int_equal(decode(&number_column, &pages, 2), 0);
	buffer_free(&pages);
}

static void pages_must_hold_what_the_row_group_says(void **state)
{
	static const struct page two = { .values = 2, .bytes = BYTES("\1\0\0\0\2\0\0\0") };

	(void)state;
	assert_int_equal(decode_page(&number_column, two, 2), 0);
	assert_int_equal(decode_page(&number_column, two, 1), -EBADMSG);
	assert_int_equal(decode_page(&number_column, two, 3), -EBADMSG);
}

static void values_must_be_in_their_page(void **state)
{
	static const struct {
		const struct parquet_column *column;
		struct page page;
		int err;
	} cases[] = {
		{ &number_column, { .values = 3, .bytes = BYTES("\1\0\0\0\2\0\0\0") }, -EBADMSG },
		{ &number_column, { .values = INT32_MAX, .bytes = BYTES("\1\0\0\0") }, -EBADMSG },
		/* nulls where there can be none */
		{ &number_column, { .values = 1, .nulls = 1 }, -EBADMSG },
		/* texts: a length beyond the page, and none at all */
		{ &text_column,
		  { .values = 1, .levels = BYTES("\2\1"), .bytes = BYTES("\5\0\0\0abcd") },
		  -EBADMSG },
		{ &text_column,
		  { .values = 1, .levels = BYTES("\2\1"), .bytes = BYTES("\xFF\xFF\xFF\xFF") },
		  -EBADMSG },
		{ &text_column,
		  { .values = 1, .levels = BYTES("\2\1"), .bytes = BYTES("\1\0") },
		  -EBADMSG },
		/* levels: cut off, and other nulls than the header says */
		{ &text_column,
		  { .values = 1, .levels = BYTES(""), .bytes = BYTES("\0\0\0\0") },
		  -EBADMSG },
		{ &text_column,
		  { .values = 2, .nulls = 1, .levels = BYTES("\4\1"), .bytes = BYTES("\0\0\0\0") },
		  -EBADMSG },
		/* booleans: a length beyond the page */
		{ &flag_column,
		  { .encoding = PARQUET_RLE, .values = 1, .bytes = BYTES("\3\0\0\0\2\1") },
		  -EBADMSG },
		{ &flag_column,
		  { .encoding = PARQUET_RLE, .values = 1, .bytes = BYTES("\3\0") },
		  -EBADMSG },
		{ &flag_column, { .values = 9, .bytes = BYTES("\1") }, -EBADMSG },
		/* no dictionary */
		{ &number_column,
		  { .encoding = PARQUET_RLE_DICTIONARY, .values = 1, .bytes = BYTES("\0\2") },
		  -EBADMSG },
		/* encodings that do not go with the type, or are not known */
		{ &text_column,
		  { .encoding = PARQUET_DELTA_BINARY_PACKED,
		    .values = 1,
		    .levels = BYTES("\2\1"),
		    .bytes = BYTES("\0") },
		  -ENOTSUP },
		{ &number_column,
		  { .encoding = PARQUET_DELTA_BYTE_ARRAY, .values = 1, .bytes = BYTES("\0") },
		  -ENOTSUP },
		{ &flag_column,
		  { .encoding = PARQUET_RLE_DICTIONARY, .values = 1, .bytes = BYTES("\0") },
		  -ENOTSUP },
		/* differences that are cut off */
		{ &number_column,
		  { .encoding = PARQUET_DELTA_BINARY_PACKED, .values = 1, .bytes = BYTES("\0") },
		  -EBADMSG },
		/* texts by differences: no lengths, negative, beyond the page, shared with none */
		{ &text_column,
		  { .encoding = PARQUET_DELTA_LENGTH_BYTE_ARRAY,
		    .values = 1,
		    .levels = BYTES("\2\1"),
		    .bytes = BYTES("\x80\1\4") },
		  -EBADMSG },
		{ &text_column,
		  { .encoding = PARQUET_DELTA_LENGTH_BYTE_ARRAY,
		    .values = 1,
		    .levels = BYTES("\2\1"),
		    .bytes = BYTES("\x80\1\4\1\1") },
		  -EBADMSG },
		{ &text_column,
		  { .encoding = PARQUET_DELTA_LENGTH_BYTE_ARRAY,
		    .values = 1,
		    .levels = BYTES("\2\1"),
		    .bytes = BYTES("\x80\1\4\1\6ab") },
		  -EBADMSG },
		{ &text_column,
		  { .encoding = PARQUET_DELTA_BYTE_ARRAY,
		    .values = 1,
		    .levels = BYTES("\2\1"),
		    .bytes = BYTES("\x80\1\4\1\2\x80\1\4\1\2a") },
		  -EBADMSG },
		{ &number_column, { .encoding = 9, .values = 1, .bytes = BYTES("\0") }, -ENOTSUP },
		{ &number_column, { .encoding = -1, .values = 1, .bytes = BYTES("\0") }, -ENOTSUP },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(decode_page(cases[i].column, cases[i].page, cases[i].page.values),
				 cases[i].err);
}

static void dictionary_indexes_must_be_in_the_dictionary(void **state)
{
	static const struct page dictionary = { .type = PAGE_DICTIONARY,
						.values = 2,
						.bytes = BYTES("\1\0\0\0a\1\0\0\0b") };
	static const struct {
		struct page page;
		int err;
	} cases[] = {
		{ { .values = 3, .bytes = BYTES("\1\6\1") }, 0 },
		{ { .values = 3, .bytes = BYTES("\2\6\2") }, -EBADMSG },   /* index 2 of 2 */
		{ { .values = 3, .bytes = BYTES("\x21\6\1") }, -EBADMSG }, /* 33 bits wide */
		{ { .values = 3, .bytes = BYTES("") }, -EBADMSG },
		{ { .values = 3, .bytes = BYTES("\x20\6\xFF\xFF\xFF\xFF") }, -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct page page = cases[i].page;
		struct buffer pages = { 0 };

		parquet_put_page(&pages, &dictionary);
		page.type = PAGE_DATA_V2;
		page.encoding = PARQUET_RLE_DICTIONARY;
		page.levels = (const uint8_t *)"\6\1";
		page.levels_length = 2;
		parquet_put_page(&pages, &page);
		assert_int_equal(decode(&text_column, &pages, 3), cases[i].err);
		/* A second dictionary, and one that is cut short. */
		parquet_put_page(&pages, &dictionary);
		assert_int_equal(decode(&text_column, &pages, 3), -EBADMSG);
		buffer_free(&pages);
	}
}

static void dictionary_must_hold_its_entries(void **state)
{
	static const struct page texts = { .type = PAGE_DICTIONARY,
					   .values = 3,
					   .bytes = BYTES("\1\0\0\0a\1\0\0\0b") };
	static const struct page numbers = { .type = PAGE_DICTIONARY,
					     .values = 3,
					     .bytes = BYTES("\1\0\0\0\2\0\0\0") };
	struct buffer pages = { 0 };

	(void)state;
	parquet_put_page(&pages, &texts);
	assert_int_equal(decode(&text_column, &pages, 0), -EBADMSG);
	buffer_clear(&pages);
	parquet_put_page(&pages, &numbers);
	assert_int_equal(decode(&number_column, &pages, 0), -EBADMSG);
	buffer_free(&pages);
}

/* A page's header with any numbers; its bytes are @have zeros. */
struct header {
	int32_t uncompressed, compressed, values, nulls, rows, levels, repetitions, have;
	int err;
};

static void page_header_must_not_lie(void **state)
{
	static const struct header cases[] = {
		{ 4, 4, 1, 0, 1, 0, 0, 4, 0 },
		{ 4, 5, 1, 0, 1, 0, 0, 4, -EBADMSG }, /* more than there is */
		{ 4, -1, 1, 0, 1, 0, 0, 4, -EBADMSG },
		{ -4, 4, 1, 0, 1, 0, 0, 4, -EBADMSG },
		{ INT32_MAX, 4, 1, 0, 1, 0, 0, 4, -EBADMSG }, /* more than we would hold */
		{ 8, 4, 1, 0, 1, 0, 0, 4, -EBADMSG },	      /* not compressed, and longer */
		{ 4, 4, -1, 0, -1, 0, 0, 4, -EBADMSG },
		{ 4, 4, 1, -1, 1, 0, 0, 4, -EBADMSG },
		{ 4, 4, 1, 2, 1, 0, 0, 4, -EBADMSG },
		{ 4, 4, 1, 0, 2, 0, 0, 4, -EBADMSG },
		{ 4, 4, 1, 0, 1, 5, 0, 4, -EBADMSG },
		{ 4, 4, 1, 0, 1, -1, 0, 4, -EBADMSG },
		{ 4, 4, 1, 0, 1, 0, 1, 4, -ENOTSUP }, /* nested */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct header *header = &cases[i];
		struct buffer pages = { 0 };
		struct thrift_writer w = { .out = &pages };

		thrift_write_i32(&w, PAGE_TYPE, PAGE_DATA_V2);
		thrift_write_i32(&w, PAGE_UNCOMPRESSED_SIZE, header->uncompressed);
		thrift_write_i32(&w, PAGE_COMPRESSED_SIZE, header->compressed);
		thrift_begin_struct(&w, PAGE_DATA_V2_HEADER);
		thrift_write_i32(&w, DATA_V2_NUM_VALUES, header->values);
		thrift_write_i32(&w, DATA_V2_NUM_NULLS, header->nulls);
		thrift_write_i32(&w, DATA_V2_NUM_ROWS, header->rows);
		thrift_write_i32(&w, DATA_V2_ENCODING, PARQUET_PLAIN);
		thrift_write_i32(&w, DATA_V2_DEFINITION_LENGTH, header->levels);
		thrift_write_i32(&w, DATA_V2_REPETITION_LENGTH, header->repetitions);
		thrift_write_bool(&w, DATA_V2_IS_COMPRESSED, false);
		thrift_end_struct(&w);
		thrift_end_struct(&w);
		for (int32_t n = 0; n < header->have; n++)
			buffer_append_byte(&pages, 0);
		assert_int_equal(decode(&number_column, &pages, 1), header->err);
		buffer_free(&pages);
	}
}

/* A page of version 1 of @count numbers or texts: its values, behind what levels they have. */
static void put_page_v1(struct buffer *pages, int32_t count, enum parquet_encoding encoding,
			const void *bytes, size_t length)
{
	struct thrift_writer w = { .out = pages };

	thrift_write_i32(&w, PAGE_TYPE, PAGE_DATA_V1);
	thrift_write_i32(&w, PAGE_UNCOMPRESSED_SIZE, length);
	thrift_write_i32(&w, PAGE_COMPRESSED_SIZE, length);
	thrift_begin_struct(&w, PAGE_DATA_V1_HEADER);
	thrift_write_i32(&w, DATA_V1_NUM_VALUES, count);
	thrift_write_i32(&w, DATA_V1_ENCODING, encoding);
	thrift_write_i32(&w, DATA_V1_DEFINITION_ENCODING, PARQUET_RLE);
	thrift_end_struct(&w);
	thrift_end_struct(&w);
	assert_int_equal(buffer_append(pages, bytes, length), 0);
}

static void levels_of_a_page_of_version_1_must_be_in_it(void **state)
{
	static const struct {
		const uint8_t *bytes;
		size_t length;
		int err;
	} cases[] = {
		{ BYTES("\2\0\0\0\4\1\1\0\0\0a\1\0\0\0b"), 0 }, /* two texts */
		{ BYTES("\2\0\0\0\4\0"), 0 },			/* two nulls */
		{ BYTES("\2\0\0"), -EBADMSG },
		{ BYTES("\3\0\0\0\4\0"), -EBADMSG },
		{ BYTES("\xFF\xFF\xFF\xFF\4\0"), -EBADMSG },
		{ BYTES("\2\0\0\0\2\0"), -EBADMSG }, /* only one level */
		{ BYTES("\2\0\0\0\4\1\1\0\0\0a"), -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buffer pages = { 0 };

		put_page_v1(&pages, 2, PARQUET_PLAIN, cases[i].bytes, cases[i].length);
		assert_int_equal(decode(&text_column, &pages, 2), cases[i].err);
		buffer_free(&pages);
	}
}

static void page_of_another_kind_is_not_supported(void **state)
{
	struct buffer pages = { 0 };
	struct thrift_writer w = { .out = &pages };

	(void)state;
	thrift_write_i32(&w, PAGE_TYPE, 1 /* an index page, never used */);
	thrift_write_i32(&w, PAGE_UNCOMPRESSED_SIZE, 0);
	thrift_write_i32(&w, PAGE_COMPRESSED_SIZE, 0);
	thrift_end_struct(&w);
	assert_int_equal(decode(&number_column, &pages, 1), -ENOTSUP);
	buffer_free(&pages);
}

static void compressed_page_must_have_the_size_that_it_says(void **state)
{
	static const uint8_t zeros[100000];
	struct buffer compressed = { 0 };
	struct codec *codec;
	uint8_t out[100];

	(void)state;
	assert_int_equal(codec_open(&codec, PARQUET_CODEC_ZSTD, 1), 0);
	assert_int_equal(codec_compress(codec, zeros, sizeof(zeros), &compressed), 0);
	assert_int_equal(codec_decompress(codec, compressed.data, compressed.length, out, 100),
			 -EBADMSG);
	buffer_clear(&compressed);
	assert_int_equal(codec_compress(codec, zeros, 99, &compressed), 0);
	assert_int_equal(codec_decompress(codec, compressed.data, compressed.length, out, 100),
			 -EBADMSG);
	assert_int_equal(codec_decompress(codec, compressed.data, compressed.length, out, 99), 0);
	for (size_t shorter = 0; shorter < compressed.length; shorter++)
		assert_int_equal(codec_decompress(codec, compressed.data, shorter, out, 99),
				 -EBADMSG);
	codec_close(codec);
	buffer_free(&compressed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksum_tells_any_wrong_bit_of_a_page),
		cmocka_unit_test(pages_must_hold_what_the_row_group_says),
		cmocka_unit_test(values_must_be_in_their_page),
		cmocka_unit_test(dictionary_indexes_must_be_in_the_dictionary),
		cmocka_unit_test(dictionary_must_hold_its_entries),
		cmocka_unit_test(page_header_must_not_lie),
		cmocka_unit_test(levels_of_a_page_of_version_1_must_be_in_it),
		cmocka_unit_test(page_of_another_kind_is_not_supported),
		cmocka_unit_test(compressed_page_must_have_the_size_that_it_says),
	};

	return cmocka_run_group_tests_name("parquet hostile pages", tests, NULL, NULL);
}
