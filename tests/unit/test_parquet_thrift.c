/* SPDX-License-Identifier: BSD-2-Clause */
/* Thrift's compact protocol: known bytes, and input that is not to be trusted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "parquet/thrift.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One of everything. */
static void write_sample(struct buffer *out)
{
	struct thrift_writer w = { .out = out };

	thrift_write_i32(&w, 1, 1);
	thrift_write_i64(&w, 5, -1);
	thrift_write_bool(&w, 20, true);
	thrift_write_binary(&w, 21, "ab", 2);
	thrift_begin_list(&w, 22, THRIFT_I32, 2);
	thrift_element_i32(&w, 1);
	thrift_element_i32(&w, -2);
	thrift_begin_struct(&w, 23);
	thrift_write_i8(&w, 1, -128);
	thrift_write_bool(&w, 2, false);
	thrift_write_empty_struct(&w, 3);
	thrift_end_struct(&w);
	thrift_write_i16(&w, 100, 300);
	thrift_end_struct(&w);
	assert_int_equal(w.error, 0);
}

static const uint8_t sample[] = {
	0x15, 0x02,		      /* field 1: i32 1 */
	0x46, 0x01,		      /* field 5: i64 -1 */
	0xF1,			      /* field 20: true, in the type */
	0x18, 0x02, 'a',  'b',	      /* field 21: binary */
	0x19, 0x25, 0x02, 0x03,	      /* field 22: list of 2 i32 */
	0x1C,			      /* field 23: struct */
	0x13, 0x80,		      /*   field 1: i8 is one raw byte */
	0x12,			      /*   field 2: false */
	0x1C, 0x00,		      /*   field 3: an empty struct */
	0x00,			      /*   the ids begin anew in it and go on behind it: */
	0x04, 0xC8, 0x01, 0xD8, 0x04, /* field 100: too far for a difference */
	0x00,
};

static void fields_are_written_as_the_specification_says(void **state)
{
	struct buffer out = { 0 };

	(void)state;
	write_sample(&out);
	assert_int_equal(out.length, sizeof(sample));
	assert_memory_equal(out.data, sample, sizeof(sample));
	buffer_free(&out);
}

static void long_list_carries_its_length_apart(void **state)
{
	struct buffer out = { 0 };
	struct thrift_writer w = { .out = &out };
	struct thrift_reader r;
	struct thrift_field field = { 0 };

	(void)state;
	thrift_begin_list(&w, 1, THRIFT_I32, 15);
	for (int i = 0; i < 15; i++)
		thrift_element_i32(&w, i);
	thrift_end_struct(&w);
	assert_memory_equal(out.data, "\x19\xF5\x0F\x00\x02", 5);
	r = (struct thrift_reader){ .at = out.data, .end = out.data + out.length };
	assert_true(thrift_next_field(&r, &field));
	assert_int_equal(thrift_enter_list(&r, &field, THRIFT_I32), 15);
	buffer_free(&out);
}

static void what_was_written_is_read(void **state)
{
	struct thrift_reader r = { .at = sample, .end = sample + sizeof(sample) };
	struct thrift_field f = { 0 }, inner = { 0 };
	struct thrift_binary text;

	(void)state;
	assert_true(thrift_next_field(&r, &f));
	assert_int_equal(f.id, 1);
	assert_int_equal(thrift_read_i32(&r, &f), 1);
	assert_true(thrift_next_field(&r, &f));
	assert_int_equal(thrift_read_i64(&r, &f), -1);
	assert_true(thrift_next_field(&r, &f));
	assert_int_equal(f.id, 20);
	assert_true(thrift_read_bool(&r, &f));
	assert_true(thrift_next_field(&r, &f));
	text = thrift_read_binary(&r, &f);
	assert_int_equal(text.length, 2);
	assert_memory_equal(text.bytes, "ab", 2);
	assert_true(thrift_next_field(&r, &f));
	assert_int_equal(thrift_enter_list(&r, &f, THRIFT_I32), 2);
	assert_int_equal(thrift_read_element_i32(&r), 1);
	assert_int_equal(thrift_read_element_i32(&r), -2);
	assert_true(thrift_next_field(&r, &f));
	assert_true(thrift_enter_struct(&r, &f));
	assert_true(thrift_next_field(&r, &inner));
	assert_int_equal(thrift_read_i8(&r, &inner), -128);
	assert_true(thrift_next_field(&r, &inner));
	assert_false(thrift_read_bool(&r, &inner));
	assert_true(thrift_next_field(&r, &inner));
	thrift_skip(&r, &inner);
	assert_false(thrift_next_field(&r, &inner));
	assert_true(thrift_next_field(&r, &f));
	assert_int_equal(f.id, 100);
	thrift_skip(&r, &f);
	assert_false(thrift_next_field(&r, &f));
	assert_false(r.failed);
	assert_ptr_equal(r.at, r.end);
}

/* Reads any struct without knowing its fields. */
static bool skips(const void *bytes, size_t length)
{
	uint8_t *copy = malloc(length + 1);
	struct thrift_reader r = { .at = copy, .end = copy + length };
	struct thrift_field field = { 0 };

	assert_non_null(copy);
	memcpy(copy, bytes, length);
	while (thrift_next_field(&r, &field))
		thrift_skip(&r, &field);
	free(copy);
	return !r.failed;
}

static void unknown_fields_are_skipped(void **state)
{
	(void)state;
	assert_true(skips(sample, sizeof(sample)));
}

static void struct_that_is_cut_off_is_refused(void **state)
{
	(void)state;
	for (size_t length = 0; length < sizeof(sample); length++)
		assert_false(skips(sample, length));
}

static void damaged_bytes_are_never_read_beyond_their_end(void **state)
{
	uint8_t bytes[sizeof(sample)];

	(void)state;
	memcpy(bytes, sample, sizeof(sample));
	for (size_t i = 0; i < sizeof(sample); i++) {
		for (unsigned int bit = 0; bit < 8; bit++) {
			bytes[i] ^= 1 << bit;
			skips(bytes, sizeof(bytes));
			bytes[i] ^= 1 << bit;
		}
	}
	assert_true(skips(bytes, sizeof(bytes)));
}

static void what_makes_no_sense_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
	} cases[] = {
		{ "\x18\x05"
		  "ab\x00",
		  5 },							    /* a text of 5 bytes */
		{ "\x18\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01\x00", 12 }, /* of 2^64 - 1 */
		{ "\x19\xF5\xFF\xFF\xFF\xFF\x0F\x00", 8 },		    /* a list of 2^32 - 1 */
		{ "\x17\x00\x00", 3 },					    /* a double */
		{ "\x1B\x00\x00", 3 },					    /* a map */
		{ "\x05\x80\x80\x80\x01\x00\x00", 7 },			    /* field 2^20 */
	};
	uint8_t deep[100];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_false(skips(cases[i].bytes, cases[i].length));
	memset(deep, 0x1C, sizeof(deep)); /* structs without end in each other */
	assert_false(skips(deep, sizeof(deep)));
	memset(deep, 0x19, sizeof(deep)); /* lists */
	assert_false(skips(deep, sizeof(deep)));
}

static void field_of_another_type_than_expected_fails_for_good(void **state)
{
	struct thrift_reader r = { .at = sample, .end = sample + sizeof(sample) };
	struct thrift_field field = { 0 };

	(void)state;
	assert_true(thrift_next_field(&r, &field));
	assert_int_equal(thrift_read_i64(&r, &field), 0);
	assert_true(r.failed);
	assert_false(thrift_next_field(&r, &field));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_written_as_the_specification_says),
		cmocka_unit_test(long_list_carries_its_length_apart),
		cmocka_unit_test(what_was_written_is_read),
		cmocka_unit_test(unknown_fields_are_skipped),
		cmocka_unit_test(struct_that_is_cut_off_is_refused),
		cmocka_unit_test(damaged_bytes_are_never_read_beyond_their_end),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(field_of_another_type_than_expected_fails_for_good),
	};

	return cmocka_run_group_tests_name("parquet thrift", tests, NULL, NULL);
}
