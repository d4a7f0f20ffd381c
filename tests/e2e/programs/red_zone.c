/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leaf functions, which keep data below the stack pointer where the calling convention lets them (the
 * red zone), around and inside macros, while signal handlers fire probes too. Argument: rounds, 20,000
 * if none. Exit status 1: a value was not the one that was kept. Prints how many spans began.
 */
#include <asyncspan.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

enum { THREADS = 2, ROUNDS = 20000, WORDS = 12 };

static volatile sig_atomic_t begun_in_handlers;

struct worker {
	pthread_t thread;
	long rounds;
	long begun;
	long wrong;
};

#define KEEP_IN_MEMORY(array) __asm__ volatile("" : "+m"(array))

/* Calls nothing, and all its data fits into the red zone: 12 words, written and read through memory. */
__attribute__((noinline, no_stack_protector)) static unsigned long leaf(unsigned long seed)
{
	unsigned long words[WORDS], sum = 0;
	int i;

	for (i = 0; i < WORDS; i++)
		words[i] = seed + (unsigned long)i;
	KEEP_IN_MEMORY(words);
	for (i = 0; i < WORDS; i++)
		sum += words[i];
	return sum;
}

static unsigned long leaf_expected(unsigned long seed)
{
	return WORDS * seed + WORDS * (WORDS - 1) / 2;
}

/* Leaf but for what it does when traced: its data must lie there across every macro. */
__attribute__((noinline, no_stack_protector)) static unsigned long around_macros(asyncspan_t *span,
										 unsigned long seed)
{
	unsigned long words[WORDS], sum = 0;
	int i;

	for (i = 0; i < WORDS; i++)
		words[i] = seed + (unsigned long)i;
	KEEP_IN_MEMORY(words);
	ASYNCSPAN_BEGIN(span, "around_macros");
	KEEP_IN_MEMORY(words);
	ASYNCSPAN_SUSPEND(span);
	KEEP_IN_MEMORY(words);
	ASYNCSPAN_RESUME(span);
	KEEP_IN_MEMORY(words);
	for (i = 0; i < WORDS; i++)
		sum += words[i];
	return sum;
}

static void on_signal(int number)
{
	asyncspan_t span;

	(void)number;
	ASYNCSPAN_BEGIN(&span, "in_handler");
	begun_in_handlers += asyncspan_id(&span) != 0;
	ASYNCSPAN_END(&span);
}

static void *work(void *argument)
{
	struct worker *worker = (struct worker *)argument;
	asyncspan_t span;
	long round;

	for (round = 0; round < worker->rounds; round++) {
		unsigned long seed = (unsigned long)round * 7919;

		worker->wrong += leaf(seed) != leaf_expected(seed);
		worker->wrong += around_macros(&span, seed) != leaf_expected(seed);
		worker->begun += asyncspan_id(&span) != 0;
		worker->wrong += leaf(~seed) != leaf_expected(~seed);
		ASYNCSPAN_END(&span);
	}
	return NULL;
}

/* The handlers run on the first thread only, so that it may count what they begin. */
static void interrupt_first_thread(int on)
{
	struct itimerval timer = { { 0, on ? 1000 : 0 }, { 0, on ? 1000 : 0 } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

int main(int argc, char **argv)
{
	static struct worker workers[THREADS];
	struct sigaction action;
	long begun = 0, wrong = 0;
	sigset_t alarm;
	int i;

	memset(&action, 0, sizeof(action));
	action.sa_handler = on_signal;
	action.sa_flags = SA_RESTART;
	sigaction(SIGALRM, &action, NULL);
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	for (i = 0; i < THREADS; i++)
		workers[i].rounds = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS;
	pthread_sigmask(SIG_BLOCK, &alarm, NULL);
	for (i = 1; i < THREADS; i++)
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			return 2;
	pthread_sigmask(SIG_UNBLOCK, &alarm, NULL);
	interrupt_first_thread(1);
	work(&workers[0]);
	interrupt_first_thread(0);
	for (i = 0; i < THREADS; i++) {
		if (i > 0)
			pthread_join(workers[i].thread, NULL);
		begun += workers[i].begun;
		wrong += workers[i].wrong;
	}
	printf("%ld %ld\n", begun, (long)begun_in_handlers);
	return wrong != 0;
}
