/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables read back: all complete parts, the columns asked for, and what is wrong with a file. */
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
#include <sys/stat.h>
#include <unistd.h>

#include "parquet/writer.h"
#include "support_directory.h"
#include "tables/async_events.h"
#include "tables/async_spans.h"
#include "tables/processes.h"
#include "tables/streams.h"
#include "tables/table_reader.h"
#include "tables/table_writer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Writes rows to the part DIRECTORY/streams/TRACE8-000000.parquet. */
static void write_streams(const char *directory, const char *trace8, int32_t first_tid,
			  size_t count)
{
	struct table_writer_options options = TABLE_WRITER_OPTIONS_DEFAULT;
	struct intern *strings = intern_new();
	struct table_writer *writer;

	options.directory = directory;
	options.trace8 = trace8;
	assert_int_equal(table_writer_open(&writer, &streams_table, strings, &options), 0);
	for (size_t i = 0; i < count; i++) {
		struct streams_row row = { .tid = first_tid + i };
		char name[32];

		snprintf(name, sizeof(name), "thread %d", row.tid);
		row.thread_name = intern_add_text(strings, name);
		assert_int_equal(table_writer_append(writer, &row), 0);
	}
	assert_int_equal(table_writer_close(writer), 0);
	intern_free(strings);
}

static void make_folder(const char *directory, const char *name)
{
	char *path = directory_path(directory, name);

	assert_int_equal(mkdir(path, 0700), 0);
	free(path);
}

static void move(const char *directory, const char *from, const char *to)
{
	char *old = directory_path(directory, from), *new = directory_path(directory, to);

	assert_int_equal(rename(old, new), 0);
	free(old);
	free(new);
}

static struct table_reader *open_reader(const char *directory, const struct table *table,
					const char *const *columns, size_t count)
{
	struct table_reader *reader;

	assert_int_equal(table_reader_open(&reader, directory, table, columns, count), 0);
	return reader;
}

/* The tids of all parts, in their order, as text. */
static void read_tids(const char *directory, char *text, size_t size)
{
	static const char *const columns[] = { "tid" };
	struct table_reader *reader = open_reader(directory, &streams_table, columns, 1);
	struct table_batch batch;
	size_t at = 0;
	int err;

	text[0] = 0;
	while ((err = table_reader_next(reader, &batch)) > 0)
		for (size_t i = 0; i < batch.rows; i++)
			at += snprintf(text + at, size - at, "%d ", batch.columns[0].int32s[i]);
	if (err)
		fail_msg("%s", table_reader_message(reader));
	table_reader_close(reader);
}

static void columns_come_in_the_order_asked_for(void **state)
{
	static const char *const columns[] = { "thread_name", "tid", "thread_name" };
	struct table_reader *reader;
	struct table_batch batch;

	write_streams(*state, "aaaaaaaa", 10, 3);
	reader = open_reader(*state, &streams_table, columns, 3);
	assert_int_equal(table_reader_next(reader, &batch), 1);
	assert_int_equal(batch.rows, 3);
	assert_int_equal(batch.column_count, 3);
	assert_string_equal(batch.columns[0].column->name, "thread_name");
	assert_non_null(strstr(batch.path, "/streams/aaaaaaaa-000000.parquet"));
	for (size_t i = 0; i < batch.rows; i++) {
		const struct table_string *name = table_cell_string(&batch.columns[2], i);
		char expected[32];

		snprintf(expected, sizeof(expected), "thread %zu", 10 + i);
		assert_int_equal(batch.columns[1].int32s[i], 10 + i);
		assert_int_equal(name->length, strlen(expected));
		assert_memory_equal(name->bytes, expected, name->length);
		assert_true(table_cell_valid(&batch.columns[2], i));
	}
	assert_int_equal(table_reader_next(reader, &batch), 0);
	assert_int_equal(table_reader_next(reader, &batch), 0);
	assert_string_equal(table_reader_message(reader), "");
	table_reader_close(reader);
}

static void parts_in_folders_are_read_and_hidden_ones_are_not(void **state)
{
	char text[256];

	write_streams(*state, "bbbbbbbb", 20, 2);
	write_streams(*state, "aaaaaaaa", 10, 2);
	write_streams(*state, "cccccccc", 30, 2);
	make_folder(*state, "streams/date=2024-01-01");
	make_folder(*state, "streams/date=2024-01-01/hour=10");
	move(*state, "streams/cccccccc-000000.parquet",
	     "streams/date=2024-01-01/hour=10/cccccccc-000000.parquet");
	/* None of these is to be opened: they would be errors. */
	make_folder(*state, "streams/.hidden");
	make_folder(*state, "streams/_temporary");
	directory_write(*state, "streams/.dddddddd-000000.inprogress", "?", 1);
	directory_write(*state, "streams/.dddddddd-000000.parquet", "?", 1);
	directory_write(*state, "streams/_dddddddd-000000.parquet", "?", 1);
	directory_write(*state, "streams/.hidden/a.parquet", "?", 1);
	directory_write(*state, "streams/_temporary/a.parquet", "?", 1);
	directory_write(*state, "streams/notes.txt", "?", 1);
	directory_write(*state, "streams/parquet", "?", 1);
	read_tids(*state, text, sizeof(text));
	assert_string_equal(text, "10 11 20 21 30 31 ");
}

static void folder_that_is_a_symbolic_link_is_not_followed(void **state)
{
	char *link = directory_path(*state, "streams/again"), text[256];

	write_streams(*state, "aaaaaaaa", 10, 2);
	assert_int_equal(symlink(".", link), 0);
	read_tids(*state, text, sizeof(text));
	assert_string_equal(text, "10 11 ");
	free(link);
}

static void file_of_no_rows_gives_no_batch(void **state)
{
	char text[256];

	write_streams(*state, "aaaaaaaa", 10, 0);
	write_streams(*state, "bbbbbbbb", 20, 1);
	read_tids(*state, text, sizeof(text));
	assert_string_equal(text, "20 ");
}

static void nulls_are_told_from_values(void **state)
{
	static const char *const columns[] = { "exit_status", "parent_process_id" };
	struct table_writer_options options = TABLE_WRITER_OPTIONS_DEFAULT;
	struct intern *strings = intern_new();
	struct processes_row rows[] = {
		{ .exit_status = 3, .nulls = PROCESSES_NULL_PARENT_PROCESS_ID },
		{ .exit_status = 4, .nulls = PROCESSES_NULL_EXIT_STATUS },
	};
	struct table_writer *writer;
	struct table_reader *reader;
	struct table_batch batch;

	rows[0].parent_process_id = rows[1].parent_process_id = intern_add_text(strings, "parent");
	options.directory = *state;
	options.trace8 = "aaaaaaaa";
	assert_int_equal(table_writer_open(&writer, &processes_table, strings, &options), 0);
	assert_int_equal(table_writer_rewrite(writer, rows, 2), 0);
	assert_int_equal(table_writer_close(writer), 0);

	reader = open_reader(*state, &processes_table, columns, 2);
	assert_int_equal(table_reader_next(reader, &batch), 1);
	assert_true(table_cell_valid(&batch.columns[0], 0));
	assert_int_equal(batch.columns[0].int32s[0], 3);
	assert_false(table_cell_valid(&batch.columns[0], 1));
	assert_int_equal(batch.columns[0].int32s[1], 0);
	assert_false(table_cell_valid(&batch.columns[1], 0));
	assert_memory_equal(table_cell_string(&batch.columns[1], 1)->bytes, "parent", 6);
	table_reader_close(reader);
	intern_free(strings);
}

/* A part of the table streams that has only these columns. */
static void write_part(const char *directory, const struct parquet_column *columns, size_t count)
{
	static const int64_t values[] = { 7, 8 };
	struct parquet_writer_options options = PARQUET_WRITER_OPTIONS_DEFAULT;
	struct parquet_schema schema = { columns, count, NULL, 0 };
	char *path = directory_path(directory, "streams/other.parquet");
	struct parquet_sink sink = { .fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) };
	struct parquet_writer *writer;

	assert_int_equal(parquet_writer_open(&writer, &sink, &schema, &options), 0);
	assert_int_equal(parquet_writer_begin_group(writer, 2), 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(parquet_writer_column(writer,
						       &(struct parquet_values){
							       .values = values,
							       .count = 2,
						       }),
				 0);
	assert_int_equal(parquet_writer_end_group(writer), 0);
	assert_int_equal(parquet_writer_finish(writer), 0);
	parquet_writer_close(writer);
	close(sink.fd);
	free(path);
}

static void column_that_an_older_file_lacks_is_null_if_it_may_be(void **state)
{
	static const struct parquet_column older[] = {
		{ "span_id", PARQUET_INT64, PARQUET_LOGICAL_NONE, PARQUET_PREFER_PLAIN, false },
	};
	static const char *const columns[] = { "span_id", "queue_ns", "end_stream_id" };
	static const char *const required[] = { "busy_ns" };
	struct table_reader *reader;
	struct table_batch batch;

	make_folder(*state, "streams");
	write_part(*state, older, 1);
	move(*state, "streams", "async_spans");
	reader = open_reader(*state, &async_spans_table, columns, 3);
	assert_int_equal(table_reader_next(reader, &batch), 1);
	assert_int_equal(batch.rows, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(batch.columns[0].int64s[i], 7 + i);
		assert_false(table_cell_valid(&batch.columns[1], i));
		assert_int_equal(batch.columns[1].int64s[i], 0);
		assert_false(table_cell_valid(&batch.columns[2], i));
		assert_int_equal(table_cell_string(&batch.columns[2], i)->length, 0);
	}
	table_reader_close(reader);

	reader = open_reader(*state, &async_spans_table, required, 1);
	assert_int_equal(table_reader_next(reader, &batch), -ENODATA);
	assert_non_null(strstr(table_reader_message(reader),
			       "/async_spans/other.parquet: column busy_ns: is missing"));
	table_reader_close(reader);
}

static void column_of_another_type_is_refused(void **state)
{
	static const struct parquet_column wrong[] = {
		{ "tid", PARQUET_INT64, PARQUET_LOGICAL_NONE, PARQUET_PREFER_PLAIN, false },
		{ "start_time", PARQUET_INT64, PARQUET_LOGICAL_NONE, PARQUET_PREFER_PLAIN, false },
	};
	static const char *const names[] = { "tid", "start_time" };

	make_folder(*state, "streams");
	write_part(*state, wrong, 2);
	for (size_t i = 0; i < COUNT(names); i++) {
		struct table_reader *reader = open_reader(*state, &streams_table, &names[i], 1);
		struct table_batch batch;

		assert_int_equal(table_reader_next(reader, &batch), -ENODATA);
		assert_non_null(strstr(table_reader_message(reader), "is of another type"));
		table_reader_close(reader);
	}
}

static void bad_file_is_named_and_the_next_one_read(void **state)
{
	static const char *const columns[] = { "tid" };
	struct table_reader *reader;
	struct table_batch batch;
	uint8_t *bytes;
	size_t length;

	write_streams(*state, "aaaaaaaa", 10, 1);
	write_streams(*state, "bbbbbbbb", 20, 1);
	write_streams(*state, "cccccccc", 30, 1);
	bytes = directory_read(*state, "streams/bbbbbbbb-000000.parquet", &length);
	directory_write(*state, "streams/bbbbbbbb-000000.parquet", bytes, length - 1);
	directory_write(*state, "streams/0.parquet", "no such file", 12);

	reader = open_reader(*state, &streams_table, columns, 1);
	assert_int_equal(table_reader_next(reader, &batch), -EBADMSG);
	assert_non_null(
		strstr(table_reader_message(reader), "/streams/0.parquet: is not a Parquet file"));
	assert_int_equal(table_reader_next(reader, &batch), 1);
	assert_int_equal(batch.columns[0].int32s[0], 10);
	assert_int_equal(table_reader_next(reader, &batch), -EBADMSG);
	assert_non_null(strstr(table_reader_message(reader),
			       "/streams/bbbbbbbb-000000.parquet: is cut off"));
	assert_int_equal(table_reader_next(reader, &batch), 1);
	assert_int_equal(batch.columns[0].int32s[0], 30);
	assert_int_equal(table_reader_next(reader, &batch), 0);
	table_reader_close(reader);
	free(bytes);
}

static void wrong_checksum_is_said_with_the_column(void **state)
{
	static const char *const columns[] = { "thread_name" };
	struct table_reader *reader;
	struct table_batch batch;
	uint8_t *bytes, *text;
	size_t length;

	write_streams(*state, "aaaaaaaa", 10, 1);
	bytes = directory_read(*state, "streams/aaaaaaaa-000000.parquet", &length);
	/* The first one is in the page, a later one in the footer. */
	text = memmem(bytes, length, "thread 10", 9);
	assert_non_null(text);
	text[0] = 'T';
	directory_write(*state, "streams/aaaaaaaa-000000.parquet", bytes, length);
	reader = open_reader(*state, &streams_table, columns, 1);
	assert_int_equal(table_reader_next(reader, &batch), -EBADMSG);
	assert_non_null(strstr(table_reader_message(reader),
			       "column thread_name: has a page with a wrong checksum"));
	assert_int_equal(table_reader_next(reader, &batch), 0);
	table_reader_close(reader);
	free(bytes);
}

/* Events of one span each, at the times 0, 10, 20 ... of the span ids 1, 2, 3 ... */
static void write_events(const char *directory, size_t count)
{
	struct table_writer_options options = TABLE_WRITER_OPTIONS_DEFAULT;
	struct intern *strings = intern_new();
	struct table_writer *writer;

	options.directory = directory;
	options.trace8 = "aaaaaaaa";
	assert_int_equal(table_writer_open(&writer, &async_events_table, strings, &options), 0);
	for (size_t i = 0; i < count; i++) {
		struct async_events_row row = { .time = 10 * (int64_t)i,
						.span_id = (int64_t)i + 1,
						.depth = i % 7 };
		char name[32];

		snprintf(name, sizeof(name), "name %zu", i % 50);
		row.stream_id = intern_add_text(strings, "00000000-0000-0000-0000-000000000001");
		row.name = intern_add_text(strings, name);
		assert_int_equal(table_writer_append(writer, &row), 0);
	}
	assert_int_equal(table_writer_close(writer), 0);
	intern_free(strings);
}

struct bounds {
	const char *column;
	int64_t first, last;
};

/* Reads what conditions leave: every row must be as written. Returns how many rows there were. */
static size_t read_narrowed(const char *directory, const struct bounds *bounds, size_t count,
			    int64_t *first_span, int64_t *last_span)
{
	static const char *const columns[] = { "time", "name", "span_id", "depth" };
	struct table_reader *reader = open_reader(directory, &async_events_table, columns, 4);
	struct table_batch batch;
	size_t rows = 0;
	int err;

	for (size_t i = 0; i < count; i++)
		assert_int_equal(table_reader_between(reader, bounds[i].column, bounds[i].first,
						      bounds[i].last),
				 0);
	while ((err = table_reader_next(reader, &batch)) > 0) {
		for (size_t i = 0; i < batch.rows; i++) {
			const struct table_string *name = table_cell_string(&batch.columns[1], i);
			int64_t span = batch.columns[2].int64s[i];
			char expected[32];

			snprintf(expected, sizeof(expected), "name %d", (int)((span - 1) % 50));
			assert_int_equal(batch.columns[0].int64s[i], 10 * (span - 1));
			assert_int_equal(batch.columns[3].uint32s[i], (span - 1) % 7);
			assert_int_equal(name->length, strlen(expected));
			assert_memory_equal(name->bytes, expected, name->length);
			if (!rows++)
				*first_span = span;
			*last_span = span;
		}
	}
	assert_int_equal(err, 0);
	table_reader_close(reader);
	return rows;
}

#define EVENTS (TABLE_WRITER_GROUP_ROWS + 50000)
#define PAGE 20000

static void only_pages_that_may_have_rows_in_the_bounds_are_read(void **state)
{
	static const struct {
		struct bounds bounds[2];
		size_t conditions;
		size_t rows; /* 0: none */
		int64_t first_span, last_span;
	} cases[] = {
		{ { { 0 } }, 0, EVENTS, 1, EVENTS },
		{ { { "time", 0, INT64_MAX } }, 1, EVENTS, 1, EVENTS },
		/* one page of the first row group, two of it, one of the second */
		{ { { "time", 250000, 260000 } }, 1, PAGE, PAGE + 1, 2 * PAGE },
		{ { { "span_id", PAGE, PAGE + 1 } }, 1, 2 * PAGE, 1, 2 * PAGE },
		{ { { "time", 10 * TABLE_WRITER_GROUP_ROWS, 10 * TABLE_WRITER_GROUP_ROWS } },
		  1,
		  PAGE,
		  TABLE_WRITER_GROUP_ROWS + 1,
		  TABLE_WRITER_GROUP_ROWS + PAGE },
		/* both conditions at once, and what cannot be */
		{ { { "time", 0, 500000 }, { "span_id", PAGE + 1, EVENTS } },
		  2,
		  2 * PAGE,
		  PAGE + 1,
		  3 * PAGE },
		{ { { "time", 0, 10 }, { "span_id", PAGE + 1, EVENTS } }, 2, 0, 0, 0 },
		{ { { "time", -5, -1 } }, 1, 0, 0, 0 },
		{ { { "depth", 7, 9 } }, 1, 0, 0, 0 },
		{ { { "depth", 3, 3 } }, 1, EVENTS, 1, EVENTS },
	};

	write_events(*state, EVENTS);
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t first = 0, last = 0;

		assert_int_equal(read_narrowed(*state, cases[i].bounds, cases[i].conditions, &first,
					       &last),
				 cases[i].rows);
		assert_int_equal(first, cases[i].first_span);
		assert_int_equal(last, cases[i].last_span);
	}
}

static void bounds_are_for_numbers_of_the_table(void **state)
{
	static const char *const columns[] = { "time" };
	struct table_reader *reader = open_reader(*state, &async_events_table, columns, 1);

	assert_int_equal(table_reader_between(reader, "name", 0, 1), -EINVAL);
	assert_int_equal(table_reader_between(reader, "nothing", 0, 1), -EINVAL);
	assert_int_equal(table_reader_between(reader, "depth", 0, 1), 0);
	table_reader_close(reader);
}

static void table_that_is_not_there_is_an_error_with_its_path(void **state)
{
	static const char *const columns[] = { "tid" };
	struct table_reader *reader = open_reader(*state, &streams_table, columns, 1);
	struct table_batch batch;

	assert_int_equal(table_reader_next(reader, &batch), -ENOENT);
	assert_non_null(
		strstr(table_reader_message(reader), "/streams: No such file or directory"));
	assert_int_equal(table_reader_next(reader, &batch), 0);
	table_reader_close(reader);
}

static void what_is_no_regular_file_is_not_waited_for(void **state)
{
	static const char *const columns[] = { "tid" };
	char *link = directory_path(*state, "streams/a.parquet");
	char *pipe = directory_path(*state, "pipe");
	struct table_reader *reader;
	struct table_batch batch;

	make_folder(*state, "streams");
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_int_equal(symlink("../pipe", link), 0);
	reader = open_reader(*state, &streams_table, columns, 1);
	assert_int_equal(table_reader_next(reader, &batch), -EBADMSG);
	assert_non_null(strstr(table_reader_message(reader), "is not a regular file"));
	table_reader_close(reader);
	free(link);
	free(pipe);
}

static void column_that_the_table_does_not_have_is_refused(void **state)
{
	static const char *const columns[] = { "tid", "name" };
	struct table_reader *reader;

	assert_int_equal(table_reader_open(&reader, *state, &streams_table, columns, 2), -EINVAL);
	assert_null(reader);
	assert_string_equal(table_reader_message(NULL), "");
	table_reader_close(NULL);
}

#define IN_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, directory_make, directory_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(columns_come_in_the_order_asked_for),
		IN_A_DIRECTORY(parts_in_folders_are_read_and_hidden_ones_are_not),
		IN_A_DIRECTORY(folder_that_is_a_symbolic_link_is_not_followed),
		IN_A_DIRECTORY(file_of_no_rows_gives_no_batch),
		IN_A_DIRECTORY(nulls_are_told_from_values),
		IN_A_DIRECTORY(column_that_an_older_file_lacks_is_null_if_it_may_be),
		IN_A_DIRECTORY(column_of_another_type_is_refused),
		IN_A_DIRECTORY(bad_file_is_named_and_the_next_one_read),
		IN_A_DIRECTORY(wrong_checksum_is_said_with_the_column),
		IN_A_DIRECTORY(only_pages_that_may_have_rows_in_the_bounds_are_read),
		IN_A_DIRECTORY(bounds_are_for_numbers_of_the_table),
		IN_A_DIRECTORY(table_that_is_not_there_is_an_error_with_its_path),
		IN_A_DIRECTORY(what_is_no_regular_file_is_not_waited_for),
		IN_A_DIRECTORY(column_that_the_table_does_not_have_is_refused),
	};

	return cmocka_run_group_tests_name("tables reader", tests, NULL, NULL);
}
