/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scenarios of handles used in ways that are not right: each alone, each with the outcome that the
 * rules give it and with what begins afterwards as the proof. The table at the end says what each
 * does.
 */
#include "scenario.h"
#include <sys/wait.h>

static void end_twice(const struct scenario_arguments *arguments)
{
	struct ledger_span a, copy, after;

	(void)arguments;
	LEDGER_BEGIN(&a, NULL, "a");
	copy = a;
	LEDGER_END(&a);
	LEDGER_END(&a);
	LEDGER_END_AS(&copy, "orphan");
	LEDGER_BEGIN(&after, NULL, "after");
	LEDGER_END(&after);
}

static void suspend_twice(const struct scenario_arguments *arguments)
{
	struct ledger_span outer, a, after;

	(void)arguments;
	LEDGER_BEGIN(&outer, NULL, "outer");
	LEDGER_BEGIN(&a, &outer, "a");
	LEDGER_SUSPEND(&a);
	LEDGER_SUSPEND_AS(&a, "not_entered");
	LEDGER_BEGIN(&after, &outer, "after");
	LEDGER_END(&after);
	LEDGER_END(&a);
	LEDGER_END(&outer);
}

static void double_resume(const struct scenario_arguments *arguments)
{
	struct ledger_span a, after;

	(void)arguments;
	LEDGER_BEGIN(&a, NULL, "a");
	LEDGER_RESUME_AS(&a, "double_resume");
	LEDGER_SUSPEND(&a);
	LEDGER_BEGIN(&after, NULL, "after");
	LEDGER_END(&after);
	LEDGER_END(&a);
}

static void *steal(void *argument)
{
	struct ledger_span *a = (struct ledger_span *)argument, there;

	LEDGER_RESUME_AS(a, "stolen");
	LEDGER_BEGIN(&there, a, "there");
	LEDGER_END(&there);
	LEDGER_SUSPEND(a);
	return NULL;
}

static void resume_stolen(const struct scenario_arguments *arguments)
{
	struct ledger_span a, b, after;

	(void)arguments;
	LEDGER_BEGIN(&a, NULL, "a");
	LEDGER_BEGIN(&b, &a, "b");
	scenario_on_thread(steal, &a);
	LEDGER_BEGIN(&after, &b, "after");
	LEDGER_END(&after);
	LEDGER_END(&b);
	LEDGER_BEGIN(&after, NULL, "after_b");
	LEDGER_END(&after);
	LEDGER_END(&a);
}

static void resume_not_top(const struct scenario_arguments *arguments)
{
	struct ledger_span a, b, c, after;

	(void)arguments;
	LEDGER_BEGIN(&a, NULL, "a");
	LEDGER_BEGIN(&b, &a, "b");
	LEDGER_BEGIN(&c, &b, "c");
	LEDGER_RESUME_AS(&a, "not_top");
	LEDGER_BEGIN(&after, &a, "after");
	LEDGER_END(&after);
	LEDGER_SUSPEND_AS(&b, "not_entered");
	LEDGER_END(&c);
	LEDGER_END(&b);
	LEDGER_END(&a);
}

static void suspend_not_top(const struct scenario_arguments *arguments)
{
	struct ledger_span outer, a, b, c, after;

	(void)arguments;
	LEDGER_BEGIN(&outer, NULL, "outer");
	LEDGER_BEGIN(&a, &outer, "a");
	LEDGER_BEGIN(&b, &a, "b");
	LEDGER_BEGIN(&c, &b, "c");
	LEDGER_SUSPEND_AS(&a, "not_top");
	LEDGER_BEGIN(&after, &outer, "after");
	LEDGER_END(&after);
	LEDGER_END(&c);
	LEDGER_END(&b);
	LEDGER_END(&a);
	LEDGER_END(&outer);
}

static void end_not_top(const struct scenario_arguments *arguments)
{
	struct ledger_span a, b, c, after;

	(void)arguments;
	LEDGER_BEGIN(&a, NULL, "a");
	LEDGER_BEGIN(&b, &a, "b");
	LEDGER_BEGIN(&c, &b, "c");
	LEDGER_END_AS(&b, "not_top");
	LEDGER_BEGIN(&after, &c, "after");
	LEDGER_END(&after);
	LEDGER_END(&c);
	LEDGER_BEGIN(&after, &a, "after_c");
	LEDGER_END(&after);
	LEDGER_END(&a);
}

static void *suspend_elsewhere(void *argument)
{
	struct ledger_span *a = (struct ledger_span *)argument;

	LEDGER_SUSPEND_AS(a, "foreign");
	return NULL;
}

static void suspend_foreign(const struct scenario_arguments *arguments)
{
	struct ledger_span a, b, after;

	(void)arguments;
	LEDGER_BEGIN(&a, NULL, "a");
	LEDGER_BEGIN(&b, &a, "b");
	scenario_on_thread(suspend_elsewhere, &a);
	LEDGER_BEGIN(&after, &b, "after");
	LEDGER_END(&after);
	LEDGER_END(&b);
	LEDGER_BEGIN(&after, NULL, "after_b");
	LEDGER_END(&after);
	LEDGER_END(&a);
}

static void *end_elsewhere(void *argument)
{
	struct ledger_span *a = (struct ledger_span *)argument;

	LEDGER_END_AS(a, "foreign");
	return NULL;
}

static void end_foreign(const struct scenario_arguments *arguments)
{
	struct ledger_span a, b, after;

	(void)arguments;
	LEDGER_BEGIN(&a, NULL, "a");
	LEDGER_BEGIN(&b, &a, "b");
	scenario_on_thread(end_elsewhere, &b);
	LEDGER_BEGIN(&after, &a, "after");
	LEDGER_END(&after);
	scenario_on_thread(end_elsewhere, &a);
	LEDGER_BEGIN(&after, NULL, "after_a");
	LEDGER_END(&after);
}

static void resume_after_end(const struct scenario_arguments *arguments)
{
	struct ledger_span a, copy, after;

	(void)arguments;
	LEDGER_BEGIN(&a, NULL, "a");
	copy = a;
	LEDGER_END(&a);
	LEDGER_RESUME_AS(&copy, "orphan");
	LEDGER_BEGIN(&after, NULL, "after");
	LEDGER_END(&after);
	LEDGER_SUSPEND_AS(&copy, "orphan");
}

static void overwritten(const struct scenario_arguments *arguments)
{
	struct ledger_span a, copy;

	(void)arguments;
	LEDGER_BEGIN(&a, NULL, "first");
	copy = a;
	LEDGER_BEGIN_AS(&a, &copy, "second", "overwritten");
	LEDGER_END(&a);
	LEDGER_END(&copy);
}

/* Every macro that takes a parent, below another span so that it is seen where the parent is from. */
static void all_forms(const struct ledger_span *expected_parent, const asyncspan_t *parent,
		      const char *outcome)
{
	struct ledger_span entered, child;
	char name[16] = "named child";

	LEDGER_BEGIN(&entered, NULL, "entered");
	LEDGER_BEGIN_CHILD(&child, expected_parent, parent, "child", outcome);
	LEDGER_END(&child);
	LEDGER_BEGIN_CHILD_NAMED(&child, expected_parent, parent, name, outcome);
	LEDGER_END(&child);
	LEDGER_SPAWN_CHILD(&child, expected_parent, parent, "spawned_child", outcome);
	LEDGER_END(&child);
	LEDGER_SPAWN_CHILD_NAMED(&child, expected_parent, parent, name, outcome);
	LEDGER_END(&child);
	LEDGER_END(&entered);
}

static void parent_alive(const struct scenario_arguments *arguments)
{
	struct ledger_span a, b, c, copy;

	(void)arguments;
	LEDGER_BEGIN(&a, NULL, "a");
	LEDGER_BEGIN(&b, &a, "b");
	copy = b;
	LEDGER_SUSPEND(&b);
	LEDGER_SUSPEND(&a);
	all_forms(&b, &b.span, "normal");
	LEDGER_BEGIN_CHILD(&c, &b, &b.span, "c", "normal");
	/* The new handle may be the parent's own. */
	LEDGER_BEGIN_CHILD(&b, &copy, &b.span, "b_again", "overwritten");
	LEDGER_END(&b);
	LEDGER_END(&c);
	LEDGER_END(&copy);
	LEDGER_END(&a);
}

static void parent_none(const struct scenario_arguments *arguments)
{
	(void)arguments;
	all_forms(NULL, NULL, "normal");
}

static void parent_ended_pointer(const struct scenario_arguments *arguments)
{
	struct ledger_span parent;

	(void)arguments;
	LEDGER_BEGIN(&parent, NULL, "parent");
	LEDGER_END(&parent);
	all_forms(NULL, &parent.span, "normal");
}

static void parent_ended_copy(const struct scenario_arguments *arguments)
{
	struct ledger_span parent;
	asyncspan_t copy;

	(void)arguments;
	LEDGER_BEGIN(&parent, NULL, "parent");
	copy = parent.span;
	LEDGER_END(&parent);
	all_forms(NULL, &copy, "parent_gone");
}

static void parent_other_process(const struct scenario_arguments *arguments)
{
	struct ledger_span parent;
	pid_t child;

	(void)arguments;
	LEDGER_BEGIN(&parent, NULL, "parent");
	child = fork();
	if (child < 0)
		ledger_fail("cannot fork");
	if (child == 0) {
		all_forms(NULL, &parent.span, "parent_gone");
		_exit(0);
	}
	waitpid(child, NULL, 0);
	LEDGER_END(&parent);
}

static void parent_unknown(const struct scenario_arguments *arguments)
{
	asyncspan_t of_an_earlier_trace = { UINT64_C(0x123456789abcdef) };

	(void)arguments;
	all_forms(NULL, &of_an_earlier_trace, "parent_gone");
}

static const struct scenario scenarios[] = {
	{ "end_twice", "X4: by the cleared handle nothing, by a copy an orphan", end_twice },
	{ "suspend_twice", "X4: the second finds it not entered", suspend_twice },
	{ "double_resume", "X4: resumed on top of the stack", double_resume },
	{ "resume_stolen", "X4: resumed on another thread than it is entered on", resume_stolen },
	{ "resume_not_top", "X4: resumed below two others", resume_not_top },
	{ "suspend_not_top", "X4: suspended below two others", suspend_not_top },
	{ "end_not_top", "X4: ended below another, which stays entered", end_not_top },
	{ "suspend_foreign", "X4: suspended by another thread", suspend_foreign },
	{ "end_foreign", "X4: ended by another thread", end_foreign },
	{ "resume_after_end", "X4: a copied handle resumed and suspended after the end",
	  resume_after_end },
	{ "overwritten", "X4: begun on a handle whose span is open", overwritten },
	{ "parent_alive", "X5: explicit parents that are open", parent_alive },
	{ "parent_none", "X5: NULL as parent", parent_none },
	{ "parent_ended_pointer", "X5: ended, so a zero handle", parent_ended_pointer },
	{ "parent_ended_copy", "X5: ended, by a copied handle", parent_ended_copy },
	{ "parent_other_process", "X5: open in the process forked from", parent_other_process },
	{ "parent_unknown", "X5: an id of an earlier trace", parent_unknown },
};

int main(int argc, char **argv)
{
	return SCENARIO_MAIN(argc, argv, scenarios);
}
