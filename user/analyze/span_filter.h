/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which spans are meant, by conditions that must all hold.
 *
 *	error = span_filter_add(&filter, "name ~ query", &why);
 *	if (span_filter_takes(&filter, strings, &span))
 *		...
 *	span_filter_free(&filter);
 *
 * Fields: name, target, outcome, reason, state (texts); depth, thread (numbers, the latter the
 * kernel's, of the task on which it began); wall, busy, busy_self, idle, queue, max_poll (times). The texts of
 * conditions must outlive the filter. All zero is a filter that takes every span.
 */
#ifndef ANALYZE_SPAN_FILTER_H
#define ANALYZE_SPAN_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/condition.h"
#include "analyze/span.h"
#include "base/intern.h"

#define SPAN_FILTER_MAX 16

struct span_filter_condition {
	struct condition condition;
	uint8_t *known; /* of texts, by id: 0 not looked at, 1 holds, 2 does not */
	size_t room;
};

struct span_filter {
	struct span_filter_condition conditions[SPAN_FILTER_MAX];
	size_t count;
};

/* Returns 0, or -EINVAL and why. */
int span_filter_add(struct span_filter *filter, const char *text, const char **why);
void span_filter_free(struct span_filter *filter);

/* What the filter needs of SPAN_READ_... */
uint64_t span_filter_read(const struct span_filter *filter);
bool span_filter_takes(struct span_filter *filter, const struct intern *strings,
		       const struct span *span);

#endif
