/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Some of the spans of a trace in memory, with their children: to show single spans as they were.
 *
 *	error = span_forest_load(&forest, reader, wanted, context, 1000000);	reader: latest first
 *	for (i = forest->spans[root].first_child; i != FOREST_NONE; i = forest->spans[i].next)
 *		... forest->spans[i].span ...
 *	span_forest_free(forest);
 *
 * Spans lie in the order in which they came, by falling end; so do the children of each. Memory: 160
 * bytes a span. Texts are ids of the reader's strings.
 */
#ifndef ANALYZE_SPAN_FOREST_H
#define ANALYZE_SPAN_FOREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/span.h"
#include "analyze/span_reader.h"

#define FOREST_NONE UINT32_MAX

struct forest_span {
	struct span span;
	uint32_t parent; /* FOREST_NONE: a root, or the parent was not wanted */
	uint32_t first_child;
	uint32_t next;
};

struct span_forest {
	struct forest_span *spans;
	uint32_t count;
	uint64_t refused; /* spans wanted beyond the limit */
	uint32_t room;
};

typedef bool span_wanted(void *context, const struct span *span);

/*
 * @wanted NULL: all. Of more than @limit spans those that ended last are kept. Returns 0, -ENOMEM or
 * what the reader gave; *@out is NULL then.
 */
int span_forest_load(struct span_forest **out, struct span_reader *reader, span_wanted *wanted,
		     void *context, uint32_t limit);
void span_forest_free(struct span_forest *forest); /* NULL is fine */

#endif
