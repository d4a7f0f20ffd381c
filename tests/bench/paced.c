/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that makes events at a given pace: requests with a query and two fetches in it, so spans
 * of depth 0, 1 and 2. Usage: paced THREADS EVENTS_PER_SECOND SECONDS. Prints how many events it made
 * and how long that took, in seconds; longer than asked if it cannot keep the pace.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "asyncspan.h"

#define EVENTS_PER_REQUEST 8
#define MAX_THREADS 64

struct worker {
	pthread_t thread;
	double requests_per_second;
	double seconds;
	long events;
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static void serve_request(void)
{
	asyncspan_t request, query, fetch;

	ASYNCSPAN_BEGIN(&request, "request");
	ASYNCSPAN_BEGIN(&query, "query");
	for (int i = 0; i < 2; i++) {
		ASYNCSPAN_BEGIN(&fetch, "fetch");
		ASYNCSPAN_END(&fetch);
	}
	ASYNCSPAN_END(&query);
	ASYNCSPAN_END(&request);
}

/* Serves what is due, then sleeps a little: bursts of some dozen requests, as servers have them. */
static void *work(void *argument)
{
	struct worker *worker = argument;
	const struct timespec pause = { .tv_nsec = 200000 };
	const long total = (long)(worker->requests_per_second * worker->seconds);
	const double begin = now();
	long served = 0;

	while (served < total) {
		long due = (long)((now() - begin) * worker->requests_per_second);

		for (; served < due && served < total; served++)
			serve_request();
		nanosleep(&pause, NULL);
	}
	worker->events = served * EVENTS_PER_REQUEST;
	return NULL;
}

int main(int argc, char **argv)
{
	static struct worker workers[MAX_THREADS];
	long threads = argc == 4 ? strtol(argv[1], NULL, 10) : 0;
	long events = 0;
	double begin;

	if (threads < 1 || threads > MAX_THREADS) {
		fprintf(stderr, "usage: paced THREADS EVENTS_PER_SECOND SECONDS\n");
		return 2;
	}
	begin = now();
	for (long i = 0; i < threads; i++) {
		workers[i].requests_per_second =
			strtod(argv[2], NULL) / (double)threads / EVENTS_PER_REQUEST;
		workers[i].seconds = strtod(argv[3], NULL);
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			return 1;
	}
	for (long i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		events += workers[i].events;
	}
	printf("%ld %.6f\n", events, now() - begin);
	return 0;
}
