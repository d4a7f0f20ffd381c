/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records into rows, from the ring buffer's bytes to the files and back. The kernel's tables are
 * replaced by those of this program.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "collect/rows.h"
#include "support_directory.h"
#include "tables/async_spans.h"
#include "tables/table_reader.h"

#define PROCESS 3
#define STREAM 1
#define LOCATION 0x1000
#define GENERATION 2

static struct record_image image;
static uint64_t losses;

int programs_image(const struct programs *programs, uint64_t number, struct record_image *out)
{
	(void)programs;
	if (number != PROCESS)
		return -ENOENT;
	*out = image;
	return 0;
}

int programs_stream(const struct programs *programs, uint32_t number, struct record_stream *out)
{
	(void)programs;
	if (number != STREAM)
		return -ENOENT;
	*out = (struct record_stream){ .process = PROCESS, .tid = 77, .comm = "worker" };
	return 0;
}

int programs_location(const struct programs *programs, const struct record_location_key *key,
		      struct record_location *out)
{
	(void)programs;
	if (key->address != LOCATION || key->process != PROCESS || key->generation != GENERATION)
		return -ENOENT;
	*out = (struct record_location){
		.name = "static name",
		.target = "app",
		.file = "main.c",
		.line = 10,
		.ready = 1,
		.has_target = 1,
	};
	return 0;
}

uint64_t programs_losses(const struct programs *programs)
{
	(void)programs;
	return losses;
}

void programs_forget_image(const struct programs *programs, uint64_t number)
{
	(void)programs, (void)number;
}

void programs_forget_stream(const struct programs *programs, uint32_t number)
{
	(void)programs, (void)number;
}

void programs_forget_location(const struct programs *programs,
			      const struct record_location_key *key)
{
	(void)programs, (void)key;
}

struct fixture {
	struct trace trace;
	struct registry *registry;
	struct rows *rows;
};

static void open_rows(struct fixture *fixture, const char *directory)
{
	struct rows_options options = { .directory = directory,
					.codec = PARQUET_CODEC_ZSTD,
					.level = 1 };

	image = (struct record_image){ .pid = 70, .state = RECORD_IMAGE_LIVE };
	losses = 0;
	assert_int_equal(trace_start(&fixture->trace), 0);
	fixture->trace.clock_offset = 1000000;
	fixture->registry = registry_new(NULL, &fixture->trace, true);
	assert_non_null(fixture->registry);
	options.trace = &fixture->trace;
	options.registry = fixture->registry;
	assert_int_equal(rows_open(&fixture->rows, &options), 0);
}

static struct rows_stats close_rows(struct fixture *fixture)
{
	struct rows_stats stats;

	assert_int_equal(rows_finish(fixture->rows), 0);
	stats = rows_stats(fixture->rows);
	rows_close(fixture->rows);
	registry_free(fixture->registry);
	trace_free(&fixture->trace);
	return stats;
}

static void send_begin(struct fixture *fixture, uint64_t span_id, uint64_t time, const char *name)
{
	struct record_begin record = {
		.kind = RECORD_BEGIN,
		.stream = STREAM,
		.key = { PROCESS, span_id },
		.time = time,
		.location = LOCATION,
		.location_generation = GENERATION,
	};

	if (name) {
		record.flags = RECORD_NAMED;
		record.name_length = strlen(name);
		memcpy(record.name, name, record.name_length);
	}
	rows_record(fixture->rows, &record,
		    offsetof(struct record_begin, name) + record.name_length);
}

static struct model_span span_of(uint64_t span_id, uint64_t begin, uint64_t end)
{
	return (struct model_span){
		.key = { PROCESS, span_id },
		.root_id = span_id,
		.location = LOCATION,
		.location_generation = GENERATION,
		.begin_time = begin,
		.end_time = end,
		.last_event_time = end,
		.begin_stream = STREAM,
		.end_stream = STREAM,
		.state = MODEL_ENDED,
	};
}

static void send_end(struct fixture *fixture, const struct model_span *span)
{
	struct record_end record = { .kind = RECORD_END, .span = *span };

	rows_record(fixture->rows, &record, sizeof(record));
}

/* What one row of async_spans says. */
struct seen {
	char name[64], outcome[16], reason[16], state[16];
	int64_t begin, duration;
	bool finished, lossy;
};

static void copy_text(char *to, size_t size, const struct table_string *text)
{
	snprintf(to, size, "%.*s", (int)text->length, text->bytes);
}

static size_t read_spans(const char *directory, struct seen *seen, size_t most)
{
	static const char *const columns[] = { "name",	     "outcome",	    "end_reason", "state",
					       "begin_time", "duration_ns", "lossy" };
	struct table_reader *reader;
	struct table_batch batch;
	size_t count = 0;

	assert_int_equal(table_reader_open(&reader, directory, &async_spans_table, columns, 7), 0);
	while (table_reader_next(reader, &batch) > 0) {
		for (size_t i = 0; i < batch.rows && count < most; i++, count++) {
			struct seen *row = &seen[count];

			copy_text(row->name, 64, table_cell_string(&batch.columns[0], i));
			copy_text(row->outcome, 16, table_cell_string(&batch.columns[1], i));
			copy_text(row->reason, 16, table_cell_string(&batch.columns[2], i));
			copy_text(row->state, 16, table_cell_string(&batch.columns[3], i));
			row->begin = batch.columns[4].int64s[i];
			row->finished = table_cell_valid(&batch.columns[5], i);
			row->duration = batch.columns[5].int64s[i];
			row->lossy = batch.columns[6].booleans[i];
		}
	}
	table_reader_close(reader);
	return count;
}

static struct seen only_span(const char *directory)
{
	struct seen seen[2];

	assert_int_equal(read_spans(directory, seen, 2), 1);
	return seen[0];
}

static void begin_and_end_at_the_same_time_are_a_pair_of_duration_0(void **state)
{
	struct model_span span = span_of(5, 100, 100);
	struct fixture fixture;
	struct rows_stats stats;
	struct seen seen;

	open_rows(&fixture, *state);
	send_begin(&fixture, 5, 100, NULL);
	send_end(&fixture, &span);
	stats = close_rows(&fixture);
	assert_int_equal(stats.begins, 1);
	assert_int_equal(stats.ends, 1);
	seen = only_span(*state);
	assert_true(seen.finished);
	assert_int_equal(seen.duration, 0);
	assert_int_equal(seen.begin, 1000100);
	assert_string_equal(seen.name, "static name");
	assert_string_equal(seen.outcome, "ok");
	assert_string_equal(seen.reason, "end");
	assert_string_equal(seen.state, "ended");
}

static void a_name_given_at_run_time_lasts_to_the_end(void **state)
{
	struct model_span span = span_of(5, 100, 200);
	struct fixture fixture;

	open_rows(&fixture, *state);
	send_begin(&fixture, 5, 100, "of this call");
	span.flags = MODEL_NAMED;
	assert_true(rows_ready(fixture.rows, &span));
	send_end(&fixture, &span);
	assert_false(rows_ready(fixture.rows, &span));
	close_rows(&fixture);
	assert_string_equal(only_span(*state).name, "of this call");
}

static void a_begin_that_was_not_sent_comes_with_the_end(void **state)
{
	struct model_span span = span_of(5, 100, 200);
	struct fixture fixture;
	struct rows_stats stats;

	open_rows(&fixture, *state);
	span.flags = MODEL_NAMED | MODEL_BEGIN_UNSENT;
	assert_true(rows_ready(fixture.rows, &span));
	send_end(&fixture, &span);
	stats = close_rows(&fixture);
	assert_int_equal(stats.begins, 1);
	assert_int_equal(stats.ends, 1);
	assert_string_equal(only_span(*state).name, "?"); /* only that is lost */
}

static void status_says_the_outcome(void **state)
{
	static const struct {
		int32_t status;
		const char *outcome;
	} cases[] = { { 0, "ok" }, { 7, "error" }, { -1, "error" }, { INT32_MIN, "cancelled" } };
	struct fixture fixture;
	struct seen seen[4];

	open_rows(&fixture, *state);
	for (size_t i = 0; i < 4; i++) {
		struct model_span span = span_of(5 + i, 100, 200 + i);

		span.status = cases[i].status;
		send_begin(&fixture, 5 + i, 100, NULL);
		send_end(&fixture, &span);
	}
	close_rows(&fixture);
	assert_int_equal(read_spans(*state, seen, 4), 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(seen[i].outcome, cases[i].outcome);
}

static void how_the_process_ended_is_the_reason_of_what_it_left_open(void **state)
{
	static const struct {
		uint32_t state;
		int32_t exit_code;
		const char *reason;
	} cases[] = {
		{ RECORD_IMAGE_LIVE, 0, "open" },
		{ RECORD_IMAGE_EXITED, 7 << 8, "exit" },
		{ RECORD_IMAGE_EXITED, 11, "signal" },
		{ RECORD_IMAGE_REPLACED, 0, "exec" },
	};
	struct fixture fixture;
	struct seen seen;
	char *directory;

	for (size_t i = 0; i < 4; i++) {
		struct model_span span = span_of(5, 100, 0);
		char name[8];

		snprintf(name, sizeof(name), "%zu", i);
		directory = directory_path(*state, name);
		assert_int_equal(mkdir(directory, 0700), 0);
		open_rows(&fixture, directory);
		image.state = cases[i].state;
		image.exit_code = cases[i].exit_code;
		send_begin(&fixture, 5, 100, NULL);
		span.state = MODEL_SUSPENDED;
		losses = 1; /* something was, while it was open */
		rows_unfinished(fixture.rows, &span);
		assert_int_equal(close_rows(&fixture).unfinished, 1);
		seen = only_span(directory);
		assert_false(seen.finished);
		assert_true(seen.lossy);
		assert_string_equal(seen.outcome, "unfinished");
		assert_string_equal(seen.reason, cases[i].reason);
		assert_string_equal(seen.state, "suspended");
		free(directory);
	}
}

static void records_that_are_none_are_counted_as_lost(void **state)
{
	struct record_begin begin = { .kind = RECORD_BEGIN, .name_length = 200 };
	struct record_end end = { .kind = 99 };
	struct fixture fixture;

	open_rows(&fixture, *state);
	rows_record(fixture.rows, &begin, sizeof(uint32_t));
	rows_record(fixture.rows, &begin, offsetof(struct record_begin, name) + 199);
	begin.name_length = RECORD_NAME_SIZE + 1;
	rows_record(fixture.rows, &begin, sizeof(begin));
	rows_record(fixture.rows, &end, sizeof(end));
	end.kind = RECORD_END;
	rows_record(fixture.rows, &end, sizeof(end) - 1);
	assert_int_equal(close_rows(&fixture).lost, 5);
}

static void what_cannot_be_looked_up_is_a_question_mark(void **state)
{
	struct model_span span = span_of(5, 100, 200);
	struct fixture fixture;

	open_rows(&fixture, *state);
	span.location = LOCATION + 1;
	span.begin_stream = span.end_stream = 99;
	send_end(&fixture, &span);
	assert_int_equal(close_rows(&fixture).ends, 1);
	assert_string_equal(only_span(*state).name, "?");
}

#define IN_A_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, directory_make, directory_remove)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		IN_A_DIRECTORY(begin_and_end_at_the_same_time_are_a_pair_of_duration_0),
		IN_A_DIRECTORY(a_name_given_at_run_time_lasts_to_the_end),
		IN_A_DIRECTORY(a_begin_that_was_not_sent_comes_with_the_end),
		IN_A_DIRECTORY(status_says_the_outcome),
		IN_A_DIRECTORY(how_the_process_ended_is_the_reason_of_what_it_left_open),
		IN_A_DIRECTORY(records_that_are_none_are_counted_as_lost),
		IN_A_DIRECTORY(what_cannot_be_looked_up_is_a_question_mark),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
