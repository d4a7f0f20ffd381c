/* SPDX-License-Identifier: BSD-2-Clause */
/* Column chunks: which encoding is chosen, and what the statistics say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/intern.h"
#include "parquet/chunk_encoder.h"

#define ROWS 1000
#define PAGE_ROWS 300

enum { TEXT, TEXT_OR_NULL, SMALL, BIG, BIG_OR_NULL, TIME, UNSIGNED, COLUMNS };

static const struct parquet_column columns[COLUMNS] = {
	[TEXT] = { "text", PARQUET_BYTE_ARRAY, PARQUET_LOGICAL_STRING, PARQUET_PREFER_DICTIONARY,
		   false },
	[TEXT_OR_NULL] = { "text_or_null", PARQUET_BYTE_ARRAY, PARQUET_LOGICAL_STRING,
			   PARQUET_PREFER_DICTIONARY, true },
	[SMALL] = { "small", PARQUET_INT32, PARQUET_LOGICAL_NONE, PARQUET_PREFER_DICTIONARY,
		    false },
	[BIG] = { "big", PARQUET_INT64, PARQUET_LOGICAL_NONE, PARQUET_PREFER_PLAIN, false },
	[BIG_OR_NULL] = { "big_or_null", PARQUET_INT64, PARQUET_LOGICAL_NONE,
			  PARQUET_PREFER_DICTIONARY, true },
	[TIME] = { "time", PARQUET_INT64, PARQUET_LOGICAL_TIMESTAMP_NS, PARQUET_PREFER_DELTA,
		   true },
	[UNSIGNED] = { "unsigned", PARQUET_INT32, PARQUET_LOGICAL_UINT32, PARQUET_PREFER_PLAIN,
		       false },
};

/* One chunk, encoded alone. */
static struct metadata_chunk encode(const struct parquet_column *column, const void *array,
				    const uint8_t *valid, size_t count,
				    const struct intern *strings, struct buffer *out)
{
	struct parquet_values values = { array, valid, count, strings };
	struct chunk_encoder encoder = {
		.codec_kind = PARQUET_CODEC_NONE,
		.page_rows = PAGE_ROWS,
		.dictionary_limit = { 100, 4000 },
	};
	struct metadata_chunk chunk;

	assert_int_equal(codec_open(&encoder.codec, PARQUET_CODEC_NONE, 0), 0);
	assert_int_equal(chunk_encode(&encoder, column, &values, out, &chunk), 0);
	codec_close(encoder.codec);
	chunk_encoder_free(&encoder);
	return chunk;
}

static bool uses(const struct metadata_chunk *chunk, enum parquet_encoding encoding)
{
	return chunk->encodings & UINT32_C(1) << encoding;
}

static void numbers_go_into_a_dictionary_only_where_that_is_shorter(void **state)
{
	int64_t few[ROWS], many[ROWS];
	struct buffer out = { 0 };
	struct metadata_chunk chunk;

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		few[i] = i % 7;
		many[i] = i % 99;
	}
	chunk = encode(&columns[BIG_OR_NULL], few, NULL, ROWS, NULL, &out);
	assert_true(chunk.has_dictionary);
	assert_true(uses(&chunk, PARQUET_RLE_DICTIONARY));
	assert_int_equal(chunk.data_pages, 4);
	assert_true(chunk.data_page_offset > chunk.dictionary_page_offset);
	chunk = encode(&columns[BIG_OR_NULL], many, NULL, 99, NULL, &out);
	assert_false(chunk.has_dictionary);
	assert_false(uses(&chunk, PARQUET_RLE_DICTIONARY));
	/* More distinct values than the limit of 100. */
	many[99] = -1;
	many[100] = -2;
	chunk = encode(&columns[BIG_OR_NULL], many, NULL, ROWS, NULL, &out);
	assert_false(chunk.has_dictionary);
	buffer_free(&out);
}

static void numbers_left_to_a_codec_are_differences_where_there_is_none(void **state)
{
	int64_t near[ROWS], far[ROWS];
	struct buffer out = { 0 };
	struct metadata_chunk chunk;

	(void)state;
	for (size_t i = 0; i < ROWS; i++) {
		near[i] = (INT64_C(1) << 60) + (int64_t)i;
		far[i] = i % 2 ? INT64_MAX : (int64_t)(i * UINT64_C(0x9E3779B97F4A7C15));
	}
	chunk = encode(&columns[BIG], near, NULL, ROWS, NULL, &out);
	assert_true(uses(&chunk, PARQUET_DELTA_BINARY_PACKED));
	chunk = encode(&columns[BIG], far, NULL, ROWS, NULL, &out);
	assert_false(uses(&chunk, PARQUET_DELTA_BINARY_PACKED));
	assert_true(uses(&chunk, PARQUET_PLAIN));
	buffer_free(&out);
}

static void texts_leave_the_dictionary_when_it_grows_too_large(void **state)
{
	struct intern *strings = intern_new();
	struct buffer out = { 0 };
	struct metadata_chunk chunk;
	uint32_t ids[200];

	(void)state;
	for (size_t i = 0; i < 200; i++) {
		char text[32];

		snprintf(text, sizeof(text), "distinct %zu", i);
		ids[i] = intern_add_text(strings, text);
	}
	chunk = encode(&columns[TEXT], ids, NULL, 100, strings, &out);
	assert_true(chunk.has_dictionary);
	chunk = encode(&columns[TEXT], ids, NULL, 101, strings, &out);
	assert_false(chunk.has_dictionary);
	assert_true(uses(&chunk, PARQUET_PLAIN));
	buffer_free(&out);
	intern_free(strings);
}

static void column_of_nulls_has_neither_values_nor_bounds(void **state)
{
	static const uint8_t none[PAGE_ROWS];
	struct intern *strings = intern_new();
	uint32_t ids[PAGE_ROWS] = { 0 };
	struct buffer out = { 0 };
	struct metadata_chunk chunk;

	(void)state;
	chunk = encode(&columns[TEXT_OR_NULL], ids, none, PAGE_ROWS, strings, &out);
	assert_false(chunk.has_dictionary);
	assert_int_equal(chunk.statistics.nulls, PAGE_ROWS);
	assert_false(chunk.statistics.min.known || chunk.statistics.max.known);
	assert_true(out.length < 64);
	buffer_free(&out);
	intern_free(strings);
}

static void assert_bound(const struct statistics_bound *bound, const void *bytes, size_t length,
			 bool exact)
{
	assert_true(bound->known);
	assert_int_equal(bound->exact, exact);
	assert_int_equal(bound->length, length);
	assert_memory_equal(bound->bytes, bytes, length);
}

static void bounds_of_numbers_follow_their_type(void **state)
{
	static const int32_t small[] = { 5, -1, 7 };
	static const int64_t big[] = { 5, INT64_MIN, INT64_MAX };
	static const uint8_t valid[] = { 1, 0, 1 };
	struct metadata_chunk chunk;
	struct buffer out = { 0 };

	(void)state;
	chunk = encode(&columns[SMALL], small, NULL, 3, NULL, &out);
	assert_bound(&chunk.statistics.min, "\xFF\xFF\xFF\xFF", 4, true);
	assert_bound(&chunk.statistics.max, "\x07\0\0\0", 4, true);
	/* The same bits without a sign. */
	chunk = encode(&columns[UNSIGNED], small, NULL, 3, NULL, &out);
	assert_bound(&chunk.statistics.min, "\x05\0\0\0", 4, true);
	assert_bound(&chunk.statistics.max, "\xFF\xFF\xFF\xFF", 4, true);
	chunk = encode(&columns[TIME], big, NULL, 3, NULL, &out);
	assert_bound(&chunk.statistics.min, &big[1], 8, true);
	assert_bound(&chunk.statistics.max, &big[2], 8, true);
	/* A null is no value. */
	chunk = encode(&columns[TIME], big, valid, 3, NULL, &out);
	assert_bound(&chunk.statistics.min, &big[0], 8, true);
	assert_int_equal(chunk.statistics.nulls, 1);
	buffer_free(&out);
}

static void bounds_of_texts_are_bytewise_and_long_ones_cut_outwards(void **state)
{
	char low[101], high[101], high_bound[65], accents[101];
	struct intern *strings = intern_new();
	struct metadata_chunk chunk;
	struct buffer out = { 0 };
	uint32_t ids[3];

	(void)state;
	ids[0] = intern_add_text(strings, "b");
	ids[1] = intern_add_text(strings, "\xC3\xA9");
	ids[2] = intern_add_text(strings, "ab");
	chunk = encode(&columns[TEXT], ids, NULL, 3, strings, &out);
	assert_bound(&chunk.statistics.min, "ab", 2, true);
	assert_bound(&chunk.statistics.max, "\xC3\xA9", 2, true);

	memset(low, 'l', 100);
	memset(high, 'x', 100);
	memset(high_bound, 'x', 64);
	high_bound[63] = 'y';
	ids[0] = intern_add(strings, low, 100);
	ids[1] = intern_add(strings, high, 100);
	chunk = encode(&columns[TEXT], ids, NULL, 2, strings, &out);
	assert_bound(&chunk.statistics.min, low, 64, false);
	assert_bound(&chunk.statistics.max, high_bound, 64, false);

	/* Characters of two bytes are not split, and none is raised: only what is before them. */
	for (size_t i = 0; i < 50; i++) {
		accents[2 * i] = (char)0xC3;
		accents[2 * i + 1] = (char)0xBF;
	}
	accents[0] = 'a';
	accents[1] = 'b';
	ids[0] = intern_add(strings, accents, 100);
	chunk = encode(&columns[TEXT], ids, NULL, 1, strings, &out);
	assert_bound(&chunk.statistics.max, "ac", 2, false);
	ids[0] = intern_add(strings, accents + 2, 98);
	chunk = encode(&columns[TEXT], ids, NULL, 1, strings, &out);
	assert_bound(&chunk.statistics.min, accents + 2, 64, false);
	assert_false(chunk.statistics.max.known);
	buffer_free(&out);
	intern_free(strings);
}

static void texts_that_are_not_utf8_are_made_so(void **state)
{
	struct intern *strings = intern_new();
	struct buffer out = { 0 };
	struct metadata_chunk chunk;
	uint32_t id = intern_add(strings, "a\xFFz", 3);

	(void)state;
	chunk = encode(&columns[TEXT], &id, NULL, 1, strings, &out);
	assert_bound(&chunk.statistics.min, "a\xEF\xBF\xBDz", 5, true);
	assert_non_null(memmem(out.data, out.length, "\x05\0\0\0a\xEF\xBF\xBDz", 9));
	buffer_free(&out);
	intern_free(strings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_go_into_a_dictionary_only_where_that_is_shorter),
		cmocka_unit_test(numbers_left_to_a_codec_are_differences_where_there_is_none),
		cmocka_unit_test(texts_leave_the_dictionary_when_it_grows_too_large),
		cmocka_unit_test(column_of_nulls_has_neither_values_nor_bounds),
		cmocka_unit_test(bounds_of_numbers_follow_their_type),
		cmocka_unit_test(bounds_of_texts_are_bytewise_and_long_ones_cut_outwards),
		cmocka_unit_test(texts_that_are_not_utf8_are_made_so),
	};

	return cmocka_run_group_tests_name("parquet chunk", tests, NULL, NULL);
}
