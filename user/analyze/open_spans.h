/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The spans that are open at the time at which a walk backwards through a trace has arrived: found
 * by id, and left in the order of their begins, latest first.
 *
 *	struct open_spans *open = open_spans_new();
 *	span = open_spans_add(open, process, id);
 *	open_spans_began(open, span, begin);
 *	span = open_spans_find(open, process, parent);
 *	while ((span = open_spans_latest(open)) && span->begin >= now)
 *		open_spans_leave(open);			it is still found
 *	open_spans_remove(open, span);
 *	open_spans_free(open);
 *
 * Pointers are valid until the span is removed. Memory: the spans that are open at a time.
 */
#ifndef ANALYZE_OPEN_SPANS_H
#define ANALYZE_OPEN_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The children of one span that have one name, latest first; unfinished ones are left out. */
struct sibling_group {
	struct sibling_group *next;
	uint32_t name;
	uint32_t count;
	uint64_t wall;	     /* of all */
	uint64_t union_wall; /* of the time in which at least one was open */
	int64_t reached;     /* begin of the earliest so far */
	/* The run that goes on: sequential siblings, of which all but the last failed. */
	uint32_t run;
	int64_t run_begin;
	uint32_t longest_run;
};

/* A child that came before its parent was known: it ended later, unless the parent's row is missing. */
struct outliving {
	struct outliving *next;
	int64_t id;
	int64_t end;
	uint32_t name;
	bool spawned; /* not entered at its begin: left to itself on purpose */
};

struct open_span {
	int64_t id;
	uint32_t process;
	uint32_t path;
	uint32_t name;
	bool known; /* its own row has come, not only that of a child; what follows is set */
	bool ended;
	int32_t depth;
	int64_t begin;
	int64_t end;
	uint32_t group; /* the visitor's, as the next two */
	uint32_t name_group;
	bool in_flight;

	struct sibling_group *children;
	uint32_t child_names;
	struct outliving *outliving; /* each from malloc(), freed with the span */

	/* Critical path: the chain of spans from the root to the one that is followed now. */
	struct open_span *root;	 /* NULL: its root is not on a critical path */
	struct open_span *below; /* the parent, while on the chain */
	struct open_span *top;	 /* of a root: the lowest of its chain */
	bool on_chain;
	int64_t cursor; /* time from which on back the span itself is what is waited for */

	/* open_spans' own */
	struct open_span *next_free;
	uint64_t order;
};

struct open_spans;

struct open_spans *open_spans_new(void); /* NULL without memory */
void open_spans_free(struct open_spans *open);

/* All but id and process is 0. NULL without memory. */
struct open_span *open_spans_add(struct open_spans *open, uint32_t process, int64_t id);
struct open_span *open_spans_find(const struct open_spans *open, uint32_t process, int64_t id);

/* From now on it takes part in open_spans_latest(). Returns 0 or -ENOMEM. */
int open_spans_began(struct open_spans *open, struct open_span *span, int64_t begin);
/* The one that began last, of equal begins the deepest; NULL: none. */
struct open_span *open_spans_latest(const struct open_spans *open);
void open_spans_leave(struct open_spans *open); /* takes that one out of the order */

void open_spans_remove(struct open_spans *open, struct open_span *span);
/* One that never began, when all others are gone; NULL: none. */
struct open_span *open_spans_any(const struct open_spans *open);

/* The children of a name; NULL without memory, or when there are more than 64 names already. */
struct sibling_group *open_span_children(struct open_span *span, uint32_t name);

#endif
