/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One row group of async_spans as an array of spans. Part of span_reader; of no use beside it.
 *
 *	error = span_batch_load(&batch, parts, group, ends, read);	in any thread
 *	error = span_batch_intern(&batch, strings);	in the thread that the strings belong to
 *	span_batch_free(&batch);
 *
 * Loaded spans are sorted by rising end, of equal ends the deepest first. Their texts are indexes of
 * the row group's own dictionaries until they are interned.
 */
#ifndef ANALYZE_SPAN_BATCH_H
#define ANALYZE_SPAN_BATCH_H

#include <stddef.h>

#include "analyze/span.h"
#include "analyze/span_ends.h"
#include "analyze/span_parts.h"
#include "base/intern.h"

struct span_batch {
	struct span *spans;
	size_t count;
	size_t room;
	int64_t *ends; /* scratch */
	uint64_t read; /* columns */
	struct span_parts *parts;
	size_t group;
};

/* Reads what every span has and the columns @read. Returns 0 or a negative errno. */
int span_batch_load(struct span_batch *batch, struct span_parts *parts, size_t group,
		    const struct span_ends *ends, uint64_t read);

/* The parts must stand where the load left them. Returns 0 or -ENOMEM. */
int span_batch_intern(struct span_batch *batch, struct intern *strings);
void span_batch_free(struct span_batch *batch);

/* Latest first: positive when @a comes before @b. */
int span_batch_compare(const struct span *a, const struct span *b);

#endif
