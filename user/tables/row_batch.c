/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/row_batch.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "parquet/dictionary.h"

#define LOT_ROWS 256	     /* rows taken apart together */
#define INSERTIONS_PER_ROW 8 /* up to here sorting by insertion is worth it */

/* A distinct text of the batch by which it is sorted. */
struct bucket {
	const char *text;
	size_t length;
	uint32_t number; /* in the order of first appearance */
	uint32_t count;	 /* rows */
};

struct row_batch {
	const struct table *table;
	size_t capacity;
	size_t count; /* rows in the columns; those of the lot are not among them */
	uint8_t *lot;
	size_t lot_count;

	void *columns[TABLE_COLUMNS_MAX];
	uint64_t *nulls;
	uint64_t any_null; /* columns with a null in this batch */

	uint32_t *order; /* where the row that comes i-th is in the columns */
	uint32_t *scratch;
	struct dictionary texts;
	struct bucket *buckets;
	uint32_t *starts; /* by bucket number: where its next row goes */
	size_t bucket_capacity;

	void *gathered;
	uint8_t *valid;
};

int row_batch_open(struct row_batch **out, const struct table *table, size_t capacity)
{
	struct row_batch *batch = calloc(1, sizeof(*batch));

	*out = batch;
	if (!batch)
		return -ENOMEM;
	batch->table = table;
	batch->capacity = capacity;
	batch->lot = malloc(LOT_ROWS * table->row_size);
	batch->order = malloc(capacity * sizeof(*batch->order));
	batch->scratch = malloc(capacity * sizeof(*batch->scratch));
	batch->gathered = malloc(capacity * sizeof(uint64_t));
	batch->valid = malloc(capacity);
	if (table->nulls_offset != SIZE_MAX)
		batch->nulls = malloc(capacity * sizeof(*batch->nulls));
	for (size_t i = 0; i < table->column_count; i++) {
		batch->columns[i] = malloc(capacity * table_type_size(table->columns[i].type));
		if (!batch->columns[i])
			goto fail;
	}
	if (!batch->lot || !batch->order || !batch->scratch || !batch->gathered || !batch->valid ||
	    (table->nulls_offset != SIZE_MAX && !batch->nulls))
		goto fail;
	return 0;
fail:
	row_batch_close(batch);
	*out = NULL;
	return -ENOMEM;
}

void row_batch_close(struct row_batch *batch)
{
	if (!batch)
		return;
	for (size_t i = 0; i < batch->table->column_count; i++)
		free(batch->columns[i]);
	dictionary_free(&batch->texts);
	free(batch->buckets);
	free(batch->starts);
	free(batch->valid);
	free(batch->gathered);
	free(batch->scratch);
	free(batch->order);
	free(batch->nulls);
	free(batch->lot);
	free(batch);
}

/* Every row's field at @from, one after the other. */
#define TAKE(type)                                                  \
	do {                                                        \
		type *to = (type *)column + batch->count;           \
                                                                    \
		for (size_t i = 0; i < rows; i++, from += row_size) \
			memcpy(&to[i], from, sizeof(type));         \
	} while (0)

static void take_field(struct row_batch *batch, void *column, const uint8_t *from, size_t size)
{
	const size_t row_size = batch->table->row_size, rows = batch->lot_count;

	if (size == sizeof(uint64_t))
		TAKE(uint64_t);
	else if (size == sizeof(uint32_t))
		TAKE(uint32_t);
	else
		TAKE(uint8_t);
}

static void take_apart(struct row_batch *batch)
{
	const struct table *table = batch->table;

	for (size_t i = 0; i < table->column_count; i++)
		take_field(batch, batch->columns[i], batch->lot + table->columns[i].offset,
			   table_type_size(table->columns[i].type));
	if (batch->nulls) {
		take_field(batch, batch->nulls, batch->lot + table->nulls_offset, sizeof(uint64_t));
		for (size_t i = 0; i < batch->lot_count; i++)
			batch->any_null |= batch->nulls[batch->count + i];
	}
	batch->count += batch->lot_count;
	batch->lot_count = 0;
}

void row_batch_append(struct row_batch *batch, const void *row)
{
	size_t size = batch->table->row_size;

	memcpy(batch->lot + batch->lot_count * size, row, size);
	if (++batch->lot_count == LOT_ROWS || batch->count + batch->lot_count == batch->capacity)
		take_apart(batch);
}

size_t row_batch_count(const struct row_batch *batch)
{
	return batch->count + batch->lot_count;
}

void row_batch_clear(struct row_batch *batch)
{
	batch->count = 0;
	batch->lot_count = 0;
	batch->any_null = 0;
}

/* Order */

static int compare_buckets(const void *left, const void *right)
{
	const struct bucket *a = left, *b = right;
	size_t shorter = a->length < b->length ? a->length : b->length;
	int order = memcmp(a->text, b->text, shorter);

	return order ? order : (a->length > b->length) - (a->length < b->length);
}

static int reserve_buckets(struct row_batch *batch, size_t count)
{
	struct bucket *buckets;
	uint32_t *starts;

	if (count <= batch->bucket_capacity)
		return 0;
	buckets = realloc(batch->buckets, count * sizeof(*buckets));
	if (!buckets)
		return -ENOMEM;
	batch->buckets = buckets;
	starts = realloc(batch->starts, count * sizeof(*starts));
	if (!starts)
		return -ENOMEM;
	batch->starts = starts;
	batch->bucket_capacity = count;
	return 0;
}

/*
 * Fills the order, text after text, each text's rows as they came. Returns the number of buckets.
 */
static ssize_t sort_by_text(struct row_batch *batch, const struct intern *strings)
{
	const struct dictionary_limit no_limit = { UINT32_MAX, SIZE_MAX };
	const uint32_t *ids = batch->columns[batch->table->sort_text];
	uint32_t *numbers = batch->scratch;
	uint32_t start = 0;
	size_t count;

	if (dictionary_index_texts(&batch->texts, strings, ids, batch->count, &no_limit, numbers) <
	    0)
		return -ENOMEM;
	count = batch->texts.count;
	if (reserve_buckets(batch, count))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		struct bucket *bucket = &batch->buckets[i];

		*bucket = (struct bucket){ .number = i };
		bucket->text = intern_get(strings, batch->texts.ids[i], &bucket->length);
	}
	for (size_t i = 0; i < batch->count; i++)
		batch->buckets[numbers[i]].count++;
	qsort(batch->buckets, count, sizeof(*batch->buckets), compare_buckets);
	for (size_t i = 0; i < count; i++) {
		batch->starts[batch->buckets[i].number] = start;
		start += batch->buckets[i].count;
	}
	for (size_t i = 0; i < batch->count; i++)
		batch->order[batch->starts[numbers[i]]++] = i;
	return count;
}

/* Stable: of equal times the left one goes first. */
static void merge(const int64_t *time, const uint32_t *left, size_t left_count,
		  const uint32_t *right, size_t right_count, uint32_t *out)
{
	while (left_count && right_count) {
		if (time[*right] < time[*left]) {
			*out++ = *right++;
			right_count--;
		} else {
			*out++ = *left++;
			left_count--;
		}
	}
	memcpy(out, left, left_count * sizeof(*out));
	memcpy(out + left_count, right, right_count * sizeof(*out));
}

static void merge_sort(const int64_t *time, uint32_t *order, size_t count, uint32_t *scratch)
{
	uint32_t *from = order, *to = scratch;

	for (size_t width = 1; width < count; width *= 2) {
		uint32_t *swap = from;

		for (size_t i = 0; i < count; i += 2 * width) {
			size_t left = count - i < width ? count - i : width;
			size_t right = count - i - left < width ? count - i - left : width;

			merge(time, from + i, left, from + i + left, right, to + i);
		}
		from = to;
		to = swap;
	}
	if (from != order)
		memcpy(order, from, count * sizeof(*order));
}

/* Rows come nearly in order: most are put right by a step or two. */
static void sort_by_time(const int64_t *time, uint32_t *order, size_t count, uint32_t *scratch)
{
	size_t insertions_left = INSERTIONS_PER_ROW * count;

	for (size_t i = 1; i < count; i++) {
		uint32_t row = order[i];
		size_t at = i;

		while (at && time[row] < time[order[at - 1]] && insertions_left) {
			order[at] = order[at - 1];
			at--;
			insertions_left--;
		}
		order[at] = row;
		if (!insertions_left) {
			merge_sort(time, order, count, scratch);
			return;
		}
	}
}

/* Moves the rows without a time behind the others. Returns how many have one. */
static size_t nulls_last(const struct row_batch *batch, uint32_t *order, size_t count)
{
	uint64_t bit = UINT64_C(1) << batch->table->sort_time;
	size_t timed = 0, untimed = 0;

	if (!(batch->any_null & bit))
		return count;
	for (size_t i = 0; i < count; i++) {
		if (batch->nulls[order[i]] & bit)
			batch->scratch[untimed++] = order[i];
		else
			order[timed++] = order[i];
	}
	memcpy(order + timed, batch->scratch, untimed * sizeof(*order));
	return timed;
}

int row_batch_sort(struct row_batch *batch, const struct intern *strings)
{
	const struct table *table = batch->table;
	const struct bucket whole = { .count = row_batch_count(batch) };
	const struct bucket *buckets = &whole;
	uint32_t *order = batch->order;
	ssize_t count = 1;

	take_apart(batch);
	if (table->sort_text != TABLE_NO_COLUMN) {
		count = sort_by_text(batch, strings);
		if (count < 0)
			return count;
		buckets = batch->buckets;
	} else {
		for (size_t i = 0; i < batch->count; i++)
			order[i] = i;
	}
	if (table->sort_time == TABLE_NO_COLUMN)
		return 0;
	for (ssize_t i = 0; i < count; i++) {
		size_t timed = nulls_last(batch, order, buckets[i].count);

		sort_by_time(batch->columns[table->sort_time], order, timed, batch->scratch);
		order += buckets[i].count;
	}
	return 0;
}

#define GATHER(type)                                       \
	do {                                               \
		const type *from = batch->columns[column]; \
		type *to = batch->gathered;                \
                                                           \
		for (size_t i = 0; i < count; i++)         \
			to[i] = from[order[i]];            \
	} while (0)

void row_batch_column(struct row_batch *batch, size_t column, struct parquet_values *values)
{
	const size_t size = table_type_size(batch->table->columns[column].type);
	const size_t count = batch->count;
	const uint32_t *order = batch->order;

	if (size == sizeof(uint64_t))
		GATHER(uint64_t);
	else if (size == sizeof(uint32_t))
		GATHER(uint32_t);
	else
		GATHER(uint8_t);
	values->values = batch->gathered;
	values->count = batch->count;
	values->valid = NULL;
	if (!(batch->any_null & UINT64_C(1) << column))
		return;
	for (size_t i = 0; i < batch->count; i++)
		batch->valid[i] = !(batch->nulls[batch->order[i]] >> column & 1);
	values->valid = batch->valid;
}
