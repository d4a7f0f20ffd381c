/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The rules of the span model as an ordinary program, over the cheapest span table there is, so that
 * nothing hides what the rules themselves cost. rules_with_depth.c and rules_without_depth.c include
 * it: the same loop, once without the depth's arithmetic.
 *
 * Prints nanoseconds per event, one line for each repetition (the argument).
 */
#ifndef RULES_NATIVE_H
#define RULES_NATIVE_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "counters.h"
#include "span.h"

#define OPEN_SPANS 256 /* a power of two; ids count up, so that none of the few open ones collide */
#define NESTING 8
#define ROUNDS 400000L
#define EVENTS_PER_ROUND (2L * NESTING)

static struct model_span open_spans[OPEN_SPANS];
static __u64 counters[MODEL_COUNTER_COUNT];

static struct model_span *model_lookup(const struct model_span_key *key)
{
	return &open_spans[key->span_id % OPEN_SPANS];
}

static int model_insert(const struct model_span *span)
{
	open_spans[span->key.span_id % OPEN_SPANS] = *span;
	return 0;
}

static void model_delete(const struct model_span_key *key)
{
	open_spans[key->span_id % OPEN_SPANS].key.span_id = 0;
}

static struct model_item *model_spill(__u32 stream, __u32 index)
{
	(void)stream, (void)index;
	return NULL;
}

static struct model_item *model_spill_add(__u32 stream, __u32 index)
{
	(void)stream, (void)index;
	return NULL;
}

static void model_spill_drop(__u32 stream, __u32 index)
{
	(void)stream, (void)index;
}

static void model_count(enum model_counter counter)
{
	counters[counter]++;
}

static __u64 model_foreign(void)
{
	return 0;
}

static void model_foreign_change(void)
{
}

static void model_repeat(__u32 limit, long (*step)(__u32 index, void *data), void *data)
{
	for (__u32 i = 0; i < limit && !step(i, data); i++)
		;
}

#include "rules.h"

/* Begins spans inside each other and ends them again, innermost first. */
static __u64 run_round(struct model_context *context, __u64 first_id)
{
	struct model_span span;
	__u64 depths = 0;

	for (__u64 i = 0; i < NESTING; i++) {
		const struct model_begin begin = { .span_id = first_id + i, .enter = 1 };

		context->now++;
		if (model_begin(context, &begin, &span))
			abort();
		depths += span.depth;
	}
	for (__u64 i = NESTING; i-- > 0;) {
		struct model_span *ended;

		context->now++;
		ended = model_end(context, first_id + i, 0);
		if (!ended)
			abort();
		model_delete(&ended->key);
	}
	return depths;
}

static double nanoseconds_per_event(__u64 *depths)
{
	static struct model_task task = { .stream = 1 };
	static __u64 next_id = 1;
	struct model_context context = { .task = &task, .process = 1 };
	struct timespec begin, end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
	for (long i = 0; i < ROUNDS; i++, next_id += NESTING)
		*depths += run_round(&context, next_id);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	return ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) /
	       (double)(ROUNDS * EVENTS_PER_ROUND);
}

/* Right depths add up to 0 + 1 + ... in every round; without depth to nothing. */
static int measure_rules(int argc, char **argv, __u64 depths_per_round)
{
	long repetitions = argc == 2 ? strtol(argv[1], NULL, 10) : 0;

	for (long i = 0; i < repetitions; i++) {
		__u64 depths = 0;

		printf("%.4f\n", nanoseconds_per_event(&depths));
		if (depths != depths_per_round * ROUNDS) {
			fprintf(stderr, "the rules gave wrong depths\n");
			return 1;
		}
	}
	return repetitions < 1 ? 2 : 0;
}

#endif
