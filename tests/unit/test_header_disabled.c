/* SPDX-License-Identifier: BSD-2-Clause */
/* asyncspan.h with ASYNCSPAN_DISABLE: arguments are checked by the compiler and never evaluated. */
#define ASYNCSPAN_DISABLE
#include <asyncspan.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int evaluations;

static asyncspan_t *handle(asyncspan_t *span)
{
	evaluations++;
	return span;
}

static const char *text(const char *name)
{
	evaluations++;
	return name;
}

static const struct asyncspan_location *location(const struct asyncspan_location *place)
{
	evaluations++;
	return place;
}

static int counted_number(int number)
{
	evaluations++;
	return number;
}

static void arguments_are_never_evaluated_and_handles_left_alone(void **state)
{
	ASYNCSPAN_LOCATION(place, "place");
	asyncspan_t span = { 0x5555 };
	const char *name = "name";

	(void)state;
	evaluations = 0;
	ASYNCSPAN_BEGIN(handle(&span), "x");
	ASYNCSPAN_BEGIN_NAMED(handle(&span), text(name));
	ASYNCSPAN_BEGIN_NAMED_N(handle(&span), text(name), (size_t)counted_number(2));
	ASYNCSPAN_BEGIN_AT(handle(&span), location(&place));
	ASYNCSPAN_BEGIN_NAMED_AT(handle(&span), location(&place), text(name));
	ASYNCSPAN_SPAWN(handle(&span), "x");
	ASYNCSPAN_SPAWN_NAMED(handle(&span), text(name));
	ASYNCSPAN_SPAWN_AT(handle(&span), location(&place));
	ASYNCSPAN_SPAWN_NAMED_AT(handle(&span), location(&place), text(name));
	ASYNCSPAN_BEGIN_CHILD(handle(&span), handle(&span), "x");
	ASYNCSPAN_BEGIN_CHILD_NAMED(handle(&span), handle(&span), text(name));
	ASYNCSPAN_SPAWN_CHILD(handle(&span), handle(&span), "x");
	ASYNCSPAN_SPAWN_CHILD_NAMED(handle(&span), handle(&span), text(name));
	ASYNCSPAN_SUSPEND(handle(&span));
	ASYNCSPAN_RESUME(handle(&span));
	ASYNCSPAN_END(handle(&span));
	ASYNCSPAN_END_STATUS(handle(&span), counted_number(3));
	ASYNCSPAN_SCOPE("scope");
	ASYNCSPAN_SCOPE_NAMED(text(name));
	ASYNCSPAN_SCOPE_AT(location(&place));
	ASYNCSPAN_POLL(handle(&span)) {
		assert_int_equal(evaluations, 0);
	}
	assert_int_equal(evaluations, 0);
	assert_int_equal(span.id, 0x5555);
}

static void the_block_of_a_poll_still_runs_and_is_left_by_break_alone(void **state)
{
	asyncspan_t span = { 0x5555 };
	int runs = 0, rounds;

	(void)state;
	for (rounds = 0; rounds < 2; rounds++) {
		ASYNCSPAN_POLL(&span) {
			runs++;
			if (rounds == 0)
				continue;
			break;
		}
	}
	assert_int_equal(runs, 2);
	assert_int_equal(rounds, 2);
}

static void there_is_no_id_and_no_tracer(void **state)
{
	asyncspan_t span = { 0x5555 };

	(void)state;
	assert_int_equal(asyncspan_id(&span), 0);
	assert_false(asyncspan_enabled());
	asyncspan_flush();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_are_never_evaluated_and_handles_left_alone),
		cmocka_unit_test(the_block_of_a_poll_still_runs_and_is_left_by_break_alone),
		cmocka_unit_test(there_is_no_id_and_no_tracer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
