/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The indexes of the pages: they lead to every page and to no other byte, and what they say of a
 * page's values is so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "parquet/chunk_decoder.h"
#include "parquet/page_index.h"
#include "parquet/writer.h"
#include "support_parquet.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define ROWS 1000
#define PAGE_ROWS 300
#define PAGES 4
#define GROUPS 3

enum { TEXT, LONG_TEXT, NUMBER, UNSIGNED, TIME, FLAG, COLUMNS };

static const struct parquet_column columns[COLUMNS] = {
	[TEXT] = { "text", PARQUET_BYTE_ARRAY, PARQUET_LOGICAL_STRING, PARQUET_PREFER_DICTIONARY,
		   true },
	[LONG_TEXT] = { "long_text", PARQUET_BYTE_ARRAY, PARQUET_LOGICAL_STRING,
			PARQUET_PREFER_DICTIONARY, false },
	[NUMBER] = { "number", PARQUET_INT64, PARQUET_LOGICAL_NONE, PARQUET_PREFER_PLAIN, true },
	[UNSIGNED] = { "unsigned", PARQUET_INT32, PARQUET_LOGICAL_UINT32, PARQUET_PREFER_DICTIONARY,
		       false },
	[TIME] = { "time", PARQUET_INT64, PARQUET_LOGICAL_TIMESTAMP_NS, PARQUET_PREFER_DELTA,
		   false },
	[FLAG] = { "flag", PARQUET_BOOLEAN, PARQUET_LOGICAL_NONE, PARQUET_PREFER_RLE, true },
};
static const struct parquet_schema schema = { columns, COLUMNS, NULL, 0 };

struct rows {
	uint32_t texts[ROWS];
	uint32_t long_texts[ROWS];
	int64_t numbers[ROWS];
	int32_t unsigneds[ROWS];
	int64_t times[ROWS];
	uint8_t flags[ROWS];
	uint8_t valid[ROWS]; /* the second page has only nulls */
};

static void fill_rows(struct rows *rows, struct intern *strings, size_t group)
{
	for (size_t i = 0; i < ROWS; i++) {
		uint64_t random = (i + group * ROWS) * UINT64_C(0x9E3779B97F4A7C15);
		char text[128];

		snprintf(text, sizeof(text), "text %u", (unsigned int)(random >> 58));
		rows->texts[i] = intern_add_text(strings, text);
		snprintf(text, sizeof(text), "%0100u", (unsigned int)(random >> 56));
		rows->long_texts[i] = intern_add_text(strings, text);
		rows->numbers[i] = random;
		rows->unsigneds[i] = -(int32_t)(random >> 60);
		rows->times[i] = 1000 * (int64_t)i;
		rows->flags[i] = i / PAGE_ROWS == 2;
		rows->valid[i] = i / PAGE_ROWS != 1 && random % 5;
	}
}

static int write_group(struct parquet_writer *writer, struct intern *strings, size_t group)
{
	struct rows *rows = malloc(sizeof(*rows));
	const void *values[COLUMNS] = { rows->texts,	 rows->long_texts, rows->numbers,
					rows->unsigneds, rows->times,	   rows->flags };
	int err = parquet_writer_begin_group(writer, ROWS);

	fill_rows(rows, strings, group);
	for (size_t i = 0; i < COLUMNS && !err; i++) {
		struct parquet_values column = {
			.values = values[i],
			.valid = columns[i].optional ? rows->valid : NULL,
			.count = ROWS,
			.strings = strings,
		};

		err = parquet_writer_column(writer, &column);
	}
	free(rows);
	return err ? err : parquet_writer_end_group(writer);
}

/* A file in memory, and how it is gone through. */
struct file {
	int fd;
	uint8_t *bytes;
	size_t size;
	struct metadata_reader metadata;
	struct metadata_row_group group;
};

static int open_writer(struct parquet_writer **writer, struct parquet_sink *sink,
		       enum parquet_codec codec)
{
	struct parquet_writer_options options = PARQUET_WRITER_OPTIONS_DEFAULT;

	options.codec = codec;
	options.page_rows = PAGE_ROWS;
	*sink = (struct parquet_sink){ .fd = parquet_memory_file("", 0) };
	return parquet_writer_open(writer, sink, &schema, &options);
}

static void open_file(struct file *file, int fd)
{
	uint32_t footer;

	file->fd = fd;
	file->size = lseek(fd, 0, SEEK_END);
	file->bytes = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_true(file->bytes != MAP_FAILED);
	memcpy(&footer, file->bytes + file->size - METADATA_TAIL_SIZE, sizeof(footer));
	assert_int_equal(metadata_open(&file->metadata,
				       file->bytes + file->size - METADATA_TAIL_SIZE - footer,
				       footer),
			 0);
}

static void write_file(struct file *file, enum parquet_codec codec)
{
	struct intern *strings = intern_new();
	struct parquet_writer *writer;
	struct parquet_sink sink;

	assert_int_equal(open_writer(&writer, &sink, codec), 0);
	for (size_t i = 0; i < GROUPS; i++)
		assert_int_equal(write_group(writer, strings, i), 0);
	assert_int_equal(parquet_writer_finish(writer), 0);
	parquet_writer_close(writer);
	intern_free(strings);
	open_file(file, sink.fd);
}

static void close_file(struct file *file)
{
	metadata_close(&file->metadata);
	munmap(file->bytes, file->size);
	close(file->fd);
}

static void read_index(const struct file *file, const struct metadata_chunk *chunk,
		       struct page_index *index)
{
	const struct metadata_index *at = &chunk->index;

	assert_true(at->offset_index_offset + at->offset_index_length <= file->size);
	assert_true(at->column_index_offset + at->column_index_length <= file->size);
	assert_int_equal(page_index_read_offsets(index, file->bytes + at->offset_index_offset,
						 at->offset_index_length, file->group.rows),
			 0);
	assert_int_equal(page_index_read_bounds(index, file->bytes + at->column_index_offset,
						at->column_index_length),
			 0);
}

static void every_page_of_a_chunk_is_where_the_offset_index_says(void **state)
{
	static const enum parquet_codec codecs[] = { PARQUET_CODEC_NONE, PARQUET_CODEC_ZSTD };
	struct page_index index = { 0 };
	struct file file;

	(void)state;
	for (size_t c = 0; c < COUNT(codecs); c++) {
		write_file(&file, codecs[c]);
		while (metadata_next_row_group(&file.metadata, &file.group) > 0) {
			for (size_t i = 0; i < COLUMNS; i++) {
				const struct metadata_chunk *chunk = &file.group.chunks[i];
				uint64_t start = chunk->has_dictionary ?
							 chunk->dictionary_page_offset :
							 chunk->data_page_offset;
				uint64_t offset = chunk->data_page_offset;
				struct codec *codec;

				read_index(&file, chunk, &index);
				assert_int_equal(index.count, PAGES);
				assert_int_equal(codec_open(&codec, chunk->codec, 0), 0);
				for (size_t p = 0; p < PAGES; p++) {
					const struct page_entry *entry =
						&page_index_entries(&index)[p];
					struct page_reader reader = {
						.at = file.bytes + entry->offset,
						.end = file.bytes + entry->offset + entry->size,
					};
					struct page page;

					assert_int_equal(entry->offset, offset);
					assert_int_equal(entry->first_row, p * PAGE_ROWS);
					assert_int_equal(page_read(&reader, codec, &page), 0);
					assert_int_equal(page.type, PAGE_DATA_V2);
					assert_int_equal(page.values, p + 1 < PAGES ?
									      PAGE_ROWS :
									      ROWS % PAGE_ROWS);
					assert_ptr_equal(reader.at, reader.end);
					page_reader_free(&reader);
					offset += entry->size;
				}
				assert_int_equal(offset, start + chunk->compressed_size);
				codec_close(codec);
			}
		}
		close_file(&file);
	}
	page_index_free(&index);
}

static void assert_integer(const struct statistics_bound *bound, const void *value, size_t size)
{
	assert_true(bound->known);
	assert_int_equal(bound->length, size);
	assert_memory_equal(bound->bytes, value, size);
}

#define ASSERT_PAGE_BOUNDS(type, values)                                                \
	do {                                                                            \
		type min = 0, max = 0;                                                  \
		bool any = false;                                                       \
                                                                                        \
		for (size_t i = first; i < end; i++) {                                  \
			if (columns[column].optional && !rows->valid[i])                \
				continue;                                               \
			min = any && min < (type)(values)[i] ? min : (type)(values)[i]; \
			max = any && max > (type)(values)[i] ? max : (type)(values)[i]; \
			any = true;                                                     \
		}                                                                       \
		assert_int_equal(entry->all_null, !any);                                \
		if (any) {                                                              \
			assert_integer(&entry->statistics.min, &min, sizeof(min));      \
			assert_integer(&entry->statistics.max, &max, sizeof(max));      \
		}                                                                       \
	} while (0)

static void assert_page(const struct rows *rows, size_t column, size_t page,
			const struct page_entry *entry)
{
	size_t first = page * PAGE_ROWS;
	size_t end = first + PAGE_ROWS < ROWS ? first + PAGE_ROWS : ROWS;
	uint64_t nulls = 0;

	for (size_t i = first; i < end && columns[column].optional; i++)
		nulls += !rows->valid[i];
	assert_int_equal(entry->statistics.nulls, nulls);
	if (column == NUMBER)
		ASSERT_PAGE_BOUNDS(int64_t, rows->numbers);
	else if (column == TIME)
		ASSERT_PAGE_BOUNDS(int64_t, rows->times);
	else if (column == UNSIGNED)
		ASSERT_PAGE_BOUNDS(uint32_t, rows->unsigneds);
	else if (column == FLAG)
		ASSERT_PAGE_BOUNDS(uint8_t, rows->flags);
}

static void bounds_of_a_page_are_its_smallest_and_greatest_number(void **state)
{
	static const size_t numbers[] = { NUMBER, TIME, UNSIGNED, FLAG };
	struct rows *rows = malloc(sizeof(*rows));
	struct intern *strings = intern_new();
	struct page_index index = { 0 };
	struct file file;

	(void)state;
	write_file(&file, PARQUET_CODEC_ZSTD);
	for (size_t group = 0; group < GROUPS; group++) {
		assert_int_equal(metadata_next_row_group(&file.metadata, &file.group), 1);
		fill_rows(rows, strings, group);
		for (size_t i = 0; i < COUNT(numbers); i++) {
			read_index(&file, &file.group.chunks[numbers[i]], &index);
			for (size_t page = 0; page < PAGES; page++)
				assert_page(rows, numbers[i], page,
					    &page_index_entries(&index)[page]);
		}
	}
	close_file(&file);
	page_index_free(&index);
	intern_free(strings);
	free(rows);
}

static bool is_at_least(const char *text, size_t length, const struct statistics_bound *bound)
{
	size_t shorter = length < bound->length ? length : bound->length;
	int order = memcmp(text, bound->bytes, shorter);

	return order > 0 || (!order && length >= bound->length);
}

static void bounds_of_a_page_hold_for_its_texts_also_where_they_are_cut(void **state)
{
	struct rows *rows = malloc(sizeof(*rows));
	struct intern *strings = intern_new();
	struct page_index index = { 0 };
	struct file file;

	(void)state;
	write_file(&file, PARQUET_CODEC_NONE);
	assert_int_equal(metadata_next_row_group(&file.metadata, &file.group), 1);
	fill_rows(rows, strings, 0);
	for (size_t column = TEXT; column <= LONG_TEXT; column++) {
		const uint32_t *ids = column == TEXT ? rows->texts : rows->long_texts;

		read_index(&file, &file.group.chunks[column], &index);
		for (size_t i = 0; i < ROWS; i++) {
			const struct page_entry *entry = &page_index_entries(&index)[i / PAGE_ROWS];
			size_t length;
			const char *text = intern_get(strings, ids[i], &length);

			assert_int_equal(entry->all_null, column == TEXT && i / PAGE_ROWS == 1);
			if (column == TEXT && !rows->valid[i])
				continue;
			assert_true(is_at_least(text, length, &entry->statistics.min));
			assert_true(!is_at_least(text, length, &entry->statistics.max) ||
				    (length == entry->statistics.max.length &&
				     !memcmp(text, entry->statistics.max.bytes, length)));
			assert_true(entry->statistics.max.length <= STATISTICS_TEXT_MAX);
		}
	}
	close_file(&file);
	page_index_free(&index);
	intern_free(strings);
	free(rows);
}

/* The last field of the struct but one, BOUNDS_ORDER: found by reading the index. */
static int order_of(const struct file *file, size_t column)
{
	const struct metadata_index *at = &file->group.chunks[column].index;
	struct thrift_reader r = {
		.at = file->bytes + at->column_index_offset,
		.end = file->bytes + at->column_index_offset + at->column_index_length,
	};
	struct thrift_field field = { 0 };
	int order = -1;

	while (thrift_next_field(&r, &field)) {
		if (field.id == BOUNDS_ORDER)
			order = thrift_read_i32(&r, &field);
		else
			thrift_skip(&r, &field);
	}
	assert_false(r.failed);
	return order;
}

static void only_pages_that_rise_are_said_to_be_in_ascending_order(void **state)
{
	struct file file;

	(void)state;
	write_file(&file, PARQUET_CODEC_NONE);
	assert_int_equal(metadata_next_row_group(&file.metadata, &file.group), 1);
	assert_int_equal(order_of(&file, TIME), ORDER_ASCENDING);
	assert_int_equal(order_of(&file, NUMBER), ORDER_UNORDERED);
	assert_int_equal(order_of(&file, FLAG), ORDER_UNORDERED);
	close_file(&file);
}

static void indexes_of_a_row_group_that_is_dropped_are_not_in_the_file(void **state)
{
	struct intern *strings = intern_new();
	struct page_index index = { 0 };
	struct parquet_writer *writer;
	struct parquet_sink sink;
	struct rows *rows = calloc(1, sizeof(*rows));
	const struct parquet_values values = {
		.values = rows->texts, .valid = rows->valid, .count = ROWS, .strings = strings
	};
	struct file file;
	size_t groups = 0;

	(void)state;
	assert_int_equal(open_writer(&writer, &sink, PARQUET_CODEC_ZSTD), 0);
	assert_int_equal(write_group(writer, strings, 0), 0);
	assert_int_equal(parquet_writer_begin_group(writer, ROWS), 0);
	assert_int_equal(parquet_writer_column(writer, &values), 0);
	assert_int_equal(parquet_writer_drop_group(writer), 0);
	assert_int_equal(write_group(writer, strings, 1), 0);
	assert_int_equal(parquet_writer_finish(writer), 0);
	parquet_writer_close(writer);
	open_file(&file, sink.fd);
	for (; metadata_next_row_group(&file.metadata, &file.group) > 0; groups++) {
		read_index(&file, &file.group.chunks[TEXT], &index);
		assert_int_equal(page_index_entries(&index)[0].offset,
				 file.group.chunks[TEXT].data_page_offset);
		assert_true(page_index_entries(&index)[1].all_null);
	}
	assert_int_equal(groups, 2);
	close_file(&file);
	page_index_free(&index);
	free(rows);
	intern_free(strings);
}

/* What is kept beside an open file, should its writer die. */
static void file_cut_behind_a_row_group_is_complete_with_the_footer_of_then(void **state)
{
	struct intern *strings = intern_new();
	struct buffer footer = { 0 };
	struct parquet_writer *writer;
	struct parquet_sink sink;
	struct file file;
	size_t groups = 0;
	uint64_t end;

	(void)state;
	assert_int_equal(open_writer(&writer, &sink, PARQUET_CODEC_ZSTD), 0);
	assert_int_equal(write_group(writer, strings, 0), 0);
	assert_int_equal(write_group(writer, strings, 1), 0);
	end = sink.offset;
	assert_int_equal(parquet_writer_footer(writer, &footer), 0);
	assert_int_equal(write_group(writer, strings, 2), 0);
	parquet_writer_close(writer);
	assert_int_equal(ftruncate(sink.fd, end), 0);
	assert_int_equal(pwrite(sink.fd, footer.data, footer.length, end), footer.length);
	open_file(&file, sink.fd);
	for (; metadata_next_row_group(&file.metadata, &file.group) > 0; groups++)
		assert_int_equal(file.group.chunks[TIME].index.offset_index_length, 0);
	assert_int_equal(groups, 2);
	close_file(&file);
	buffer_free(&footer);
	intern_free(strings);
}

/* Every byte of both indexes set to every value: an error or an answer, never a crash. */
static void damaged_indexes_are_refused_or_read(void **state)
{
	struct page_index index = { 0 };
	size_t refused = 0, read = 0;
	struct file file;

	(void)state;
	write_file(&file, PARQUET_CODEC_NONE);
	assert_int_equal(metadata_next_row_group(&file.metadata, &file.group), 1);
	for (size_t which = 0; which < 2; which++) {
		const struct metadata_index *at = &file.group.chunks[NUMBER].index;
		size_t length = which ? at->column_index_length : at->offset_index_length;
		uint64_t offset = which ? at->column_index_offset : at->offset_index_offset;
		uint8_t *copy = malloc(length);

		for (size_t i = 0; i < length * 256; i++) {
			int err;

			memcpy(copy, file.bytes + offset, length);
			copy[i / 256] = i % 256;
			read_index(&file, &file.group.chunks[NUMBER], &index);
			err = which ? page_index_read_bounds(&index, copy, length) :
				      page_index_read_offsets(&index, copy, length, ROWS);
			assert_true(err == 0 || err == -EBADMSG);
			refused += !!err;
			read += !err;
		}
		free(copy);
	}
	assert_true(refused && read);
	close_file(&file);
	page_index_free(&index);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_page_of_a_chunk_is_where_the_offset_index_says),
		cmocka_unit_test(bounds_of_a_page_are_its_smallest_and_greatest_number),
		cmocka_unit_test(bounds_of_a_page_hold_for_its_texts_also_where_they_are_cut),
		cmocka_unit_test(only_pages_that_rise_are_said_to_be_in_ascending_order),
		cmocka_unit_test(indexes_of_a_row_group_that_is_dropped_are_not_in_the_file),
		cmocka_unit_test(file_cut_behind_a_row_group_is_complete_with_the_footer_of_then),
		cmocka_unit_test(damaged_indexes_are_refused_or_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
