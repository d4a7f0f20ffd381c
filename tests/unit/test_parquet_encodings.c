/* SPDX-License-Identifier: BSD-2-Clause */
/* Parquet's encodings: known bytes, every width, and input that is not to be trusted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parquet/bits.h"
#include "parquet/delta.h"
#include "parquet/dictionary.h"
#include "parquet/rle.h"
#include "parquet/varint.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t random64(void)
{
	static uint64_t seed;
	uint64_t z = seed += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

/* A copy that ends where the decoders may read to: a sanitizer sees every byte beyond. */
static uint8_t *with_slack(const void *bytes, size_t length)
{
	uint8_t *copy = calloc(1, length + BITS_SLACK);

	assert_non_null(copy);
	if (length)
		memcpy(copy, bytes, length);
	return copy;
}

static bool rle_decodes(const void *bytes, size_t length, unsigned int width, uint32_t *values,
			size_t count)
{
	uint8_t *copy = with_slack(bytes, length);
	bool ok = rle_decode(copy, length, width, values, count);

	free(copy);
	return ok;
}

static bool delta_decodes(const void *bytes, size_t length, int64_t *values, size_t count)
{
	uint8_t *copy = with_slack(bytes, length);
	bool ok = delta_decode(copy, length, values, count);

	free(copy);
	return ok;
}

static void assert_bytes(const struct buffer *buffer, const void *bytes, size_t length)
{
	assert_int_equal(buffer->length, length);
	assert_memory_equal(buffer->data, bytes, length);
}

static void varint_is_7_bits_a_byte_and_zigzag_when_signed(void **state)
{
	static const struct {
		int64_t value;
		const char *bytes;
		size_t length;
	} cases[] = {
		{ 0, "\x00", 1 },
		{ -1, "\x01", 1 },
		{ 1, "\x02", 1 },
		{ 63, "\x7E", 1 },
		{ -64, "\x7F", 1 },
		{ 64, "\x80\x01", 2 },
		{ INT64_MAX, "\xFE\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 10 },
		{ INT64_MIN, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", 10 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint8_t out[VARINT_MAX];
		const uint8_t *in = out;
		size_t length = varint_put_signed(out, cases[i].value) - out;
		int64_t back = 0;

		assert_int_equal(length, cases[i].length);
		assert_memory_equal(out, cases[i].bytes, length);
		assert_true(varint_get_signed(&in, out + length, &back));
		assert_true(back == cases[i].value);
		assert_ptr_equal(in, out + length);
		in = out;
		assert_false(varint_get_signed(&in, out + length - 1, &back));
	}
}

static void varint_longer_than_64_bits_is_refused(void **state)
{
	static const uint8_t bytes[] = { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
					 0x80, 0x80, 0x80, 0x80, 0x00 };
	const uint8_t *in = bytes;
	uint64_t value;

	(void)state;
	assert_false(varint_get(&in, bytes + sizeof(bytes), &value));
}

/* Encodings.md, "RLE / Bit-Packing Hybrid": 0 to 7 in 3 bits each. */
static void rle_packs_different_values_least_significant_bit_first(void **state)
{
	static const uint32_t values[] = { 0, 1, 2, 3, 4, 5, 6, 7 };
	struct buffer out = { 0 };

	(void)state;
	assert_int_equal(rle_encode(&out, values, 8, 3), 0);
	assert_bytes(&out, "\x03\x88\xC6\xFA", 4);
	buffer_free(&out);
}

static void rle_writes_a_run_as_its_length_and_value(void **state)
{
	uint32_t values[100];
	struct buffer out = { 0 };

	(void)state;
	for (size_t i = 0; i < 100; i++)
		values[i] = 4;
	assert_int_equal(rle_encode(&out, values, 100, 3), 0);
	assert_bytes(&out, "\xC8\x01\x04", 3);
	buffer_clear(&out);
	assert_int_equal(rle_encode(&out, values, 100, 17), 0);
	assert_bytes(&out, "\xC8\x01\x04\x00\x00", 5);
	buffer_free(&out);
}

static void rle_fills_up_only_the_last_group(void **state)
{
	/* 9 values of 1 bit: two groups, of which 7 bits are nobody's. */
	static const uint32_t values[] = { 1, 0, 1, 0, 1, 0, 1, 0, 1 };
	struct buffer out = { 0 };

	(void)state;
	assert_int_equal(rle_encode(&out, values, 9, 1), 0);
	assert_bytes(&out, "\x05\x55\x01", 3);
	buffer_free(&out);
}

static void rle_of_width_0_is_a_run_without_a_value(void **state)
{
	uint32_t values[20] = { 0 };
	struct buffer out = { 0 };

	(void)state;
	assert_int_equal(rle_encode(&out, values, 20, 0), 0);
	assert_bytes(&out, "\x28", 1);
	values[3] = 9;
	assert_true(rle_decodes(out.data, out.length, 0, values, 20));
	assert_int_equal(values[3], 0);
	buffer_free(&out);
}

/* Runs of random lengths of random values. */
static void fill_with_runs(uint32_t *values, size_t count, uint32_t mask, uint32_t longest)
{
	for (size_t i = 0; i < count;) {
		size_t run = 1 + random64() % longest;
		uint32_t value = random64() & mask;

		while (run-- && i < count)
			values[i++] = value;
	}
}

static void rle_gives_back_what_it_was_given_in_every_width(void **state)
{
	enum { MOST = 1000 };
	static const uint32_t longest[] = { 1, 2, 12, 100, 2000 };
	uint32_t values[MOST], back[MOST];

	(void)state;
	for (unsigned int width = 0; width <= 32; width++) {
		uint32_t mask = width ? UINT32_MAX >> (32 - width) : 0;

		for (size_t i = 0; i < COUNT(longest); i++) {
			size_t count = random64() % MOST;
			struct buffer out = { 0 };

			fill_with_runs(values, count, mask, longest[i]);
			assert_int_equal(rle_encode(&out, values, count, width), 0);
			assert_true(rle_decodes(out.data, out.length, width, back, count));
			assert_memory_equal(back, values, count * sizeof(*values));
			assert_true(out.length <= 10 + bits_size(count + 8, width) + count / 4);
			buffer_free(&out);
		}
	}
}

static void rle_that_is_cut_off_is_refused(void **state)
{
	uint32_t values[300], back[300];
	struct buffer out = { 0 };

	(void)state;
	fill_with_runs(values, 300, 0x7FF, 30);
	assert_int_equal(rle_encode(&out, values, 300, 11), 0);
	/* The last group's padding may be missing, a whole value not. */
	for (size_t length = 0; length + 11 < out.length; length++)
		assert_false(rle_decodes(out.data, length, 11, back, 300));
	buffer_free(&out);
}

static void rle_that_makes_no_sense_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		unsigned int width;
	} cases[] = {
		{ "", 0, 1 },
		{ "\x00\x00", 2, 1 },			  /* a run of none */
		{ "\x01", 1, 1 },			  /* no group */
		{ "\x14\x08", 2, 3 },			  /* 8 does not fit in 3 bits */
		{ "\x14", 1, 3 },			  /* the value is missing */
		{ "\xFE\xFF\xFF\xFF\xFF\x01\x00", 7, 1 }, /* longer than 32 bits */
		{ "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11, 1 },
		{ "\xFF\xFF\xFF\xFF\x0F\x00", 6, 32 }, /* packed, and nothing there */
	};
	uint32_t values[10];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_false(
			rle_decodes(cases[i].bytes, cases[i].length, cases[i].width, values, 10));
}

static void rle_run_longer_than_asked_for_ends_there(void **state)
{
	uint32_t values[4] = { 9, 9, 9, 9 };

	(void)state;
	assert_true(rle_decodes("\xFE\xFF\xFF\xFF\x0F\x01", 6, 1, values, 3));
	assert_int_equal(values[2], 1);
	assert_int_equal(values[3], 9);
}

/* Encodings.md, "Delta encoding", examples 1 and 2, with this writer's block of 128 in 4 parts. */
static void delta_stores_what_differs_from_the_smallest_difference(void **state)
{
	static const int64_t growing[] = { 1, 2, 3, 4, 5 };
	static const int64_t both_ways[] = { 7, 5, 3, 1, 2, 3, 4, 5 };
	struct buffer out = { 0 };

	(void)state;
	assert_int_equal(delta_encode(&out, growing, 5), 0);
	assert_bytes(&out, "\x80\x01\x04\x05\x02\x02\x00\x00\x00\x00", 10);
	buffer_clear(&out);
	/* The miniblock is filled up to 32 values of 2 bits. */
	assert_int_equal(delta_encode(&out, both_ways, 8), 0);
	assert_bytes(&out, "\x80\x01\x04\x08\x0E\x03\x02\x00\x00\x00\xC0\x3F\0\0\0\0\0\0", 18);
	buffer_free(&out);
}

static void delta_of_none_and_of_one_value_has_no_block(void **state)
{
	static const int64_t one[] = { -3 };
	struct buffer out = { 0 };
	int64_t back = 0;

	(void)state;
	assert_int_equal(delta_encode(&out, NULL, 0), 0);
	assert_bytes(&out, "\x80\x01\x04\x00\x00", 5);
	assert_true(delta_decodes(out.data, out.length, NULL, 0));
	buffer_clear(&out);
	assert_int_equal(delta_encode(&out, one, 1), 0);
	assert_bytes(&out, "\x80\x01\x04\x01\x05", 5);
	assert_true(delta_decodes(out.data, out.length, &back, 1));
	assert_int_equal(back, -3);
	buffer_free(&out);
}

static void delta_gives_back_what_it_was_given(void **state)
{
	enum { MOST = 1000 };
	int64_t values[MOST], back[MOST];

	(void)state;
	for (unsigned int bits = 0; bits <= 64; bits++) {
		size_t count = 1 + random64() % MOST;
		struct buffer out = { 0 };

		for (size_t i = 0; i < count; i++)
			values[i] = bits ? random64() >> (64 - bits) : 0;
		if (bits == 64) {
			/* Differences that do not fit in 64 bits wrap around. */
			values[0] = INT64_MIN;
			values[count / 2] = INT64_MAX;
			values[count - 1] = INT64_MIN;
		}
		assert_int_equal(delta_encode(&out, values, count), 0);
		assert_true(delta_decodes(out.data, out.length, back, count));
		assert_memory_equal(back, values, count * sizeof(*values));
		buffer_free(&out);
	}
}

static void delta_of_other_block_sizes_is_read(void **state)
{
	/* A block of 256 in 2 miniblocks of 128: 1 to 5; and one of 8 in 1: 10, 13. */
	int64_t values[5];

	(void)state;
	assert_true(delta_decodes("\x80\x02\x02\x05\x02\x02\x00\x00", 8, values, 5));
	assert_int_equal(values[4], 5);
	assert_true(delta_decodes("\x08\x01\x02\x14\x00\x02\x03\x00", 8, values, 2));
	assert_int_equal(values[1], 13);
}

static void delta_that_is_cut_off_is_refused(void **state)
{
	int64_t values[300], back[300];
	struct buffer out = { 0 };

	(void)state;
	for (size_t i = 0; i < 300; i++)
		values[i] = random64();
	assert_int_equal(delta_encode(&out, values, 300), 0);
	for (size_t length = 0; length < out.length; length++)
		assert_false(delta_decodes(out.data, length, back, 300));
	buffer_free(&out);
}

static void delta_that_makes_no_sense_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} cases[] = {
		{ "\x80\x01\x00\x02\x02\x02\x00", 7 },		    /* no miniblocks */
		{ "\x80\x01\x03\x02\x02\x02\x00\x00\x00", 9 },	    /* 128 in 3 parts */
		{ "\x00\x04\x02\x02\x02\x00\x00\x00\x00", 9 },	    /* blocks of none */
		{ "\x04\x01\x02\x02\x02\x00", 6 },		    /* miniblocks of 4 */
		{ "\x80\x01\x04\x03\x02\x02\x00\x00\x00\x00", 10 }, /* 3 values, not 2 */
		{ "\x80\x01\x04\x02\x02\x02\x41\x00\x00\x00", 10 }, /* 65 bits wide */
		{ "\x80\x80\x80\x80\x08\x01\x02\x02\x02\x00", 10 }, /* a block of 2^31 */
		{ "\x80\x80\x80\x08\x80\x80\x80\x08\x02\x02\x02\x00", 12 },
	};
	int64_t values[2];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_false(delta_decodes(cases[i].bytes, cases[i].length, values, 2));
}

static void damaged_bytes_never_lead_astray(void **state)
{
	enum { VALUES = 200 };
	uint32_t indexes[VALUES], some[VALUES];
	int64_t times[VALUES], others[VALUES];
	struct buffer rle = { 0 }, delta = { 0 };

	(void)state;
	fill_with_runs(indexes, VALUES, 0x3F, 20);
	for (size_t i = 0; i < VALUES; i++)
		times[i] = i * 1000 + random64() % 3000;
	assert_int_equal(rle_encode(&rle, indexes, VALUES, 6), 0);
	assert_int_equal(delta_encode(&delta, times, VALUES), 0);
	/* Whether it is noticed is luck: a sanitizer sees that nothing else is touched. */
	for (size_t i = 0; i < rle.length; i++) {
		for (unsigned int bit = 0; bit < 8; bit++) {
			rle.data[i] ^= 1 << bit;
			rle_decodes(rle.data, rle.length, 6, some, VALUES);
			rle.data[i] ^= 1 << bit;
		}
	}
	for (size_t i = 0; i < delta.length; i++) {
		for (unsigned int bit = 0; bit < 8; bit++) {
			delta.data[i] ^= 1 << bit;
			delta_decodes(delta.data, delta.length, others, VALUES);
			delta.data[i] ^= 1 << bit;
		}
	}
	assert_true(rle_decodes(rle.data, rle.length, 6, some, VALUES));
	assert_memory_equal(some, indexes, sizeof(indexes));
	assert_true(delta_decodes(delta.data, delta.length, others, VALUES));
	assert_memory_equal(others, times, sizeof(times));
	buffer_free(&rle);
	buffer_free(&delta);
}

static const struct dictionary_limit no_limit = { UINT32_MAX, SIZE_MAX };

static void dictionary_numbers_values_by_first_appearance(void **state)
{
	static const int64_t values[] = { 5, -1, 5, INT64_MIN, -1, 0, UINT32_MAX };
	static const uint32_t expected[] = { 0, 1, 0, 2, 1, 3, 4 };
	static const int32_t small[] = { -1, 0, -1, INT32_MIN };
	static const uint32_t expected_small[] = { 0, 1, 0, 2 };
	struct dictionary dictionary = { 0 };
	uint32_t indexes[COUNT(values)];

	(void)state;
	assert_int_equal(
		dictionary_index_int64(&dictionary, values, COUNT(values), &no_limit, indexes), 1);
	assert_memory_equal(indexes, expected, sizeof(expected));
	assert_int_equal(dictionary.count, 5);
	assert_true(dictionary.values[2] == (uint64_t)INT64_MIN);
	/* The same dictionary serves the next chunk and knows nothing of the one before. */
	assert_int_equal(dictionary_index_int32(&dictionary, small, 4, &no_limit, indexes), 1);
	assert_memory_equal(indexes, expected_small, sizeof(expected_small));
	assert_int_equal(dictionary.count, 3);
	assert_true(dictionary.values[0] == UINT32_MAX);
	dictionary_free(&dictionary);
}

static void dictionary_grows_with_its_values(void **state)
{
	enum { MANY = 50000 };
	int64_t *values = malloc(MANY * sizeof(*values));
	uint32_t *indexes = malloc(MANY * sizeof(*indexes));
	struct dictionary dictionary = { 0 };

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		values[i] = i % 30000 * 1024;
	assert_int_equal(dictionary_index_int64(&dictionary, values, MANY, &no_limit, indexes), 1);
	assert_int_equal(dictionary.count, 30000);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(indexes[i], i % 30000);
	dictionary_free(&dictionary);
	free(indexes);
	free(values);
}

static void dictionary_over_a_limit_does_not_fit(void **state)
{
	static const struct dictionary_limit two = { 2, SIZE_MAX }, nine_bytes = { 100, 9 };
	static const int64_t values[] = { 1, 2, 1, 3 };
	struct dictionary dictionary = { 0 };
	struct intern *strings = intern_new();
	uint32_t ids[3], indexes[4];

	(void)state;
	ids[0] = intern_add_text(strings, "a");
	ids[1] = 0;
	ids[2] = intern_add_text(strings, "b");
	assert_int_equal(dictionary_index_int64(&dictionary, values, 3, &two, indexes), 1);
	assert_int_equal(dictionary_index_int64(&dictionary, values, 4, &two, indexes), 0);
	/* Each text counts its bytes and 4 for its length. */
	assert_int_equal(dictionary_index_texts(&dictionary, strings, ids, 2, &nine_bytes, indexes),
			 1);
	assert_int_equal(dictionary_index_texts(&dictionary, strings, ids, 3, &nine_bytes, indexes),
			 0);
	assert_int_equal(dictionary_index_texts(&dictionary, strings, ids, 3, &two, indexes), 0);
	dictionary_free(&dictionary);
	intern_free(strings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(varint_is_7_bits_a_byte_and_zigzag_when_signed),
		cmocka_unit_test(varint_longer_than_64_bits_is_refused),
		cmocka_unit_test(rle_packs_different_values_least_significant_bit_first),
		cmocka_unit_test(rle_writes_a_run_as_its_length_and_value),
		cmocka_unit_test(rle_fills_up_only_the_last_group),
		cmocka_unit_test(rle_of_width_0_is_a_run_without_a_value),
		cmocka_unit_test(rle_gives_back_what_it_was_given_in_every_width),
		cmocka_unit_test(rle_that_is_cut_off_is_refused),
		cmocka_unit_test(rle_that_makes_no_sense_is_refused),
		cmocka_unit_test(rle_run_longer_than_asked_for_ends_there),
		cmocka_unit_test(delta_stores_what_differs_from_the_smallest_difference),
		cmocka_unit_test(delta_of_none_and_of_one_value_has_no_block),
		cmocka_unit_test(delta_gives_back_what_it_was_given),
		cmocka_unit_test(delta_of_other_block_sizes_is_read),
		cmocka_unit_test(delta_that_is_cut_off_is_refused),
		cmocka_unit_test(delta_that_makes_no_sense_is_refused),
		cmocka_unit_test(damaged_bytes_never_lead_astray),
		cmocka_unit_test(dictionary_numbers_values_by_first_appearance),
		cmocka_unit_test(dictionary_grows_with_its_values),
		cmocka_unit_test(dictionary_over_a_limit_does_not_fit),
	};

	return cmocka_run_group_tests_name("parquet encodings", tests, NULL, NULL);
}
