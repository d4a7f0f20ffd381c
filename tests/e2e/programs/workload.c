/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * S1, the reference workload: 1 async_operation; 1 nested + 2; 1 manual; 6 named of which 2 are
 * nested; 3 more named; 10 tasks x (1 + 2 + 6); 8 concurrent x (1 + 3); a loop of LOOPS (10,000) x
 * (1 + 2). With 10,000: 30,136 spans.
 *
 * Usage: workload [LOOPS]
 */
#include "scenario.h"

enum { TASKS = 10, TASK_STEPS = 6, CONCURRENT = 8, CONCURRENT_STEPS = 3, LOOPS = 10000 };

static void single_operations(void)
{
	struct ledger_span operation, first, second;

	LEDGER_BEGIN(&operation, NULL, "async_operation");
	LEDGER_SUSPEND(&operation);
	LEDGER_RESUME(&operation);
	LEDGER_END(&operation);

	LEDGER_BEGIN(&operation, NULL, "nested_operation");
	LEDGER_BEGIN(&first, &operation, "nested_first");
	LEDGER_END(&first);
	LEDGER_BEGIN(&second, &operation, "nested_second");
	LEDGER_END(&second);
	LEDGER_END(&operation);

	LEDGER_SPAWN(&operation, NULL, "manual_operation");
	LEDGER_RESUME(&operation);
	LEDGER_SUSPEND(&operation);
	LEDGER_END(&operation);
}

static void named_operations(void)
{
	struct ledger_span operation, nested;
	char name[64];
	int i;

	for (i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "named_operation_%d", i);
		LEDGER_BEGIN_NAMED(&operation, NULL, name);
		if (i >= 2) {
			snprintf(name, sizeof(name), "named_nested_%d", i);
			LEDGER_BEGIN_NAMED(&nested, &operation, name);
			LEDGER_END(&nested);
		}
		LEDGER_END(&operation);
	}
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "background_operation_%d", i);
		LEDGER_BEGIN_NAMED(&operation, NULL, name);
		LEDGER_SUSPEND(&operation);
		LEDGER_RESUME(&operation);
		LEDGER_END(&operation);
	}
}

/* One task: its span, a nest of two, and steps, on a thread of its own. */
static void *task(void *argument)
{
	struct ledger_span *span = (struct ledger_span *)argument, prepare, read, step;
	int i;

	LEDGER_RESUME(span);
	LEDGER_BEGIN(&prepare, span, "task_prepare");
	LEDGER_BEGIN(&read, &prepare, "task_read");
	LEDGER_END(&read);
	LEDGER_END(&prepare);
	for (i = 0; i < TASK_STEPS; i++) {
		LEDGER_BEGIN(&step, span, "task_step");
		LEDGER_END(&step);
	}
	LEDGER_END(span);
	return NULL;
}

static void tasks(void)
{
	struct ledger_span spans[TASKS];
	pthread_t threads[TASKS];
	int i;

	for (i = 0; i < TASKS; i++) {
		LEDGER_SPAWN(&spans[i], NULL, "task");
		if (pthread_create(&threads[i], NULL, task, &spans[i]) != 0)
			ledger_fail("cannot create a thread");
	}
	for (i = 0; i < TASKS; i++)
		pthread_join(threads[i], NULL);
}

/* Operations that take turns on this thread: step by step, each suspended meanwhile. */
static void concurrent_operations(void)
{
	struct ledger_span operations[CONCURRENT], step;
	int i, round;

	for (i = 0; i < CONCURRENT; i++) {
		LEDGER_BEGIN(&operations[i], NULL, "concurrent_operation");
		LEDGER_SUSPEND(&operations[i]);
	}
	for (round = 0; round < CONCURRENT_STEPS; round++) {
		for (i = 0; i < CONCURRENT; i++) {
			LEDGER_RESUME(&operations[i]);
			LEDGER_BEGIN(&step, &operations[i], "concurrent_step");
			LEDGER_END(&step);
			LEDGER_SUSPEND(&operations[i]);
		}
	}
	for (i = 0; i < CONCURRENT; i++)
		LEDGER_END(&operations[i]);
}

static void loop(long count)
{
	struct ledger_span outer, inner;
	long i;

	for (i = 0; i < count; i++) {
		LEDGER_BEGIN(&outer, NULL, "loop_operation");
		LEDGER_BEGIN(&inner, &outer, "loop_first");
		LEDGER_END(&inner);
		LEDGER_BEGIN(&inner, &outer, "loop_second");
		LEDGER_END(&inner);
		LEDGER_END(&outer);
	}
}

int main(int argc, char **argv)
{
	long loops = argc > 1 ? strtol(argv[1], NULL, 10) : LOOPS;

	ledger_note("start", ",\"scenario\":\"S1\",\"traced\":%s",
		    asyncspan_enabled() ? "true" : "false");
	single_operations();
	named_operations();
	tasks();
	concurrent_operations();
	loop(loops);
	ledger_note("done", "%s", "");
	return 0;
}
