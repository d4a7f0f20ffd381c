/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Traces made for a test: spans by hand or by chance, written as files of async_spans.
 *
 *	struct made_span spans[] = { { .id = 1, .name = "request", .begin = 0, .end = 100 } };
 *	spans_write(directory, "0123abcd", spans, 1);
 *	count = spans_random(seed, spans, 1000);
 *
 * What is left out is 0; times are ns since the trace began. What cannot be done fails the test.
 */
#ifndef SUPPORT_SPANS_H
#define SUPPORT_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPANS_OPEN INT64_C(-1)	      /* as end: unfinished */
#define SPANS_NOT_ENTERED INT64_C(-1) /* as queue */
#define SPANS_START INT64_C(1700000000000000000)
#define SPANS_PERIOD INT64_C(1000000000) /* of random traces */

struct made_span {
	int64_t id;
	int64_t parent;
	const char *name;
	int64_t begin;
	int64_t end;
	int64_t busy;
	int64_t busy_self;
	int64_t queue;
	int64_t max_poll;
	int32_t depth;
	const char *outcome; /* NULL: "ok", or "unfinished" */
	size_t parent_index; /* of random ones, SIZE_MAX: none */
};

/* One part; row groups of the writer's size unless group_rows is given. */
void spans_write_groups(const char *directory, const char *trace8, const struct made_span *spans,
			size_t count, size_t group_rows);
void spans_write(const char *directory, const char *trace8, const struct made_span *spans,
		 size_t count);
/* traces/NAME with this text. */
void spans_write_trace(const char *directory, const char *name, const char *text);

/* Trees of spans within the period: children that outlive, that fail, that never end. */
void spans_random(uint64_t seed, struct made_span *spans, size_t count);

uint64_t spans_chance(uint64_t *state); /* the next random number */

#endif
