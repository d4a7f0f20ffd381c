/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scenarios on one thread: nesting, interleaving, failure, cancellation, blocks left in all ways.
 * The table at the end says what each does; `basic --list` prints it.
 */
#include "scenario.h"
#include <setjmp.h>

enum { NO_SUCH_FILE = 2 };

static void single(const struct scenario_arguments *arguments)
{
	struct ledger_span level_0;

	(void)arguments;
	LEDGER_BEGIN(&level_0, NULL, "level_0");
	LEDGER_SUSPEND(&level_0);
	scenario_pause(1000);
	LEDGER_RESUME(&level_0);
	LEDGER_END(&level_0);
}

static void nested_two(const struct scenario_arguments *arguments)
{
	struct ledger_span outer, inner;

	(void)arguments;
	LEDGER_BEGIN(&outer, NULL, "outer");
	LEDGER_BEGIN(&inner, &outer, "inner");
	LEDGER_END(&inner);
	LEDGER_END(&outer);
}

static void three_in_parallel(const struct scenario_arguments *arguments)
{
	struct ledger_span spans[3];
	int poll, i;

	(void)arguments;
	LEDGER_BEGIN(&spans[0], NULL, "parallel_0");
	LEDGER_SUSPEND(&spans[0]);
	LEDGER_BEGIN(&spans[1], NULL, "parallel_1");
	LEDGER_SUSPEND(&spans[1]);
	LEDGER_BEGIN(&spans[2], NULL, "parallel_2");
	LEDGER_SUSPEND(&spans[2]);
	for (poll = 0; poll < 2; poll++) {
		for (i = 0; i < 3; i++) {
			LEDGER_RESUME(&spans[i]);
			LEDGER_SUSPEND(&spans[i]);
		}
	}
	for (i = 0; i < 3; i++) {
		LEDGER_RESUME(&spans[i]);
		LEDGER_END(&spans[i]);
	}
}

static void nested_four(const struct scenario_arguments *arguments)
{
	struct ledger_span level[4];
	int i;

	(void)arguments;
	LEDGER_BEGIN(&level[0], NULL, "level_0");
	LEDGER_BEGIN(&level[1], &level[0], "level_1");
	LEDGER_BEGIN(&level[2], &level[1], "level_2");
	LEDGER_BEGIN(&level[3], &level[2], "level_3");
	for (i = 3; i >= 0; i--)
		LEDGER_END(&level[i]);
}

static void error_result(const struct scenario_arguments *arguments)
{
	struct ledger_span recovery, operation;

	(void)arguments;
	LEDGER_BEGIN(&recovery, NULL, "recovery");
	LEDGER_BEGIN(&operation, &recovery, "error_operation");
	LEDGER_END_STATUS(&operation, -NO_SUCH_FILE);
	LEDGER_END(&recovery);
}

static void suspended_inner(const struct scenario_arguments *arguments)
{
	struct ledger_span outer, inner;

	(void)arguments;
	LEDGER_BEGIN(&outer, NULL, "outer");
	LEDGER_BEGIN(&inner, &outer, "inner");
	LEDGER_SUSPEND(&inner);
	LEDGER_SUSPEND(&outer);
	scenario_pause(1000);
	LEDGER_RESUME(&outer);
	LEDGER_RESUME(&inner);
	LEDGER_END(&inner);
	LEDGER_END(&outer);
}

static void suspended_named(const struct scenario_arguments *arguments)
{
	struct ledger_span outer, inner;
	char name[32];

	(void)arguments;
	snprintf(name, sizeof(name), "outer %d", 7);
	LEDGER_BEGIN_NAMED(&outer, NULL, name);
	snprintf(name, sizeof(name), "inner %d", 8);
	LEDGER_BEGIN_NAMED(&inner, &outer, name);
	LEDGER_SUSPEND(&inner);
	LEDGER_SUSPEND(&outer);
	scenario_pause(1000);
	LEDGER_RESUME(&outer);
	LEDGER_RESUME(&inner);
	LEDGER_END(&inner);
	LEDGER_END(&outer);
}

static void two_in_sequence(const struct scenario_arguments *arguments)
{
	struct ledger_span outer, inner_1, inner_2;

	(void)arguments;
	LEDGER_BEGIN(&outer, NULL, "outer");
	LEDGER_BEGIN(&inner_1, &outer, "inner_1");
	LEDGER_END(&inner_1);
	LEDGER_BEGIN(&inner_2, &outer, "inner_2");
	LEDGER_END(&inner_2);
	LEDGER_END(&outer);
}

static void never_begun(const struct scenario_arguments *arguments)
{
	struct ledger_span nothing = { .span = { 0 } };

	(void)arguments;
	LEDGER_SUSPEND(&nothing);
	LEDGER_RESUME(&nothing);
	LEDGER_END(&nothing);
}

static void cancelled(const struct scenario_arguments *arguments)
{
	struct ledger_span operation;

	(void)arguments;
	LEDGER_BEGIN(&operation, NULL, "cancelled_operation");
	LEDGER_SUSPEND(&operation);
	LEDGER_END_STATUS(&operation, ASYNCSPAN_CANCELLED);
}

static void begun_in_a_run_in_b(const struct scenario_arguments *arguments)
{
	struct ledger_span a, b, x;

	(void)arguments;
	LEDGER_BEGIN(&a, NULL, "A");
	LEDGER_SPAWN(&x, &a, "x");
	LEDGER_BEGIN(&b, &a, "B");
	LEDGER_RESUME(&x);
	LEDGER_END(&x);
	LEDGER_END(&b);
	LEDGER_END(&a);
}

static void join_of_three(const struct scenario_arguments *arguments)
{
	struct ledger_span join, workers[3];
	int i;

	(void)arguments;
	LEDGER_BEGIN(&join, NULL, "join");
	LEDGER_BEGIN(&workers[0], &join, "w0");
	LEDGER_SUSPEND(&workers[0]);
	LEDGER_BEGIN(&workers[1], &join, "w1");
	LEDGER_SUSPEND(&workers[1]);
	LEDGER_BEGIN(&workers[2], &join, "w2");
	LEDGER_SUSPEND(&workers[2]);
	LEDGER_SUSPEND(&join);
	LEDGER_RESUME(&join);
	for (i = 0; i < 3; i++) {
		LEDGER_RESUME(&workers[i]);
		LEDGER_END(&workers[i]);
	}
	LEDGER_END(&join);
}

static void spawn_at_root(const struct scenario_arguments *arguments)
{
	struct ledger_span spawned;

	(void)arguments;
	LEDGER_SPAWN(&spawned, NULL, "spawned");
	LEDGER_RESUME(&spawned);
	LEDGER_END(&spawned);
}

static int returns_from_inside(void)
{
	LEDGER_SCOPE(scope, NULL, "left_by_return");
	struct ledger_span child;

	LEDGER_BEGIN(&child, &scope, "child_of_left_by_return");
	LEDGER_END(&child);
	return scope.depth;
}

static void breaks_from_inside(void)
{
	int i;

	for (i = 0; i < 3; i++) {
		LEDGER_SCOPE(scope, NULL, "left_by_break");
		if (i == scope.depth)
			break;
	}
	if (i != 0)
		ledger_fail("break did not leave the loop");
}

static void jumps_from_inside(void)
{
	{
		LEDGER_SCOPE(scope, NULL, "left_by_goto");
		if (scope.depth == 0)
			goto out;
		ledger_fail("unreachable");
	}
out:
	return;
}

static int returns_from_poll(struct ledger_span *polled)
{
	ASYNCSPAN_POLL(&polled->span) {
		return 1;
	}
	return 0;
}

/* Each leaves the polled span suspended: what begins afterwards is a root. */
static void left_polls(struct ledger_span *polled)
{
	int rounds;

	if (!returns_from_poll(polled))
		ledger_fail("return did not leave the function");
	for (rounds = 0; rounds < 2; rounds++) {
		ASYNCSPAN_POLL(&polled->span) {
			if (rounds == 0)
				continue;
			break;
		}
	}
	if (rounds != 2)
		ledger_fail("break in a poll left the loop around it");
	ASYNCSPAN_POLL(&polled->span) {
		goto out;
	}
out:
	return;
}

static void left_blocks(const struct scenario_arguments *arguments)
{
	struct ledger_span after, polled;

	(void)arguments;
	returns_from_inside();
	LEDGER_BEGIN(&after, NULL, "after_return");
	LEDGER_END(&after);
	breaks_from_inside();
	LEDGER_BEGIN(&after, NULL, "after_break");
	LEDGER_END(&after);
	jumps_from_inside();
	LEDGER_BEGIN(&after, NULL, "after_goto");
	LEDGER_END(&after);
	LEDGER_SPAWN(&polled, NULL, "polled");
	left_polls(&polled);
	LEDGER_BEGIN(&after, NULL, "after_polls");
	LEDGER_END(&after);
	LEDGER_END(&polled);
}

static void stale_then_new(struct ledger_span *lower, struct ledger_span *stale)
{
	struct ledger_span after;

	LEDGER_BEGIN(&after, stale, "after");
	LEDGER_END(&after);
	LEDGER_SUSPEND_AS(lower, "not_top");
	LEDGER_RESUME(lower);
	LEDGER_END(lower);
	LEDGER_END(stale);
}

static void left_by_longjmp(const struct scenario_arguments *arguments)
{
	static struct ledger_span lower, stale;
	static jmp_buf back;

	(void)arguments;
	LEDGER_BEGIN(&lower, NULL, "lower");
	if (setjmp(back) == 0) {
		LEDGER_BEGIN(&stale, &lower, "stale");
		longjmp(back, 1);
	}
	stale_then_new(&lower, &stale);
}

static void returns_without_suspend(struct ledger_span *stale, const struct ledger_span *lower)
{
	LEDGER_BEGIN(stale, lower, "stale");
}

static void left_by_return(const struct scenario_arguments *arguments)
{
	struct ledger_span lower, stale;

	(void)arguments;
	LEDGER_BEGIN(&lower, NULL, "lower");
	returns_without_suspend(&stale, &lower);
	stale_then_new(&lower, &stale);
}

static const struct scenario scenarios[] = {
	{ "C1", "one span, suspended once for 1 ms", single },
	{ "C2", "outer runs inner", nested_two },
	{ "C3", "three spans begun at root, polled in turn", three_in_parallel },
	{ "C4", "four levels", nested_four },
	{ "C5", "an inner operation fails with status -2", error_result },
	{ "C6", "outer runs inner, both suspended once", suspended_inner },
	{ "C7", "the same with names made at run time", suspended_named },
	{ "C10", "outer runs two inner ones, one after the other", two_in_sequence },
	{ "N1", "suspend, resume and end of a handle never begun", never_begun },
	{ "N2", "cancelled while suspended", cancelled },
	{ "N3", "x spawned in A, run inside B, which A runs", begun_in_a_run_in_b },
	{ "N5", "join of three siblings, each suspended once", join_of_three },
	{ "N7", "spawned with no span entered", spawn_at_root },
	{ "N8", "scopes and polls left by return, break, continue, goto; then roots", left_blocks },
	{ "N8b_longjmp", "a block left by longjmp: the next span is below the stale one",
	  left_by_longjmp },
	{ "N8b_return", "a function left without suspend: the same", left_by_return },
};

int main(int argc, char **argv)
{
	return SCENARIO_MAIN(argc, argv, scenarios);
}
