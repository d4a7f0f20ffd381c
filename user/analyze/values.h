/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many durations, of which ranks are wanted in the end.
 *
 *	struct values values = { 0 };
 *	error = values_add(&values, duration);
 *	summary = values_summarize(&values);
 *	values_free(&values);
 *
 * Percentiles are by nearest rank, the smallest value that at least p percent of the values do not
 * exceed, and exact. Memory: 8 bytes a value. Where that is too much, values_thin() forgets every
 * other one, and keeps every other one of those that follow: count, total and greatest stay exact.
 */
#ifndef ANALYZE_VALUES_H
#define ANALYZE_VALUES_H

#include <stddef.h>
#include <stdint.h>

struct values {
	uint64_t *values;
	size_t kept;
	size_t room;
	uint64_t stride_mask; /* of those added, each whose number has none of these bits is kept */
	uint64_t count;
	uint64_t total; /* UINT64_MAX when it does not fit */
	uint64_t max;
};

struct distribution {
	uint64_t count; /* 0: the others mean nothing */
	uint64_t total;
	uint64_t p50;
	uint64_t p90;
	uint64_t p99;
	uint64_t max;
};

int values_add(struct values *values, uint64_t value); /* 0 or -ENOMEM */
int values_merge(struct values *to, const struct values *from);
void values_thin(struct values *values);
/* Changes the order of the values. */
struct distribution values_summarize(struct values *values);
void values_free(struct values *values);

/* Adds; what does not fit stays at UINT64_MAX. */
void values_add_to(uint64_t *total, uint64_t value);

#endif
