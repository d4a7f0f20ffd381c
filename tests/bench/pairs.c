/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The traced program of the cost measurements. Obeys lines on its standard input, answers each with
 * one line:
 *
 *	semaphores	how often its probes are switched on: "BEGIN END", 0 where nobody traces
 *	pairs N		begin and end N spans, a child inside a parent in turn: processor nanoseconds per pair
 *	named N		the same with run-time names of 16 bytes
 *	fours N		begin, suspend, resume and end N spans: processor nanoseconds per span
 *	quit
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asyncspan.h"

/* Half of the pairs are roots, the other half their children: both ways through the rules. */
static void run_pairs(long count)
{
	asyncspan_t parent, child;

	for (long i = 0; i < count; i += 2) {
		ASYNCSPAN_BEGIN(&parent, "parent");
		ASYNCSPAN_BEGIN(&child, "child");
		ASYNCSPAN_END(&child);
		ASYNCSPAN_END(&parent);
	}
}

static void run_named(long count)
{
	static char parent_name[] = "a parent's name.", child_name[] = "the child's name";
	asyncspan_t parent, child;

	for (long i = 0; i < count; i += 2) {
		ASYNCSPAN_BEGIN_NAMED(&parent, parent_name);
		ASYNCSPAN_BEGIN_NAMED(&child, child_name);
		ASYNCSPAN_END(&child);
		ASYNCSPAN_END(&parent);
	}
}

static void run_fours(long count)
{
	asyncspan_t parent, child;

	for (long i = 0; i < count; i += 2) {
		ASYNCSPAN_BEGIN(&parent, "parent");
		ASYNCSPAN_BEGIN(&child, "child");
		ASYNCSPAN_SUSPEND(&child);
		ASYNCSPAN_SUSPEND(&parent);
		ASYNCSPAN_RESUME(&parent);
		ASYNCSPAN_RESUME(&child);
		ASYNCSPAN_END(&child);
		ASYNCSPAN_END(&parent);
	}
}

static double nanoseconds_each(void (*run)(long count), long count)
{
	struct timespec begin, end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
	run(count);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	return ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) /
	       (double)count;
}

static const struct request {
	const char *word;
	void (*run)(long count);
} requests[] = { { "pairs", run_pairs }, { "named", run_named }, { "fours", run_fours } };

static int measure(const char *line)
{
	char word[16];
	long count;

	if (sscanf(line, "%15s %ld", word, &count) != 2 || count < 2)
		return -1;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		if (strcmp(word, requests[i].word) != 0)
			continue;
		printf("%.2f\n", nanoseconds_each(requests[i].run, count));
		return 0;
	}
	return -1;
}

int main(void)
{
	char line[80];

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "quit\n"))
			return 0;
		if (!strcmp(line, "semaphores\n"))
			printf("%" PRIu32 " %" PRIu32 "\n", asyncspan_semaphores[0] & 0xffff,
			       asyncspan_semaphores[1] & 0xffff);
		else if (measure(line))
			return 2;
	}
	return 0;
}
