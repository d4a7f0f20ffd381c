/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scenarios on several threads, one at a time: spans that migrate, are spawned here and run there,
 * or outlive the thread they were entered on. The table at the end says what each does.
 */
#include "scenario.h"

/* The spans of one scenario, handed from thread to thread. */
struct family {
	struct ledger_span a, b, c, d;
};

static void *resume_and_run_child_b(void *argument)
{
	struct family *f = (struct family *)argument;

	LEDGER_RESUME(&f->a);
	LEDGER_BEGIN(&f->c, &f->a, "child_b");
	LEDGER_END(&f->c);
	LEDGER_SUSPEND(&f->a);
	return NULL;
}

static void two_workers(const struct scenario_arguments *arguments)
{
	struct family f;

	(void)arguments;
	LEDGER_BEGIN(&f.a, NULL, "parent_op");
	LEDGER_BEGIN(&f.b, &f.a, "child_a");
	LEDGER_END(&f.b);
	LEDGER_SUSPEND(&f.a);
	scenario_on_thread(resume_and_run_child_b, &f);
	LEDGER_RESUME(&f.a);
	LEDGER_END(&f.a);
}

static void *run_spawned(void *argument)
{
	struct family *f = (struct family *)argument;

	LEDGER_RESUME(&f->c);
	LEDGER_END(&f->c);
	return NULL;
}

static void deep_spawn(const struct scenario_arguments *arguments)
{
	struct family f;

	(void)arguments;
	LEDGER_BEGIN(&f.a, NULL, "outer");
	LEDGER_BEGIN(&f.b, &f.a, "middle");
	LEDGER_SPAWN(&f.c, &f.b, "spawned");
	LEDGER_END(&f.b);
	LEDGER_END(&f.a);
	scenario_on_thread(run_spawned, &f);
}

static void *resume_nest_then_begin_late(void *argument)
{
	struct family *f = (struct family *)argument;

	LEDGER_RESUME(&f->a);
	LEDGER_RESUME(&f->b);
	LEDGER_RESUME(&f->c);
	LEDGER_BEGIN(&f->d, &f->c, "late");
	LEDGER_END(&f->d);
	LEDGER_END(&f->c);
	LEDGER_END(&f->b);
	LEDGER_END(&f->a);
	return NULL;
}

static void migration(const struct scenario_arguments *arguments)
{
	struct family f;

	(void)arguments;
	LEDGER_BEGIN(&f.a, NULL, "a");
	LEDGER_BEGIN(&f.b, &f.a, "b");
	LEDGER_BEGIN(&f.c, &f.b, "c");
	LEDGER_SUSPEND(&f.c);
	LEDGER_SUSPEND(&f.b);
	LEDGER_SUSPEND(&f.a);
	scenario_on_thread(resume_nest_then_begin_late, &f);
}

static void *run_child_with_grandchild(void *argument)
{
	struct family *f = (struct family *)argument;

	LEDGER_RESUME(&f->c);
	LEDGER_BEGIN(&f->d, &f->c, "grandchild");
	LEDGER_END(&f->d);
	LEDGER_END(&f->c);
	return NULL;
}

static void spawned_with_child(const struct scenario_arguments *arguments)
{
	struct family f;

	(void)arguments;
	LEDGER_BEGIN(&f.a, NULL, "root");
	LEDGER_BEGIN(&f.b, &f.a, "mid");
	LEDGER_SPAWN(&f.c, &f.b, "child");
	LEDGER_END(&f.b);
	scenario_on_thread(run_child_with_grandchild, &f);
	LEDGER_END(&f.a);
}

static void *exit_while_entered(void *argument)
{
	struct family *f = (struct family *)argument;

	LEDGER_BEGIN(&f->a, NULL, "abandoned");
	LEDGER_BEGIN(&f->b, &f->a, "abandoned_child");
	ledger_note("thread_exit", ",\"outcome\":\"thread_exit\",\"entered\":2,\"ids\":[%llu,%llu]",
		    (unsigned long long)f->a.id, (unsigned long long)f->b.id);
	return NULL;
}

static void thread_exit(const struct scenario_arguments *arguments)
{
	struct family f;

	(void)arguments;
	scenario_on_thread(exit_while_entered, &f);
	scenario_pause(20000);
	LEDGER_RESUME(&f.a);
	LEDGER_BEGIN(&f.c, &f.a, "elsewhere");
	LEDGER_END(&f.c);
	LEDGER_END(&f.a);
	LEDGER_END(&f.b);
}

static const struct scenario scenarios[] = {
	{ "C8", "parent_op runs child_a here and child_b on another thread", two_workers },
	{ "C9", "outer, middle, and spawned, which runs on another thread", deep_spawn },
	{ "N4", "a nest of three resumed on another thread, where late begins", migration },
	{ "N6", "child spawned at depth 1 runs grandchild on another thread", spawned_with_child },
	{ "X7", "a thread exits with two spans entered; one is resumed elsewhere", thread_exit },
};

int main(int argc, char **argv)
{
	return SCENARIO_MAIN(argc, argv, scenarios);
}
