/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables on disk: parts that become visible whole, sorted row groups, failures that lose little. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support_directory.h"
#include "tables/async_events.h"
#include "tables/async_spans.h"
#include "tables/streams.h"
#include "tables/table_reader.h"
#include "tables/table_writer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define TRACE8 "0123abcd"
#define STREAM_A "00000000-0000-5000-8000-00000000000a"
#define STREAM_B "00000000-0000-5000-8000-00000000000b"
#define FIRST_PART "async_events/" TRACE8 "-000000.parquet"

static struct table_writer_options options_for(const char *directory)
{
	struct table_writer_options options = TABLE_WRITER_OPTIONS_DEFAULT;

	options.directory = directory;
	options.trace8 = TRACE8;
	return options;
}

static struct table_writer *open_writer(const struct table *table, struct intern *strings,
					const struct table_writer_options *options)
{
	struct table_writer *writer;

	assert_int_equal(table_writer_open(&writer, table, strings, options), 0);
	return writer;
}

static struct async_events_row event(struct intern *strings, const char *stream, int64_t time,
				     int64_t span)
{
	return (struct async_events_row){
		.stream_id = intern_add_text(strings, stream),
		.time = time,
		.span_id = span,
		.event_type = intern_add_text(strings, "begin"),
	};
}

/* An event read back. */
struct seen {
	char stream[40];
	char block[40];
	int64_t time;
	int64_t span;
	size_t group;
};

static void take_text(char out[40], const struct table_string *text)
{
	assert_in_range(text->length, 0, 39);
	memcpy(out, text->bytes, text->length);
	out[text->length] = 0;
}

/* The table's rows in the order of the files; the number of row groups. */
static size_t read_events(const char *directory, struct seen *rows, size_t most, size_t *count)
{
	static const char *const columns[] = { "stream_id", "block_id", "time", "span_id" };
	struct table_reader *reader;
	struct table_batch batch;
	size_t groups = 0;
	int err;

	*count = 0;
	assert_int_equal(table_reader_open(&reader, directory, &async_events_table, columns, 4), 0);
	while ((err = table_reader_next(reader, &batch)) > 0) {
		for (size_t i = 0; i < batch.rows; i++, (*count)++) {
			struct seen *seen = &rows[*count];

			assert_true(*count < most);
			take_text(seen->stream, table_cell_string(&batch.columns[0], i));
			take_text(seen->block, table_cell_string(&batch.columns[1], i));
			seen->time = batch.columns[2].int64s[i];
			seen->span = batch.columns[3].int64s[i];
			seen->group = groups;
		}
		groups++;
	}
	if (err)
		fail_msg("%s", table_reader_message(reader));
	table_reader_close(reader);
	return groups;
}

static void trace_without_rows_leaves_one_file_of_none(void **state)
{
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	struct seen rows[1];
	size_t count;

	for (size_t t = 0; t < table_count; t++) {
		struct table_writer *writer = open_writer(tables[t], strings, &options);

		assert_int_equal(table_writer_close(writer), 0);
		assert_int_equal(directory_count(*state, tables[t]->name), 1);
	}
	assert_true(directory_has(*state, FIRST_PART));
	assert_int_equal(read_events(*state, rows, 1, &count), 0);
	assert_int_equal(count, 0);
	intern_free(strings);
}

static void part_is_hidden_until_it_is_complete(void **state)
{
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = open_writer(&async_events_table, strings, &options);
	struct async_events_row row = event(strings, STREAM_A, 1, 1);

	assert_int_equal(directory_count(*state, "async_events"), 0);
	assert_int_equal(table_writer_append(writer, &row), 0);
	assert_int_equal(table_writer_flush(writer), 0);
	assert_int_equal(directory_count(*state, "async_events"), 1);
	assert_true(directory_has(*state, "async_events/." TRACE8 "-000000.inprogress"));
	assert_int_equal(table_writer_close(writer), 0);
	assert_int_equal(directory_count(*state, "async_events"), 1);
	assert_true(directory_has(*state, FIRST_PART));
	intern_free(strings);
}

static void files_are_for_the_owner_and_the_group(void **state)
{
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	char *folder = directory_path(*state, "async_events");
	char *file = directory_path(*state, FIRST_PART);
	mode_t mask = umask(0);
	struct stat status;

	assert_int_equal(table_writer_close(open_writer(&async_events_table, strings, &options)),
			 0);
	umask(mask);
	assert_int_equal(stat(folder, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0750);
	assert_int_equal(stat(file, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0640);
	free(folder);
	free(file);
	intern_free(strings);
}

static void files_are_given_to_the_owner_asked_for(void **state)
{
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	char *file = directory_path(*state, FIRST_PART);
	struct table_writer *writer;
	struct stat status;
	int err;

	options.owner = 4711;
	options.group = 4712;
	err = table_writer_open(&writer, &async_events_table, strings, &options);
	if (geteuid()) {
		/* Giving away is for root alone. */
		assert_int_equal(err, -EPERM);
	} else {
		assert_int_equal(err, 0);
		assert_int_equal(table_writer_close(writer), 0);
		assert_int_equal(stat(file, &status), 0);
		assert_int_equal(status.st_uid, 4711);
		assert_int_equal(status.st_gid, 4712);
	}
	free(file);
	intern_free(strings);
}

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
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = open_writer(&async_events_table, strings, &options);
	struct seen rows[COUNT(in)] = { 0 };
	size_t count;

	for (size_t i = 0; i < COUNT(in); i++) {
		struct async_events_row row = event(strings, in[i].stream, in[i].time, in[i].span);

		assert_int_equal(table_writer_append(writer, &row), 0);
	}
	assert_int_equal(table_writer_close(writer), 0);
	assert_int_equal(read_events(*state, rows, COUNT(rows), &count), 1);
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
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = open_writer(&async_events_table, strings, &options);
	struct seen *rows = calloc(MANY, sizeof(*rows));
	size_t count;

	for (int64_t i = 0; i < MANY; i++) {
		/* Down from the middle, and every time twice. */
		struct async_events_row row =
			event(strings, STREAM_A, (MANY - i) / 2 * 7919 % 10007, i);

		assert_int_equal(table_writer_append(writer, &row), 0);
	}
	assert_int_equal(table_writer_close(writer), 0);
	assert_int_equal(read_events(*state, rows, MANY, &count), 1);
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
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = open_writer(&async_events_table, strings, &options);
	struct seen rows[8] = { 0 };
	size_t count;

	for (int64_t i = 0; i < 8; i++) {
		struct async_events_row row = event(strings, i % 2 ? STREAM_A : STREAM_B, i, i + 1);

		assert_int_equal(table_writer_append(writer, &row), 0);
		if (i == 3)
			assert_int_equal(table_writer_flush(writer), 0);
	}
	assert_int_equal(table_writer_close(writer), 0);
	assert_int_equal(read_events(*state, rows, 8, &count), 2);
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
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = open_writer(&async_events_table, strings, &options);
	struct async_events_row row = event(strings, "stream 1", 1, 1);

	assert_int_equal(table_writer_append(writer, &row), 0);
	assert_int_equal(table_writer_flush(writer), -EINVAL);
	assert_int_equal(table_writer_close(writer), -EINVAL);
	intern_free(strings);
}

static void full_batch_is_written_by_itself(void **state)
{
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = open_writer(&async_events_table, strings, &options);
	struct async_events_row row = event(strings, STREAM_A, 1, 1);

	for (size_t i = 0; i < TABLE_WRITER_GROUP_ROWS + 1; i++) {
		row.time++;
		assert_int_equal(table_writer_append(writer, &row), 0);
	}
	assert_int_equal(table_writer_stats(writer)->row_groups, 1);
	assert_int_equal(table_writer_stats(writer)->rows, TABLE_WRITER_GROUP_ROWS);
	assert_int_equal(table_writer_finish(writer), 0);
	assert_int_equal(table_writer_stats(writer)->rows, TABLE_WRITER_GROUP_ROWS + 1);
	assert_int_equal(table_writer_stats(writer)->files, 1);
	assert_int_equal(table_writer_append(writer, &row), -EINVAL);
	assert_int_equal(table_writer_close(writer), 0);
	intern_free(strings);
}

static void late_rows_are_counted(void **state)
{
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = open_writer(&async_events_table, strings, &options);
	static const int64_t first[] = { 10, 30, 20 }, second[] = { 29, 30, 31, 5 };

	for (size_t i = 0; i < COUNT(first); i++) {
		struct async_events_row row = event(strings, STREAM_A, first[i], 1);

		assert_int_equal(table_writer_append(writer, &row), 0);
	}
	assert_int_equal(table_writer_flush(writer), 0);
	assert_int_equal(table_writer_stats(writer)->rows_late, 0);
	for (size_t i = 0; i < COUNT(second); i++) {
		struct async_events_row row = event(strings, STREAM_B, second[i], 1);

		assert_int_equal(table_writer_append(writer, &row), 0);
	}
	assert_int_equal(table_writer_flush(writer), 0);
	assert_int_equal(table_writer_stats(writer)->rows_late, 2);
	assert_int_equal(table_writer_close(writer), 0);
	intern_free(strings);
}

static void part_of_the_size_limit_is_completed_and_the_next_begun(void **state)
{
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer;
	struct seen rows[3] = { 0 };
	size_t count;

	options.rotate_bytes = 1;
	writer = open_writer(&async_events_table, strings, &options);
	for (int64_t i = 0; i < 3; i++) {
		struct async_events_row row = event(strings, STREAM_A, i, i + 1);

		assert_int_equal(table_writer_append(writer, &row), 0);
		assert_int_equal(table_writer_flush(writer), 0);
		assert_int_equal(table_writer_stats(writer)->files, i + 1);
	}
	/* No part is open: none without rows is added. */
	assert_int_equal(table_writer_close(writer), 0);
	assert_int_equal(directory_count(*state, "async_events"), 3);
	assert_true(directory_has(*state, "async_events/" TRACE8 "-000002.parquet"));
	assert_int_equal(read_events(*state, rows, 3, &count), 3);
	assert_int_equal(rows[2].span, 3);
	intern_free(strings);
}

static void part_open_for_too_long_is_completed_also_while_no_row_comes(void **state)
{
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer;
	struct async_events_row row = event(strings, STREAM_A, 1, 1);

	options.rotate_ns = 1;
	writer = open_writer(&async_events_table, strings, &options);
	assert_int_equal(table_writer_tick(writer), 0);
	assert_int_equal(directory_count(*state, "async_events"), 0);
	assert_int_equal(table_writer_append(writer, &row), 0);
	assert_int_equal(table_writer_flush(writer), 0);
	assert_true(directory_has(*state, FIRST_PART));
	assert_int_equal(table_writer_append(writer, &row), 0);
	assert_int_equal(table_writer_close(writer), 0);
	assert_int_equal(directory_count(*state, "async_events"), 2);
	intern_free(strings);
}

static int count_call(void *context)
{
	++*(int *)context;
	return 0;
}

static int refuse(void *context)
{
	(void)context;
	return -ESTALE;
}

static void what_a_part_refers_to_can_be_completed_before(void **state)
{
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	int calls = 0;

	options.before_complete = count_call;
	options.context = &calls;
	assert_int_equal(table_writer_close(open_writer(&async_events_table, strings, &options)),
			 0);
	assert_int_equal(calls, 1);
	intern_free(strings);
}

static void part_that_must_not_be_completed_stays_hidden(void **state)
{
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();

	options.before_complete = refuse;
	assert_int_equal(table_writer_close(open_writer(&async_events_table, strings, &options)),
			 -ESTALE);
	assert_false(directory_has(*state, FIRST_PART));
	assert_true(directory_has(*state, "async_events/." TRACE8 "-000000.inprogress"));
	intern_free(strings);
}

static size_t count_streams(const char *directory, int32_t *greatest_tid)
{
	static const char *const columns[] = { "tid" };
	struct table_reader *reader;
	struct table_batch batch;
	size_t rows = 0;

	assert_int_equal(table_reader_open(&reader, directory, &streams_table, columns, 1), 0);
	*greatest_tid = 0;
	while (table_reader_next(reader, &batch) > 0)
		for (size_t i = 0; i < batch.rows; i++, rows++)
			if (batch.columns[0].int32s[i] > *greatest_tid)
				*greatest_tid = batch.columns[0].int32s[i];
	assert_string_equal(table_reader_message(reader), "");
	table_reader_close(reader);
	return rows;
}

static void small_table_is_replaced_whole(void **state)
{
	static const struct streams_row rows[] = { { .tid = 1 }, { .tid = 2 }, { .tid = 3 } };
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = open_writer(&streams_table, strings, &options);
	int32_t greatest;

	assert_int_equal(table_writer_rewrite(writer, rows, 1), 0);
	assert_int_equal(count_streams(*state, &greatest), 1);
	assert_int_equal(table_writer_rewrite(writer, rows, 3), 0);
	assert_int_equal(count_streams(*state, &greatest), 3);
	assert_int_equal(greatest, 3);
	assert_int_equal(table_writer_stats(writer)->rows, 3);
	assert_int_equal(table_writer_rewrite(writer, rows, 0), 0);
	assert_int_equal(count_streams(*state, &greatest), 0);
	assert_int_equal(table_writer_rewrite(writer, rows, 2), 0);
	assert_int_equal(table_writer_close(writer), 0);
	assert_int_equal(count_streams(*state, &greatest), 2);
	assert_int_equal(directory_count(*state, "streams"), 1);
	intern_free(strings);
}

static void small_table_of_more_than_a_batch_has_several_row_groups(void **state)
{
	size_t many = TABLE_WRITER_GROUP_ROWS + 5;
	struct streams_row *rows = calloc(many, sizeof(*rows));
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = open_writer(&streams_table, strings, &options);
	int32_t greatest;

	for (size_t i = 0; i < many; i++)
		rows[i].tid = i;
	assert_int_equal(table_writer_rewrite(writer, rows, many), 0);
	assert_int_equal(table_writer_stats(writer)->row_groups, 2);
	assert_int_equal(table_writer_close(writer), 0);
	assert_int_equal(count_streams(*state, &greatest), many);
	assert_int_equal(greatest, many - 1);
	free(rows);
	intern_free(strings);
}

static void small_table_that_cannot_be_replaced_stays(void **state)
{
	static const struct streams_row rows[] = { { .tid = 1 }, { .tid = 2 } };
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer;
	int32_t greatest;

	writer = open_writer(&streams_table, strings, &options);
	assert_int_equal(table_writer_rewrite(writer, rows, 1), 0);
	assert_int_equal(table_writer_close(writer), 0);

	options.before_complete = refuse;
	writer = open_writer(&streams_table, strings, &options);
	assert_int_equal(table_writer_rewrite(writer, rows, 2), -ESTALE);
	assert_int_equal(table_writer_rewrite(writer, rows, 2), -ESTALE);
	assert_int_equal(count_streams(*state, &greatest), 1);
	assert_int_equal(directory_count(*state, "streams"), 1);
	/* Closing does not put an empty table in its place. */
	assert_int_equal(table_writer_close(writer), 0);
	assert_int_equal(count_streams(*state, &greatest), 1);
	intern_free(strings);
}

/* A file may grow up to here. Restored by allow_any_size(). */
static void allow_size(rlim_t most)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = most;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void allow_any_size(void)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* The second row group does not fit: it is lost and counted, the first is complete and readable. */
static void row_groups_before_a_failure_are_kept(void **state)
{
	enum { EACH = 5000 };
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = open_writer(&async_events_table, strings, &options);
	struct seen *rows = calloc(2 * EACH, sizeof(*rows));
	size_t count;

	signal(SIGXFSZ, SIG_IGN);
	for (int64_t i = 0; i < 2 * EACH; i++) {
		struct async_events_row row = event(strings, STREAM_A, i * 977 % 5003,
						    (uint64_t)i * UINT64_C(0x9E3779B97F4A7C1));

		if (i == EACH) {
			assert_int_equal(table_writer_flush(writer), 0);
			allow_size(table_writer_stats(writer)->bytes + 30000);
		}
		assert_int_equal(table_writer_append(writer, &row), 0);
	}
	assert_int_equal(table_writer_flush(writer), -EFBIG);
	assert_int_equal(table_writer_append(writer, &(struct async_events_row){ 0 }), -EFBIG);
	assert_int_equal(table_writer_finish(writer), -EFBIG);
	assert_int_equal(table_writer_stats(writer)->rows, EACH);
	assert_int_equal(table_writer_stats(writer)->rows_lost, EACH + 1);
	assert_int_equal(table_writer_close(writer), -EFBIG);
	allow_any_size();
	assert_int_equal(read_events(*state, rows, 2 * EACH, &count), 1);
	assert_int_equal(count, EACH);
	free(rows);
	intern_free(strings);
}

static void nothing_half_written_gets_a_final_name(void **state)
{
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = open_writer(&async_events_table, strings, &options);
	struct async_events_row row = event(strings, STREAM_A, 1, 1);

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(table_writer_append(writer, &row), 0);
	assert_int_equal(table_writer_flush(writer), 0);
	/* Not even the footer fits. */
	allow_size(table_writer_stats(writer)->bytes + 10);
	assert_int_equal(table_writer_close(writer), -EFBIG);
	allow_any_size();
	assert_false(directory_has(*state, FIRST_PART));
	assert_int_equal(directory_count(*state, "async_events"), 1);
	intern_free(strings);
}

static void options_that_make_no_sense_are_refused(void **state)
{
	static const char *const bad[] = { "", "0123abc", "0123abcde", "0123abcg", "../../aa" };
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer;

	for (size_t i = 0; i < COUNT(bad); i++) {
		options.trace8 = bad[i];
		assert_int_equal(table_writer_open(&writer, &streams_table, strings, &options),
				 -EINVAL);
	}
	options = options_for(*state);
	options.level = 100;
	assert_int_equal(table_writer_open(&writer, &streams_table, strings, &options), -EINVAL);
	options = options_for("/nonexistent/directory");
	assert_int_equal(table_writer_open(&writer, &streams_table, strings, &options), -ENOENT);
	assert_null(writer);
	intern_free(strings);
}

static void folder_that_is_a_symbolic_link_is_not_followed(void **state)
{
	struct table_writer_options options = options_for(*state);
	char *link = directory_path(*state, "streams");
	struct intern *strings = intern_new();
	struct table_writer *writer;

	assert_int_equal(symlink("/tmp", link), 0);
	assert_int_equal(table_writer_open(&writer, &streams_table, strings, &options), -ENOTDIR);
	free(link);
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
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = open_writer(&async_spans_table, strings, &options);
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
	struct table_writer_options options = options_for(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = open_writer(&async_spans_table, strings, &options);

	assert_int_equal(table_writer_append(writer, &row), 0);
	assert_int_equal(table_writer_close(writer), -EINVAL);
	intern_free(strings);
}

#define IN_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, directory_make, directory_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(trace_without_rows_leaves_one_file_of_none),
		IN_A_DIRECTORY(part_is_hidden_until_it_is_complete),
		IN_A_DIRECTORY(files_are_for_the_owner_and_the_group),
		IN_A_DIRECTORY(files_are_given_to_the_owner_asked_for),
		IN_A_DIRECTORY(events_are_sorted_by_stream_and_time_and_equal_times_stay),
		IN_A_DIRECTORY(rows_in_any_order_are_sorted),
		IN_A_DIRECTORY(block_is_one_stream_in_one_row_group),
		IN_A_DIRECTORY(stream_that_is_no_uuid_is_refused),
		IN_A_DIRECTORY(full_batch_is_written_by_itself),
		IN_A_DIRECTORY(late_rows_are_counted),
		IN_A_DIRECTORY(part_of_the_size_limit_is_completed_and_the_next_begun),
		IN_A_DIRECTORY(part_open_for_too_long_is_completed_also_while_no_row_comes),
		IN_A_DIRECTORY(what_a_part_refers_to_can_be_completed_before),
		IN_A_DIRECTORY(part_that_must_not_be_completed_stays_hidden),
		IN_A_DIRECTORY(small_table_is_replaced_whole),
		IN_A_DIRECTORY(small_table_of_more_than_a_batch_has_several_row_groups),
		IN_A_DIRECTORY(small_table_that_cannot_be_replaced_stays),
		IN_A_DIRECTORY(row_groups_before_a_failure_are_kept),
		IN_A_DIRECTORY(nothing_half_written_gets_a_final_name),
		IN_A_DIRECTORY(options_that_make_no_sense_are_refused),
		IN_A_DIRECTORY(folder_that_is_a_symbolic_link_is_not_followed),
		IN_A_DIRECTORY(spans_are_sorted_by_end_and_unfinished_ones_last),
		IN_A_DIRECTORY(null_in_a_column_that_has_none_is_refused),
	};

	return cmocka_run_group_tests_name("tables writer", tests, NULL, NULL);
}
