/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/file_check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parquet/metadata.h"
#include "parquet/page_index.h"
#include "parquet/reader.h"

#define INDEX_SIZE_MAX (64 << 20)

struct check {
	int fd;
	struct parquet_file_check *result;
	struct parquet_reader *reader;
	struct buffer footer, bytes;
	struct metadata_reader metadata; /* the footer again, for what the reader keeps to itself */
	struct metadata_row_group group;
	struct page_index index;
	struct parquet_data data;
};

/* What the rows from first to end are compared with. */
struct claim {
	const struct parquet_column *column;
	const struct statistics *statistics;
	size_t first;
	size_t end;
};

static int bad(struct check *check, size_t column, const char *what)
{
	struct parquet_file_check *result = check->result;

	snprintf(result->why, sizeof(result->why), "row group %llu, column %s: %s",
		 (unsigned long long)result->row_groups, check->metadata.columns[column].name,
		 what);
	return -EBADMSG;
}

static int read_bytes(struct check *check, struct buffer *to, uint64_t offset, size_t length)
{
	uint8_t *at;

	buffer_clear(to);
	at = buffer_reserve(to, length + 1);
	if (!at)
		return -ENOMEM;
	while (to->length < length) {
		ssize_t got = pread(check->fd, at + to->length, length - to->length,
				    (off_t)(offset + to->length));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -EBADMSG;
		to->length += (size_t)got;
	}
	return 0;
}

/* The reader has read it before: sizes are right. */
static int open_footer(struct check *check)
{
	struct stat status;
	uint32_t length;
	int error;

	if (fstat(check->fd, &status))
		return -errno;
	error = read_bytes(check, &check->bytes, status.st_size - METADATA_TAIL_SIZE,
			   METADATA_TAIL_SIZE);
	if (error)
		return error;
	memcpy(&length, check->bytes.data, sizeof(length));
	error = read_bytes(check, &check->footer, status.st_size - METADATA_TAIL_SIZE - length,
			   length);
	return error ? error : metadata_open(&check->metadata, check->footer.data, length);
}

/* Values against bounds */

static bool is_valid(const struct check *check, size_t row)
{
	return !check->data.any_null || check->data.valid.data[row];
}

static int compare_texts(const void *a, size_t a_length, const void *b, size_t b_length)
{
	size_t shorter = a_length < b_length ? a_length : b_length;
	int order = shorter ? memcmp(a, b, shorter) : 0;

	return order ? order : (a_length > b_length) - (a_length < b_length);
}

/* Bounds of texts may be cut, but still have to hold. */
static bool holds_text(const struct claim *claim, const struct parquet_text *text)
{
	const struct statistics_bound *min = &claim->statistics->min,
				      *max = &claim->statistics->max;

	if (min->known && compare_texts(min->bytes, min->length, text->bytes, text->length) > 0)
		return false;
	return !max->known ||
	       compare_texts(max->bytes, max->length, text->bytes, text->length) >= 0;
}

static bool holds_texts(const struct check *check, const struct claim *claim)
{
	const struct parquet_text *texts = (const void *)check->data.texts.data;
	const uint32_t *indexes = (const void *)check->data.values.data;
	uint32_t last = UINT32_MAX;

	for (size_t i = claim->first; i < claim->end; i++) {
		if (!is_valid(check, i) || indexes[i] == last)
			continue;
		last = indexes[i];
		if (!holds_text(claim, &texts[last]))
			return false;
	}
	return true;
}

static size_t value_size(const struct parquet_column *column)
{
	if (column->physical == PARQUET_INT64)
		return sizeof(int64_t);
	return column->physical == PARQUET_INT32 ? sizeof(int32_t) : sizeof(uint8_t);
}

/* Bounds of integers are compared as statistics of one value each. */
static bool holds_integers(const struct check *check, const struct claim *claim)
{
	size_t size = value_size(claim->column);
	struct statistics one = { 0 };

	for (size_t i = claim->first; i < claim->end; i++) {
		const struct statistics_bound *min = &claim->statistics->min;
		const struct statistics_bound *max = &claim->statistics->max;

		if (!is_valid(check, i))
			continue;
		statistics_set_integers(&one, claim->column, check->data.values.data + i * size, 1);
		if ((min->known && statistics_compare(claim->column, min, &one.min) > 0) ||
		    (max->known && statistics_compare(claim->column, max, &one.min) < 0))
			return false;
	}
	return true;
}

static bool holds(const struct check *check, const struct claim *claim)
{
	if (claim->column->physical == PARQUET_BYTE_ARRAY)
		return holds_texts(check, claim);
	return holds_integers(check, claim);
}

static uint64_t count_nulls(const struct check *check, size_t first, size_t end)
{
	uint64_t nulls = 0;

	for (size_t i = first; i < end; i++)
		nulls += !is_valid(check, i);
	return nulls;
}

/* Indexes of pages */

static int check_page(struct check *check, size_t column, size_t page)
{
	const struct page_entry *entry = &page_index_entries(&check->index)[page];
	bool last = page + 1 == check->index.count;
	struct claim claim = {
		.column = &check->metadata.columns[column],
		.statistics = &entry->statistics,
		.first = entry->first_row,
		.end = last ? check->group.rows : entry[1].first_row,
	};

	if (!last && entry->offset + entry->size != entry[1].offset)
		return bad(check, column, "the index of its pages has a gap");
	if (entry->all_null &&
	    count_nulls(check, claim.first, claim.end) != claim.end - claim.first)
		return bad(check, column, "a page said to be null has values");
	if (!entry->all_null && !holds(check, &claim))
		return bad(check, column, "the bounds of a page do not hold its values");
	check->result->pages++;
	return 0;
}

static int check_index(struct check *check, size_t column)
{
	const struct metadata_chunk *chunk = &check->group.chunks[column];
	const struct metadata_index *at = &chunk->index;
	const struct page_entry *entries;
	uint64_t start = chunk->data_page_offset;
	int error;

	if (!at->offset_index_length)
		return 0;
	if (at->offset_index_length > INDEX_SIZE_MAX || at->column_index_length > INDEX_SIZE_MAX)
		return bad(check, column, "the index of its pages is too large");
	error = read_bytes(check, &check->bytes, at->offset_index_offset, at->offset_index_length);
	if (!error)
		error = page_index_read_offsets(&check->index, check->bytes.data,
						at->offset_index_length, check->group.rows);
	if (!error && at->column_index_length) {
		error = read_bytes(check, &check->bytes, at->column_index_offset,
				   at->column_index_length);
		if (!error)
			error = page_index_read_bounds(&check->index, check->bytes.data,
						       at->column_index_length);
	}
	if (error)
		return error == -EBADMSG ? bad(check, column, "the index of its pages is damaged") :
					   error;
	entries = page_index_entries(&check->index);
	if (chunk->has_dictionary && chunk->dictionary_page_offset < start)
		start = chunk->dictionary_page_offset;
	if (!check->index.count || entries[0].offset != chunk->data_page_offset ||
	    entries[check->index.count - 1].offset + entries[check->index.count - 1].size !=
		    start + chunk->compressed_size)
		return bad(check, column, "the index of its pages is not of all of them");
	for (size_t i = 0; i < check->index.count && !error; i++)
		error = check_page(check, column, i);
	return error;
}

/* Row groups */

static int check_column(struct check *check, size_t column)
{
	const struct metadata_chunk *chunk = &check->group.chunks[column];
	struct claim claim = {
		.column = &check->metadata.columns[column],
		.statistics = &chunk->statistics,
		.end = check->group.rows,
	};
	const char *why = NULL;
	int error = parquet_reader_column(check->reader, column, &check->data, &why);

	if (error)
		return why ? bad(check, column, why) : error;
	if ((chunk->statistics.min.known || chunk->statistics.max.known) &&
	    count_nulls(check, 0, check->group.rows) != chunk->statistics.nulls)
		return bad(check, column, "the number of nulls is wrong");
	if (!holds(check, &claim))
		return bad(check, column, "the statistics do not hold its values");
	return check_index(check, column);
}

static int check_groups(struct check *check)
{
	const char *why;
	size_t rows;
	int more;

	while ((more = parquet_reader_next_group(check->reader, &rows, &why)) > 0) {
		int error = metadata_next_row_group(&check->metadata, &check->group);

		if (error <= 0)
			return error ? error : -EBADMSG;
		for (size_t i = 0; rows && i < check->metadata.column_count; i++) {
			error = check_column(check, i);
			if (error)
				return error;
		}
		check->result->row_groups++;
		check->result->rows += rows;
	}
	if (more && why)
		snprintf(check->result->why, sizeof(check->result->why), "%s", why);
	return more;
}

int parquet_file_check(int fd, struct parquet_file_check *result)
{
	struct check check = { .fd = fd, .result = result };
	const char *why;
	int error;

	*result = (struct parquet_file_check){ 0 };
	error = parquet_reader_open(&check.reader, fd, &why);
	if (error) {
		if (why)
			snprintf(result->why, sizeof(result->why), "%s", why);
		return error;
	}
	error = open_footer(&check);
	if (!error)
		error = check_groups(&check);
	parquet_data_free(&check.data);
	page_index_free(&check.index);
	metadata_close(&check.metadata);
	buffer_free(&check.footer);
	buffer_free(&check.bytes);
	parquet_reader_close(check.reader);
	return error;
}
