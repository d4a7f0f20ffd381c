/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The traced program of the cost measurements. Obeys lines on its standard input, answers each with
 * one line:
 *
 *	semaphores	how often its probes are switched on: "BEGIN END", 0 where nobody traces
 *	pairs N		begin and end N spans, a child inside a parent in turn: processor nanoseconds per pair
 *	quit
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "asyncspan.h"

/* Half of the pairs are roots, the other half their children: both ways through the rules. */
static double run_pairs(long count)
{
	struct timespec begin, end;
	asyncspan_t parent, child;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
	for (long i = 0; i < count; i += 2) {
		ASYNCSPAN_BEGIN(&parent, "parent");
		ASYNCSPAN_BEGIN(&child, "child");
		ASYNCSPAN_END(&child);
		ASYNCSPAN_END(&parent);
	}
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	return ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) /
	       (double)count;
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
		else if (!strncmp(line, "pairs ", 6))
			printf("%.2f\n", run_pairs(strtol(line + 6, NULL, 10)));
		else
			return 2;
	}
	return 0;
}
