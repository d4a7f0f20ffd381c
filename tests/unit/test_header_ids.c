/* SPDX-License-Identifier: BSD-2-Clause */
/* The ids that asyncspan.h gives: never 0, never twice; over threads, forks and signal handlers. */
#include "../header/probe_recorder.h"
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include <valgrind/valgrind.h>

#include <cmocka.h>

enum { THREADS = 8, IDS_OF_A_THREAD = 10000, FORKS = 50, IDS_OF_A_FORK = 40 };

static uint64_t next_id(void)
{
	asyncspan_t span;

	ASYNCSPAN_SPAWN(&span, "x");
	return asyncspan_id(&span);
}

static int compare(const void *a, const void *b)
{
	const uint64_t *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static void assert_all_valid_and_distinct(uint64_t *ids, size_t count)
{
	size_t i;

	qsort(ids, count, sizeof(*ids), compare);
	assert_in_range(ids[0], 1, INT64_MAX);
	assert_in_range(ids[count - 1], 1, INT64_MAX);
	for (i = 1; i < count; i++)
		assert_int_not_equal(ids[i], ids[i - 1]);
}

static void *take_many(void *argument)
{
	uint64_t *ids = argument;
	size_t i;

	for (i = 0; i < IDS_OF_A_THREAD; i++)
		ids[i] = next_id();
	return NULL;
}

static void run_on_threads(void *(*take)(void *ids))
{
	static uint64_t ids[THREADS * IDS_OF_A_THREAD];
	pthread_t threads[THREADS];
	size_t i;

	recorder_trace(1);
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, take, ids + i * IDS_OF_A_THREAD),
				 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_all_valid_and_distinct(ids, THREADS * IDS_OF_A_THREAD);
}

static void ids_are_unique_over_threads(void **state)
{
	(void)state;
	run_on_threads(take_many);
}

static void *take_blocks(void *argument)
{
	uint64_t *ids = argument;
	size_t i;

	for (i = 0; i < IDS_OF_A_THREAD; i++) {
		ids[i] = next_id();
		asyncspan__thread.next = 0; /* as if the block were used up */
	}
	return NULL;
}

static void threads_that_take_blocks_at_once_get_distinct_ones(void **state)
{
	(void)state;
	run_on_threads(take_blocks);
}

static void many_short_threads_get_distinct_ids(void **state)
{
	enum { ROUNDS = 200 };
	static uint64_t ids[ROUNDS * IDS_OF_A_THREAD / 100];
	pthread_t thread;
	size_t i;

	(void)state;
	recorder_trace(1);
	for (i = 0; i < ROUNDS; i++) {
		static uint64_t taken[IDS_OF_A_THREAD];

		assert_int_equal(pthread_create(&thread, NULL, take_many, taken), 0);
		pthread_join(thread, NULL);
		memcpy(ids + i * IDS_OF_A_THREAD / 100, taken, sizeof(ids) / ROUNDS);
	}
	assert_all_valid_and_distinct(ids, sizeof(ids) / sizeof(ids[0]));
}

/* Ids taken by parent, child and grandchild, in memory that all of them share. */
struct shared_ids {
	size_t count;
	uint64_t ids[FORKS * IDS_OF_A_FORK * 5];
};

static void take_some(struct shared_ids *shared)
{
	size_t i;

	for (i = 0; i < IDS_OF_A_FORK; i++)
		shared->ids[shared->count++] = next_id();
}

static void wait_for(pid_t child)
{
	int status = -1;

	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void *take_some_on_thread(void *argument)
{
	take_some(argument);
	return NULL;
}

/* In the grandchild another thread is the first: the forking one still has the old block. */
static void take_some_on_two_threads(struct shared_ids *shared)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, take_some_on_thread, shared) != 0)
		_exit(1);
	pthread_join(thread, NULL);
	take_some(shared);
}

static void fork_child_and_grandchild(struct shared_ids *shared)
{
	pid_t child = fork(), grandchild;

	assert_true(child >= 0);
	if (child > 0) {
		wait_for(child);
		return;
	}
	take_some(shared);
	grandchild = fork();
	if (grandchild == 0) {
		take_some_on_two_threads(shared);
		_exit(0);
	}
	if (grandchild < 0 || waitpid(grandchild, NULL, 0) != grandchild)
		_exit(1);
	take_some(shared);
	_exit(0);
}

static void take_over_forks(void)
{
	struct shared_ids *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
					 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int i;

	assert_ptr_not_equal(shared, MAP_FAILED);
	recorder_trace(1);
	for (i = 0; i < FORKS; i++) {
		take_some(shared);
		fork_child_and_grandchild(shared);
	}
	assert_int_equal(shared->count, FORKS * IDS_OF_A_FORK * 5);
	assert_all_valid_and_distinct(shared->ids, shared->count);
	munmap(shared, sizeof(*shared));
}

static void ids_are_unique_over_forks(void **state)
{
	(void)state;
	take_over_forks();
}

/* Where the kernel can't empty a page in a forked child, the process id tells. */
static void ids_are_unique_over_forks_without_a_wiped_page(void **state)
{
	struct asyncspan__id_source *page = asyncspan__ids_page;

	(void)state;
	asyncspan__ids_page = &asyncspan__ids_static;
	take_over_forks();
	asyncspan__ids_page = page;
}

/* Ids taken by a signal handler, and by what it interrupts. */
static struct {
	size_t count;
	uint64_t ids[200000];
} taken;

enum { ROOM = sizeof(taken.ids) / sizeof(taken.ids[0]) };

static void take_in_handler(int signal)
{
	asyncspan_t span;
	size_t at = __atomic_load_n(&taken.count, __ATOMIC_RELAXED);

	(void)signal;
	if (at >= ROOM / 2)
		return;
	ASYNCSPAN_BEGIN(&span, "in handler");
	taken.ids[at] = asyncspan_id(&span);
	ASYNCSPAN_END(&span);
	__atomic_store_n(&taken.count, at + 1, __ATOMIC_RELAXED);
}

/* Sends signals to the thread that takes ids, as fast as it can. */
struct sender {
	pthread_t thread, target;
	int stop;
};

static void *send_signals(void *argument)
{
	struct sender *sender = argument;

	while (!__atomic_load_n(&sender->stop, __ATOMIC_RELAXED)) {
		pthread_kill(sender->target, SIGUSR1);
		sched_yield();
	}
	return NULL;
}

static void a_signal_handler_may_begin_spans(void **state)
{
	struct sender sender = { .target = pthread_self() };
	struct sigaction action = { .sa_handler = take_in_handler, .sa_flags = SA_RESTART };
	struct sigaction before;
	size_t i;

	(void)state;
	recorder_trace(1);
	sigaction(SIGUSR1, &action, &before);
	assert_int_equal(pthread_create(&sender.thread, NULL, send_signals, &sender), 0);
	while (__atomic_load_n(&taken.count, __ATOMIC_RELAXED) == 0)
		sched_yield();
	for (i = ROOM / 2; i < ROOM; i++)
		taken.ids[i] = next_id();
	__atomic_store_n(&sender.stop, 1, __ATOMIC_RELAXED);
	pthread_join(sender.thread, NULL);
	sigaction(SIGUSR1, &before, NULL);
	memmove(taken.ids + taken.count, taken.ids + ROOM / 2,
		(ROOM - ROOM / 2) * sizeof(uint64_t));
	assert_all_valid_and_distinct(taken.ids, taken.count + ROOM - ROOM / 2);
}

#ifdef __x86_64__

/* The trap flag: a SIGTRAP after every instruction from now on, but for those of its handler. */
#define TRAP_FLAG 0x100
#define CHANGE_FLAGS(operation)                                           \
	__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\t" operation \
			 "\n\tpopfq\n\tlea 128(%%rsp), %%rsp" ::          \
				 : "memory", "cc")

/* The handler takes an id after so many instructions, and lets the rest run freely. */
static volatile unsigned steps, interrupt_at;

static void count_and_interrupt(int signal, siginfo_t *info, void *context)
{
	(void)info;
	if (steps++ != interrupt_at)
		return;
	take_in_handler(signal);
	((ucontext_t *)context)->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)TRAP_FLAG;
}

static uint64_t take_one_interrupted_at(unsigned step)
{
	uint64_t id;

	steps = 0;
	interrupt_at = step;
	CHANGE_FLAGS("orq $0x100, (%%rsp)");
	id = next_id();
	CHANGE_FLAGS("andq $~0x100, (%%rsp)");
	return id;
}

/* In a long way some steps are left out, but not at its beginning and its end. */
static unsigned next_step(unsigned step, unsigned all)
{
	const unsigned near_end = 40;

	if (step < near_end || step + near_end >= all)
		return step + 1;
	step += 1 + all / 32;
	return step + near_end < all ? step : all - near_end;
}

/*
 * Each way of taking an id, interrupted at every step. `prepare` leads there; it returns an id
 * that must not come, because another process may give it, or 0.
 */
static void interrupt_everywhere(uint64_t (*prepare)(void))
{
	uint64_t ids[3];
	unsigned step, all;

	prepare();
	taken.count = 0;
	take_one_interrupted_at(UINT32_MAX);
	all = steps;
	assert_true(all > 0 || RUNNING_ON_VALGRIND); /* which ignores the trap flag */
	for (step = 0; step < all; step = next_step(step, all)) {
		ids[2] = prepare();
		taken.count = 0;
		ids[0] = take_one_interrupted_at(step);
		ids[1] = next_id();
		memcpy(taken.ids + taken.count, ids, sizeof(ids));
		assert_all_valid_and_distinct(taken.ids, taken.count + (ids[2] ? 3 : 2));
	}
}

static uint64_t with_a_block(void)
{
	next_id();
	return 0;
}

static uint64_t with_an_empty_block(void)
{
	asyncspan__thread.next = 0;
	return 0;
}

static uint64_t with_an_emptied_page_as_after_fork(void)
{
	next_id();
	asyncspan__ids_page->start = 0;
	return asyncspan__thread.next;
}

static uint64_t without_a_page_as_at_first(void)
{
	if (asyncspan__ids_page)
		munmap(asyncspan__ids_page, (size_t)sysconf(_SC_PAGESIZE));
	asyncspan__ids_page = NULL;
	return 0;
}

static void a_signal_handler_may_begin_spans_between_any_two_instructions(void **state)
{
	struct sigaction action = { .sa_sigaction = count_and_interrupt, .sa_flags = SA_SIGINFO };
	struct sigaction before;

	(void)state;
	recorder_trace(1);
	sigaction(SIGTRAP, &action, &before);
	interrupt_everywhere(with_a_block);
	interrupt_everywhere(with_an_empty_block);
	interrupt_everywhere(with_an_emptied_page_as_after_fork);
	interrupt_everywhere(without_a_page_as_at_first);
	sigaction(SIGTRAP, &before, NULL);
}

#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_unique_over_threads),
		cmocka_unit_test(threads_that_take_blocks_at_once_get_distinct_ones),
		cmocka_unit_test(many_short_threads_get_distinct_ids),
		cmocka_unit_test(ids_are_unique_over_forks),
		cmocka_unit_test(ids_are_unique_over_forks_without_a_wiped_page),
		cmocka_unit_test(a_signal_handler_may_begin_spans),
#ifdef __x86_64__
		cmocka_unit_test(a_signal_handler_may_begin_spans_between_any_two_instructions),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
