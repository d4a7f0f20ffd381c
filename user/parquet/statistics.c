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
