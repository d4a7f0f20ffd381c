/* SPDX-License-Identifier: BSD-2-Clause */
/* The rows of a row group: their order, their blocks, those that come late. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support_directory.h"
#include "support_tables.h"
#include "tables/async_spans.h"
#include "tables/table_reader.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void events_are_sorted_by_stream_and_time_and_equal_times_stay(void **state)
{
	static const struct {
		const char *stream;
		int64_t time, span;
	} in[] = {
		{ STREAM_B, 30, 1 }, { STREAM_A, 20, 2 }, { STREAM_A, 10, 3 }, { STREAM_B, 5, 4 },
		{ STREAM_A, 20, 5 }, { STREAM_A, 15, 6 }, { STREAM_A, 20, 7 }, { STREAM_B, 30, 8 },
	};
	static const int64_t expected[] = { 3, 6, 2, 5, 7, 4, 1, 8 };
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = tables_open_writer(&async_events_table, strings, &options);
	struct tables_seen rows[COUNT(in)] = { 0 };
	size_t count;

	for (size_t i = 0; i < COUNT(in); i++) {
		struct async_events_row row =
			tables_event(strings, in[i].stream, in[i].time, in[i].span);

		assert_int_equal(table_writer_append(writer, &row), 0);
	}
	assert_int_equal(table_writer_close(writer), 0);
	assert_int_equal(tables_read_events(*state, rows, COUNT(rows), &count), 1);
	assert_int_equal(count, COUNT(in));
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(rows[i].span, expected[i]);
		assert_string_equal(rows[i].stream, i < 5 ? STREAM_A : STREAM_B);
	}
	intern_free(strings);
}

/* Rows in the worst order: the way of sorting that is for nearly sorted rows gives up. */
static void rows_in_any_order_are_sorted(void **state)
{
	enum { MANY = 20000 };
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = tables_open_writer(&async_events_table, strings, &options);
	struct tables_seen *rows = calloc(MANY, sizeof(*rows));
	size_t count;

	for (int64_t i = 0; i < MANY; i++) {
		/* Down from the middle, and every time twice. */
		struct async_events_row row =
			tables_event(strings, STREAM_A, (MANY - i) / 2 * 7919 % 10007, i);

		assert_int_equal(table_writer_append(writer, &row), 0);
	}
	assert_int_equal(table_writer_close(writer), 0);
	assert_int_equal(tables_read_events(*state, rows, MANY, &count), 1);
	assert_int_equal(count, MANY);
	for (size_t i = 1; i < MANY; i++) {
		assert_true(rows[i - 1].time <= rows[i].time);
		if (rows[i - 1].time == rows[i].time)
			assert_true(rows[i - 1].span < rows[i].span);
	}
	free(rows);
	intern_free(strings);
}

static void block_is_one_stream_in_one_row_group(void **state)
{
	uint32_t known;
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = tables_open_writer(&async_events_table, strings, &options);
	struct tables_seen rows[8] = { 0 };
	size_t count;

	for (int64_t i = 0; i < 8; i++) {
		struct async_events_row row =
			tables_event(strings, i % 2 ? STREAM_A : STREAM_B, i, i + 1);

		assert_int_equal(table_writer_append(writer, &row), 0);
		if (i == 3)
			assert_int_equal(table_writer_flush(writer), 0);
	}
	assert_int_equal(table_writer_close(writer), 0);
	assert_int_equal(tables_read_events(*state, rows, 8, &count), 2);
	for (size_t i = 0; i < 8; i++) {
		assert_int_equal(strlen(rows[i].block), 36);
		for (size_t j = 0; j < i; j++)
			assert_int_equal(!strcmp(rows[i].block, rows[j].block),
					 rows[i].group == rows[j].group &&
						 !strcmp(rows[i].stream, rows[j].stream));
	}
	/* No such ids stay in the set of strings of the trace. */
	known = intern_count(strings);
	assert_int_equal(intern_add_text(strings, rows[0].block), known);
	intern_free(strings);
}

static void stream_that_is_no_uuid_is_refused(void **state)
{
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = tables_open_writer(&async_events_table, strings, &options);
	struct async_events_row row = tables_event(strings, "stream 1", 1, 1);

	assert_int_equal(table_writer_append(writer, &row), 0);
	assert_int_equal(table_writer_flush(writer), -EINVAL);
	assert_int_equal(table_writer_close(writer), -EINVAL);
	intern_free(strings);
}

static void late_rows_are_counted(void **state)
{
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = tables_open_writer(&async_events_table, strings, &options);
	static const int64_t first[] = { 10, 30, 20 }, second[] = { 29, 30, 31, 5 };

	for (size_t i = 0; i < COUNT(first); i++) {
		struct async_events_row row = tables_event(strings, STREAM_A, first[i], 1);

		assert_int_equal(table_writer_append(writer, &row), 0);
	}
	assert_int_equal(table_writer_flush(writer), 0);
	assert_int_equal(table_writer_stats(writer)->rows_late, 0);
	for (size_t i = 0; i < COUNT(second); i++) {
		struct async_events_row row = tables_event(strings, STREAM_B, second[i], 1);

		assert_int_equal(table_writer_append(writer, &row), 0);
	}
	assert_int_equal(table_writer_flush(writer), 0);
	assert_int_equal(table_writer_stats(writer)->rows_late, 2);
	assert_int_equal(table_writer_close(writer), 0);
	intern_free(strings);
}

static void spans_are_sorted_by_end_and_unfinished_ones_last(void **state)
{
	static const char *const columns[] = { "span_id", "end_time", "queue_ns" };
	static const struct async_spans_row in[] = {
		{ .span_id = 1, .end_time = 30 },
		{ .span_id = 2, .nulls = ASYNC_SPANS_NULL_UNFINISHED, .end_time = 99 },
		{ .span_id = 3, .end_time = 10, .nulls = ASYNC_SPANS_NULL_QUEUE_NS },
		{ .span_id = 4, .nulls = ASYNC_SPANS_NULL_UNFINISHED },
		{ .span_id = 5, .end_time = -5, .queue_ns = 7 },
	};
	static const int64_t expected[] = { 5, 3, 1, 2, 4 };
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = tables_open_writer(&async_spans_table, strings, &options);
	struct table_reader *reader;
	struct table_batch batch;

	for (size_t i = 0; i < COUNT(in); i++)
		assert_int_equal(table_writer_append(writer, &in[i]), 0);
	assert_int_equal(table_writer_close(writer), 0);
	assert_int_equal(table_reader_open(&reader, *state, &async_spans_table, columns, 3), 0);
	assert_int_equal(table_reader_next(reader, &batch), 1);
	assert_int_equal(batch.rows, COUNT(in));
	for (size_t i = 0; i < batch.rows; i++) {
		assert_int_equal(batch.columns[0].int64s[i], expected[i]);
		assert_int_equal(table_cell_valid(&batch.columns[1], i), i < 3);
		assert_int_equal(table_cell_valid(&batch.columns[2], i), i != 1);
	}
	assert_int_equal(batch.columns[1].int64s[0], -5);
	assert_int_equal(batch.columns[1].int64s[3], 0);
	assert_int_equal(batch.columns[2].int64s[0], 7);
	assert_int_equal(table_reader_next(reader, &batch), 0);
	table_reader_close(reader);
	intern_free(strings);
}

static void null_in_a_column_that_has_none_is_refused(void **state)
{
	static const struct async_spans_row row = {
		.nulls = UINT64_C(1) << ASYNC_SPANS_BUSY_NS,
	};
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = tables_open_writer(&async_spans_table, strings, &options);

	assert_int_equal(table_writer_append(writer, &row), 0);
	assert_int_equal(table_writer_close(writer), -EINVAL);
	intern_free(strings);
}

#define IN_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, directory_make, directory_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(events_are_sorted_by_stream_and_time_and_equal_times_stay),
		IN_A_DIRECTORY(rows_in_any_order_are_sorted),
		IN_A_DIRECTORY(block_is_one_stream_in_one_row_group),
		IN_A_DIRECTORY(stream_that_is_no_uuid_is_refused),
		IN_A_DIRECTORY(late_rows_are_counted),
		IN_A_DIRECTORY(spans_are_sorted_by_end_and_unfinished_ones_last),
		IN_A_DIRECTORY(null_in_a_column_that_has_none_is_refused),
	};

	return cmocka_run_group_tests_name("tables order", tests, NULL, NULL);
}
