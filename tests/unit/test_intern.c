/* SPDX-License-Identifier: BSD-2-Clause */
/* The set of distinct strings, and the growable buffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/intern.h"

static void empty_string_is_always_0(void **state)
{
	struct intern *intern = intern_new();
	size_t length = 1;

	(void)state;
	assert_int_equal(intern_count(intern), 1);
	assert_int_equal(intern_add(intern, NULL, 0), 0);
	assert_int_equal(intern_add_text(intern, ""), 0);
	assert_string_equal(intern_get(intern, 0, &length), "");
	assert_int_equal(length, 0);
	intern_free(intern);
}

static void equal_strings_get_the_same_id_and_others_another(void **state)
{
	struct intern *intern = intern_new();
	uint32_t a = intern_add_text(intern, "a"), b = intern_add_text(intern, "b");

	(void)state;
	assert_int_equal(a, 1);
	assert_int_equal(b, 2);
	assert_int_equal(intern_add(intern, "abc", 1), a);
	assert_int_equal(intern_add_text(intern, "b"), b);
	assert_int_equal(intern_count(intern), 3);
	intern_free(intern);
}

static void strings_may_hold_any_byte(void **state)
{
	static const char bytes[] = { 'x', 0, (char)0xFF, 0, 'y' };
	struct intern *intern = intern_new();
	uint32_t whole = intern_add(intern, bytes, sizeof(bytes));
	uint32_t half = intern_add(intern, bytes, 2);
	size_t length;

	(void)state;
	assert_int_not_equal(whole, half);
	assert_memory_equal(intern_get(intern, whole, &length), bytes, sizeof(bytes));
	assert_int_equal(length, sizeof(bytes));
	assert_int_equal(intern_get(intern, whole, NULL)[length], 0);
	intern_free(intern);
}

static void strings_and_their_bytes_stay_when_the_set_grows(void **state)
{
	enum { COUNT = 100000 };
	struct intern *intern = intern_new();
	const char *first;
	char text[32], *large = calloc(1, 1 << 20);

	(void)state;
	first = intern_get(intern, intern_add_text(intern, "string 0"), NULL);
	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "string %d", i);
		assert_int_equal(intern_add_text(intern, text), i + 1);
	}
	/* Larger than what the set allocates at a time. */
	memset(large, 'l', (1 << 20) - 1);
	assert_int_equal(intern_add_text(intern, large), COUNT + 1);
	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "string %d", i);
		assert_int_equal(intern_add_text(intern, text), i + 1);
		assert_string_equal(intern_get(intern, i + 1, NULL), text);
	}
	assert_string_equal(intern_get(intern, COUNT + 1, NULL), large);
	assert_ptr_equal(intern_get(intern, 1, NULL), first);
	free(large);
	intern_free(intern);
}

static void clearing_leaves_only_the_empty_string(void **state)
{
	struct intern *intern = intern_new();

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 5000; i++) {
			char text[32];

			snprintf(text, sizeof(text), "%d of round %d", i, round);
			assert_int_equal(intern_add_text(intern, text), i + 1);
		}
		intern_clear(intern);
		assert_int_equal(intern_count(intern), 1);
		assert_string_equal(intern_get(intern, 0, NULL), "");
	}
	intern_free(intern);
}

static void buffer_keeps_what_was_appended(void **state)
{
	struct buffer buffer = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(buffer_append_u32(&buffer, i), 0);
	assert_int_equal(buffer.length, 40000);
	for (uint32_t i = 0; i < 10000; i++)
		assert_int_equal(buffer.data[4 * i] | buffer.data[4 * i + 1] << 8, i);
	buffer_free(&buffer);
	assert_null(buffer.data);
}

static void buffer_that_cannot_grow_stays_as_it_was(void **state)
{
	struct buffer buffer = { 0 };

	(void)state;
	assert_int_equal(buffer_append(&buffer, "abc", 3), 0);
	assert_null(buffer_reserve(&buffer, SIZE_MAX));
	assert_int_equal(buffer_append(&buffer, "abc", SIZE_MAX - 2), -ENOMEM);
	assert_int_equal(buffer.length, 3);
	assert_memory_equal(buffer.data, "abc", 3);
	buffer_free(&buffer);
}

static void empty_buffer_takes_nothing_and_has_a_place_for_it(void **state)
{
	struct buffer buffer = { 0 };

	(void)state;
	assert_int_equal(buffer_append(&buffer, NULL, 0), 0);
	assert_non_null(buffer.data);
	assert_int_equal(buffer.length, 0);
	buffer_free(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_string_is_always_0),
		cmocka_unit_test(equal_strings_get_the_same_id_and_others_another),
		cmocka_unit_test(strings_may_hold_any_byte),
		cmocka_unit_test(strings_and_their_bytes_stay_when_the_set_grows),
		cmocka_unit_test(clearing_leaves_only_the_empty_string),
		cmocka_unit_test(buffer_keeps_what_was_appended),
		cmocka_unit_test(buffer_that_cannot_grow_stays_as_it_was),
		cmocka_unit_test(empty_buffer_takes_nothing_and_has_a_place_for_it),
	};

	return cmocka_run_group_tests_name("intern", tests, NULL, NULL);
}
