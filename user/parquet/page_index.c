/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/page_index.h"

#include <errno.h>
#include <string.h>

#include "parquet/metadata_fields.h"
#include "parquet/thrift.h"

void page_index_free(struct page_index *index)
{
	buffer_free(&index->entries);
	index->count = 0;
}

int page_index_add(struct page_index *index, const struct page_entry *entry)
{
	int err = buffer_append(&index->entries, entry, sizeof(*entry));

	if (!err)
		index->count++;
	return err;
}

/* Writing */

static int finish(struct thrift_writer *w, size_t before)
{
	thrift_end_struct(w);
	if (w->error)
		w->out->length = before;
	return w->error;
}

int page_index_write_offsets(const struct page_index *index, uint64_t start, struct buffer *out)
{
	const struct page_entry *entries = page_index_entries(index);
	struct thrift_writer w = { .out = out };
	size_t before = out->length;

	thrift_begin_list(&w, OFFSETS_PAGE_LOCATIONS, THRIFT_STRUCT, index->count);
	for (size_t i = 0; i < index->count; i++) {
		thrift_begin_element_struct(&w);
		thrift_write_i64(&w, LOCATION_OFFSET, start + entries[i].offset);
		thrift_write_i32(&w, LOCATION_COMPRESSED_SIZE, entries[i].size);
		thrift_write_i64(&w, LOCATION_FIRST_ROW, entries[i].first_row);
		thrift_end_struct(&w);
	}
	return finish(&w, before);
}

static bool bounds_are_known(const struct page_index *index)
{
	const struct page_entry *entries = page_index_entries(index);

	for (size_t i = 0; i < index->count; i++)
		if (!entries[i].all_null &&
		    (!entries[i].statistics.min.known || !entries[i].statistics.max.known))
			return false;
	return true;
}

/* Whether the bounds of the pages only rise, or only fall. Pages of nulls do not count. */
static int boundary_order(const struct page_index *index, const struct parquet_column *column)
{
	const struct page_entry *entries = page_index_entries(index);
	const struct statistics *last = NULL;
	bool rising = true, falling = true;

	for (size_t i = 0; i < index->count; i++) {
		const struct statistics *next = &entries[i].statistics;

		if (entries[i].all_null)
			continue;
		if (last) {
			int min = statistics_compare(column, &next->min, &last->min);
			int max = statistics_compare(column, &next->max, &last->max);

			rising = rising && min >= 0 && max >= 0;
			falling = falling && min <= 0 && max <= 0;
		}
		last = next;
	}
	return rising ? ORDER_ASCENDING : falling ? ORDER_DESCENDING : ORDER_UNORDERED;
}

static void write_bound(struct thrift_writer *w, const struct page_entry *entry,
			const struct statistics_bound *bound)
{
	thrift_element_binary(w, bound->bytes, entry->all_null ? 0 : bound->length);
}

int page_index_write_bounds(const struct page_index *index, const struct parquet_column *column,
			    struct buffer *out)
{
	const struct page_entry *entries = page_index_entries(index);
	struct thrift_writer w = { .out = out };
	size_t before = out->length;

	if (!bounds_are_known(index))
		return 0;
	thrift_begin_list(&w, BOUNDS_NULL_PAGES, THRIFT_TRUE, index->count);
	for (size_t i = 0; i < index->count; i++)
		thrift_element_bool(&w, entries[i].all_null);
	thrift_begin_list(&w, BOUNDS_MIN_VALUES, THRIFT_BINARY, index->count);
	for (size_t i = 0; i < index->count; i++)
		write_bound(&w, &entries[i], &entries[i].statistics.min);
	thrift_begin_list(&w, BOUNDS_MAX_VALUES, THRIFT_BINARY, index->count);
	for (size_t i = 0; i < index->count; i++)
		write_bound(&w, &entries[i], &entries[i].statistics.max);
	thrift_write_i32(&w, BOUNDS_ORDER, boundary_order(index, column));
	thrift_begin_list(&w, BOUNDS_NULL_COUNTS, THRIFT_I64, index->count);
	for (size_t i = 0; i < index->count; i++)
		thrift_element_i64(&w, entries[i].statistics.nulls);
	return finish(&w, before);
}

/* Reading */

static struct page_entry read_location(struct thrift_reader *r)
{
	struct page_entry entry = { 0 };
	struct thrift_field field = { 0 };
	int32_t size = 0;

	while (thrift_next_field(r, &field)) {
		if (field.id == LOCATION_OFFSET)
			entry.offset = thrift_read_i64(r, &field);
		else if (field.id == LOCATION_COMPRESSED_SIZE)
			size = thrift_read_i32(r, &field);
		else if (field.id == LOCATION_FIRST_ROW)
			entry.first_row = thrift_read_i64(r, &field);
		else
			thrift_skip(r, &field);
	}
	if (size <= 0)
		r->failed = true;
	entry.size = size;
	return entry;
}

/* Pages follow each other, in the rows as in the file; between them there may be gaps. */
static bool follows(const struct page_entry *entry, const struct page_entry *last)
{
	if (entry->offset > INT64_MAX)
		return false;
	if (!last)
		return !entry->first_row;
	return entry->first_row > last->first_row && entry->offset >= last->offset + last->size;
}

static int read_locations(struct page_index *index, struct thrift_reader *r,
			  const struct thrift_field *field, uint64_t rows)
{
	size_t count = thrift_enter_list(r, field, THRIFT_STRUCT);

	if (index->count)
		return -EBADMSG;
	for (size_t i = 0; i < count; i++) {
		struct page_entry entry = read_location(r);
		int err;

		if (r->failed || entry.first_row >= rows ||
		    !follows(&entry, i ? page_index_entries(index) + i - 1 : NULL))
			return -EBADMSG;
		err = page_index_add(index, &entry);
		if (err)
			return err;
	}
	return 0;
}

int page_index_read_offsets(struct page_index *index, const uint8_t *bytes, size_t length,
			    uint64_t rows)
{
	struct thrift_reader r = { .at = bytes, .end = bytes + length };
	struct thrift_field field = { 0 };
	int err = 0;

	page_index_clear(index);
	while (!err && thrift_next_field(&r, &field)) {
		if (field.id == OFFSETS_PAGE_LOCATIONS)
			err = read_locations(index, &r, &field, rows);
		else
			thrift_skip(&r, &field);
	}
	if (!err && (r.failed || !index->count))
		err = -EBADMSG;
	if (err)
		page_index_clear(index);
	return err;
}

static bool enter_list(const struct page_index *index, struct thrift_reader *r,
		       const struct thrift_field *field, enum thrift_type type)
{
	return thrift_enter_list(r, field, type) == index->count && !r->failed;
}

static bool read_bounds(struct page_index *index, struct thrift_reader *r,
			const struct thrift_field *field)
{
	struct page_entry *entries = page_index_entries(index);

	if (!enter_list(index, r, field, THRIFT_BINARY))
		return false;
	for (size_t i = 0; i < index->count; i++) {
		struct thrift_binary value = thrift_read_element_binary(r);
		struct statistics *statistics = &entries[i].statistics;

		statistics_read_bound(field->id == BOUNDS_MIN_VALUES ? &statistics->min :
								       &statistics->max,
				      &value);
	}
	return true;
}

static bool read_null_pages(struct page_index *index, struct thrift_reader *r,
			    const struct thrift_field *field)
{
	if (!enter_list(index, r, field, THRIFT_TRUE))
		return false;
	for (size_t i = 0; i < index->count; i++)
		page_index_entries(index)[i].all_null = thrift_read_element_bool(r);
	return true;
}

static bool read_null_counts(struct page_index *index, struct thrift_reader *r,
			     const struct thrift_field *field)
{
	if (!enter_list(index, r, field, THRIFT_I64))
		return false;
	for (size_t i = 0; i < index->count; i++)
		page_index_entries(index)[i].statistics.nulls = thrift_read_element_i64(r);
	return true;
}

int page_index_read_bounds(struct page_index *index, const uint8_t *bytes, size_t length)
{
	struct thrift_reader r = { .at = bytes, .end = bytes + length };
	struct thrift_field field = { 0 };
	bool fine = true;

	while (fine && thrift_next_field(&r, &field)) {
		switch (field.id) {
		case BOUNDS_NULL_PAGES:
			fine = read_null_pages(index, &r, &field);
			break;
		case BOUNDS_MIN_VALUES:
		case BOUNDS_MAX_VALUES:
			fine = read_bounds(index, &r, &field);
			break;
		case BOUNDS_NULL_COUNTS:
			fine = read_null_counts(index, &r, &field);
			break;
		default:
			thrift_skip(&r, &field);
		}
	}
	return fine && !r.failed ? 0 : -EBADMSG;
}
