/* SPDX-License-Identifier: BSD-2-Clause */
/* Whole Parquet files: what is written comes back, and lies where the format says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parquet/arrow_schema.h"
#include "parquet/reader.h"
#include "parquet/writer.h"
#include "support_parquet.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROWS 1000
#define PAGE_ROWS 300

enum { TEXT, TEXT_OR_NULL, SMALL, BIG, BIG_OR_NULL, TIME, UNSIGNED, FLAG, FLAG_OR_NULL, COLUMNS };

static const struct parquet_column columns[COLUMNS] = {
	[TEXT] = { "text", PARQUET_BYTE_ARRAY, PARQUET_LOGICAL_STRING, PARQUET_PREFER_DICTIONARY,
		   false },
	[TEXT_OR_NULL] = { "text_or_null", PARQUET_BYTE_ARRAY, PARQUET_LOGICAL_STRING,
			   PARQUET_PREFER_DICTIONARY, true },
	[SMALL] = { "small", PARQUET_INT32, PARQUET_LOGICAL_NONE, PARQUET_PREFER_DICTIONARY,
		    false },
	[BIG] = { "big", PARQUET_INT64, PARQUET_LOGICAL_NONE, PARQUET_PREFER_PLAIN, false },
	[BIG_OR_NULL] = { "big_or_null", PARQUET_INT64, PARQUET_LOGICAL_NONE,
			  PARQUET_PREFER_DICTIONARY, true },
	[TIME] = { "time", PARQUET_INT64, PARQUET_LOGICAL_TIMESTAMP_NS, PARQUET_PREFER_DELTA,
		   true },
	[UNSIGNED] = { "unsigned", PARQUET_INT32, PARQUET_LOGICAL_UINT32, PARQUET_PREFER_PLAIN,
		       false },
	[FLAG] = { "flag", PARQUET_BOOLEAN, PARQUET_LOGICAL_NONE, PARQUET_PREFER_RLE, false },
	[FLAG_OR_NULL] = { "flag_or_null", PARQUET_BOOLEAN, PARQUET_LOGICAL_NONE,
			   PARQUET_PREFER_RLE, true },
};
static const struct parquet_sort sort[] = { { .column = TEXT }, { .column = TIME } };
static const struct parquet_schema schema = { columns, COLUMNS, sort, COUNT(sort) };

/* What a row group is made of: the same kind of values for all columns. */
struct rows {
	struct intern *strings;
	uint32_t texts[ROWS];
	int32_t small[ROWS];
	int64_t big[ROWS];
	uint8_t flags[ROWS];
	uint8_t valid[ROWS];
	size_t count;
};

static void fill_rows(struct rows *rows, size_t count, unsigned int seed)
{
	rows->count = count;
	for (size_t i = 0; i < count; i++) {
		uint64_t number = (i + seed) * UINT64_C(0x9E3779B97F4A7C15);
		char text[32];

		snprintf(text, sizeof(text), "text %u", (unsigned int)(number >> 60));
		rows->texts[i] = intern_add_text(rows->strings, text);
		rows->small[i] = (int32_t)(number >> 50 & 0xFF) - 128;
		rows->big[i] = number;
		rows->flags[i] = number >> 40 & 1;
		rows->valid[i] = (number >> 33) % 4 != 0;
	}
}

static const void *values_of(const struct rows *rows, size_t column)
{
	if (columns[column].physical == PARQUET_BYTE_ARRAY)
		return rows->texts;
	if (columns[column].physical == PARQUET_BOOLEAN)
		return rows->flags;
	return columns[column].physical == PARQUET_INT32 ? (const void *)rows->small : rows->big;
}

static int write_group(struct parquet_writer *writer, const struct rows *rows)
{
	int err = parquet_writer_begin_group(writer, rows->count);

	for (size_t i = 0; i < COLUMNS && !err; i++) {
		struct parquet_values values = {
			.values = values_of(rows, i),
			.valid = columns[i].optional ? rows->valid : NULL,
			.count = rows->count,
			.strings = rows->strings,
		};

		err = parquet_writer_column(writer, &values);
	}
	return err ? err : parquet_writer_end_group(writer);
}

static struct parquet_writer_options default_options(enum parquet_codec codec)
{
	struct parquet_writer_options options = PARQUET_WRITER_OPTIONS_DEFAULT;

	options.codec = codec;
	options.page_rows = PAGE_ROWS;
	return options;
}

/* A file of row groups of these many rows. */
static int write_file(const struct parquet_writer_options *options, struct rows *rows,
		      const size_t *groups, size_t group_count)
{
	struct parquet_sink sink = { .fd = parquet_memory_file("", 0) };
	struct parquet_writer *writer;

	assert_int_equal(parquet_writer_open(&writer, &sink, &schema, options), 0);
	for (size_t i = 0; i < group_count; i++) {
		fill_rows(rows, groups[i], i);
		assert_int_equal(write_group(writer, rows), 0);
	}
	assert_int_equal(parquet_writer_finish(writer), 0);
	parquet_writer_close(writer);
	return sink.fd;
}

static void assert_column_equal(const struct parquet_data *data, const struct rows *rows,
				size_t column)
{
	const struct parquet_text *texts = (const void *)data->texts.data;
	const uint32_t *indexes = (const void *)data->values.data;
	const int32_t *small = (const void *)data->values.data;
	const int64_t *big = (const void *)data->values.data;

	assert_int_equal(data->rows, rows->count);
	for (size_t i = 0; i < rows->count; i++) {
		bool valid = !columns[column].optional || rows->valid[i];

		assert_int_equal(!data->any_null || data->valid.data[i], valid);
		if (columns[column].physical == PARQUET_BYTE_ARRAY) {
			size_t length;
			const char *text = intern_get(rows->strings, rows->texts[i], &length);

			assert_true(indexes[i] < data->text_count);
			if (!valid)
				continue;
			assert_int_equal(texts[indexes[i]].length, length);
			assert_memory_equal(texts[indexes[i]].bytes, text, length);
		} else if (columns[column].physical == PARQUET_INT64) {
			assert_true(big[i] == (valid ? rows->big[i] : 0));
		} else if (columns[column].physical == PARQUET_INT32) {
			assert_int_equal(small[i], valid ? rows->small[i] : 0);
		} else {
			assert_int_equal(data->values.data[i], valid ? rows->flags[i] : 0);
		}
	}
}

static void assert_file_equal(int fd, struct rows *rows, const size_t *groups, size_t group_count)
{
	struct parquet_data data = { 0 };
	struct parquet_reader *reader;
	const char *why;
	size_t count;

	assert_int_equal(parquet_reader_open(&reader, fd, &why), 0);
	for (size_t i = 0; i < group_count; i++) {
		fill_rows(rows, groups[i], i);
		assert_int_equal(parquet_reader_next_group(reader, &count, &why), 1);
		assert_int_equal(count, groups[i]);
		for (size_t column = 0; column < COLUMNS; column++) {
			assert_int_equal(parquet_reader_column(reader, column, &data, &why), 0);
			assert_column_equal(&data, rows, column);
		}
	}
	assert_int_equal(parquet_reader_next_group(reader, &count, &why), 0);
	parquet_reader_close(reader);
	parquet_data_free(&data);
}

static void what_is_written_is_read_back(void **state)
{
	static const size_t sizes[][3] = {
		{ 1, 0, 0 },
		{ 8, 9, 7 },
		{ PAGE_ROWS, PAGE_ROWS + 1, PAGE_ROWS - 1 },
		{ ROWS, 1, ROWS },
	};
	static const enum parquet_codec codecs[] = { PARQUET_CODEC_NONE, PARQUET_CODEC_ZSTD,
						     PARQUET_CODEC_GZIP, PARQUET_CODEC_LZ4_RAW };
	struct rows *rows = calloc(1, sizeof(*rows));

	(void)state;
	rows->strings = intern_new();
	for (size_t i = 0; i < COUNT(sizes); i++) {
		for (size_t c = 0; c < COUNT(codecs); c++) {
			struct parquet_writer_options options = default_options(codecs[c]);
			size_t groups = sizes[i][1] ? 3 : 1;
			int fd = write_file(&options, rows, sizes[i], groups);

			assert_file_equal(fd, rows, sizes[i], groups);
			close(fd);
		}
	}
	intern_free(rows->strings);
	free(rows);
}

static void dictionaries_too_large_are_read_back_from_plain_pages(void **state)
{
	static const size_t groups[] = { ROWS };
	struct parquet_writer_options options = default_options(PARQUET_CODEC_ZSTD);
	struct rows *rows = calloc(1, sizeof(*rows));
	int fd;

	(void)state;
	rows->strings = intern_new();
	options.dictionary_entries = 5;
	fd = write_file(&options, rows, groups, 1);
	assert_file_equal(fd, rows, groups, 1);
	close(fd);
	intern_free(rows->strings);
	free(rows);
}

static void file_of_no_rows_has_its_schema_and_no_row_group(void **state)
{
	struct parquet_writer_options options = default_options(PARQUET_CODEC_ZSTD);
	const struct parquet_column *read;
	struct parquet_reader *reader;
	int fd = write_file(&options, NULL, NULL, 0);
	const char *why;
	size_t count;

	(void)state;
	assert_int_equal(parquet_reader_open(&reader, fd, &why), 0);
	assert_int_equal(parquet_reader_rows(reader), 0);
	read = parquet_reader_columns(reader, &count);
	assert_int_equal(count, COLUMNS);
	for (size_t i = 0; i < COLUMNS; i++) {
		assert_string_equal(read[i].name, columns[i].name);
		assert_int_equal(read[i].physical, columns[i].physical);
		assert_int_equal(read[i].logical, columns[i].logical);
		assert_int_equal(read[i].optional, columns[i].optional);
	}
	assert_int_equal(parquet_reader_next_group(reader, &count, &why), 0);
	parquet_reader_close(reader);
	close(fd);
}

static void key_values_are_read_back(void **state)
{
	static const struct parquet_key_value pairs[] = { { "one", "1" }, { "two", "\xC3\xA9" } };
	struct parquet_writer_options options = default_options(PARQUET_CODEC_ZSTD);
	struct parquet_reader *reader;
	const char *why, *value;
	size_t length;
	int fd;

	(void)state;
	options.key_values = pairs;
	options.key_value_count = 2;
	fd = write_file(&options, NULL, NULL, 0);
	assert_int_equal(parquet_reader_open(&reader, fd, &why), 0);
	value = parquet_reader_key_value(reader, "two", &length);
	assert_int_equal(length, 2);
	assert_memory_equal(value, "\xC3\xA9", 2);
	assert_non_null(parquet_reader_key_value(reader, ARROW_SCHEMA_KEY, &length));
	assert_null(parquet_reader_key_value(reader, "three", &length));
	parquet_reader_close(reader);
	close(fd);
}

/* The bytes of a page, one by one: parquet.thrift, PageHeader and DataPageHeaderV2. */
static void page_lies_behind_the_magic_as_the_format_says(void **state)
{
	static const struct parquet_column column = { "n", PARQUET_INT32, PARQUET_LOGICAL_NONE,
						      PARQUET_PREFER_PLAIN, false };
	static const struct parquet_schema one = { &column, 1, NULL, 0 };
	static const int32_t numbers[] = { 1, -1, 258 };
	static const struct parquet_values values = { .values = numbers, .count = 3 };
	static const uint8_t expected[] = {
		'P',  'A',  'R',  '1',	0x15, 0x06, /* type: data page v2 */
		0x15, 0x18,			    /* uncompressed size: 12 */
		0x15, 0x18,			    /* compressed size: 12 */
		0x15, 0xAB, 0xDF, 0xCF, 0xE9, 0x05, /* CRC-32 of the 12 bytes, zigzag */
		0x4C,				    /* data page header v2 */
		0x15, 0x06,			    /* values: 3 */
		0x15, 0x00,			    /* nulls: 0 */
		0x15, 0x06,			    /* rows: 3 */
		0x15, 0x00,			    /* encoding: PLAIN */
		0x15, 0x00,			    /* bytes of definition levels */
		0x15, 0x00,			    /* bytes of repetition levels */
		0x12,				    /* not compressed */
		0x00, 0x00, 1,	  0,	0,    0,    0xFF, 0xFF, 0xFF, 0xFF, 2, 1, 0, 0,
	};
	struct parquet_writer_options options = default_options(PARQUET_CODEC_NONE);
	struct parquet_sink sink = { .fd = parquet_memory_file("", 0) };
	struct parquet_writer *writer;
	uint8_t bytes[sizeof(expected)], tail[4];

	(void)state;
	assert_int_equal(parquet_writer_open(&writer, &sink, &one, &options), 0);
	assert_int_equal(parquet_writer_begin_group(writer, 3), 0);
	assert_int_equal(parquet_writer_column(writer, &values), 0);
	assert_int_equal(parquet_writer_end_group(writer), 0);
	assert_int_equal(sink.offset, sizeof(expected));
	assert_int_equal(parquet_writer_finish(writer), 0);
	parquet_writer_close(writer);
	assert_int_equal(pread(sink.fd, bytes, sizeof(bytes), 0), sizeof(bytes));
	assert_memory_equal(bytes, expected, sizeof(expected));
	assert_int_equal(pread(sink.fd, tail, 4, sink.offset - 4), 4);
	assert_memory_equal(tail, "PAR1", 4);
	close(sink.fd);
}

static void schema_that_readers_would_not_understand_is_refused(void **state)
{
	static const struct parquet_column bad[] = {
		{ "", PARQUET_INT32, PARQUET_LOGICAL_NONE, PARQUET_PREFER_PLAIN, false },
		{ NULL, PARQUET_INT32, PARQUET_LOGICAL_NONE, PARQUET_PREFER_PLAIN, false },
		{ "a", PARQUET_INT32, PARQUET_LOGICAL_STRING, PARQUET_PREFER_PLAIN, false },
		{ "a", PARQUET_INT32, PARQUET_LOGICAL_NONE, PARQUET_PREFER_DELTA, false },
		{ "a", PARQUET_INT64, PARQUET_LOGICAL_UINT32, PARQUET_PREFER_PLAIN, false },
		{ "a", PARQUET_BYTE_ARRAY, PARQUET_LOGICAL_NONE, PARQUET_PREFER_DICTIONARY, false },
		{ "a", PARQUET_BYTE_ARRAY, PARQUET_LOGICAL_STRING, PARQUET_PREFER_PLAIN, false },
		{ "a", PARQUET_BOOLEAN, PARQUET_LOGICAL_NONE, PARQUET_PREFER_DICTIONARY, false },
	};
	static const struct parquet_sort beyond = { .column = COLUMNS };
	static const struct parquet_schema no_column = { NULL, 0, NULL, 0 };
	static const struct parquet_schema bad_sort = { columns, COLUMNS, &beyond, 1 };
	struct parquet_writer_options options = default_options(PARQUET_CODEC_ZSTD);
	struct parquet_sink sink = { .fd = -1 };
	struct parquet_writer *writer;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct parquet_schema one = { &bad[i], 1, NULL, 0 };

		assert_int_equal(parquet_writer_open(&writer, &sink, &one, &options), -EINVAL);
	}
	assert_int_equal(parquet_writer_open(&writer, &sink, &no_column, &options), -EINVAL);
	assert_int_equal(parquet_writer_open(&writer, &sink, &bad_sort, &options), -EINVAL);
	options.level = 1000;
	assert_int_equal(parquet_writer_open(&writer, &sink, &schema, &options), -EINVAL);
	options.codec = 1;
	assert_int_equal(parquet_writer_open(&writer, &sink, &schema, &options), -ENOTSUP);
	assert_null(writer);
}

static void columns_of_a_row_group_must_be_complete_and_of_one_length(void **state)
{
	struct parquet_writer_options options = default_options(PARQUET_CODEC_ZSTD);
	struct parquet_sink sink = { .fd = parquet_memory_file("", 0) };
	struct intern *strings = intern_new();
	uint32_t ids[2] = { 0, 0 };
	uint8_t valid[2] = { 1, 1 };
	struct parquet_values values = { ids, NULL, 1, strings };
	struct parquet_writer *writer;

	(void)state;
	assert_int_equal(parquet_writer_open(&writer, &sink, &schema, &options), 0);
	assert_int_equal(parquet_writer_begin_group(writer, 0), -EINVAL);
	assert_int_equal(parquet_writer_begin_group(writer, 2), 0);
	assert_int_equal(parquet_writer_column(writer, &values), -EINVAL);
	values.count = 2;
	values.valid = valid;
	assert_int_equal(parquet_writer_column(writer, &values), -EINVAL);
	values.valid = NULL;
	assert_int_equal(parquet_writer_column(writer, &values), 0);
	assert_int_equal(parquet_writer_end_group(writer), -EINVAL);
	parquet_writer_close(writer);
	intern_free(strings);
	close(sink.fd);
}

static void row_group_that_is_dropped_leaves_no_trace(void **state)
{
	static const size_t groups[] = { ROWS };
	struct parquet_writer_options options = default_options(PARQUET_CODEC_ZSTD);
	struct parquet_sink sink = { .fd = parquet_memory_file("", 0) };
	struct rows *rows = calloc(1, sizeof(*rows));
	struct parquet_values values;
	struct parquet_writer *writer;
	uint64_t before;

	(void)state;
	rows->strings = intern_new();
	assert_int_equal(parquet_writer_open(&writer, &sink, &schema, &options), 0);
	fill_rows(rows, ROWS, 0);
	assert_int_equal(write_group(writer, rows), 0);
	before = sink.offset;
	values = (struct parquet_values){ rows->texts, NULL, ROWS, rows->strings };
	assert_int_equal(parquet_writer_begin_group(writer, ROWS), 0);
	assert_int_equal(parquet_writer_column(writer, &values), 0);
	assert_true(sink.offset > before);
	assert_int_equal(parquet_writer_drop_group(writer), 0);
	assert_int_equal(sink.offset, before);
	assert_int_equal(parquet_writer_finish(writer), 0);
	assert_file_equal(sink.fd, rows, groups, 1);
	assert_int_equal(lseek(sink.fd, 0, SEEK_END), sink.offset);
	parquet_writer_close(writer);
	intern_free(rows->strings);
	free(rows);
	close(sink.fd);
}

static void full_disk_is_an_error(void **state)
{
	struct parquet_writer_options options = default_options(PARQUET_CODEC_ZSTD);
	struct parquet_sink sink = { .fd = open("/dev/full", O_WRONLY | O_CLOEXEC) };
	struct parquet_writer *writer;

	(void)state;
	assert_int_equal(parquet_writer_open(&writer, &sink, &schema, &options), -ENOSPC);
	assert_null(writer);
	close(sink.fd);
}

/*
 * pyarrow.ipc.read_schema() reads these bytes as t: timestamp[ns, tz=+00:00] and
 * s: dictionary<values=string, indices=int32> not null.
 */
static void arrow_schema_is_an_ipc_message_in_base64(void **state)
{
	static const struct parquet_column two[] = {
		{ "t", PARQUET_INT64, PARQUET_LOGICAL_TIMESTAMP_NS, PARQUET_PREFER_DELTA, true },
		{ "s", PARQUET_BYTE_ARRAY, PARQUET_LOGICAL_STRING, PARQUET_PREFER_DICTIONARY,
		  false },
	};
	static const struct parquet_schema small = { two, 2, NULL, 0 };
	static const char expected[] =
		"/////yABAAAUAAAAAAAAAAwAEwAQABIADAAEAAwAAAAAAAAAAAAAABQAAAAEAAEAAAAAAAgA"
		"CgAIAAQACAAAAAgAAAAAAAAAAgAAABgAAABsAAAAEAASAAQAEAARAAgAAAAMABAAAAAQAAAA"
		"IAAAADQAAAABCgAAAQAAAHQAAAAAAAAACAAKAAgABAAIAAAACAAAAAMAAAAGAAAAKzAwOjAw"
		"AAAAAAAAAAAAABAAFgAEABQAFQAIAAwAEAAQAAAAFAAAACAAAAAsAAAAVAAAAAAFAAABAAAA"
		"cwAAAAAAAAAEAAQABAAAAAAACgARAAQADAAQAAoAAAABAAAAAAAAABQAAAAAAAAAAAAAAAgA"
		"CQAEAAgACAAAACAAAAABAAAAAAAAAAAAAAA=";
	char *text;

	(void)state;
	assert_int_equal(arrow_schema_encode(&text, &small), 0);
	assert_string_equal(text, expected);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(dictionaries_too_large_are_read_back_from_plain_pages),
		cmocka_unit_test(file_of_no_rows_has_its_schema_and_no_row_group),
		cmocka_unit_test(key_values_are_read_back),
		cmocka_unit_test(page_lies_behind_the_magic_as_the_format_says),
		cmocka_unit_test(schema_that_readers_would_not_understand_is_refused),
		cmocka_unit_test(columns_of_a_row_group_must_be_complete_and_of_one_length),
		cmocka_unit_test(row_group_that_is_dropped_leaves_no_trace),
		cmocka_unit_test(full_disk_is_an_error),
		cmocka_unit_test(arrow_schema_is_an_ipc_message_in_base64),
	};

	return cmocka_run_group_tests_name("parquet file", tests, NULL, NULL);
}
