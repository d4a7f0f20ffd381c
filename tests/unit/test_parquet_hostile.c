/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parquet files that are damaged or made to harm: an error, never more. For sanitizer and valgrind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parquet/reader.h"
#include "parquet/writer.h"
#include "support_parquet.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROWS 60

static const struct parquet_column number_column = { "number", PARQUET_INT32, PARQUET_LOGICAL_NONE,
						     PARQUET_PREFER_PLAIN, false };

/* All columns of all row groups; the first error. */
static int read_groups(struct parquet_reader *reader)
{
	const struct parquet_column *columns;
	struct parquet_data data = { 0 };
	const char *why;
	size_t rows, count;
	int err;

	columns = parquet_reader_columns(reader, &count);
	while ((err = parquet_reader_next_group(reader, &rows, &why)) > 0) {
		for (size_t i = 0; i < count && err >= 0; i++) {
			err = parquet_reader_column(reader, i, &data, &why);
			if (!err)
				parquet_look_at(&columns[i], &data);
		}
		if (err < 0)
			break;
	}
	parquet_data_free(&data);
	return err;
}

static int read_bytes(const void *bytes, size_t length)
{
	int fd = parquet_memory_file(bytes, length);
	struct parquet_reader *reader;
	const char *why;
	int err = parquet_reader_open(&reader, fd, &why);

	if (!err) {
		err = read_groups(reader);
		parquet_reader_close(reader);
	}
	close(fd);
	return err;
}

/* A small file of every type and encoding, in two row groups. */
static uint8_t *make_file(enum parquet_codec codec, size_t *length)
{
	static const struct parquet_column columns[] = {
		{ "text", PARQUET_BYTE_ARRAY, PARQUET_LOGICAL_STRING, PARQUET_PREFER_DICTIONARY,
		  true },
		{ "many", PARQUET_BYTE_ARRAY, PARQUET_LOGICAL_STRING, PARQUET_PREFER_DICTIONARY,
		  false },
		{ "number", PARQUET_INT32, PARQUET_LOGICAL_UINT32, PARQUET_PREFER_DICTIONARY,
		  false },
		{ "time", PARQUET_INT64, PARQUET_LOGICAL_TIMESTAMP_NS, PARQUET_PREFER_DELTA, true },
		{ "flag", PARQUET_BOOLEAN, PARQUET_LOGICAL_NONE, PARQUET_PREFER_RLE, true },
	};
	static const struct parquet_schema schema = { columns, COUNT(columns), NULL, 0 };
	struct parquet_writer_options options = PARQUET_WRITER_OPTIONS_DEFAULT;
	struct parquet_sink sink = { .fd = parquet_memory_file("", 0) };
	struct intern *strings = intern_new();
	struct parquet_writer *writer;
	uint32_t few[ROWS], many[ROWS];
	uint8_t flags[ROWS], valid[ROWS], *bytes;
	int64_t times[ROWS];

	options.codec = codec;
	options.page_rows = 40;
	options.dictionary_entries = 20;
	for (size_t i = 0; i < ROWS; i++) {
		char text[2] = { 'a' + i % 5, 0 }, other[3] = { 'e', ' ' + i, 0 };

		few[i] = intern_add_text(strings, text);
		many[i] = intern_add_text(strings, other);
		times[i] = 1000000 * i + i * i;
		flags[i] = i % 3 == 0;
		valid[i] = i % 4 != 0;
	}
	assert_int_equal(parquet_writer_open(&writer, &sink, &schema, &options), 0);
	for (size_t group = 0; group < 2; group++) {
		const struct parquet_values values[] = {
			{ few, valid, ROWS, strings }, { many, NULL, ROWS, strings },
			{ few, NULL, ROWS, NULL },     { times, valid, ROWS, NULL },
			{ flags, valid, ROWS, NULL },
		};

		assert_int_equal(parquet_writer_begin_group(writer, ROWS), 0);
		for (size_t i = 0; i < COUNT(columns); i++)
			assert_int_equal(parquet_writer_column(writer, &values[i]), 0);
		assert_int_equal(parquet_writer_end_group(writer), 0);
	}
	assert_int_equal(parquet_writer_finish(writer), 0);
	parquet_writer_close(writer);
	intern_free(strings);
	*length = sink.offset;
	bytes = malloc(*length);
	assert_non_null(bytes);
	assert_int_equal(pread(sink.fd, bytes, *length, 0), *length);
	close(sink.fd);
	return bytes;
}

static void file_that_is_cut_off_anywhere_is_refused(void **state)
{
	size_t length;
	uint8_t *bytes = make_file(PARQUET_CODEC_ZSTD, &length);

	(void)state;
	assert_int_equal(read_bytes(bytes, length), 0);
	for (size_t shorter = 0; shorter < length; shorter++)
		assert_int_equal(read_bytes(bytes, shorter), -EBADMSG);
	free(bytes);
}

static void one_wrong_bit_does_no_harm(void **state)
{
	static const enum parquet_codec codecs[] = { PARQUET_CODEC_NONE, PARQUET_CODEC_ZSTD };

	(void)state;
	for (size_t c = 0; c < COUNT(codecs); c++) {
		size_t length, noticed = 0;
		uint8_t *bytes = make_file(codecs[c], &length);

		for (size_t i = 0; i < length; i++) {
			uint8_t bit = 1 << (i + c) % 8;

			bytes[i] ^= bit;
			noticed += read_bytes(bytes, length) < 0;
			bytes[i] ^= bit;
		}
		/* What is not noticed lies in texts and statistics of the footer. */
		assert_true(noticed > length / 3);
		assert_int_equal(read_bytes(bytes, length), 0);
		free(bytes);
	}
}

static void wrong_lengths_do_no_harm(void **state)
{
	static const uint8_t lengths[] = { 0x00, 0x7F, 0x80, 0xFF };
	size_t length;
	uint8_t *bytes = make_file(PARQUET_CODEC_ZSTD, &length);

	(void)state;
	for (size_t i = 0; i < length; i++) {
		uint8_t was = bytes[i];

		bytes[i] = lengths[i % COUNT(lengths)];
		read_bytes(bytes, length);
		bytes[i] = was;
	}
	assert_int_equal(read_bytes(bytes, length), 0);
	free(bytes);
}

static const struct page good_page = { .type = PAGE_DATA_V2,
				       .values = 2,
				       .bytes = BYTES("\1\0\0\0\2\0\0\0") };

static uint64_t good_page_size(void)
{
	struct buffer pages = { 0 };
	uint64_t size;

	parquet_put_page(&pages, &good_page);
	size = pages.length;
	buffer_free(&pages);
	return size;
}

/* A file of one row group whose description is @group's; the good page is at 4. */
static int read_described(const struct metadata_row_group *group, uint64_t rows)
{
	static const struct parquet_schema schema = { &number_column, 1, NULL, 0 };
	struct buffer file = { 0 }, groups = { 0 };
	struct metadata_file described = {
		.schema = &schema,
		.rows = rows,
		.row_group_count = 1,
		.row_groups = &groups,
		.created_by = "a test",
	};
	int err;

	buffer_append(&file, METADATA_MAGIC, METADATA_MAGIC_SIZE);
	parquet_put_page(&file, &good_page);
	assert_int_equal(metadata_write_row_group(&groups, &schema, group, NULL), 0);
	assert_int_equal(metadata_write_footer(&file, &described), 0);
	err = read_bytes(file.data, file.length);
	buffer_free(&groups);
	buffer_free(&file);
	return err;
}

static void footer_must_not_lie(void **state)
{
	const uint64_t page_size = good_page_size();
	const struct {
		struct metadata_chunk chunk;
		uint64_t rows, file_rows;
		int err;
	} cases[] = {
		{ { .values = 2, .compressed_size = page_size, .data_page_offset = 4 }, 2, 2, 0 },
		/* offsets and sizes outside of the file, or in its footer */
		{ { .values = 2, .compressed_size = page_size, .data_page_offset = 0 },
		  2,
		  2,
		  -EBADMSG },
		{ { .values = 2, .compressed_size = page_size + 1, .data_page_offset = 4 },
		  2,
		  2,
		  -EBADMSG },
		{ { .values = 2, .compressed_size = page_size, .data_page_offset = 5 },
		  2,
		  2,
		  -EBADMSG },
		{ { .values = 2, .compressed_size = page_size, .data_page_offset = INT64_MAX },
		  2,
		  2,
		  -EBADMSG },
		{ { .values = 2, .compressed_size = UINT64_MAX, .data_page_offset = 4 },
		  2,
		  2,
		  -EBADMSG },
		{ { .values = 2, .compressed_size = page_size, .data_page_offset = UINT64_MAX },
		  2,
		  2,
		  -EBADMSG },
		{ { .values = 2, .compressed_size = 0, .data_page_offset = 4 }, 2, 2, -EBADMSG },
		/* numbers of rows that do not agree */
		{ { .values = 1, .compressed_size = page_size, .data_page_offset = 4 },
		  2,
		  2,
		  -EBADMSG },
		{ { .values = 3, .compressed_size = page_size, .data_page_offset = 4 },
		  3,
		  3,
		  -EBADMSG },
		{ { .values = 2, .compressed_size = page_size, .data_page_offset = 4 },
		  2,
		  3,
		  -EBADMSG },
		/* rows beyond all measure */
		{ { .values = UINT64_C(1) << 40,
		    .compressed_size = page_size,
		    .data_page_offset = 4 },
		  UINT64_C(1) << 40,
		  UINT64_C(1) << 40,
		  -ENOTSUP },
		{ { .values = UINT64_MAX, .compressed_size = page_size, .data_page_offset = 4 },
		  UINT64_MAX,
		  UINT64_MAX,
		  -ENOTSUP },
		/* a codec that is not known */
		{ { .codec = 3, .values = 2, .compressed_size = page_size, .data_page_offset = 4 },
		  2,
		  2,
		  -ENOTSUP },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct metadata_chunk chunk = cases[i].chunk;
		struct metadata_row_group group = { .rows = cases[i].rows, .chunks = &chunk };

		assert_int_equal(read_described(&group, cases[i].file_rows), cases[i].err);
	}
}

static void footer_longer_than_the_file_is_refused(void **state)
{
	static const char *const files[] = {
		"PAR1\xFF\xFF\xFF\xFFPAR1",
		"PAR1\x01\x00\x00\x00PAR1",
		"PAR1\x00\x00\x00\x00PAR1",
		"PAR1\xFF\xFF\xFF\x03PAR1",
		"PAR1PAR1",
		"not a Parquet file",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++)
		assert_int_equal(read_bytes(files[i], i < 4 ? 12 : strlen(files[i])), -EBADMSG);
}

static void what_is_wrong_is_said_in_words(void **state)
{
	static const struct {
		const char *bytes, *why;
	} cases[] = {
		{ "nothing of Parquet in here", "is not a Parquet file" },
		{ "PAR1 and no more", "is cut off: its footer is missing" },
		{ "PAR1 and a footer of \xFF\xFF\xFF\xFFPAR1", "has a damaged footer" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int fd = parquet_memory_file(cases[i].bytes, strlen(cases[i].bytes));
		struct parquet_reader *reader;
		const char *why;

		assert_int_equal(parquet_reader_open(&reader, fd, &why), -EBADMSG);
		assert_string_equal(why, cases[i].why);
		assert_null(reader);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(file_that_is_cut_off_anywhere_is_refused),
		cmocka_unit_test(one_wrong_bit_does_no_harm),
		cmocka_unit_test(wrong_lengths_do_no_harm),
		cmocka_unit_test(footer_must_not_lie),
		cmocka_unit_test(footer_longer_than_the_file_is_refused),
		cmocka_unit_test(what_is_wrong_is_said_in_words),
	};

	return cmocka_run_group_tests_name("parquet hostile", tests, NULL, NULL);
}
