/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/row_selection.h"

#include <errno.h>

void row_selection_clear(struct row_selection *selection)
{
	buffer_clear(&selection->ranges);
	selection->range_count = 0;
	selection->rows = 0;
}

void row_selection_free(struct row_selection *selection)
{
	buffer_free(&selection->ranges);
	row_selection_clear(selection);
}

int row_selection_add(struct row_selection *selection, size_t first, size_t count)
{
	const struct row_range range = { first, count };
	struct row_range *last = NULL;

	if (!count)
		return 0;
	if (selection->range_count)
		last = (struct row_range *)(void *)selection->ranges.data + selection->range_count -
		       1;
	if (last && last->first + last->count == first) {
		last->count += count;
	} else {
		if (buffer_append(&selection->ranges, &range, sizeof(range)))
			return -ENOMEM;
		selection->range_count++;
	}
	selection->rows += count;
	return 0;
}

int row_selection_all(struct row_selection *selection, size_t rows)
{
	row_selection_clear(selection);
	return row_selection_add(selection, 0, rows);
}

int row_selection_intersect(struct row_selection *selection, const struct row_selection *other)
{
	const struct row_range *a = row_selection_ranges(selection);
	const struct row_range *b = row_selection_ranges(other);
	const struct row_range *a_end = a ? a + selection->range_count : a;
	const struct row_range *b_end = b ? b + other->range_count : b;
	struct row_selection both = { 0 };

	while (a < a_end && b < b_end) {
		size_t first = a->first > b->first ? a->first : b->first;
		size_t end_a = a->first + a->count, end_b = b->first + b->count;
		size_t end = end_a < end_b ? end_a : end_b;

		if (end > first && row_selection_add(&both, first, end - first)) {
			row_selection_free(&both);
			return -ENOMEM;
		}
		if (end_a <= end_b)
			a++;
		else
			b++;
	}
	row_selection_free(selection);
	*selection = both;
	return 0;
}
