/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/statistics.h"

#include <string.h>

#include "base/utf8.h"

/* parquet.thrift, Statistics */
enum {
	FIELD_NULL_COUNT = 3,
	FIELD_MAX_VALUE = 5,
	FIELD_MIN_VALUE = 6,
	FIELD_IS_MAX_VALUE_EXACT = 7,
	FIELD_IS_MIN_VALUE_EXACT = 8,
};

static void set_exact(struct statistics_bound *bound, const void *bytes, size_t length)
{
	bound->known = true;
	bound->exact = true;
	bound->length = length;
	memcpy(bound->bytes, bytes, length);
}

#define SET_INTEGERS(type)                                      \
	do {                                                    \
		const type *v = values;                         \
		type min = v[0], max = v[0];                    \
                                                                \
		for (size_t i = 1; i < count; i++) {            \
			min = v[i] < min ? v[i] : min;          \
			max = v[i] > max ? v[i] : max;          \
		}                                               \
		set_exact(&statistics->min, &min, sizeof(min)); \
		set_exact(&statistics->max, &max, sizeof(max)); \
	} while (0)

void statistics_set_integers(struct statistics *statistics, const struct parquet_column *column,
			     const void *values, size_t count)
{
	if (!count)
		return;
	if (column->physical == PARQUET_BOOLEAN)
		SET_INTEGERS(uint8_t);
	else if (column->physical == PARQUET_INT64)
		SET_INTEGERS(int64_t);
	else if (column->logical == PARQUET_LOGICAL_UINT32)
		SET_INTEGERS(uint32_t);
	else
		SET_INTEGERS(int32_t);
}

/*
 * The beginning of a text up to its last ASCII character, with that one raised: greater than every
 * text that begins so. Without an ASCII character there is no bound.
 */
static void set_raised(struct statistics_bound *bound, const uint8_t *text, size_t whole)
{
	size_t length = utf8_cut(text, whole, STATISTICS_TEXT_MAX);

	while (length && text[length - 1] >= 0x7F)
		length--;
	if (!length)
		return;
	set_exact(bound, text, length);
	bound->bytes[length - 1]++;
	bound->exact = false;
}

void statistics_set_texts(struct statistics *statistics, const void *min, size_t min_length,
			  const void *max, size_t max_length)
{
	size_t kept = utf8_cut(min, min_length, STATISTICS_TEXT_MAX);

	set_exact(&statistics->min, min, kept);
	statistics->min.exact = kept == min_length;
	if (max_length <= STATISTICS_TEXT_MAX)
		set_exact(&statistics->max, max, max_length);
	else
		set_raised(&statistics->max, max, max_length);
}

#define COMPARE(type)                            \
	do {                                     \
		type x, y;                       \
                                                 \
		memcpy(&x, a->bytes, sizeof(x)); \
		memcpy(&y, b->bytes, sizeof(y)); \
		return (x > y) - (x < y);        \
	} while (0)

int statistics_compare(const struct parquet_column *column, const struct statistics_bound *a,
		       const struct statistics_bound *b)
{
	size_t shorter = a->length < b->length ? a->length : b->length;
	int order;

	switch (column->physical) {
	case PARQUET_BOOLEAN:
		COMPARE(uint8_t);
	case PARQUET_INT64:
		COMPARE(int64_t);
	case PARQUET_INT32:
		if (column->logical == PARQUET_LOGICAL_UINT32)
			COMPARE(uint32_t);
		COMPARE(int32_t);
	case PARQUET_BYTE_ARRAY:
		break;
	}
	order = memcmp(a->bytes, b->bytes, shorter);
	return order ? order : (a->length > b->length) - (a->length < b->length);
}

void statistics_widen(struct statistics *whole, const struct parquet_column *column,
		      const struct statistics *part)
{
	if (part->min.known &&
	    (!whole->min.known || statistics_compare(column, &part->min, &whole->min) < 0))
		whole->min = part->min;
	if (part->max.known &&
	    (!whole->max.known || statistics_compare(column, &part->max, &whole->max) > 0))
		whole->max = part->max;
}

static void write_bound(const struct statistics_bound *bound, struct thrift_writer *w,
			int16_t field)
{
	if (bound->known)
		thrift_write_binary(w, field, bound->bytes, bound->length);
}

void statistics_write(const struct statistics *statistics, struct thrift_writer *w, int16_t field)
{
	thrift_begin_struct(w, field);
	thrift_write_i64(w, FIELD_NULL_COUNT, statistics->nulls);
	write_bound(&statistics->max, w, FIELD_MAX_VALUE);
	write_bound(&statistics->min, w, FIELD_MIN_VALUE);
	if (statistics->max.known)
		thrift_write_bool(w, FIELD_IS_MAX_VALUE_EXACT, statistics->max.exact);
	if (statistics->min.known)
		thrift_write_bool(w, FIELD_IS_MIN_VALUE_EXACT, statistics->min.exact);
	thrift_end_struct(w);
}

void statistics_read_bound(struct statistics_bound *bound, const struct thrift_binary *bytes)
{
	*bound = (struct statistics_bound){ 0 };
	if (!bytes->length || bytes->length > sizeof(bound->bytes))
		return;
	set_exact(bound, bytes->bytes, bytes->length);
}

void statistics_read(struct statistics *statistics, struct thrift_reader *r,
		     const struct thrift_field *outer)
{
	struct thrift_field field = { 0 };
	struct thrift_binary bytes;

	if (!thrift_enter_struct(r, outer))
		return;
	while (thrift_next_field(r, &field)) {
		switch (field.id) {
		case FIELD_NULL_COUNT:
			statistics->nulls = thrift_read_i64(r, &field);
			break;
		case FIELD_MAX_VALUE:
			bytes = thrift_read_binary(r, &field);
			statistics_read_bound(&statistics->max, &bytes);
			break;
		case FIELD_MIN_VALUE:
			bytes = thrift_read_binary(r, &field);
			statistics_read_bound(&statistics->min, &bytes);
			break;
		default:
			thrift_skip(r, &field);
		}
	}
}

/* False: it is not known, or not of the column's size. */
static bool bound_as_integer(const struct statistics_bound *bound,
			     const struct parquet_column *column, int64_t *value)
{
	uint32_t bits;

	if (!bound->known)
		return false;
	if (column->physical == PARQUET_INT64 && bound->length == sizeof(*value)) {
		memcpy(value, bound->bytes, sizeof(*value));
		return true;
	}
	if (column->physical != PARQUET_INT32 || bound->length != sizeof(bits))
		return false;
	memcpy(&bits, bound->bytes, sizeof(bits));
	*value = column->logical == PARQUET_LOGICAL_UINT32 ? (int64_t)bits : (int32_t)bits;
	return true;
}

bool statistics_may_have(const struct statistics *statistics, const struct parquet_column *column,
			 int64_t first, int64_t last)
{
	int64_t min, max;

	if (bound_as_integer(&statistics->min, column, &min) && min > last)
		return false;
	return !bound_as_integer(&statistics->max, column, &max) || max >= first;
}
