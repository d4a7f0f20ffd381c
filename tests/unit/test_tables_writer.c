/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables on disk: parts that become visible whole, failures that lose little. */
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
#include "support_tables.h"
#include "tables/async_events.h"
#include "tables/streams.h"
#include "tables/table_reader.h"
#include "tables/table_writer.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FIRST_PART "async_events/" TRACE8 "-000000.parquet"

static void trace_without_rows_leaves_one_file_of_none(void **state)
{
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct tables_seen rows[1];
	size_t count;

	for (size_t t = 0; t < table_count; t++) {
		struct table_writer *writer = tables_open_writer(tables[t], strings, &options);

		assert_int_equal(table_writer_close(writer), 0);
		assert_int_equal(directory_count(*state, tables[t]->name), 1);
	}
	assert_true(directory_has(*state, FIRST_PART));
	assert_int_equal(tables_read_events(*state, rows, 1, &count), 0);
	assert_int_equal(count, 0);
	intern_free(strings);
}

static void part_is_hidden_until_it_is_complete(void **state)
{
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = tables_open_writer(&async_events_table, strings, &options);
	struct async_events_row row = tables_event(strings, STREAM_A, 1, 1);

	assert_int_equal(directory_count(*state, "async_events"), 0);
	assert_int_equal(table_writer_append(writer, &row), 0);
	assert_int_equal(table_writer_flush(writer), 0);
	assert_int_equal(directory_count(*state, "async_events"), 3);
	assert_true(directory_has(*state, "async_events/." TRACE8 "-000000.inprogress"));
	assert_true(directory_has(*state, "async_events/." TRACE8 "-000000.footer"));
	assert_true(directory_has(*state, "async_events/." TRACE8 "-0.spool"));
	assert_int_equal(table_writer_close(writer), 0);
	assert_int_equal(directory_count(*state, "async_events"), 1);
	assert_true(directory_has(*state, FIRST_PART));
	intern_free(strings);
}

static void files_are_for_the_owner_and_the_group(void **state)
{
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	char *folder = directory_path(*state, "async_events");
	char *file = directory_path(*state, FIRST_PART);
	mode_t mask = umask(0);
	struct stat status;

	assert_int_equal(
		table_writer_close(tables_open_writer(&async_events_table, strings, &options)), 0);
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
	struct table_writer_options options = tables_options(*state);
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

static void full_batch_is_written_by_itself(void **state)
{
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = tables_open_writer(&async_events_table, strings, &options);
	struct async_events_row row = tables_event(strings, STREAM_A, 1, 1);

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

static void part_of_the_size_limit_is_completed_and_the_next_begun(void **state)
{
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer;
	struct tables_seen rows[3] = { 0 };
	size_t count;

	options.rotate_bytes = 1;
	writer = tables_open_writer(&async_events_table, strings, &options);
	for (int64_t i = 0; i < 3; i++) {
		struct async_events_row row = tables_event(strings, STREAM_A, i, i + 1);

		assert_int_equal(table_writer_append(writer, &row), 0);
		assert_int_equal(table_writer_flush(writer), 0);
		assert_int_equal(table_writer_stats(writer)->files, i + 1);
	}
	/* No part is open: none without rows is added. */
	assert_int_equal(table_writer_close(writer), 0);
	assert_int_equal(directory_count(*state, "async_events"), 3);
	assert_true(directory_has(*state, "async_events/" TRACE8 "-000002.parquet"));
	assert_int_equal(tables_read_events(*state, rows, 3, &count), 3);
	assert_int_equal(rows[2].span, 3);
	intern_free(strings);
}

static void part_open_for_too_long_is_completed_also_while_no_row_comes(void **state)
{
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer;
	struct async_events_row row = tables_event(strings, STREAM_A, 1, 1);

	options.rotate_ns = 1;
	writer = tables_open_writer(&async_events_table, strings, &options);
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
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	int calls = 0;

	options.before_complete = count_call;
	options.context = &calls;
	assert_int_equal(
		table_writer_close(tables_open_writer(&async_events_table, strings, &options)), 0);
	assert_int_equal(calls, 1);
	intern_free(strings);
}

static void part_that_must_not_be_completed_stays_hidden(void **state)
{
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();

	options.before_complete = refuse;
	assert_int_equal(
		table_writer_close(tables_open_writer(&async_events_table, strings, &options)),
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
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = tables_open_writer(&streams_table, strings, &options);
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
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = tables_open_writer(&streams_table, strings, &options);
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
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer;
	int32_t greatest;

	writer = tables_open_writer(&streams_table, strings, &options);
	assert_int_equal(table_writer_rewrite(writer, rows, 1), 0);
	assert_int_equal(table_writer_close(writer), 0);

	options.before_complete = refuse;
	writer = tables_open_writer(&streams_table, strings, &options);
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
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer;
	struct tables_seen *rows = calloc(2 * EACH, sizeof(*rows));
	size_t count;

	options.recoverable = false; /* the spool would be the first that has no room */
	writer = tables_open_writer(&async_events_table, strings, &options);

	signal(SIGXFSZ, SIG_IGN);
	for (int64_t i = 0; i < 2 * EACH; i++) {
		struct async_events_row row =
			tables_event(strings, STREAM_A, i * 977 % 5003,
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
	assert_int_equal(tables_read_events(*state, rows, 2 * EACH, &count), 1);
	assert_int_equal(count, EACH);
	free(rows);
	intern_free(strings);
}

static void nothing_half_written_gets_a_final_name(void **state)
{
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = tables_open_writer(&async_events_table, strings, &options);
	struct async_events_row row = tables_event(strings, STREAM_A, 1, 1);

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(table_writer_append(writer, &row), 0);
	assert_int_equal(table_writer_flush(writer), 0);
	/* Not even the footer fits. */
	allow_size(table_writer_stats(writer)->bytes + 10);
	assert_int_equal(table_writer_close(writer), -EFBIG);
	allow_any_size();
	assert_false(directory_has(*state, FIRST_PART));
	assert_true(directory_has(*state, "async_events/." TRACE8 "-000000.inprogress"));
	assert_true(directory_has(*state, "async_events/." TRACE8 "-000000.footer"));
	intern_free(strings);
}

static void rows_are_written_to_the_part_when_the_spool_has_no_room(void **state)
{
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer = tables_open_writer(&async_events_table, strings, &options);
	struct tables_seen *rows = calloc(5000, sizeof(*rows));
	struct async_events_row row = tables_event(strings, STREAM_A, 1, 1);
	uint64_t appended = 0;
	size_t count;

	signal(SIGXFSZ, SIG_IGN);
	allow_size(100000);
	while (appended < 5000 && !table_writer_append(writer, &row))
		appended++;
	assert_in_range(appended, 1, 4999);
	assert_int_equal(table_writer_close(writer), -EFBIG);
	allow_any_size();
	assert_int_equal(tables_read_events(*state, rows, 5000, &count), 1);
	assert_int_equal(count, appended + 1);
	free(rows);
	intern_free(strings);
}

static void options_that_make_no_sense_are_refused(void **state)
{
	static const char *const bad[] = { "", "0123abc", "0123abcde", "0123abcg", "../../aa" };
	struct table_writer_options options = tables_options(*state);
	struct intern *strings = intern_new();
	struct table_writer *writer;

	for (size_t i = 0; i < COUNT(bad); i++) {
		options.trace8 = bad[i];
		assert_int_equal(table_writer_open(&writer, &streams_table, strings, &options),
				 -EINVAL);
	}
	options = tables_options(*state);
	options.level = 100;
	assert_int_equal(table_writer_open(&writer, &streams_table, strings, &options), -EINVAL);
	options = tables_options("/nonexistent/directory");
	assert_int_equal(table_writer_open(&writer, &streams_table, strings, &options), -ENOENT);
	assert_null(writer);
	intern_free(strings);
}

static void folder_that_is_a_symbolic_link_is_not_followed(void **state)
{
	struct table_writer_options options = tables_options(*state);
	char *link = directory_path(*state, "streams");
	struct intern *strings = intern_new();
	struct table_writer *writer;

	assert_int_equal(symlink("/tmp", link), 0);
	assert_int_equal(table_writer_open(&writer, &streams_table, strings, &options), -ENOTDIR);
	free(link);
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
		IN_A_DIRECTORY(full_batch_is_written_by_itself),
		IN_A_DIRECTORY(part_of_the_size_limit_is_completed_and_the_next_begun),
		IN_A_DIRECTORY(part_open_for_too_long_is_completed_also_while_no_row_comes),
		IN_A_DIRECTORY(what_a_part_refers_to_can_be_completed_before),
		IN_A_DIRECTORY(part_that_must_not_be_completed_stays_hidden),
		IN_A_DIRECTORY(small_table_is_replaced_whole),
		IN_A_DIRECTORY(small_table_of_more_than_a_batch_has_several_row_groups),
		IN_A_DIRECTORY(small_table_that_cannot_be_replaced_stays),
		IN_A_DIRECTORY(row_groups_before_a_failure_are_kept),
		IN_A_DIRECTORY(nothing_half_written_gets_a_final_name),
		IN_A_DIRECTORY(rows_are_written_to_the_part_when_the_spool_has_no_room),
		IN_A_DIRECTORY(options_that_make_no_sense_are_refused),
		IN_A_DIRECTORY(folder_that_is_a_symbolic_link_is_not_followed),
	};

	return cmocka_run_group_tests_name("tables writer", tests, NULL, NULL);
}
