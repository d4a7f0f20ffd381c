/* SPDX-License-Identifier: BSD-2-Clause */
/* What the macros of asyncspan.h do, seen at the probes: traced, untraced, and left in all ways. */
#define ASYNCSPAN_TARGET "header_test"
#include "../header/probe_recorder.h"
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The probes fired since recorder_trace(), as "begin end". */
static const char *fired(void)
{
	static char text[1024];
	unsigned i;

	assert_in_range(recorder.count, 0, RECORDER_EVENTS);
	text[0] = '\0';
	for (i = 0; i < recorder.count; i++) {
		strcat(text, i ? " " : "");
		strcat(text, recorder.events[i].probe);
	}
	return text;
}

ASYNCSPAN_LOCATION(place, "place");

/* Every macro that begins a span; each stores into `span` and takes the parent from `parent`. */
#define FOR_EVERY_BEGIN(DO, span, parent, name)                                           \
	do {                                                                              \
		DO("begin", ASYNCSPAN_BEGIN(span, "x"));                                  \
		DO("begin", ASYNCSPAN_BEGIN_AT(span, &place));                            \
		DO("begin_named", ASYNCSPAN_BEGIN_NAMED(span, name));                     \
		DO("begin_named", ASYNCSPAN_BEGIN_NAMED_N(span, name, 2));                \
		DO("begin_named", ASYNCSPAN_BEGIN_NAMED_AT(span, &place, name));          \
		DO("spawn", ASYNCSPAN_SPAWN(span, "x"));                                  \
		DO("spawn", ASYNCSPAN_SPAWN_AT(span, &place));                            \
		DO("spawn_named", ASYNCSPAN_SPAWN_NAMED(span, name));                     \
		DO("spawn_named", ASYNCSPAN_SPAWN_NAMED_AT(span, &place, name));          \
		DO("begin_child", ASYNCSPAN_BEGIN_CHILD(span, parent, "x"));              \
		DO("begin_child_named", ASYNCSPAN_BEGIN_CHILD_NAMED(span, parent, name)); \
		DO("spawn_child", ASYNCSPAN_SPAWN_CHILD(span, parent, "x"));              \
		DO("spawn_child_named", ASYNCSPAN_SPAWN_CHILD_NAMED(span, parent, name)); \
	} while (0)

static void untraced_every_begin_stores_zero_and_nothing_fires(void **state)
{
	asyncspan_t span, parent = { 0x1234 };

	(void)state;
	recorder_trace(0);
#define STORES_ZERO(probe, ...)               \
	do {                                  \
		span.id = 0x5555;             \
		__VA_ARGS__;                  \
		assert_int_equal(span.id, 0); \
	} while (0)
	FOR_EVERY_BEGIN(STORES_ZERO, &span, &parent, "name");
	ASYNCSPAN_SUSPEND(&span);
	ASYNCSPAN_RESUME(&span);
	ASYNCSPAN_END(&span);
	ASYNCSPAN_END_STATUS(&span, 3);
	{
		ASYNCSPAN_SCOPE("scope");
		ASYNCSPAN_SCOPE_NAMED("named");
		ASYNCSPAN_SCOPE_AT(&place);
	}
	ASYNCSPAN_POLL(&span) {
		assert_false(asyncspan_enabled());
	}
	assert_int_equal(asyncspan_id(&span), 0);
	assert_string_equal(fired(), "");
}

static void traced_every_begin_fires_its_probe_with_a_new_id(void **state)
{
	asyncspan_t span, parent = { 0x1234 };
	uint64_t last = 0;

	(void)state;
#define FIRES(expected, ...)                                                 \
	do {                                                                 \
		recorder_trace(1);                                           \
		span.id = 0x5555;                                            \
		__VA_ARGS__;                                                 \
		assert_string_equal(fired(), expected);                      \
		assert_int_equal(recorder.events[0].id, span.id);            \
		assert_in_range(span.id, 1, INT64_MAX);                      \
		assert_int_not_equal(span.id, last);                         \
		assert_int_equal(asyncspan_id(&span), span.id);              \
		assert_int_equal(recorder.events[0].parent,                  \
				 strstr(expected, "child") ? parent.id : 0); \
		last = span.id;                                              \
	} while (0)
	FOR_EVERY_BEGIN(FIRES, &span, &parent, "name");
	assert_true(asyncspan_enabled());
}

static void a_name_is_handed_over_as_it_is_with_its_length(void **state)
{
	char name[] = "not dereferenced";
	const char *unreadable = (const char *)8;
	asyncspan_t span;

	(void)state;
	recorder_trace(1);
	ASYNCSPAN_BEGIN_NAMED(&span, name);
	ASYNCSPAN_BEGIN_NAMED_N(&span, name, 3);
	ASYNCSPAN_BEGIN_NAMED(&span, unreadable);
	ASYNCSPAN_SPAWN_NAMED(&span, NULL);
	assert_ptr_equal(recorder.events[0].name, name);
	assert_int_equal(recorder.events[0].length, SIZE_MAX);
	assert_ptr_equal(recorder.events[1].name, name);
	assert_int_equal(recorder.events[1].length, 3);
	assert_ptr_equal(recorder.events[2].name, unreadable);
	assert_null(recorder.events[3].name);
}

static int evaluations;

static void *counted(void *pointer)
{
	evaluations++;
	return pointer;
}

static int counted_number(int number)
{
	evaluations++;
	return number;
}

/* Counts how often the macros evaluate what they are given. */
static void evaluate_all_arguments_once(void)
{
	asyncspan_t span = { 0 }, parent = { 0 };
	char name[] = "name";
#define ONCE(expected, ...)                              \
	do {                                             \
		evaluations = 0;                         \
		__VA_ARGS__;                             \
		assert_int_equal(evaluations, expected); \
	} while (0)
#define SPAN ((asyncspan_t *)counted(&span))
#define PARENT ((asyncspan_t *)counted(&parent))
#define NAME ((char *)counted(name))
#define PLACE ((const struct asyncspan_location *)counted((void *)(uintptr_t)&place))
	ONCE(1, ASYNCSPAN_BEGIN(SPAN, "x"));
	ONCE(2, ASYNCSPAN_BEGIN_NAMED(SPAN, NAME));
	ONCE(3, ASYNCSPAN_BEGIN_NAMED_N(SPAN, NAME, (size_t)counted_number(2)));
	ONCE(2, ASYNCSPAN_BEGIN_AT(SPAN, PLACE));
	ONCE(3, ASYNCSPAN_BEGIN_NAMED_AT(SPAN, PLACE, NAME));
	ONCE(1, ASYNCSPAN_SPAWN(SPAN, "x"));
	ONCE(2, ASYNCSPAN_SPAWN_NAMED(SPAN, NAME));
	ONCE(2, ASYNCSPAN_SPAWN_AT(SPAN, PLACE));
	ONCE(3, ASYNCSPAN_SPAWN_NAMED_AT(SPAN, PLACE, NAME));
	ONCE(2, ASYNCSPAN_BEGIN_CHILD(SPAN, PARENT, "x"));
	ONCE(3, ASYNCSPAN_BEGIN_CHILD_NAMED(SPAN, PARENT, NAME));
	ONCE(2, ASYNCSPAN_SPAWN_CHILD(SPAN, PARENT, "x"));
	ONCE(3, ASYNCSPAN_SPAWN_CHILD_NAMED(SPAN, PARENT, NAME));
	ONCE(1, ASYNCSPAN_RESUME(SPAN));
	ONCE(1, ASYNCSPAN_SUSPEND(SPAN));
	ONCE(1, ASYNCSPAN_END(SPAN));
	ONCE(2, ASYNCSPAN_END_STATUS(SPAN, counted_number(3)));
	ONCE(1, ASYNCSPAN_SCOPE_NAMED(NAME));
	ONCE(1, ASYNCSPAN_SCOPE_AT(PLACE));
	ONCE(1, ASYNCSPAN_POLL(SPAN) evaluations += 0);
}

static void untraced_arguments_are_evaluated_exactly_once(void **state)
{
	(void)state;
	recorder_trace(0);
	evaluate_all_arguments_once();
}

static void traced_arguments_are_evaluated_exactly_once(void **state)
{
	(void)state;
	recorder_trace(1);
	evaluate_all_arguments_once();
}

static void suspend_resume_and_end_fire_with_the_id_and_end_clears_the_handle(void **state)
{
	asyncspan_t span;
	uint64_t id;
	unsigned i;

	(void)state;
	recorder_trace(1);
	ASYNCSPAN_BEGIN(&span, "x");
	id = span.id;
	ASYNCSPAN_SUSPEND(&span);
	ASYNCSPAN_RESUME(&span);
	assert_int_equal(span.id, id);
	ASYNCSPAN_END_STATUS(&span, -7);
	assert_int_equal(span.id, 0);
	ASYNCSPAN_SUSPEND(&span);
	ASYNCSPAN_RESUME(&span);
	ASYNCSPAN_END(&span);
	assert_string_equal(fired(), "begin suspend resume end");
	for (i = 0; i < recorder.count; i++)
		assert_int_equal(recorder.events[i].id, id);
	assert_int_equal(recorder.events[3].status, -7);
}

static void the_status_of_an_end_is_kept_as_given(void **state)
{
	static const int32_t statuses[] = { 0, 1, -1, INT32_MAX, ASYNCSPAN_CANCELLED, 404 };
	asyncspan_t span;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		recorder_trace(1);
		ASYNCSPAN_SPAWN(&span, "x");
		ASYNCSPAN_END_STATUS(&span, statuses[i]);
		assert_int_equal(recorder.events[1].status, statuses[i]);
	}
	ASYNCSPAN_SPAWN(&span, "x");
	ASYNCSPAN_END(&span);
	assert_int_equal(recorder.events[3].status, 0);
}

static void a_handle_may_be_copied_and_the_copy_stays_when_the_other_ends(void **state)
{
	asyncspan_t span, copy;

	(void)state;
	recorder_trace(1);
	ASYNCSPAN_BEGIN(&span, "x");
	memcpy(&copy, &span, sizeof(copy));
	ASYNCSPAN_END(&span);
	assert_int_not_equal(copy.id, 0);
	ASYNCSPAN_RESUME(&copy);
	assert_string_equal(fired(), "begin end resume");
}

static void a_location_describes_its_call_site(void **state)
{
	const struct asyncspan_location *location;
	asyncspan_t span;
	uint32_t line;

	(void)state;
	recorder_trace(1);
	line = __LINE__ + 1;
	ASYNCSPAN_BEGIN(&span, "operation");
	location = recorder.events[0].location;
	assert_string_equal(location->name, "operation");
	assert_int_equal(location->name_length, 9);
	assert_string_equal(location->target, "header_test");
	assert_int_equal(location->target_length, 11);
	assert_string_equal(location->file, __FILE__);
	assert_int_equal(location->file_length, sizeof(__FILE__) - 1);
	assert_int_equal(location->line, line);
	assert_int_equal(location->version, 1);
	ASYNCSPAN_BEGIN_NAMED(&span, "run time");
	assert_string_equal(recorder.events[1].location->name, "");
	ASYNCSPAN_BEGIN_AT(&span, &place);
	assert_ptr_equal(recorder.events[2].location, &place);
}

#define TEN(text) text text text text text text text text text text

static void the_lengths_in_a_location_are_cut_at_255(void **state)
{
	asyncspan_t span;

	(void)state;
	recorder_trace(1);
	ASYNCSPAN_BEGIN(&span, TEN("12345678901234567890123456"));
	assert_int_equal(recorder.events[0].location->name_length, 255);
	assert_int_equal(strlen(recorder.events[0].location->name), 260);
}

static void an_explicit_parent_is_read_before_the_new_handle_is_stored(void **state)
{
	asyncspan_t span;
	uint64_t first;

	(void)state;
	recorder_trace(1);
	ASYNCSPAN_BEGIN(&span, "first");
	first = span.id;
	ASYNCSPAN_BEGIN_CHILD(&span, &span, "second");
	assert_int_equal(recorder.events[1].parent, first);
	assert_int_not_equal(span.id, first);
}

static void null_and_a_zero_handle_as_parent_are_handed_over_as_zero(void **state)
{
	asyncspan_t span, zero = { 0 };

	(void)state;
	recorder_trace(1);
	ASYNCSPAN_BEGIN_CHILD(&span, NULL, "x");
	ASYNCSPAN_SPAWN_CHILD_NAMED(&span, &zero, "x");
	assert_string_equal(fired(), "begin_child spawn_child_named");
	assert_int_equal(recorder.events[0].parent, 0);
	assert_int_equal(recorder.events[1].parent, 0);
}

static void a_span_begun_untraced_stays_silent_when_a_tracer_comes(void **state)
{
	asyncspan_t span;

	(void)state;
	recorder_trace(0);
	ASYNCSPAN_BEGIN(&span, "x");
	recorder_trace(1);
	ASYNCSPAN_SUSPEND(&span);
	ASYNCSPAN_RESUME(&span);
	ASYNCSPAN_END(&span);
	assert_string_equal(fired(), "");
}

static void a_span_begun_traced_ends_silently_when_the_tracer_has_gone(void **state)
{
	asyncspan_t span;

	(void)state;
	recorder_trace(1);
	ASYNCSPAN_BEGIN(&span, "x");
	recorder_trace(0);
	ASYNCSPAN_SUSPEND(&span);
	ASYNCSPAN_RESUME(&span);
	ASYNCSPAN_END(&span);
	assert_int_equal(span.id, 0);
	assert_string_equal(fired(), "");
}

static int returns_from_scope(void)
{
	ASYNCSPAN_SCOPE("scope");
	return (int)recorder.count;
}

static void jumps_out_of_scope(void)
{
	{
		ASYNCSPAN_SCOPE("scope");
		goto out;
	}
out:
	return;
}

static void a_scope_ends_however_its_block_is_left(void **state)
{
	int i;

	(void)state;
	recorder_trace(1);
	assert_int_equal(returns_from_scope(), 1);
	assert_string_equal(fired(), "begin end");
	recorder_trace(1);
	for (i = 0; i < 2; i++) {
		ASYNCSPAN_SCOPE_AT(&place);
		if (i == 0)
			continue;
		break;
	}
	assert_string_equal(fired(), "begin end begin end");
	recorder_trace(1);
	jumps_out_of_scope();
	assert_string_equal(fired(), "begin end");
	recorder_trace(1);
	{
		ASYNCSPAN_SCOPE("outer");
		ASYNCSPAN_SCOPE_NAMED("inner");
	}
	assert_string_equal(fired(), "begin begin_named end end");
	assert_int_equal(recorder.events[2].id, recorder.events[1].id);
	assert_int_equal(recorder.events[3].id, recorder.events[0].id);
	assert_int_equal(recorder.events[3].status, 0);
}

static int returns_from_poll(asyncspan_t *span)
{
	ASYNCSPAN_POLL(span) {
		return 1;
	}
	return 0;
}

static int jumps_out_of_poll(asyncspan_t *span)
{
	ASYNCSPAN_POLL(span) {
		goto out;
	}
	return 0;
out:
	return 1;
}

static void a_poll_suspends_however_its_block_is_left(void **state)
{
	asyncspan_t span;

	(void)state;
	recorder_trace(1);
	ASYNCSPAN_SPAWN(&span, "x");
	recorder_trace(1);
	ASYNCSPAN_POLL(&span) {
		assert_string_equal(fired(), "resume");
	}
	assert_string_equal(fired(), "resume suspend");
	assert_int_equal(returns_from_poll(&span), 1);
	assert_string_equal(fired(), "resume suspend resume suspend");
	assert_int_equal(jumps_out_of_poll(&span), 1);
	assert_string_equal(fired(), "resume suspend resume suspend resume suspend");
}

static void break_and_continue_in_a_poll_leave_this_block_only(void **state)
{
	int rounds, behind = 0;
	asyncspan_t span;

	(void)state;
	recorder_trace(1);
	ASYNCSPAN_SPAWN(&span, "x");
	recorder_trace(1);
	for (rounds = 0; rounds < 2; rounds++) {
		ASYNCSPAN_POLL(&span) {
			if (rounds == 0)
				continue;
			break;
		}
		behind++;
	}
	assert_int_equal(rounds, 2);
	assert_int_equal(behind, 2);
	assert_string_equal(fired(), "resume suspend resume suspend");
}

static void the_block_of_a_poll_runs_once_also_untraced(void **state)
{
	asyncspan_t span = { 0 };
	int runs = 0;

	(void)state;
	recorder_trace(0);
	ASYNCSPAN_POLL(&span)
		runs++;
	assert_int_equal(runs, 1);
	recorder_trace(1);
	ASYNCSPAN_POLL(&span)
		runs++;
	assert_int_equal(runs, 2);
	assert_string_equal(fired(), "");
}

static void a_poll_whose_block_ends_the_span_suspends_nothing(void **state)
{
	struct {
		asyncspan_t span;
	} request;
	asyncspan_t other;

	(void)state;
	recorder_trace(1);
	ASYNCSPAN_SPAWN(&request.span, "x");
	ASYNCSPAN_POLL(&request.span) {
		ASYNCSPAN_END(&request.span);
		memset(&request, 0xee, sizeof(request)); /* as freed memory may look */
	}
	assert_string_equal(fired(), "spawn resume end");
	recorder_trace(1);
	ASYNCSPAN_SPAWN(&request.span, "x");
	ASYNCSPAN_POLL(&request.span) {
		ASYNCSPAN_BEGIN(&other, "ends after it");
		ASYNCSPAN_END(&request.span);
		ASYNCSPAN_END(&other);
	}
	assert_string_equal(fired(), "spawn resume begin end end");
}

static void the_macros_leave_errno_alone(void **state)
{
	asyncspan_t span;

	(void)state;
	recorder_trace(1);
	errno = 77;
	ASYNCSPAN_BEGIN(&span, "x");
	ASYNCSPAN_SUSPEND(&span);
	ASYNCSPAN_RESUME(&span);
	ASYNCSPAN_END(&span);
	assert_int_equal(errno, 77);
}

static void a_flush_reaches_the_back_end_and_changes_nothing_else(void **state)
{
	asyncspan_t span;
	uint64_t id;

	(void)state;
	recorder_trace(1);
	ASYNCSPAN_BEGIN(&span, "x");
	id = span.id;
	asyncspan_flush();
	assert_int_equal(span.id, id);
	assert_string_equal(fired(), "begin");
#ifdef RECORDER_BUFFERS
	assert_int_equal(buffer.handed_over, 1);
#endif
}

static void a_handle_is_eight_bytes_and_a_location_as_documented(void **state)
{
	(void)state;
	assert_int_equal(sizeof(asyncspan_t), 8);
	assert_int_equal(offsetof(struct asyncspan_location, name), 0);
	assert_int_equal(offsetof(struct asyncspan_location, target), 8);
	assert_int_equal(offsetof(struct asyncspan_location, file), 16);
	assert_int_equal(offsetof(struct asyncspan_location, line), 24);
	assert_int_equal(offsetof(struct asyncspan_location, version), 28);
	assert_int_equal(offsetof(struct asyncspan_location, name_length), 29);
	assert_int_equal(offsetof(struct asyncspan_location, target_length), 30);
	assert_int_equal(offsetof(struct asyncspan_location, file_length), 31);
	assert_int_equal(sizeof(struct asyncspan_location), 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(untraced_every_begin_stores_zero_and_nothing_fires),
		cmocka_unit_test(traced_every_begin_fires_its_probe_with_a_new_id),
		cmocka_unit_test(a_name_is_handed_over_as_it_is_with_its_length),
		cmocka_unit_test(untraced_arguments_are_evaluated_exactly_once),
		cmocka_unit_test(traced_arguments_are_evaluated_exactly_once),
		cmocka_unit_test(suspend_resume_and_end_fire_with_the_id_and_end_clears_the_handle),
		cmocka_unit_test(the_status_of_an_end_is_kept_as_given),
		cmocka_unit_test(a_handle_may_be_copied_and_the_copy_stays_when_the_other_ends),
		cmocka_unit_test(a_location_describes_its_call_site),
		cmocka_unit_test(the_lengths_in_a_location_are_cut_at_255),
		cmocka_unit_test(an_explicit_parent_is_read_before_the_new_handle_is_stored),
		cmocka_unit_test(null_and_a_zero_handle_as_parent_are_handed_over_as_zero),
		cmocka_unit_test(a_span_begun_untraced_stays_silent_when_a_tracer_comes),
		cmocka_unit_test(a_span_begun_traced_ends_silently_when_the_tracer_has_gone),
		cmocka_unit_test(a_scope_ends_however_its_block_is_left),
		cmocka_unit_test(a_poll_suspends_however_its_block_is_left),
		cmocka_unit_test(break_and_continue_in_a_poll_leave_this_block_only),
		cmocka_unit_test(the_block_of_a_poll_runs_once_also_untraced),
		cmocka_unit_test(a_poll_whose_block_ends_the_span_suspends_nothing),
		cmocka_unit_test(the_macros_leave_errno_alone),
		cmocka_unit_test(a_flush_reaches_the_back_end_and_changes_nothing_else),
		cmocka_unit_test(a_handle_is_eight_bytes_and_a_location_as_documented),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
