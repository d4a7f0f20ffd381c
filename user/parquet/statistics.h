/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The smallest and the greatest value of a column chunk, as parquet.thrift's Statistics store them.
 *
 *	struct statistics s = { 0 };
 *	statistics_set_integers(&s, column, values, count);
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

/* Less than 0, 0 or more, as @a is less than, equal to or greater than @b in the column's order. */
int statistics_compare(const struct parquet_column *column, const struct statistics_bound *a,
		       const struct statistics_bound *b);

/* Makes @whole hold for what @part describes too. Of integers. */
void statistics_widen(struct statistics *whole, const struct parquet_column *column,
		      const struct statistics *part);

void statistics_write(const struct statistics *statistics, struct thrift_writer *w, int16_t field);

/* Bounds that are longer than one of ours, or of no length, are left unknown. */
void statistics_read_bound(struct statistics_bound *bound, const struct thrift_binary *bytes);

/* Reads what statistics_write() wrote, or another writer; only the current form of the fields. */
void statistics_read(struct statistics *statistics, struct thrift_reader *r,
		     const struct thrift_field *field);

/*
 * Whether some value of an integer column may lie in @first to @last (of UINT32 as unsigned
 * numbers): true also where the bounds do not say.
 */
bool statistics_may_have(const struct statistics *statistics, const struct parquet_column *column,
			 int64_t first, int64_t last);

#endif
