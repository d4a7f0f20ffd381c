/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vocabulary of Parquet files, as far as it is used here, and the declaration of a flat schema.
 * Numbers are those of parquet.thrift.
 */
#ifndef PARQUET_TYPES_H
#define PARQUET_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum parquet_physical {
	PARQUET_BOOLEAN = 0,
	PARQUET_INT32 = 1,
	PARQUET_INT64 = 2,
	PARQUET_BYTE_ARRAY = 6,
};

enum parquet_logical {
	PARQUET_LOGICAL_NONE,
	PARQUET_LOGICAL_STRING,	      /* of BYTE_ARRAY: UTF-8 text */
	PARQUET_LOGICAL_UINT32,	      /* of INT32 */
	PARQUET_LOGICAL_TIMESTAMP_NS, /* of INT64: since 1970, UTC */
};

enum parquet_encoding {
	PARQUET_PLAIN = 0,
	PARQUET_PLAIN_DICTIONARY = 2, /* older writers' RLE_DICTIONARY, and PLAIN of a dictionary */
	PARQUET_RLE = 3,
	PARQUET_DELTA_BINARY_PACKED = 5,
	PARQUET_DELTA_LENGTH_BYTE_ARRAY = 6, /* only read, as are 2 and 7 */
	PARQUET_DELTA_BYTE_ARRAY = 7,
	PARQUET_RLE_DICTIONARY = 8,
};

enum parquet_codec {
	PARQUET_CODEC_NONE = 0,
	PARQUET_CODEC_GZIP = 2,
	PARQUET_CODEC_ZSTD = 6,
	PARQUET_CODEC_LZ4_RAW = 7,
};

/*
 * What the writer should try for a column; a dictionary that grows too large falls back to PLAIN.
 */
enum parquet_preference {
	PARQUET_PREFER_DICTIONARY, /* few distinct values. The only one for strings */
	PARQUET_PREFER_DELTA,	   /* integers that grow slowly: times */
	PARQUET_PREFER_PLAIN,	   /* integers that repeat at a distance: for the codec to find */
	PARQUET_PREFER_RLE,	   /* booleans */
};

struct parquet_column {
	const char *name;
	enum parquet_physical physical;
	enum parquet_logical logical;
	enum parquet_preference preference;
	bool optional;
};

/* One column by which the rows of every row group are ordered. */
struct parquet_sort {
	uint32_t column;
	bool descending;
	bool nulls_first;
};

struct parquet_schema {
	const struct parquet_column *columns;
	size_t column_count;
	const struct parquet_sort *sort; /* most significant first */
	size_t sort_count;
};

struct parquet_key_value {
	const char *key;
	const char *value; /* valid UTF-8 */
};

#endif
