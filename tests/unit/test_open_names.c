/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of open spans: put, taken, and never confused, however the table is filled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "collect/open_names.h"

#define MANY 20000

static struct model_span_key key_of(uint64_t process, uint64_t span_id)
{
	return (struct model_span_key){ .process = process, .span_id = span_id };
}

static void put(struct open_names *names, uint64_t process, uint64_t span_id, uint32_t name)
{
	struct model_span_key key = key_of(process, span_id);

	assert_int_equal(open_names_put(names, &key, name), 0);
}

static void assert_taken(struct open_names *names, uint64_t process, uint64_t span_id,
			 uint32_t expected)
{
	struct model_span_key key = key_of(process, span_id);
	uint32_t name = 0;

	assert_true(open_names_has(names, &key));
	assert_true(open_names_take(names, &key, &name));
	assert_int_equal(name, expected);
	assert_false(open_names_has(names, &key));
}

static void an_empty_table_has_nothing(void **state)
{
	struct model_span_key key = key_of(1, 1);
	struct open_names names = { 0 };
	uint32_t name;

	(void)state;
	assert_false(open_names_has(&names, &key));
	assert_false(open_names_take(&names, &key, &name));
	open_names_free(&names);
}

static void a_name_is_taken_once(void **state)
{
	struct model_span_key key = key_of(1, 5);
	struct open_names names = { 0 };
	uint32_t name;

	(void)state;
	put(&names, 1, 5, 50);
	assert_taken(&names, 1, 5, 50);
	assert_false(open_names_take(&names, &key, &name));
	assert_int_equal(names.count, 0);
	open_names_free(&names);
}

static void the_last_name_put_counts(void **state)
{
	struct open_names names = { 0 };

	(void)state;
	put(&names, 1, 5, 50);
	put(&names, 1, 5, 51);
	assert_int_equal(names.count, 1);
	assert_taken(&names, 1, 5, 51);
	open_names_free(&names);
}

static void the_same_id_in_two_processes_is_two_spans(void **state)
{
	struct open_names names = { 0 };

	(void)state;
	put(&names, 1, 5, 50);
	put(&names, 2, 5, 60);
	assert_taken(&names, 2, 5, 60);
	assert_taken(&names, 1, 5, 50);
	open_names_free(&names);
}

/* Every order of removing closes its gaps: entries behind them must still be found. */
static void entries_behind_a_gap_are_found(void **state)
{
	struct open_names names = { 0 };

	(void)state;
	for (uint32_t i = 1; i <= MANY; i++)
		put(&names, i % 3 + 1, i, i);
	for (uint32_t i = 1; i <= MANY; i += 2)
		assert_taken(&names, i % 3 + 1, i, i);
	for (uint32_t i = MANY; i >= 2; i -= 2)
		assert_taken(&names, i % 3 + 1, i, i);
	assert_int_equal(names.count, 0);
	open_names_free(&names);
}

static void ids_that_fall_on_one_place_are_kept_apart(void **state)
{
	struct open_names names = { 0 };

	(void)state;
	/* Multiples of 2^32 differ in bits that the hash multiplies out of sight, or not: both. */
	for (uint64_t i = 1; i <= 400; i++)
		put(&names, 1, i << 32, (uint32_t)i);
	for (uint64_t i = 1; i <= 400; i += 3)
		assert_taken(&names, 1, i << 32, (uint32_t)i);
	for (uint64_t i = 1; i <= 400; i++)
		if (i % 3 != 1)
			assert_taken(&names, 1, i << 32, (uint32_t)i);
	open_names_free(&names);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_table_has_nothing),
		cmocka_unit_test(a_name_is_taken_once),
		cmocka_unit_test(the_last_name_put_counts),
		cmocka_unit_test(the_same_id_in_two_processes_is_two_spans),
		cmocka_unit_test(entries_behind_a_gap_are_found),
		cmocka_unit_test(ids_that_fall_on_one_place_are_kept_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
