/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules of the span model, each row of its table: what an operation does to the spans, to the
 * async stack and to the counters. Times are small numbers that the tests choose.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "counters.h"
#include "span.h"

#define SPANS 256
#define SPILLED 64
#define PROCESS 7
#define DEEP (MODEL_STACK_ENTRIES + 4)

static struct model_span table[SPANS]; /* span_id 0: free */
static uint32_t table_room;	       /* spans that still fit */
static struct spilled {
	__u32 stream, index;
	int used;
	struct model_item item;
} spilled[SPILLED];
static uint32_t spill_room;
static uint64_t counters[MODEL_COUNTER_COUNT];
static uint64_t foreign_changes;
static void (*meanwhile)(void); /* what another task does in the middle of an operation */

static struct model_span *entry_of(uint64_t span_id)
{
	for (int i = 0; i < SPANS; i++)
		if (table[i].key.span_id == span_id)
			return &table[i];
	return NULL;
}

static struct model_span *reused; /* what a look-up finds in place of the right entry */

static struct model_span *model_lookup(const struct model_span_key *key)
{
	return reused ? reused : entry_of(key->span_id);
}

static int model_insert(const struct model_span *span)
{
	if (!table_room)
		return -1;
	table_room--;
	*entry_of(0) = *span;
	return 0;
}

static void model_delete(const struct model_span_key *key)
{
	entry_of(key->span_id)->key.span_id = 0;
	table_room++;
}

static struct model_item *model_spill(__u32 stream, __u32 index)
{
	for (int i = 0; i < SPILLED; i++)
		if (spilled[i].used && spilled[i].stream == stream && spilled[i].index == index)
			return &spilled[i].item;
	return NULL;
}

static struct model_item *model_spill_add(__u32 stream, __u32 index)
{
	for (int i = 0; i < SPILLED && spill_room; i++) {
		if (spilled[i].used)
			continue;
		spilled[i] = (struct spilled){ .stream = stream, .index = index, .used = 1 };
		spill_room--;
		return &spilled[i].item;
	}
	return NULL;
}

static void model_spill_drop(__u32 stream, __u32 index)
{
	for (int i = 0; i < SPILLED; i++)
		if (spilled[i].used && spilled[i].stream == stream && spilled[i].index == index)
			spilled[i].used = 0;
	spill_room++;
}

static void model_count(enum model_counter counter)
{
	counters[counter]++;
}

static __u64 model_foreign(void)
{
	void (*run)(void) = meanwhile;

	meanwhile = NULL;
	if (run)
		run();
	return foreign_changes;
}

static void model_foreign_change(void)
{
	foreign_changes++;
}

static void model_repeat(__u32 limit, long (*step)(__u32 index, void *data), void *data)
{
	for (__u32 i = 0; i < limit && !step(i, data); i++)
		;
}

/* Each rule once, so that its coverage is that of one place. */
#define MODEL_INLINE static __attribute__((noinline, unused))
#include "rules.h"

static struct model_task tasks[3]; /* streams 1 to 3 */
static struct model_context at;	   /* the task and the time that the next operation happens at */

static int reset(void **state)
{
	(void)state;
	memset(table, 0, sizeof(table));
	memset(spilled, 0, sizeof(spilled));
	memset(counters, 0, sizeof(counters));
	memset(tasks, 0, sizeof(tasks));
	for (int i = 0; i < 3; i++)
		tasks[i].stream = i + 1;
	table_room = SPANS;
	spill_room = SPILLED;
	foreign_changes = 0;
	meanwhile = NULL;
	reused = NULL;
	at = (struct model_context){ .process = PROCESS };
	return 0;
}

static void on(int stream, uint64_t time)
{
	at.task = &tasks[stream - 1];
	at.now = time;
	at.cpu = stream + 10;
}

static struct model_span begun;

static int begin(uint64_t span_id)
{
	const struct model_begin request = { .span_id = span_id, .enter = 1 };

	return model_begin(&at, &request, &begun);
}

static int spawn(uint64_t span_id)
{
	const struct model_begin request = { .span_id = span_id };

	return model_begin(&at, &request, &begun);
}

static int begin_child(uint64_t span_id, uint64_t parent_id)
{
	const struct model_begin request = {
		.span_id = span_id,
		.parent_id = parent_id,
		.explicit_parent = 1,
		.enter = 1,
	};

	return model_begin(&at, &request, &begun);
}

static struct model_span ended;

/* Ends the span as the programs do: the entry goes, a copy stays in `ended`. */
static void end(uint64_t span_id)
{
	struct model_span *span = model_end(&at, span_id, 0);

	assert_non_null(span);
	ended = *span;
	model_delete(&span->key);
}

static void assert_begun(uint64_t parent_id, uint64_t root_id, uint32_t depth)
{
	assert_int_equal(begun.parent_id, parent_id);
	assert_int_equal(begun.root_id, root_id);
	assert_int_equal(begun.depth, depth);
}

/* All counters are 0 but this one. */
static void assert_counted(enum model_counter counter, uint64_t times)
{
	for (int i = 0; i < MODEL_COUNTER_COUNT; i++)
		assert_int_equal(counters[i], i == (int)counter ? times : 0);
}

static void assert_nothing_counted(void)
{
	assert_counted(MODEL_COUNTER_COUNT, 0);
}

static void begin_takes_the_top_of_the_stack_as_parent(void **state)
{
	(void)state;
	on(1, 10);
	begin(100);
	assert_begun(0, 100, 0);
	begin(101);
	assert_begun(100, 100, 1);
	begin(102);
	assert_begun(101, 100, 2);
	assert_int_equal(tasks[0].count, 3);
	end(102);
	begin(103);
	assert_begun(101, 100, 2);
	assert_nothing_counted();
}

static void begin_fills_in_who_when_and_where(void **state)
{
	const struct model_begin request = {
		.span_id = 100,
		.location = 0xabc,
		.location_generation = 4,
		.losses = 5,
		.flags = MODEL_NAMED,
		.enter = 1,
	};

	(void)state;
	on(2, 10);
	assert_int_equal(model_begin(&at, &request, &begun), 0);
	assert_memory_equal(&begun, entry_of(100), sizeof(begun));
	assert_int_equal(begun.key.process, PROCESS);
	assert_int_equal(begun.location, 0xabc);
	assert_int_equal(begun.location_generation, 4);
	assert_int_equal(begun.losses, 5);
	assert_int_equal(begun.flags, MODEL_NAMED);
	assert_int_equal(begun.begin_time, 10);
	assert_int_equal(begun.begin_stream, 2);
	assert_int_equal(begun.begin_cpu, 12);
	assert_int_equal(begun.state, MODEL_ENTERED);
	assert_int_equal(begun.queue, 0);
	assert_int_equal(begun.polls, 1);
}

static void spawn_is_a_child_that_is_not_pushed(void **state)
{
	(void)state;
	on(1, 10);
	begin(100);
	spawn(101);
	assert_begun(100, 100, 1);
	assert_int_equal(begun.state, MODEL_QUEUED);
	assert_int_equal(begun.queue, MODEL_NEVER);
	assert_int_equal(begun.polls, 0);
	assert_int_equal(tasks[0].count, 1);
	begin(102);
	assert_begun(100, 100, 1);
}

static void queue_time_is_begin_to_first_entered(void **state)
{
	(void)state;
	on(1, 10);
	spawn(100);
	on(2, 25);
	model_resume(&at, 100);
	on(2, 30);
	model_suspend(&at, 100);
	on(1, 40);
	model_resume(&at, 100);
	end(100);
	assert_int_equal(ended.queue, 15);
	assert_int_equal(ended.polls, 2);
	assert_int_equal(ended.busy, 5);
	assert_int_equal(ended.migrations, 1); /* the first poll is none */
	assert_nothing_counted();
}

static void a_span_never_entered_has_no_queue_time(void **state)
{
	(void)state;
	on(1, 10);
	spawn(100);
	on(1, 20);
	end(100);
	assert_int_equal(ended.queue, MODEL_NEVER);
	assert_int_equal(ended.busy, 0);
	assert_int_equal(ended.polls, 0);
	assert_int_equal(ended.end_time, 20);
	assert_nothing_counted();
}

static void begin_and_end_at_the_same_time_give_a_duration_of_0(void **state)
{
	(void)state;
	on(1, 10);
	begin(100);
	end(100);
	assert_int_equal(ended.end_time - ended.begin_time, 0);
	assert_int_equal(ended.busy, 0);
	assert_int_equal(ended.polls, 1);
}

static void depth_follows_the_parent_over_a_migration(void **state)
{
	static const int outer_first[] = { 100, 101, 102 };

	(void)state;
	on(1, 10);
	begin(100);
	begin(101);
	begin(102);
	for (int i = 2; i >= 0; i--)
		model_suspend(&at, outer_first[i]);
	on(2, 20);
	for (int i = 0; i < 3; i++)
		model_resume(&at, outer_first[i]);
	begin(103);
	assert_begun(102, 100, 3);
	end(103);
	end(102);
	assert_int_equal(ended.begin_stream, 1);
	assert_int_equal(ended.end_stream, 2);
	assert_int_equal(ended.end_cpu, 12);
	assert_int_equal(ended.migrations, 1);
	assert_nothing_counted();
}

static void explicit_parent_gives_depth_and_root_and_still_pushes(void **state)
{
	(void)state;
	on(1, 10);
	begin(100);
	begin(101);
	on(2, 20);
	begin(200);
	begin_child(201, 101);
	assert_begun(101, 100, 2);
	begin(202);
	assert_begun(201, 100, 3);
	assert_nothing_counted();
}

static void explicit_parent_0_is_a_root_and_not_counted(void **state)
{
	(void)state;
	on(1, 10);
	begin(100);
	begin_child(101, 0);
	assert_begun(0, 101, 0);
	assert_nothing_counted();
}

static void explicit_parent_that_is_gone_is_counted(void **state)
{
	(void)state;
	on(1, 10);
	begin(100);
	end(100);
	begin_child(101, 100);
	assert_begun(0, 101, 0);
	assert_counted(MODEL_PARENT_GONE, 1);
}

static void explicit_parent_whose_end_is_unsent_is_gone(void **state)
{
	(void)state;
	on(1, 10);
	begin(100);
	assert_non_null(model_end(&at, 100, 0));
	begin_child(101, 100);
	assert_begun(0, 101, 0);
	assert_counted(MODEL_PARENT_GONE, 1);
}

static void full_table_leaves_the_span_out(void **state)
{
	(void)state;
	on(1, 10);
	begin(100);
	table_room = 0;
	assert_int_equal(begin(101), -1);
	assert_int_equal(tasks[0].count, 1);
	assert_null(model_end(&at, 101, 0));
	table_room = 1;
	begin(102); /* hangs under the nearest span that is recorded */
	assert_begun(100, 100, 1);
	assert_int_equal(counters[MODEL_UNRECORDED], 1);
	assert_int_equal(counters[MODEL_ORPHAN], 1);
}

static void no_room_for_the_stack_leaves_the_span_out(void **state)
{
	(void)state;
	on(1, 10);
	for (uint64_t i = 0; i < MODEL_STACK_ENTRIES; i++)
		begin(100 + i);
	spill_room = 0;
	assert_int_equal(begin(900), -1);
	assert_null(entry_of(900));
	assert_counted(MODEL_STORAGE_BUSY, 1);
	spawn(901);
	assert_null(model_resume(&at, 901));
	assert_counted(MODEL_STORAGE_BUSY, 2);
	assert_int_equal(entry_of(901)->owner, 0);
}

static void the_stack_has_no_limit(void **state)
{
	(void)state;
	on(1, 10);
	for (uint64_t i = 0; i < DEEP; i++) {
		begin(100 + i);
		assert_begun(i ? 99 + i : 0, 100, i);
	}
	assert_int_equal(spill_room, SPILLED - 4);
	at.now = 20;
	for (uint64_t i = DEEP; i-- > 0;) {
		end(100 + i);
		assert_int_equal(ended.busy, 10);
	}
	assert_int_equal(tasks[0].count, 0);
	assert_int_equal(spill_room, SPILLED);
	assert_nothing_counted();
}

static void busy_self_leaves_out_what_lay_above(void **state)
{
	(void)state;
	on(1, 0);
	begin(100);
	on(1, 10);
	begin(101);
	on(1, 15);
	begin(102);
	on(1, 35);
	end(102);
	assert_int_equal(ended.busy_self, 20);
	on(1, 40);
	end(101);
	assert_int_equal(ended.busy, 30);
	assert_int_equal(ended.busy_self, 10);
	on(1, 100);
	end(100);
	assert_int_equal(ended.busy, 100);
	assert_int_equal(ended.busy_self, 70);
	assert_int_equal(ended.longest_poll, 100);
}

static void longest_poll_is_the_longest_of_all(void **state)
{
	static const uint64_t lengths[] = { 5, 20, 7 };
	uint64_t time = 0;

	(void)state;
	on(1, 0);
	spawn(100);
	for (int i = 0; i < 3; i++) {
		on(1, time += 100);
		model_resume(&at, 100);
		on(1, time += lengths[i]);
		model_suspend(&at, 100);
	}
	end(100);
	assert_int_equal(ended.busy, 32);
	assert_int_equal(ended.longest_poll, 20);
	assert_int_equal(ended.polls, 3);
	assert_int_equal(ended.last_event_time, 332);
}

static void unknown_ids_are_orphans(void **state)
{
	(void)state;
	on(1, 10);
	assert_null(model_resume(&at, 5));
	assert_null(model_suspend(&at, 5));
	assert_null(model_end(&at, 5, 0));
	assert_counted(MODEL_ORPHAN, 3);
}

static void an_entry_reused_for_another_span_is_not_taken(void **state)
{
	struct model_span other = { .key = { .process = PROCESS, .span_id = 6 } };

	(void)state;
	on(1, 10);
	reused = &other;
	assert_null(model_resume(&at, 5));
	other.key = (struct model_span_key){ .process = PROCESS + 1, .span_id = 5 };
	assert_null(model_resume(&at, 5));
	assert_counted(MODEL_ORPHAN, 2);
}

static void resume_of_the_top_does_nothing(void **state)
{
	(void)state;
	on(1, 10);
	begin(100);
	on(1, 20);
	assert_null(model_resume(&at, 100));
	assert_counted(MODEL_DOUBLE_RESUME, 1);
	assert_int_equal(entry_of(100)->polls, 1);
	on(1, 30);
	end(100);
	assert_int_equal(ended.busy, 20);
}

static void resume_below_the_top_closes_the_polls_above(void **state)
{
	(void)state;
	on(1, 0);
	begin(100);
	on(1, 10);
	begin(101);
	begin(102);
	on(1, 20);
	assert_null(model_resume(&at, 100));
	assert_counted(MODEL_NOT_TOP, 1);
	assert_int_equal(tasks[0].count, 1);
	assert_int_equal(entry_of(101)->state, MODEL_SUSPENDED);
	assert_int_equal(entry_of(101)->busy, 10);
	assert_int_equal(entry_of(101)->busy_self, 0);
	assert_int_equal(entry_of(102)->busy_self, 10);
	assert_int_equal(entry_of(102)->last_event_time, 20);
	on(1, 30);
	end(100); /* its own poll went on */
	assert_int_equal(ended.polls, 1);
	assert_int_equal(ended.busy, 30);
	assert_int_equal(ended.busy_self, 20);
}

static void resume_of_a_span_entered_elsewhere_moves_it(void **state)
{
	(void)state;
	on(1, 0);
	begin(100);
	on(2, 10);
	assert_non_null(model_resume(&at, 100));
	assert_counted(MODEL_STOLEN, 1);
	on(1, 15);
	begin(101); /* what task 1 has on its stack is stale */
	assert_begun(0, 101, 0);
	on(2, 30);
	end(100);
	assert_int_equal(ended.busy, 30);
	assert_int_equal(ended.polls, 2);
	assert_int_equal(ended.migrations, 1);
	assert_int_equal(ended.longest_poll, 20);
}

static void a_stale_item_is_not_taken_for_the_span_that_came_back(void **state)
{
	(void)state;
	on(1, 0);
	begin(100);
	begin(101);
	on(2, 10);
	model_resume(&at, 100);
	model_suspend(&at, 100);
	on(1, 20);
	model_resume(&at, 100); /* above 101 now, and stale below it */
	end(100);
	end(101);
	begin(102);
	assert_begun(0, 102, 0);
	assert_int_equal(tasks[0].count, 1);
	assert_counted(MODEL_STOLEN, 1);
}

static void suspend_below_the_top_closes_those_above_too(void **state)
{
	(void)state;
	on(1, 0);
	begin(100);
	begin(101);
	begin(102);
	on(1, 10);
	assert_non_null(model_suspend(&at, 101));
	assert_counted(MODEL_NOT_TOP, 1);
	assert_int_equal(tasks[0].count, 1);
	assert_int_equal(entry_of(102)->state, MODEL_SUSPENDED);
	assert_int_equal(entry_of(101)->state, MODEL_SUSPENDED);
	assert_int_equal(entry_of(101)->busy, 10);
	begin(103);
	assert_begun(100, 100, 1);
}

static void suspend_of_one_entered_elsewhere_takes_effect(void **state)
{
	(void)state;
	on(1, 0);
	begin(100);
	begin(101);
	on(2, 10);
	assert_non_null(model_suspend(&at, 101));
	assert_counted(MODEL_FOREIGN, 1);
	assert_int_equal(entry_of(101)->busy, 10);
	assert_int_equal(entry_of(101)->state, MODEL_SUSPENDED);
	on(1, 20);
	begin(102);
	assert_begun(100, 100, 1);
	assert_int_equal(tasks[0].count, 2);
}

static void suspend_of_one_not_entered_does_nothing(void **state)
{
	(void)state;
	on(1, 0);
	spawn(100);
	assert_null(model_suspend(&at, 100));
	assert_counted(MODEL_NOT_ENTERED, 1);
	assert_int_equal(entry_of(100)->state, MODEL_QUEUED);
}

static void end_below_the_top_leaves_those_above_entered(void **state)
{
	(void)state;
	on(1, 0);
	begin(100);
	on(1, 10);
	begin(101);
	on(1, 30);
	begin(102);
	on(1, 60);
	end(101);
	assert_counted(MODEL_NOT_TOP, 1);
	assert_int_equal(ended.busy, 50);
	assert_int_equal(ended.busy_self, 20);
	assert_int_equal(entry_of(102)->state, MODEL_ENTERED);
	begin(103);
	assert_begun(102, 100, 3);
	end(103);
	on(1, 70);
	end(102);
	begin(104); /* the hole that 101 left is gone with it */
	assert_begun(100, 100, 1);
	end(104);
	on(1, 100);
	end(100);
	assert_int_equal(ended.busy_self, 40); /* covered from 10 to 70 */
}

static void end_twice_in_the_middle_leaves_two_holes(void **state)
{
	(void)state;
	on(1, 0);
	for (uint64_t i = 100; i < 104; i++)
		begin(i);
	end(102);
	end(101);
	end(103);
	begin(104);
	assert_begun(100, 100, 1);
	assert_counted(MODEL_NOT_TOP, 2);
}

static void end_of_one_entered_elsewhere_takes_effect(void **state)
{
	(void)state;
	on(1, 0);
	begin(100);
	on(2, 10);
	end(100);
	assert_counted(MODEL_FOREIGN, 1);
	assert_int_equal(ended.busy, 10);
	assert_int_equal(ended.end_stream, 2);
	on(1, 20);
	begin(101);
	assert_begun(0, 101, 0);
}

static void end_keeps_the_status(void **state)
{
	(void)state;
	on(1, 0);
	begin(100);
	assert_int_equal(model_end(&at, 100, -5)->status, -5);
	assert_int_equal(entry_of(100)->state, MODEL_ENDED);
	assert_null(model_end(&at, 100, 0)); /* the entry may stay for its record's sake */
	assert_counted(MODEL_ORPHAN, 1);
}

static void end_by_another_task(void)
{
	entry_of(100)->state = MODEL_ENDED;
}

static void of_two_ends_at_once_one_counts(void **state)
{
	(void)state;
	on(1, 0);
	begin(100);
	meanwhile = end_by_another_task;
	assert_null(model_end(&at, 100, 0));
	assert_counted(MODEL_ORPHAN, 1);
}

static void lose_the_spilled_items(void)
{
	memset(spilled, 0, sizeof(spilled));
}

static void begin_deep(void)
{
	on(1, 0);
	for (uint64_t i = 0; i < DEEP; i++)
		begin(100 + i);
}

/* The spill table is the kernel's: items that it lost must not lead astray. */
static void items_lost_from_the_spill_table_are_passed_over(void **state)
{
	(void)state;
	begin_deep();
	lose_the_spilled_items();
	begin(900);
	assert_begun(0, 900, 0);
	lose_the_spilled_items();
	on(1, 10);
	assert_int_equal(model_suspend(&at, 900)->busy, 10);
	assert_int_equal(tasks[0].count, DEEP);
	model_suspend(&at, 100);
	assert_int_equal(tasks[0].count, 0);
	assert_int_equal(entry_of(101)->busy, 10);
	assert_counted(MODEL_NOT_TOP, 1);
}

static void end_in_the_middle_of_lost_items_closes_the_poll(void **state)
{
	(void)state;
	begin_deep();
	lose_the_spilled_items();
	on(1, 10);
	end(100 + MODEL_STACK_ENTRIES - 1); /* the one above it is lost */
	assert_int_equal(ended.busy_self, 10);
	end(100 + MODEL_STACK_ENTRIES); /* it is lost itself */
	assert_int_equal(ended.busy, 10);
	assert_counted(MODEL_NOT_TOP, 2);
}

static void begin_above_lost_items_covers_nothing(void **state)
{
	(void)state;
	begin_deep();
	lose_the_spilled_items();
	begin(900);
	on(1, 10);
	end(900);
	assert_int_equal(ended.busy, 10);
	assert_int_equal(tasks[0].count, DEEP);
}

static void a_stale_item_below_the_lost_one_of_its_span_stays_stale(void **state)
{
	(void)state;
	on(1, 0);
	for (uint64_t i = 0; i < MODEL_STACK_ENTRIES; i++)
		begin(100 + i);
	on(2, 5);
	model_resume(&at, 100);
	model_suspend(&at, 100);
	on(1, 10);
	model_resume(&at, 100); /* spilled */
	lose_the_spilled_items();
	on(1, 20);
	model_task_end(&at, 0);
	assert_int_equal(tasks[0].count, 0);
	assert_int_equal(counters[MODEL_THREAD_EXIT], MODEL_STACK_ENTRIES - 1);
}

static void thread_exit_suspends_what_was_entered(void **state)
{
	(void)state;
	on(1, 0);
	begin(100);
	begin(101);
	on(1, 10);
	model_task_end(&at, 0);
	assert_counted(MODEL_THREAD_EXIT, 2);
	assert_int_equal(entry_of(100)->state, MODEL_SUSPENDED);
	assert_int_equal(entry_of(100)->busy, 10);
	assert_int_equal(entry_of(100)->busy_self, 0);
	assert_int_equal(entry_of(101)->busy_self, 10);
	assert_int_equal(entry_of(101)->last_event_time, 10);
	assert_int_equal(tasks[0].count, 0);
	on(2, 20);
	assert_non_null(model_resume(&at, 101));
	assert_int_equal(entry_of(101)->migrations, 1);
}

static void process_end_closes_polls_and_keeps_the_state(void **state)
{
	(void)state;
	on(1, 0);
	begin(100);
	on(1, 10);
	model_task_end(&at, 1);
	assert_nothing_counted();
	assert_int_equal(entry_of(100)->state, MODEL_ENTERED);
	assert_int_equal(entry_of(100)->busy, 10);
	assert_int_equal(entry_of(100)->last_event_time, 0);
}

static void the_end_of_a_task_passes_over_stale_items(void **state)
{
	(void)state;
	on(1, 0);
	begin(100);
	begin(101);
	on(2, 5);
	end(100);
	on(1, 10);
	model_task_end(&at, 0);
	assert_int_equal(counters[MODEL_THREAD_EXIT], 1);
	assert_int_equal(tasks[0].count, 0);
}

#define RULE(name) cmocka_unit_test_setup(name, reset)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		RULE(begin_takes_the_top_of_the_stack_as_parent),
		RULE(begin_fills_in_who_when_and_where),
		RULE(spawn_is_a_child_that_is_not_pushed),
		RULE(queue_time_is_begin_to_first_entered),
		RULE(a_span_never_entered_has_no_queue_time),
		RULE(begin_and_end_at_the_same_time_give_a_duration_of_0),
		RULE(depth_follows_the_parent_over_a_migration),
		RULE(explicit_parent_gives_depth_and_root_and_still_pushes),
		RULE(explicit_parent_0_is_a_root_and_not_counted),
		RULE(explicit_parent_that_is_gone_is_counted),
		RULE(explicit_parent_whose_end_is_unsent_is_gone),
		RULE(full_table_leaves_the_span_out),
		RULE(no_room_for_the_stack_leaves_the_span_out),
		RULE(the_stack_has_no_limit),
		RULE(busy_self_leaves_out_what_lay_above),
		RULE(longest_poll_is_the_longest_of_all),
		RULE(unknown_ids_are_orphans),
		RULE(an_entry_reused_for_another_span_is_not_taken),
		RULE(resume_of_the_top_does_nothing),
		RULE(resume_below_the_top_closes_the_polls_above),
		RULE(resume_of_a_span_entered_elsewhere_moves_it),
		RULE(a_stale_item_is_not_taken_for_the_span_that_came_back),
		RULE(suspend_below_the_top_closes_those_above_too),
		RULE(suspend_of_one_entered_elsewhere_takes_effect),
		RULE(suspend_of_one_not_entered_does_nothing),
		RULE(end_below_the_top_leaves_those_above_entered),
		RULE(end_twice_in_the_middle_leaves_two_holes),
		RULE(end_of_one_entered_elsewhere_takes_effect),
		RULE(end_keeps_the_status),
		RULE(of_two_ends_at_once_one_counts),
		RULE(items_lost_from_the_spill_table_are_passed_over),
		RULE(end_in_the_middle_of_lost_items_closes_the_poll),
		RULE(begin_above_lost_items_covers_nothing),
		RULE(a_stale_item_below_the_lost_one_of_its_span_stays_stale),
		RULE(thread_exit_suspends_what_was_entered),
		RULE(process_end_closes_polls_and_keeps_the_state),
		RULE(the_end_of_a_task_passes_over_stale_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
