/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * As many spans as can be had: every thread begins and ends nests of spans until it has begun its
 * number or its time is over. Prints what was done as one line of JSON.
 *
 * Usage: throughput [--threads N] [--spans M | --seconds S] [--depth D] [--suspend] [--named]
 *	--threads N	threads that work (2)
 *	--spans M	spans that each thread begins (100,000)
 *	--seconds S	instead: how long they work, a decimal number
 *	--depth D	spans per nest (1)
 *	--suspend	suspend and resume the innermost once
 *	--named		give a 16-byte name per call
 */
#include "scenario.h"
#include <getopt.h>

enum { MAX_THREADS = 256, MAX_DEPTH = 1024 };

struct work {
	long threads;
	long spans;
	double seconds; /* 0: by number */
	long depth;
	int suspend;
	int named;
};

struct worker {
	const struct work *work;
	pthread_t thread;
	struct ledger_sum sum;
};

static long begin_nest(struct worker *worker, asyncspan_t *nest, long depth)
{
	const char *name = "sixteen bytes ok";
	long i;

	for (i = 0; i < depth; i++) {
		if (worker->work->named)
			ASYNCSPAN_BEGIN_NAMED_N(&nest[i], name, 16);
		else
			ASYNCSPAN_BEGIN(&nest[i], "throughput");
		ledger_sum_begun(&worker->sum, &nest[i]);
	}
	return depth;
}

static void end_nest(struct worker *worker, asyncspan_t *nest, long depth)
{
	long i;

	if (worker->work->suspend) {
		ASYNCSPAN_SUSPEND(&nest[depth - 1]);
		ASYNCSPAN_RESUME(&nest[depth - 1]);
	}
	for (i = depth - 1; i >= 0; i--) {
		worker->sum.ended += asyncspan_id(&nest[i]) != 0;
		ASYNCSPAN_END(&nest[i]);
	}
}

static void *run(void *argument)
{
	struct worker *worker = (struct worker *)argument;
	const struct work *work = worker->work;
	uint64_t until = ledger_now() + (uint64_t)(work->seconds * 1e9);
	asyncspan_t nest[MAX_DEPTH];
	long left = work->spans, depth;

	while (work->seconds > 0 ? ledger_now() < until : left > 0) {
		depth = work->seconds > 0 || left > work->depth ? work->depth : left;
		left -= begin_nest(worker, nest, depth);
		end_nest(worker, nest, depth);
	}
	return NULL;
}

static void run_all(const struct work *work, struct ledger_sum *sum)
{
	static struct worker workers[MAX_THREADS];
	long i;

	for (i = 0; i < work->threads; i++) {
		workers[i].work = work;
		if (pthread_create(&workers[i].thread, NULL, run, &workers[i]) != 0)
			ledger_fail("cannot create a thread");
	}
	for (i = 0; i < work->threads; i++) {
		pthread_join(workers[i].thread, NULL);
		ledger_sum_add(sum, &workers[i].sum);
	}
}

static int parse(int argc, char **argv, struct work *work)
{
	static const struct option options[] = {
		{ "threads", required_argument, NULL, 't' },
		{ "spans", required_argument, NULL, 'n' },
		{ "seconds", required_argument, NULL, 's' },
		{ "depth", required_argument, NULL, 'd' },
		{ "suspend", no_argument, NULL, 'p' },
		{ "named", no_argument, NULL, 'm' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 't')
			work->threads = strtol(optarg, NULL, 10);
		else if (option == 'n')
			work->spans = strtol(optarg, NULL, 10);
		else if (option == 's')
			work->seconds = strtod(optarg, NULL);
		else if (option == 'd')
			work->depth = strtol(optarg, NULL, 10);
		else if (option == 'p')
			work->suspend = 1;
		else if (option == 'm')
			work->named = 1;
		else
			return -1;
	}
	if (optind != argc || work->threads < 1 || work->threads > MAX_THREADS || work->depth < 1 ||
	    work->depth > MAX_DEPTH || work->spans < 0 || work->seconds < 0)
		return -1;
	return 0;
}

int main(int argc, char **argv)
{
	struct work work = { .threads = 2, .spans = 100000, .depth = 1 };
	struct ledger_sum sum = { 0, 0, 0, 0, 0 };
	uint64_t begin, end;

	if (parse(argc, argv, &work) != 0) {
		fprintf(stderr,
			"usage: %s [--threads N] [--spans M | --seconds S] [--depth D] "
			"[--suspend] [--named]\n",
			argv[0]);
		return 2;
	}
	begin = ledger_now();
	run_all(&work, &sum);
	end = ledger_now();
	printf("{\"threads\":%ld,\"spans\":%llu,\"ended\":%llu,\"untraced\":%llu,\"seconds\":%.6f,"
	       "\"id_sum\":%llu,\"id_xor\":%llu}\n",
	       work.threads, (unsigned long long)sum.spans, (unsigned long long)sum.ended,
	       (unsigned long long)sum.untraced, (double)(end - begin) / 1e9,
	       (unsigned long long)sum.id_sum, (unsigned long long)sum.id_xor);
	ledger_summary(&sum);
	return 0;
}
