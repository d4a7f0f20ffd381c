/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/chunk_bounds.h"

#include <errno.h>
#include <string.h>

struct text {
	const uint8_t *bytes;
	uint32_t length;
};

/* Smallest and greatest of some texts; without any .min.bytes is NULL. */
struct text_range {
	struct text min;
	struct text max;
};

void chunk_bounds_free(struct chunk_bounds *bounds)
{
	buffer_free(&bounds->min);
	buffer_free(&bounds->max);
	buffer_free(&bounds->places);
	buffer_free(&bounds->seen);
	buffer_free(&bounds->found);
}

void chunk_bounds_begin(struct chunk_bounds *bounds, const struct parquet_column *column)
{
	bounds->column = column;
	bounds->whole = (struct statistics){ 0 };
	bounds->any_text = false;
	bounds->entry_count = 0;
}

/* Texts */

static struct text text_at(const uint8_t *plain)
{
	struct text text = { .bytes = plain + sizeof(text.length) };

	memcpy(&text.length, plain, sizeof(text.length));
	return text;
}

static int compare(const struct text *a, const struct text *b)
{
	size_t shorter = a->length < b->length ? a->length : b->length;
	int order = memcmp(a->bytes, b->bytes, shorter);

	return order ? order : (a->length > b->length) - (a->length < b->length);
}

static void widen(struct text_range *range, struct text text)
{
	if (!range->min.bytes) {
		range->min = range->max = text;
		return;
	}
	if (compare(&text, &range->min) < 0)
		range->min = text;
	else if (compare(&text, &range->max) > 0)
		range->max = text;
}

static int keep(struct buffer *bound, const struct text *text)
{
	buffer_clear(bound);
	return buffer_append(bound, text->bytes, text->length);
}

static int widen_chunk(struct chunk_bounds *bounds, const struct text_range *page)
{
	const struct text min = { bounds->min.data, bounds->min.length };
	const struct text max = { bounds->max.data, bounds->max.length };
	bool first = !bounds->any_text;
	int err = 0;

	bounds->any_text = true;
	if (first || compare(&page->max, &max) > 0)
		err = keep(&bounds->max, &page->max);
	if (!err && (first || compare(&page->min, &min) < 0))
		err = keep(&bounds->min, &page->min);
	return err;
}

static int set_texts(struct chunk_bounds *bounds, const struct text_range *range,
		     struct statistics *page)
{
	if (!range->min.bytes)
		return 0;
	statistics_set_texts(page, range->min.bytes, range->min.length, range->max.bytes,
			     range->max.length);
	return widen_chunk(bounds, range);
}

int chunk_bounds_plain_texts(struct chunk_bounds *bounds, const uint8_t *plain, size_t length,
			     struct statistics *page)
{
	struct text_range range = { 0 };
	size_t at = 0;

	while (at < length) {
		struct text text = text_at(plain + at);

		widen(&range, text);
		at += sizeof(text.length) + text.length;
	}
	return set_texts(bounds, &range, page);
}

/* Integers */

void chunk_bounds_integers(struct chunk_bounds *bounds, const void *values, size_t count,
			   struct statistics *page)
{
	statistics_set_integers(page, bounds->column, values, count);
	statistics_widen(&bounds->whole, bounds->column, page);
}

/* Dictionaries */

int chunk_bounds_dictionary(struct chunk_bounds *bounds, const uint8_t *entries, size_t length,
			    size_t count)
{
	uint32_t *places;
	size_t at = 0;

	bounds->entries = entries;
	bounds->entry_count = count;
	if (bounds->column->physical != PARQUET_BYTE_ARRAY)
		return 0;
	buffer_clear(&bounds->places);
	places = (void *)buffer_reserve(&bounds->places, count * sizeof(*places));
	if (!places || length > UINT32_MAX)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		places[i] = at;
		at += sizeof(uint32_t) + text_at(entries + at).length;
	}
	return 0;
}

static const uint8_t *mark_seen(struct chunk_bounds *bounds, const uint32_t *indexes, size_t count)
{
	uint8_t *seen;

	buffer_clear(&bounds->seen);
	seen = buffer_reserve(&bounds->seen, bounds->entry_count);
	if (!seen)
		return NULL;
	memset(seen, 0, bounds->entry_count);
	for (size_t i = 0; i < count; i++)
		seen[indexes[i]] = 1;
	return seen;
}

static int seen_texts(struct chunk_bounds *bounds, const uint8_t *seen, struct statistics *page)
{
	const uint32_t *places = (const void *)bounds->places.data;
	struct text_range range = { 0 };

	for (size_t i = 0; i < bounds->entry_count; i++)
		if (seen[i])
			widen(&range, text_at(bounds->entries + places[i]));
	return set_texts(bounds, &range, page);
}

static int seen_integers(struct chunk_bounds *bounds, const uint8_t *seen, struct statistics *page)
{
	size_t size = bounds->column->physical == PARQUET_INT64 ? sizeof(int64_t) : sizeof(int32_t);
	size_t count = 0;
	uint8_t *found;

	buffer_clear(&bounds->found);
	found = buffer_reserve(&bounds->found, bounds->entry_count * size);
	if (!found)
		return -ENOMEM;
	for (size_t i = 0; i < bounds->entry_count; i++)
		if (seen[i])
			memcpy(found + count++ * size, bounds->entries + i * size, size);
	chunk_bounds_integers(bounds, found, count, page);
	return 0;
}

int chunk_bounds_indexes(struct chunk_bounds *bounds, const uint32_t *indexes, size_t count,
			 struct statistics *page)
{
	const uint8_t *seen;

	if (!count)
		return 0;
	seen = mark_seen(bounds, indexes, count);
	if (!seen)
		return -ENOMEM;
	return bounds->column->physical == PARQUET_BYTE_ARRAY ? seen_texts(bounds, seen, page) :
								seen_integers(bounds, seen, page);
}

void chunk_bounds_end(const struct chunk_bounds *bounds, struct statistics *chunk)
{
	if (bounds->any_text) {
		statistics_set_texts(chunk, bounds->min.data, bounds->min.length, bounds->max.data,
				     bounds->max.length);
		return;
	}
	chunk->min = bounds->whole.min;
	chunk->max = bounds->whole.max;
}
