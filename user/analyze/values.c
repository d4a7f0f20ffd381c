/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/values.h"

#include <errno.h>
#include <stdlib.h>

void values_add_to(uint64_t *total, uint64_t value)
{
	if (__builtin_add_overflow(*total, value, total))
		*total = UINT64_MAX;
}

static int keep(struct values *values, uint64_t value)
{
	if (values->kept == values->room) {
		size_t room = values->room ? values->room + values->room / 2 : 16;
		uint64_t *grown = realloc(values->values, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		values->values = grown;
		values->room = room;
	}
	values->values[values->kept++] = value;
	return 0;
}

int values_add(struct values *values, uint64_t value)
{
	uint64_t number = values->count++;

	values_add_to(&values->total, value);
	if (value > values->max)
		values->max = value;
	return number & values->stride_mask ? 0 : keep(values, value);
}

void values_thin(struct values *values)
{
	size_t kept = 0;

	for (size_t i = 0; i < values->kept; i += 2)
		values->values[kept++] = values->values[i];
	values->kept = kept;
	values->stride_mask = values->stride_mask << 1 | 1;
}

int values_merge(struct values *to, const struct values *from)
{
	int error = 0;

	while (to->stride_mask < from->stride_mask)
		values_thin(to);
	for (size_t i = 0; i < from->kept && !error; i++) {
		uint64_t number = i * (from->stride_mask + 1);

		if (!(number & to->stride_mask))
			error = keep(to, from->values[i]);
	}
	to->count += from->count;
	values_add_to(&to->total, from->total);
	if (from->max > to->max)
		to->max = from->max;
	return error;
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static uint64_t middle(uint64_t a, uint64_t b, uint64_t c)
{
	if (a > b) {
		uint64_t swap = a;

		a = b;
		b = swap;
	}
	if (c <= a)
		return a;
	return c < b ? c : b;
}

/*
 * Hoare's selection: brings the value of a rank to its place, no greater one before it, no smaller
 * one behind it. What goes on dividing badly is sorted.
 */
static uint64_t select_rank(uint64_t *values, size_t low, size_t high, size_t rank)
{
	for (unsigned int rounds = 0; high - low > 16 && rounds < 128; rounds++) {
		uint64_t pivot =
			middle(values[low], values[low + (high - low) / 2], values[high - 1]);
		size_t left = low, right = high - 1;

		for (;;) {
			uint64_t swap;

			while (values[left] < pivot)
				left++;
			while (values[right] > pivot)
				right--;
			if (left >= right)
				break;
			swap = values[left];
			values[left++] = values[right];
			values[right--] = swap;
		}
		/* All before left are not greater than the pivot, all behind right not smaller. */
		if (rank <= right && right < high - 1)
			high = right + 1;
		else if (rank > right)
			low = right + 1;
		else
			break;
	}
	qsort(values + low, high - low, sizeof(*values), compare);
	return values[rank];
}

/* Counted from 0: ceil(percent / 100 * count) - 1. */
static size_t rank_of(size_t count, unsigned int percent)
{
	return count / 100 * percent + (count % 100 * percent + 99) / 100 - 1;
}

struct distribution values_summarize(struct values *values)
{
	struct distribution result = { .count = values->count };
	size_t p50, p90, p99;

	if (!values->kept)
		return result;
	p50 = rank_of(values->kept, 50);
	p90 = rank_of(values->kept, 90);
	p99 = rank_of(values->kept, 99);
	result.total = values->total;
	result.max = values->max;
	result.p99 = select_rank(values->values, 0, values->kept, p99);
	result.p90 = p90 < p99 ? select_rank(values->values, 0, p99, p90) : result.p99;
	result.p50 = p50 < p90 ? select_rank(values->values, 0, p90, p50) : result.p90;
	return result;
}

void values_free(struct values *values)
{
	free(values->values);
	*values = (struct values){ 0 };
}
