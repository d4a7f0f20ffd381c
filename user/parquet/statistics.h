/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The smallest and the greatest value of a column chunk, as parquet.thrift's Statistics store them.
 *
 *	struct statistics s = { 0 };
 *	statistics_add_integers(&s, column, values, count);
 *	statistics_write(&s, thrift_writer, 12);
 *
 * Bounds always hold: integers are exact, long texts are cut, a smallest one down, a greatest one
 * up, and marked inexact. Order is that of the column's type: signed, unsigned, or bytewise.
 */
#ifndef PARQUET_STATISTICS_H
#define PARQUET_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "parquet/thrift.h"
#include "parquet/types.h"

#define STATISTICS_TEXT_MAX 64 /* bytes kept of a text */

struct statistics_bound {
	bool known;
	bool exact;
	uint8_t length;
	uint8_t bytes[STATISTICS_TEXT_MAX]; /* PLAIN encoding, texts without length */
};

struct statistics {
	uint64_t nulls;
	struct statistics_bound min;
	struct statistics_bound max;
};

/* @values: int32_t, int64_t or uint8_t by the column's physical type; none of them null. */
void statistics_set_integers(struct statistics *statistics, const struct parquet_column *column,
			     const void *values, size_t count);

/* Of a column of texts, which must be valid UTF-8. */
void statistics_set_texts(struct statistics *statistics, const void *min, size_t min_length,
			  const void *max, size_t max_length);

void statistics_write(const struct statistics *statistics, struct thrift_writer *w, int16_t field);

#endif
