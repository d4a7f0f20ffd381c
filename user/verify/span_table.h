/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tables say of each span, by (process, span id).
 *
 *	struct span_table spans = { 0 };
 *	struct span_facts *facts = span_table_find(&spans, process, span_id, true);
 *	span_table_free(&spans);
 *
 * NULL: not there, or, when it was to be made, no memory. Entries move when one is made.
 */
#ifndef VERIFY_SPAN_TABLE_H
#define VERIFY_SPAN_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum span_seen {
	SPAN_BEGIN = 1,
	SPAN_END = 2,
	SPAN_ROW = 4,	/* in async_spans */
	SPAN_ENDED = 8, /* and that says that it has ended */
};

struct span_facts {
	int64_t span_id; /* 0: the place is free */
	int64_t parent_id;
	int64_t busy_ns, max_poll_ns;	    /* from async_spans */
	int64_t polls_sum_ns, polls_max_ns; /* from async_polls */
	uint32_t process;
	uint32_t depth;
	uint32_t seen; /* enum span_seen */
	uint32_t polls;
	uint32_t polls_count;
};

struct span_table {
	struct span_facts *facts;
	size_t capacity; /* a power of two, or 0 */
	size_t count;
};

struct span_facts *span_table_find(struct span_table *table, uint32_t process, int64_t span_id,
				   bool make);
void span_table_free(struct span_table *table);

#endif
