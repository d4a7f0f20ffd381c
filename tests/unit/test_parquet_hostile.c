/* SPDX-License-Identifier: BSD-2-Clause */
/* Parquet files that are damaged or made to harm: an error, never more. For sanitizer and valgrind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "parquet/metadata_fields.h"
#include "parquet/reader.h"
#include "parquet/writer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROWS 60

static const struct parquet_column text_column = { "text", PARQUET_BYTE_ARRAY,
						   PARQUET_LOGICAL_STRING,
						   PARQUET_PREFER_DICTIONARY, true };
static const struct parquet_column number_column = { "number", PARQUET_INT32, PARQUET_LOGICAL_NONE,
						     PARQUET_PREFER_PLAIN, false };
static const struct parquet_column flag_column = { "flag", PARQUET_BOOLEAN, PARQUET_LOGICAL_NONE,
						   PARQUET_PREFER_RLE, false };

static int memory_file(const void *bytes, size_t length)
{
	int fd = memfd_create("parquet", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	return fd;
}

/* Looks at every byte of every value, so that a wrong pointer is noticed. */
static size_t look_at(const struct parquet_column *column, const struct parquet_data *data)
{
	const struct parquet_text *texts = (const void *)data->texts.data;
	const uint32_t *indexes = (const void *)data->values.data;
	size_t seen = 0;

	for (size_t i = 0; i < data->rows; i++) {
		seen += data->any_null && data->valid.data[i];
		if (column->physical == PARQUET_BYTE_ARRAY) {
			assert_true(indexes[i] < data->text_count);
			for (size_t at = 0; at < texts[indexes[i]].length; at++)
				seen += texts[indexes[i]].bytes[at] == 'e';
		} else {
			seen += data->values.data[i] == 1;
		}
	}
	return seen;
}

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
				look_at(&columns[i], &data);
		}
		if (err < 0)
			break;
	}
	parquet_data_free(&data);
	return err;
}

static int read_bytes(const void *bytes, size_t length)
{
	int fd = memory_file(bytes, length);
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
	struct parquet_sink sink = { .fd = memory_file("", 0) };
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

/* Chunks */

/* Appends a page with whatever it says. */
static void put_page(struct buffer *out, const struct page *page)
{
	struct page_scratch scratch = { 0 };
	uint64_t size = 0;

	assert_int_equal(page_write(&scratch, NULL, false, page, out, &size), 0);
	page_scratch_free(&scratch);
}

static int decode(const struct parquet_column *column, const struct buffer *pages, size_t rows)
{
	const struct metadata_chunk chunk = { .values = rows, .compressed_size = pages->length };
	struct chunk_decoder decoder = { 0 };
	struct parquet_data data = { 0 };
	int err = chunk_decode(&decoder, column, &chunk, pages->data, rows, &data);

	if (err)
		assert_non_null(decoder.why);
	else
		look_at(column, &data);
	chunk_decoder_free(&decoder);
	parquet_data_free(&data);
	return err;
}

/* A chunk of one data page. */
static int decode_page(const struct parquet_column *column, struct page page, size_t rows)
{
	struct buffer pages = { 0 };
	int err;

	page.type = PAGE_DATA_V2;
	put_page(&pages, &page);
	err = decode(column, &pages, rows);
	buffer_free(&pages);
	return err;
}

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

static void checksum_tells_any_wrong_bit_of_a_page(void **state)
{
	static const struct page page = { .type = PAGE_DATA_V2,
					  .values = 2,
					  .bytes = BYTES("\1\0\0\0\2\0\0\0") };
	struct buffer pages = { 0 };
	(void)state;

	put_page(&pages, &page);
	assert_int_equal(decode(&number_column, &pages, 2), 0);
	for (size_t bit = 0; bit < 64; bit++) {
		pages.data[pages.length - 8 + bit / 8] ^= 1 << bit % 8;
		assert_int_equal(decode(&number_column, &pages, 2), -EBADMSG);
		pages.data[pages.length - 8 + bit / 8] ^= 1 << bit % 8;
	}
	assert_int_equal(decode(&number_column, &pages, 2), 0);
	buffer_free(&pages);
}

static void pages_must_hold_what_the_row_group_says(void **state)
{
	static const struct page two = { .values = 2, .bytes = BYTES("\1\0\0\0\2\0\0\0") };

	(void)state;
	assert_int_equal(decode_page(&number_column, two, 2), 0);
	assert_int_equal(decode_page(&number_column, two, 1), -EBADMSG);
	assert_int_equal(decode_page(&number_column, two, 3), -EBADMSG);
}

static void values_must_be_in_their_page(void **state)
{
	static const struct {
		const struct parquet_column *column;
		struct page page;
		int err;
	} cases[] = {
		{ &number_column, { .values = 3, .bytes = BYTES("\1\0\0\0\2\0\0\0") }, -EBADMSG },
		{ &number_column, { .values = INT32_MAX, .bytes = BYTES("\1\0\0\0") }, -EBADMSG },
		/* nulls where there can be none */
		{ &number_column, { .values = 1, .nulls = 1 }, -EBADMSG },
		/* texts: a length beyond the page, and none at all */
		{ &text_column,
		  { .values = 1, .levels = BYTES("\2\1"), .bytes = BYTES("\5\0\0\0abcd") },
		  -EBADMSG },
		{ &text_column,
		  { .values = 1, .levels = BYTES("\2\1"), .bytes = BYTES("\xFF\xFF\xFF\xFF") },
		  -EBADMSG },
		{ &text_column,
		  { .values = 1, .levels = BYTES("\2\1"), .bytes = BYTES("\1\0") },
		  -EBADMSG },
		/* levels: cut off, and other nulls than the header says */
		{ &text_column,
		  { .values = 1, .levels = BYTES(""), .bytes = BYTES("\0\0\0\0") },
		  -EBADMSG },
		{ &text_column,
		  { .values = 2, .nulls = 1, .levels = BYTES("\4\1"), .bytes = BYTES("\0\0\0\0") },
		  -EBADMSG },
		/* booleans: a length beyond the page */
		{ &flag_column,
		  { .encoding = PARQUET_RLE, .values = 1, .bytes = BYTES("\3\0\0\0\2\1") },
		  -EBADMSG },
		{ &flag_column,
		  { .encoding = PARQUET_RLE, .values = 1, .bytes = BYTES("\3\0") },
		  -EBADMSG },
		{ &flag_column, { .values = 9, .bytes = BYTES("\1") }, -EBADMSG },
		/* no dictionary */
		{ &number_column,
		  { .encoding = PARQUET_RLE_DICTIONARY, .values = 1, .bytes = BYTES("\0\2") },
		  -EBADMSG },
		/* encodings that do not go with the type, or are not known */
		{ &number_column,
		  { .encoding = PARQUET_DELTA_BINARY_PACKED, .values = 1, .bytes = BYTES("\0") },
		  -ENOTSUP },
		{ &number_column, { .encoding = 9, .values = 1, .bytes = BYTES("\0") }, -ENOTSUP },
		{ &number_column, { .encoding = -1, .values = 1, .bytes = BYTES("\0") }, -ENOTSUP },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(decode_page(cases[i].column, cases[i].page, cases[i].page.values),
				 cases[i].err);
}

static void dictionary_indexes_must_be_in_the_dictionary(void **state)
{
	static const struct page dictionary = { .type = PAGE_DICTIONARY,
						.values = 2,
						.bytes = BYTES("\1\0\0\0a\1\0\0\0b") };
	static const struct {
		struct page page;
		int err;
	} cases[] = {
		{ { .values = 3, .bytes = BYTES("\1\6\1") }, 0 },
		{ { .values = 3, .bytes = BYTES("\2\6\2") }, -EBADMSG },   /* index 2 of 2 */
		{ { .values = 3, .bytes = BYTES("\x21\6\1") }, -EBADMSG }, /* 33 bits wide */
		{ { .values = 3, .bytes = BYTES("") }, -EBADMSG },
		{ { .values = 3, .bytes = BYTES("\x20\6\xFF\xFF\xFF\xFF") }, -EBADMSG },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct page page = cases[i].page;
		struct buffer pages = { 0 };

		put_page(&pages, &dictionary);
		page.type = PAGE_DATA_V2;
		page.encoding = PARQUET_RLE_DICTIONARY;
		page.levels = (const uint8_t *)"\6\1";
		page.levels_length = 2;
		put_page(&pages, &page);
		assert_int_equal(decode(&text_column, &pages, 3), cases[i].err);
		/* A second dictionary, and one that is cut short. */
		put_page(&pages, &dictionary);
		assert_int_equal(decode(&text_column, &pages, 3), -EBADMSG);
		buffer_free(&pages);
	}
}

static void dictionary_must_hold_its_entries(void **state)
{
	static const struct page texts = { .type = PAGE_DICTIONARY,
					   .values = 3,
					   .bytes = BYTES("\1\0\0\0a\1\0\0\0b") };
	static const struct page numbers = { .type = PAGE_DICTIONARY,
					     .values = 3,
					     .bytes = BYTES("\1\0\0\0\2\0\0\0") };
	struct buffer pages = { 0 };

	(void)state;
	put_page(&pages, &texts);
	assert_int_equal(decode(&text_column, &pages, 0), -EBADMSG);
	buffer_clear(&pages);
	put_page(&pages, &numbers);
	assert_int_equal(decode(&number_column, &pages, 0), -EBADMSG);
	buffer_free(&pages);
}

/* A page's header with any numbers; its bytes are @have zeros. */
struct header {
	int32_t uncompressed, compressed, values, nulls, rows, levels, repetitions, have;
	int err;
};

static void page_header_must_not_lie(void **state)
{
	static const struct header cases[] = {
		{ 4, 4, 1, 0, 1, 0, 0, 4, 0 },
		{ 4, 5, 1, 0, 1, 0, 0, 4, -EBADMSG }, /* more than there is */
		{ 4, -1, 1, 0, 1, 0, 0, 4, -EBADMSG },
		{ -4, 4, 1, 0, 1, 0, 0, 4, -EBADMSG },
		{ INT32_MAX, 4, 1, 0, 1, 0, 0, 4, -EBADMSG }, /* more than we would hold */
		{ 8, 4, 1, 0, 1, 0, 0, 4, -EBADMSG },	      /* not compressed, and longer */
		{ 4, 4, -1, 0, -1, 0, 0, 4, -EBADMSG },
		{ 4, 4, 1, -1, 1, 0, 0, 4, -EBADMSG },
		{ 4, 4, 1, 2, 1, 0, 0, 4, -EBADMSG },
		{ 4, 4, 1, 0, 2, 0, 0, 4, -EBADMSG },
		{ 4, 4, 1, 0, 1, 5, 0, 4, -EBADMSG },
		{ 4, 4, 1, 0, 1, -1, 0, 4, -EBADMSG },
		{ 4, 4, 1, 0, 1, 0, 1, 4, -ENOTSUP }, /* nested */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct header *header = &cases[i];
		struct buffer pages = { 0 };
		struct thrift_writer w = { .out = &pages };

		thrift_write_i32(&w, PAGE_TYPE, PAGE_DATA_V2);
		thrift_write_i32(&w, PAGE_UNCOMPRESSED_SIZE, header->uncompressed);
		thrift_write_i32(&w, PAGE_COMPRESSED_SIZE, header->compressed);
		thrift_begin_struct(&w, PAGE_DATA_V2_HEADER);
		thrift_write_i32(&w, DATA_V2_NUM_VALUES, header->values);
		thrift_write_i32(&w, DATA_V2_NUM_NULLS, header->nulls);
		thrift_write_i32(&w, DATA_V2_NUM_ROWS, header->rows);
		thrift_write_i32(&w, DATA_V2_ENCODING, PARQUET_PLAIN);
		thrift_write_i32(&w, DATA_V2_DEFINITION_LENGTH, header->levels);
		thrift_write_i32(&w, DATA_V2_REPETITION_LENGTH, header->repetitions);
		thrift_write_bool(&w, DATA_V2_IS_COMPRESSED, false);
		thrift_end_struct(&w);
		thrift_end_struct(&w);
		for (int32_t n = 0; n < header->have; n++)
			buffer_append_byte(&pages, 0);
		assert_int_equal(decode(&number_column, &pages, 1), header->err);
		buffer_free(&pages);
	}
}

static void page_of_another_kind_is_not_supported(void **state)
{
	struct buffer pages = { 0 };
	struct thrift_writer w = { .out = &pages };

	(void)state;
	thrift_write_i32(&w, PAGE_TYPE, PAGE_DATA_V1);
	thrift_write_i32(&w, PAGE_UNCOMPRESSED_SIZE, 0);
	thrift_write_i32(&w, PAGE_COMPRESSED_SIZE, 0);
	thrift_end_struct(&w);
	assert_int_equal(decode(&number_column, &pages, 1), -ENOTSUP);
	buffer_free(&pages);
}

static void compressed_page_must_have_the_size_that_it_says(void **state)
{
	static const uint8_t zeros[100000];
	struct buffer compressed = { 0 };
	struct codec *codec;
	uint8_t out[100];

	(void)state;
	assert_int_equal(codec_open(&codec, PARQUET_CODEC_ZSTD, 1), 0);
	assert_int_equal(codec_compress(codec, zeros, sizeof(zeros), &compressed), 0);
	assert_int_equal(codec_decompress(codec, compressed.data, compressed.length, out, 100),
			 -EBADMSG);
	buffer_clear(&compressed);
	assert_int_equal(codec_compress(codec, zeros, 99, &compressed), 0);
	assert_int_equal(codec_decompress(codec, compressed.data, compressed.length, out, 100),
			 -EBADMSG);
	assert_int_equal(codec_decompress(codec, compressed.data, compressed.length, out, 99), 0);
	for (size_t shorter = 0; shorter < compressed.length; shorter++)
		assert_int_equal(codec_decompress(codec, compressed.data, shorter, out, 99),
				 -EBADMSG);
	codec_close(codec);
	buffer_free(&compressed);
}

/* Footers */

static const struct page good_page = { .type = PAGE_DATA_V2,
				       .values = 2,
				       .bytes = BYTES("\1\0\0\0\2\0\0\0") };

static uint64_t good_page_size(void)
{
	struct buffer pages = { 0 };
	uint64_t size;

	put_page(&pages, &good_page);
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
	put_page(&file, &good_page);
	assert_int_equal(metadata_write_row_group(&groups, &schema, group), 0);
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
		int fd = memory_file(cases[i].bytes, strlen(cases[i].bytes));
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
		cmocka_unit_test(checksum_tells_any_wrong_bit_of_a_page),
		cmocka_unit_test(pages_must_hold_what_the_row_group_says),
		cmocka_unit_test(values_must_be_in_their_page),
		cmocka_unit_test(dictionary_indexes_must_be_in_the_dictionary),
		cmocka_unit_test(dictionary_must_hold_its_entries),
		cmocka_unit_test(page_header_must_not_lie),
		cmocka_unit_test(page_of_another_kind_is_not_supported),
		cmocka_unit_test(compressed_page_must_have_the_size_that_it_says),
		cmocka_unit_test(footer_must_not_lie),
		cmocka_unit_test(footer_longer_than_the_file_is_refused),
		cmocka_unit_test(what_is_wrong_is_said_in_words),
	};

	return cmocka_run_group_tests_name("parquet hostile", tests, NULL, NULL);
}
