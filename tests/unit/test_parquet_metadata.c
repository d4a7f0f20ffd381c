/* SPDX-License-Identifier: BSD-2-Clause */
/* The footer, byte by byte: parquet.thrift, FileMetaData and RowGroup. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "parquet/metadata.h"

static const struct parquet_column columns[] = {
	{ "u", PARQUET_INT32, PARQUET_LOGICAL_UINT32, PARQUET_PREFER_PLAIN, false },
	{ "t", PARQUET_INT64, PARQUET_LOGICAL_TIMESTAMP_NS, PARQUET_PREFER_DELTA, true },
};

static void assert_bytes(const struct buffer *buffer, const uint8_t *bytes, size_t length)
{
	assert_int_equal(buffer->length, length);
	assert_memory_equal(buffer->data, bytes, length);
}

static void footer_says_schema_key_values_and_the_order_of_each_column(void **state)
{
	static const uint8_t expected[] = {
		0x15, 0x04,					/* version: 2 */
		0x19, 0x3C,					/* schema: 3 elements */
		0x48, 0x06, 's',  'c',	'h',  'e',  'm',  'a',	/*   the root, */
		0x15, 0x04, 0x00,				/*   of 2 children */
		0x15, 0x02, 0x25, 0x00,				/*   INT32, required */
		0x18, 0x01, 'u',				/*   name */
		0x25, 0x1A,					/*   converted: UINT_32 */
		0x4C, 0xAC, 0x13, 0x20, 0x12, 0x00, 0x00, 0x00, /*   INTEGER(32, false) */
		0x15, 0x04, 0x25, 0x02,				/*   INT64, optional */
		0x18, 0x01, 't',				/*   name; no converted type */
		0x6C, 0x8C, 0x11, 0x1C, 0x3C, 0x00, 0x00, 0x00, 0x00, 0x00, /* (UTC, NANOS) */
		0x16, 0x0A,						    /* rows: 5 */
		0x19, 0x0C,						    /* no row group */
		0x19, 0x1C, 0x18, 0x01, 'k',  0x18, 0x01, 'v',	0x00,	    /* key and value */
		0x18, 0x01, 'x',					    /* created by */
		0x19, 0x2C,						    /* column orders: 2 */
		0x1C, 0x00, 0x00,					    /*   as the type says */
		0x1C, 0x00, 0x00, 0x00,					    /*   as the type says */
		74,   0,    0,	  0,	'P',  'A',  'R',  '1',
	};
	static const struct parquet_schema schema = { columns, 2, NULL, 0 };
	static const struct parquet_key_value pair = { "k", "v" };
	static const struct buffer none;
	const struct metadata_file file = {
		.schema = &schema,
		.rows = 5,
		.row_groups = &none,
		.key_values = &pair,
		.key_value_count = 1,
		.created_by = "x",
	};
	struct buffer out = { 0 };

	(void)state;
	assert_int_equal(metadata_write_footer(&out, &file), 0);
	assert_bytes(&out, expected, sizeof(expected));
	buffer_free(&out);
}

static void row_group_says_where_its_pages_are_and_how_it_is_sorted(void **state)
{
	static const uint8_t expected[] = {
		0x19, 0x1C,				  /* 1 column */
		0x26, 0x00,				  /*   no metadata elsewhere */
		0x1C, 0x15, 0x02,			  /*   INT32 */
		0x19, 0x35, 0x00, 0x06, 0x10,		  /*   PLAIN, RLE, RLE_DICTIONARY */
		0x19, 0x18, 0x01, 'u',			  /*   path */
		0x15, 0x0C,				  /*   zstd */
		0x16, 0x06,				  /*   3 values */
		0x16, 0xC8, 0x01,			  /*   100 bytes uncompressed */
		0x16, 0xA0, 0x01,			  /*   80 bytes */
		0x26, 0x28,				  /*   data pages from 20 */
		0x26, 0x08,				  /*   dictionary page at 4 */
		0x1C, 0x36, 0x00,			  /*   statistics: 0 nulls, */
		0x28, 0x04, 0x03, 0x00, 0x00, 0x00,	  /*     greatest 3, */
		0x18, 0x02, 0x01, 0x00,			  /*     smallest from 1, */
		0x11, 0x12, 0x00,			  /*     exact, inexact */
		0x19, 0x2C,				  /*   pages of 2 kinds: */
		0x15, 0x04, 0x15, 0x00, 0x15, 0x02, 0x00, /*     1 dictionary, PLAIN */
		0x15, 0x06, 0x15, 0x10, 0x15, 0x04, 0x00, /*     2 of data, RLE_DICTIONARY */
		0x00, 0x00, 0x16, 0xC8, 0x01,		  /* 100 bytes uncompressed */
		0x16, 0x06,				  /* 3 rows */
		0x19, 0x1C, 0x15, 0x00, 0x12, 0x12, 0x00, /* sorted by 0, up, nulls last */
		0x16, 0x08,				  /* begins at 4 */
		0x16, 0xA0, 0x01,			  /* 80 bytes */
		0x14, 0x0E,				  /* number 7 */
		0x00,
	};
	static const struct parquet_sort sort = { .column = 0 };
	static const struct parquet_schema schema = { columns, 1, &sort, 1 };
	struct metadata_chunk chunk = {
		.codec = PARQUET_CODEC_ZSTD,
		.encodings = 1 << PARQUET_PLAIN | 1 << PARQUET_RLE | 1 << PARQUET_RLE_DICTIONARY,
		.values = 3,
		.uncompressed_size = 100,
		.compressed_size = 80,
		.data_page_offset = 20,
		.dictionary_page_offset = 4,
		.has_dictionary = true,
		.data_encoding = PARQUET_RLE_DICTIONARY,
		.data_pages = 2,
		.statistics.min = { .known = true, .length = 2, .bytes = { 1, 0 } },
		.statistics.max = { .known = true, .exact = true, .length = 4, .bytes = { 3 } },
	};
	const struct metadata_row_group group = {
		.rows = 3, .offset = 4, .ordinal = 7, .chunks = &chunk
	};
	struct buffer out = { 0 };

	(void)state;
	assert_int_equal(metadata_write_row_group(&out, &schema, &group, NULL), 0);
	assert_bytes(&out, expected, sizeof(expected));
	buffer_free(&out);
}

/* The schema of one column of this type, as another writer might have it. */
static int read_schema_of(const uint8_t *element, size_t length, struct metadata_reader *reader,
			  struct buffer *bytes)
{
	static const uint8_t head[] = { 0x15, 0x04, 0x19, 0x2C, 0x48, 0x01, 'r', 0x15, 0x02, 0x00 };
	static const uint8_t tail[] = { 0x16, 0x00, 0x19, 0x0C, 0x00 };

	assert_int_equal(buffer_append(bytes, head, sizeof(head)), 0);
	assert_int_equal(buffer_append(bytes, element, length), 0);
	assert_int_equal(buffer_append(bytes, tail, sizeof(tail)), 0);
	return metadata_open(reader, bytes->data, bytes->length);
}

static void column_of_a_type_that_is_not_known_has_no_name(void **state)
{
	static const uint8_t doubles[] = { 0x15, 0x0A, 0x25, 0x00, 0x18, 0x01, 'd', 0x00 };
	static const uint8_t bytes_only[] = { 0x15, 0x0C, 0x25, 0x00, 0x18, 0x01, 'b', 0x00 };
	/* INT64, INTEGER(64, true) is what an int64 without a logical type is */
	static const uint8_t int64[] = { 0x15, 0x04, 0x25, 0x00, 0x18, 0x01, 'i', 0x6C,
					 0xAC, 0x13, 0x40, 0x11, 0x00, 0x00, 0x00 };
	/* INT64, TIMESTAMP(UTC, MICROS) */
	static const uint8_t micros[] = { 0x15, 0x04, 0x25, 0x00, 0x18, 0x01, 't',  0x6C, 0x8C,
					  0x11, 0x1C, 0x2C, 0x00, 0x00, 0x00, 0x00, 0x00 };
	static const struct {
		const uint8_t *element;
		size_t length;
		const char *name;
	} cases[] = {
		{ doubles, sizeof(doubles), "" },
		{ bytes_only, sizeof(bytes_only), "" },
		{ int64, sizeof(int64), "i" },
		{ micros, sizeof(micros), "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer bytes = { 0 };
		struct metadata_reader reader;

		assert_int_equal(read_schema_of(cases[i].element, cases[i].length, &reader, &bytes),
				 0);
		assert_int_equal(reader.column_count, 1);
		assert_string_equal(reader.columns[0].name, cases[i].name);
		metadata_close(&reader);
		buffer_free(&bytes);
	}
}

static void nested_and_repeated_columns_are_not_supported(void **state)
{
	static const uint8_t group[] = { 0x35, 0x00, 0x18, 0x01, 'g', 0x15, 0x02, 0x00 };
	static const uint8_t repeated[] = { 0x15, 0x04, 0x25, 0x04, 0x18, 0x01, 'r', 0x00 };
	struct metadata_reader reader;
	struct buffer bytes = { 0 };

	(void)state;
	assert_int_equal(read_schema_of(group, sizeof(group), &reader, &bytes), -ENOTSUP);
	buffer_clear(&bytes);
	assert_int_equal(read_schema_of(repeated, sizeof(repeated), &reader, &bytes), -ENOTSUP);
	buffer_free(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(footer_says_schema_key_values_and_the_order_of_each_column),
		cmocka_unit_test(row_group_says_where_its_pages_are_and_how_it_is_sorted),
		cmocka_unit_test(column_of_a_type_that_is_not_known_has_no_name),
		cmocka_unit_test(nested_and_repeated_columns_are_not_supported),
	};

	return cmocka_run_group_tests_name("parquet metadata", tests, NULL, NULL);
}
