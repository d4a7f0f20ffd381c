/* SPDX-License-Identifier: BSD-2-Clause */
/* Depths of spans computed from their parents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tables/event_depths.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct event_depths *depths_of(const int64_t (*spans)[2], size_t count)
{
	struct event_depths *depths;

	assert_int_equal(event_depths_open(&depths), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(event_depths_add(depths, spans[i][0], spans[i][1]), 0);
	return depths;
}

static void depth_is_the_number_of_ancestors_in_whatever_order_they_come(void **state)
{
	static const int64_t spans[][2] = {
		{ 30, 20 }, { 20, 10 }, { 11, 10 }, { 10, 0 }, { 31, 20 }, { -5, 30 }, { 40, 0 },
	};
	static const int64_t expected[][2] = {
		{ 31, 2 }, { 10, 0 }, { -5, 3 }, { 30, 2 }, { 11, 1 }, { 20, 1 }, { 40, 0 },
	};
	struct event_depths *depths = depths_of(spans, COUNT(spans));

	(void)state;
	for (size_t i = 0; i < COUNT(expected); i++)
		assert_int_equal(event_depths_of(depths, expected[i][0]), expected[i][1]);
	event_depths_close(depths);
}

static void depth_below_a_parent_that_is_missing_or_its_own_ancestor_is_not_known(void **state)
{
	static const int64_t spans[][2] = {
		{ 1, 99 }, { 2, 1 },	       /* 99 is missing */
		{ 3, 3 },  { 4, 3 },	       /* its own parent */
		{ 5, 6 },  { 6, 7 }, { 7, 5 }, /* a ring, and what hangs on it */
		{ 8, 5 },  { 9, 8 },
	};
	struct event_depths *depths = depths_of(spans, COUNT(spans));

	(void)state;
	for (int64_t span = 0; span <= 10; span++)
		assert_int_equal(event_depths_of(depths, span), EVENT_DEPTH_UNKNOWN);
	event_depths_close(depths);
}

/* Longer than any stack could follow, and asked for from its far end. */
static void chain_of_a_million_spans_has_a_million_depths(void **state)
{
	const int64_t length = 1000000;
	struct event_depths *depths;

	(void)state;
	assert_int_equal(event_depths_open(&depths), 0);
	for (int64_t span = length; span; span--)
		assert_int_equal(event_depths_add(depths, span, span - 1), 0);
	for (int64_t span = length; span; span--)
		assert_int_equal(event_depths_of(depths, span), span - 1);
	event_depths_close(depths);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(depth_is_the_number_of_ancestors_in_whatever_order_they_come),
		cmocka_unit_test(
			depth_below_a_parent_that_is_missing_or_its_own_ancestor_is_not_known),
		cmocka_unit_test(chain_of_a_million_spans_has_a_million_depths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
