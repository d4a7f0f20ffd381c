/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What macros cost while nobody traces: a loop with a begin+end pair, one with all four macros of a
 * span's life, and the same loop without any. Argument: repetitions, the three loops in turn.
 * Prints one line for each repetition: nanoseconds per round of each loop.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "asyncspan.h"

#define ROUNDS 20000000L
#define HANDLES 8

static asyncspan_t handles[HANDLES];

/* Makes the compiler forget what it knows of memory, so that each round really loads and stores. */
#define FORGET() __asm__ volatile("" : : : "memory")

__attribute__((noinline)) static void loop_without(void)
{
	for (long i = 0; i < ROUNDS; i++) {
		asyncspan_t *span = &handles[i % HANDLES];

		__asm__ volatile("" : : "r"(span) : "memory");
		FORGET();
	}
}

__attribute__((noinline)) static void loop_pair(void)
{
	for (long i = 0; i < ROUNDS; i++) {
		asyncspan_t *span = &handles[i % HANDLES];

		ASYNCSPAN_BEGIN(span, "pair");
		__asm__ volatile("" : : "r"(span) : "memory");
		ASYNCSPAN_END(span);
		FORGET();
	}
}

__attribute__((noinline)) static void loop_four(void)
{
	for (long i = 0; i < ROUNDS; i++) {
		asyncspan_t *span = &handles[i % HANDLES];

		ASYNCSPAN_BEGIN(span, "four");
		__asm__ volatile("" : : "r"(span) : "memory");
		ASYNCSPAN_SUSPEND(span);
		FORGET();
		ASYNCSPAN_RESUME(span);
		FORGET();
		ASYNCSPAN_END(span);
		FORGET();
	}
}

static double nanoseconds_per_round(void (*loop)(void))
{
	struct timespec begin, end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
	loop();
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	return ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) /
	       (double)ROUNDS;
}

int main(int argc, char **argv)
{
	long repetitions = argc == 2 ? strtol(argv[1], NULL, 10) : 0;

	if (repetitions < 1) {
		fprintf(stderr, "usage: untraced REPETITIONS\n");
		return 2;
	}
	for (long i = 0; i < repetitions; i++) {
		double without = nanoseconds_per_round(loop_without);
		double pair = nanoseconds_per_round(loop_pair);
		double four = nanoseconds_per_round(loop_four);

		printf("%.4f %.4f %.4f\n", without, pair, four);
	}
	return 0;
}
