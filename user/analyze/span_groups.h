/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the spans of each group took: a group is a name, a depth, a thread, a path.
 *
 *	struct span_groups *groups = span_groups_new(SPAN_GROUPS_VALUES_MAX);
 *	group = span_groups_group(groups, key);
 *	error = span_groups_add(groups, group, &span, time_in_window);	when it ends
 *	span_groups_left(groups, group);			going back: when it begins
 *	span_groups_finish(groups);
 *	... groups->groups[i] ...
 *	span_groups_free(groups);
 *
 * Wall is end - begin, busy the time in which a span was entered, idle the rest, queue the time from
 * begin until it was entered first. Times but those in flight are of spans that ended, in ns.
 * Memory: 16 bytes a span up to the limit of values, then less: percentiles are approximate from there
 * on.
 */
#ifndef ANALYZE_SPAN_GROUPS_H
#define ANALYZE_SPAN_GROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "analyze/span.h"
#include "analyze/values.h"

#define SPAN_GROUPS_VALUES_MAX UINT64_C(100000000) /* walls and queues of 50 million spans */
#define SPAN_GROUPS_FAILED UINT32_MAX

struct span_group {
	uint32_t key;
	uint64_t spans; /* all, unfinished ones too */
	uint64_t unfinished;
	uint64_t errors;
	uint64_t cancelled;
	uint64_t lossy; /* open while something was lost: their times may be wrong */
	uint64_t busy;
	uint64_t busy_self;
	uint64_t idle;
	uint64_t max_poll; /* also of unfinished ones */
	uint64_t open;	   /* time in the window that they were open, unfinished ones too */
	uint64_t in_flight_max;
	/* After finish. */
	struct distribution wall;
	struct distribution queue; /* of those that were entered */
};

struct span_groups {
	struct span_group *groups; /* in the order of their first span */
	uint32_t count;
	bool approximate; /* percentiles are those of a part of the values */
	struct span_groups_private *private;
};

struct span_groups *span_groups_new(uint64_t values_max); /* NULL without memory */
void span_groups_free(struct span_groups *groups);	  /* NULL is fine */

/* The group of a key, made when it is new; SPAN_GROUPS_FAILED without memory. */
uint32_t span_groups_group(struct span_groups *groups, uint32_t key);

/* The span is in flight from now on, going back, if it was open at all. Returns 0 or -ENOMEM. */
int span_groups_add(struct span_groups *groups, uint32_t group, const struct span *span,
		    uint64_t open);
void span_groups_left(struct span_groups *groups, uint32_t group);

/* Adds the one group to the other, which stays empty; not what was in flight at once. */
int span_groups_merge(struct span_groups *groups, uint32_t to, uint32_t from);

/* Computes the distributions and leaves out empty groups: numbers of groups change. */
void span_groups_finish(struct span_groups *groups);

/* NULL: no span has this key. */
const struct span_group *span_groups_find(const struct span_groups *groups, uint32_t key);

/* Of all groups, after finish; percentiles and spans in flight at once are not theirs: 0. */
struct span_group span_groups_total(const struct span_groups *groups);

#endif
