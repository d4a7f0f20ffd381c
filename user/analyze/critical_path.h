/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a span waited for, from its end back to its begin.
 *
 *	struct critical_path path = { 0 };
 *	error = critical_path_find(forest, root, &path);
 *	for (i = 0; i < path.count; i++)
 *		... path.segments[i] ...
 *	critical_path_free(&path);
 *
 * At each time one span is followed: at time t in span s the child with the latest end that is not
 * after t; what lies between belongs to s. The segments come by falling time, leave no gap and sum to
 * the wall time of the root. Children that have not ended are not followed.
 */
#ifndef ANALYZE_CRITICAL_PATH_H
#define ANALYZE_CRITICAL_PATH_H

#include "analyze/span_forest.h"

struct critical_segment {
	uint32_t span; /* in the forest */
	int64_t begin;
	int64_t end;
};

struct critical_path {
	struct critical_segment *segments;
	size_t count;
	size_t room;
};

/* Adds to what @path has. Returns 0 or -ENOMEM. */
int critical_path_find(const struct span_forest *forest, uint32_t root, struct critical_path *path);
void critical_path_free(struct critical_path *path);

#endif
