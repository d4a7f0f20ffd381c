/* SPDX-License-Identifier: BSD-2-Clause */
/* The report: exact numbers per name, read from files, and the losses said last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "analyze/report.h"
#include "base/intern.h"
#include "tables/async_spans.h"
#include "tables/table_writer.h"

#define TRACE8 "0123abcd"

static void add(struct name_statistics *statistics, const char *name, struct span_times span)
{
	name_statistics_add(statistics, name_statistics_group(statistics, name, strlen(name)),
			    &span);
}

static struct span_times ended(uint64_t wall, uint64_t busy, uint64_t queue)
{
	return (struct span_times){
		.outcome = SPAN_OK, .wall = wall, .busy = busy, .entered = true, .queue = queue
	};
}

static void percentile_is_the_nearest_rank(void **state)
{
	static const struct {
		uint64_t values[8];
		size_t count;
		uint64_t p50, p99, max;
	} cases[] = {
		{ { 7 }, 1, 7, 7, 7 },
		{ { 2, 1 }, 2, 1, 2, 2 },
		{ { 3, 1, 2 }, 3, 2, 3, 3 },
		{ { 40, 10, 30, 20 }, 4, 20, 40, 40 },
		{ { 5, 5, 5, 5, 1 }, 5, 5, 5, 5 },
		{ { 0, 0 }, 2, 0, 0, 0 },
		{ { UINT64_MAX, 1, 2 }, 3, 2, UINT64_MAX, UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct name_statistics *statistics = name_statistics_new();

		for (size_t v = 0; v < cases[i].count; v++)
			add(statistics, "a", ended(cases[i].values[v], 0, cases[i].values[v]));
		assert_int_equal(name_statistics_finish(statistics), 0);
		assert_int_equal(statistics->names[0].wall.p50, cases[i].p50);
		assert_int_equal(statistics->names[0].wall.p99, cases[i].p99);
		assert_int_equal(statistics->names[0].wall.max, cases[i].max);
		assert_int_equal(statistics->names[0].queue.p99, cases[i].p99);
		name_statistics_free(statistics);
	}
}

static void ranks_are_right_for_every_count(void **state)
{
	(void)state;
	for (uint64_t count = 1; count <= 1000; count++) {
		struct name_statistics *statistics = name_statistics_new();

		/* 1 ... count, in an order that is neither up nor down: 7919 is prime. */
		for (uint64_t i = 0; i < count; i++)
			add(statistics, "a", ended((i * 7919) % count + 1, 0, 0));
		assert_int_equal(name_statistics_finish(statistics), 0);
		assert_int_equal(statistics->names[0].wall.p50, (count + 1) / 2);
		assert_int_equal(statistics->names[0].wall.p99, (count * 99 + 99) / 100);
		assert_int_equal(statistics->names[0].wall.max, count);
		name_statistics_free(statistics);
	}
}

static void names_are_sorted_by_total_wall_time_then_by_name(void **state)
{
	struct name_statistics *statistics = name_statistics_new();

	(void)state;
	add(statistics, "small", ended(10, 0, 0));
	add(statistics, "twice", ended(60, 0, 0));
	add(statistics, "twice", ended(60, 0, 0));
	add(statistics, "equal b", ended(100, 0, 0));
	add(statistics, "equal", ended(100, 0, 0));
	add(statistics, "equal a", ended(100, 0, 0));
	add(statistics, "", ended(1, 0, 0));
	assert_int_equal(name_statistics_finish(statistics), 0);
	assert_int_equal(statistics->count, 6);
	assert_string_equal(statistics->names[0].name, "twice");
	assert_string_equal(statistics->names[1].name, "equal");
	assert_string_equal(statistics->names[2].name, "equal a");
	assert_string_equal(statistics->names[3].name, "equal b");
	assert_string_equal(statistics->names[4].name, "small");
	assert_string_equal(statistics->names[5].name, "");
	name_statistics_free(statistics);
}

static void unfinished_spans_are_counted_and_not_timed(void **state)
{
	struct span_times open = { .outcome = SPAN_UNFINISHED, .wall = 9, .busy = 9 };
	struct name_statistics *statistics = name_statistics_new();

	(void)state;
	add(statistics, "mixed", ended(100, 30, 5));
	add(statistics, "mixed", open);
	add(statistics, "open", open);
	assert_int_equal(name_statistics_finish(statistics), 0);
	assert_string_equal(statistics->names[0].name, "mixed");
	assert_int_equal(statistics->names[0].spans, 2);
	assert_int_equal(statistics->names[0].unfinished, 1);
	assert_int_equal(statistics->names[0].wall.count, 1);
	assert_int_equal(statistics->names[0].busy_total, 30);
	assert_int_equal(statistics->names[1].wall.count, 0);
	assert_int_equal(statistics->names[1].queue.count, 0);
	assert_int_equal(statistics->spans, 3);
	assert_int_equal(statistics->unfinished, 2);
	assert_int_equal(statistics->total_wall, 100);
	name_statistics_free(statistics);
}

static void queue_counts_only_spans_that_were_entered(void **state)
{
	struct span_times never = { .outcome = SPAN_CANCELLED, .wall = 50 };
	struct name_statistics *statistics = name_statistics_new();

	(void)state;
	add(statistics, "job", ended(100, 30, 5));
	add(statistics, "job", never);
	assert_int_equal(name_statistics_finish(statistics), 0);
	assert_int_equal(statistics->names[0].cancelled, 1);
	assert_int_equal(statistics->names[0].wall.count, 2);
	assert_int_equal(statistics->names[0].queue.count, 1);
	assert_int_equal(statistics->names[0].queue.max, 5);
	name_statistics_free(statistics);
}

static void many_names_are_kept_apart(void **state)
{
	struct name_statistics *statistics = name_statistics_new();
	char name[32];

	(void)state;
	for (unsigned int i = 0; i < 3 * 40000; i++) {
		snprintf(name, sizeof(name), "name %u", i % 40000);
		add(statistics, name, ended(i % 40000, 0, 0));
	}
	assert_int_equal(name_statistics_finish(statistics), 0);
	assert_int_equal(statistics->count, 40000);
	for (size_t i = 0; i < statistics->count; i++) {
		snprintf(name, sizeof(name), "name %u", (unsigned int)(39999 - i));
		assert_string_equal(statistics->names[i].name, name);
		assert_int_equal(statistics->names[i].spans, 3);
		assert_int_equal(statistics->names[i].wall.max, 39999 - i);
	}
	name_statistics_free(statistics);
}

static void total_that_does_not_fit_stays_at_its_greatest(void **state)
{
	struct name_statistics *statistics = name_statistics_new();

	(void)state;
	add(statistics, "long", ended(UINT64_MAX - 1, 0, 0));
	add(statistics, "long", ended(UINT64_MAX - 1, 0, 0));
	assert_int_equal(name_statistics_finish(statistics), 0);
	assert_int_equal(statistics->names[0].wall.total, UINT64_MAX);
	assert_int_equal(statistics->total_wall, UINT64_MAX);
	name_statistics_free(statistics);
}

/* A trace directory of its own for each test. */
static int make_directory(void **state)
{
	char *directory = strdup("/tmp/asyncspan-test-XXXXXX");

	*state = directory;
	return directory && mkdtemp(directory) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
	(void)status;
	(void)type;
	(void)place;
	return remove(path);
}

static int remove_directory(void **state)
{
	int result = nftw(*state, remove_entry, 8, FTW_DEPTH | FTW_PHYS);

	free(*state);
	return result;
}

struct written {
	struct intern *strings;
	struct table_writer *writer;
};

static void open_spans(struct written *written, const char *directory, const char *trace8)
{
	struct table_writer_options options = TABLE_WRITER_OPTIONS_DEFAULT;

	options.directory = directory;
	options.trace8 = trace8;
	written->strings = intern_new();
	assert_int_equal(table_writer_open(&written->writer, &async_spans_table, written->strings,
					   &options),
			 0);
}

static void close_spans(struct written *written)
{
	assert_int_equal(table_writer_close(written->writer), 0);
	intern_free(written->strings);
}

/* outcome "unfinished" leaves the times null; a negative queue is a span that was never entered. */
static void write_span(struct written *written, const char *name, const char *outcome, int64_t wall,
		       int64_t busy, int64_t queue)
{
	struct async_spans_row row = {
		.span_id = 1,
		.duration_ns = wall,
		.busy_ns = busy,
		.queue_ns = queue,
		.name = intern_add_text(written->strings, name),
		.outcome = intern_add_text(written->strings, outcome),
		.nulls = ASYNC_SPANS_NULL_OFF_CPU_NS,
	};

	if (strcmp(outcome, "unfinished") == 0)
		row.nulls |= ASYNC_SPANS_NULL_UNFINISHED;
	if (queue < 0)
		row.nulls |= ASYNC_SPANS_NULL_QUEUE_NS;
	assert_int_equal(table_writer_append(written->writer, &row), 0);
}

static void write_trace(const char *directory, const char *name, const char *text)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/traces", directory);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/traces/%s", directory, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void write_example(const char *directory)
{
	struct written written;

	open_spans(&written, directory, TRACE8);
	write_span(&written, "request", "ok", 4000000, 1000000, 0);
	write_span(&written, "request", "ok", 2000000, 1000000, 0);
	write_span(&written, "request", "error", 6000000, 1000000, 0);
	write_span(&written, "request", "unfinished", 0, 500000, 0);
	write_span(&written, "job", "ok", 900000, 900000, 1500);
	write_span(&written, "job", "cancelled", 100000, 0, -1);
	write_span(&written, "idle", "unfinished", 0, 0, -1);
	close_spans(&written);
}

static char *text_of(const struct report *report, size_t limit, bool json)
{
	size_t length;
	char *text;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	assert_int_equal(json ? report_write_json(report, out, limit) :
				report_write_text(report, out, limit),
			 0);
	fclose(out);
	return text;
}

static void assert_text(const char *directory, size_t limit, const char *expected)
{
	struct report report;
	char *text;

	assert_int_equal(report_read(directory, &report), 0);
	text = text_of(&report, limit, false);
	assert_string_equal(text, expected);
	free(text);
	report_free(&report);
}

static void report_shows_times_then_outcomes_then_totals_then_losses(void **state)
{
	write_example(*state);
	write_trace(*state, "one.json",
		    "{\"start_time_ns\": 1000000000, \"end_time_ns\": 3500000000, \"events\": 12,"
		    " \"counters\": ["
		    "{\"name\": \"unrecorded\", \"kind\": \"loss\", \"value\": 0,"
		    " \"meaning\": \"spans begun while the span table was full\"}]}");
	assert_text(*state, 0,
		    "name     count  wall p50      p99      max    busy  queue p99\n"
		    "request      4   4.00 ms  6.00 ms  6.00 ms  25.0 %       0 ns\n"
		    "job          2    100 us   900 us   900 us  90.0 %    1.50 us\n"
		    "idle         1         -        -        -       -          -\n"
		    "\n"
		    "name     unfinished  errors  cancelled\n"
		    "request           1       1          -\n"
		    "job               -       -          1\n"
		    "idle              1       -          -\n"
		    "\n"
		    "7 spans of 3 names, 12 events in 2.50 s\n2 unfinished, 1 error, 1 cancelled\n"
		    "Nothing was lost.\n");
}

static void limit_leaves_out_the_names_with_least_wall_time(void **state)
{
	struct written written;

	open_spans(&written, *state, TRACE8);
	write_span(&written, "first", "ok", 3000, 3000, 0);
	write_span(&written, "second", "ok", 2000, 1000, 0);
	write_span(&written, "third", "error", 1000, 0, 0);
	close_spans(&written);
	write_trace(*state, "one.json", "{}");
	assert_text(*state, 2,
		    "name    count  wall p50      p99      max     busy  queue p99\n"
		    "first       1   3.00 us  3.00 us  3.00 us  100.0 %       0 ns\n"
		    "second      1   2.00 us  2.00 us  2.00 us   50.0 %       0 ns\n"
		    "Names with less wall time, not shown: 1\n"
		    "\n"
		    "3 spans of 3 names, 0 events\n0 unfinished, 1 error, 0 cancelled\n"
		    "Nothing was lost.\n");
}

static void losses_of_all_traces_are_summed_and_said_by_cause(void **state)
{
	struct written written;

	open_spans(&written, *state, TRACE8);
	close_spans(&written);
	write_trace(*state, "one.json",
		    "{\"events\": 900, \"counters\": ["
		    "{\"name\": \"a\", \"kind\": \"loss\", \"value\": 30, \"meaning\": \"of a\"},"
		    "{\"name\": \"b\", \"kind\": \"loss\", \"value\": 0, \"meaning\": \"of b\"},"
		    "{\"name\": \"c\", \"kind\": \"inconsistency\", \"value\": 7,"
		    " \"meaning\": \"of c\"}]}");
	write_trace(*state, "two.json",
		    "{\"events\": 1000, \"counters\": ["
		    "{\"name\": \"a\", \"kind\": \"loss\", \"value\": 70, \"meaning\": \"of a\"},"
		    "{\"name\": \"n\", \"kind\": \"note\", \"value\": 5, \"meaning\": \"of n\"}]}");
	write_trace(*state, ".hidden.json", "not read");
	write_trace(*state, "other.txt", "not read");
	assert_text(*state, 0,
		    "\n"
		    "0 spans of 0 names, 1,900 events\n0 unfinished, 0 errors, 0 cancelled\n"
		    "Spans used in ways that had to be mended:\n"
		    "  7 of c\n"
		    "What was lost makes the numbers above approximate:\n"
		    "  100 of a (5.0 %)\n");
}

static void losses_are_not_known_without_a_trace_file(void **state)
{
	struct written written;

	open_spans(&written, *state, TRACE8);
	close_spans(&written);
	assert_text(*state, 0,
		    "\n"
		    "0 spans of 0 names\n0 unfinished, 0 errors, 0 cancelled\n"
		    "What was lost is not known: there is no file in traces/.\n");
}

static void losses_are_not_known_while_a_trace_is_open(void **state)
{
	struct written written;

	open_spans(&written, *state, TRACE8);
	close_spans(&written);
	write_trace(*state, "one.json", "{\"complete\": true, \"events\": 0, \"counters\": []}");
	write_trace(*state, "two.json", "{\"complete\": false, \"counters\": []}");
	assert_text(*state, 0,
		    "\n"
		    "0 spans of 0 names, 0 events\n0 unfinished, 0 errors, 0 cancelled\n"
		    "What was lost is not known: a trace is not complete.\n");
}

static void traces_that_share_a_directory_are_reported_together(void **state)
{
	struct written written;
	struct report report;

	open_spans(&written, *state, "00000001");
	write_span(&written, "shared", "ok", 10, 5, 0);
	close_spans(&written);
	open_spans(&written, *state, "00000002");
	write_span(&written, "shared", "ok", 30, 5, 0);
	write_span(&written, "own", "ok", 20, 5, 0);
	close_spans(&written);
	assert_int_equal(report_read(*state, &report), 0);
	assert_int_equal(report.names->count, 2);
	assert_string_equal(report.names->names[0].name, "shared");
	assert_int_equal(report.names->names[0].spans, 2);
	assert_int_equal(report.names->names[0].wall.total, 40);
	report_free(&report);
}

static void assert_integer(const json_t *object, const char *key, json_int_t value)
{
	const json_t *member = json_object_get(object, key);

	if (!json_is_integer(member) || json_integer_value(member) != value)
		fail_msg("%s is not %lld", key, (long long)value);
}

static void json_report_has_every_number_and_null_where_nothing_ended(void **state)
{
	struct report report;
	json_t *document;
	json_t *names;
	json_t *idle;
	json_t *job;
	char *text;

	write_example(*state);
	assert_int_equal(report_read(*state, &report), 0);
	text = text_of(&report, 0, true);
	document = json_loads(text, 0, NULL);
	assert_non_null(document);
	assert_integer(document, "spans", 7);
	assert_integer(document, "wall_total_ns", 13000000);
	assert_integer(document, "busy_total_ns", 3900000);
	assert_true(json_is_null(json_object_get(document, "lost")));
	names = json_object_get(document, "names");
	assert_int_equal(json_array_size(names), 3);
	job = json_array_get(names, 1);
	assert_string_equal(json_string_value(json_object_get(job, "name")), "job");
	assert_integer(job, "count", 2);
	assert_integer(job, "cancelled", 1);
	assert_integer(job, "wall_p50_ns", 100000);
	assert_integer(job, "wall_p99_ns", 900000);
	assert_integer(job, "queue_p50_ns", 1500);
	idle = json_array_get(names, 2);
	assert_integer(idle, "unfinished", 1);
	assert_true(json_is_null(json_object_get(idle, "wall_p50_ns")));
	assert_true(json_is_null(json_object_get(idle, "busy_total_ns")));
	assert_true(json_is_null(json_object_get(idle, "queue_p99_ns")));
	json_decref(document);
	free(text);
	report_free(&report);
}

static void directory_without_a_trace_is_an_error_that_names_it(void **state)
{
	struct report report;

	assert_int_equal(report_read(*state, &report), -ENOENT);
	assert_non_null(strstr(report.message, "async_spans"));
	report_free(&report);
}

static void damaged_files_are_errors_that_name_the_file(void **state)
{
	static const char *const bad[] = {
		"",
		"{",
		"[]",
		"{\"counters\": [7]}",
		"{\"counters\": [{\"kind\": \"loss\", \"value\": 1}]}",
	};
	struct written written;
	struct report report;
	char path[256];
	int fd;

	open_spans(&written, *state, TRACE8);
	close_spans(&written);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		write_trace(*state, "bad.json", bad[i]);
		assert_int_equal(report_read(*state, &report), -EBADMSG);
		assert_non_null(strstr(report.message, "traces/bad.json: "));
		report_free(&report);
	}
	snprintf(path, sizeof(path), "%s/async_spans/bad.parquet", (char *)*state);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "PAR1 no", 7), 7);
	close(fd);
	assert_int_equal(report_read(*state, &report), -EBADMSG);
	assert_non_null(strstr(report.message, "bad.parquet"));
	report_free(&report);
}

#define WITH_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentile_is_the_nearest_rank),
		cmocka_unit_test(ranks_are_right_for_every_count),
		cmocka_unit_test(names_are_sorted_by_total_wall_time_then_by_name),
		cmocka_unit_test(unfinished_spans_are_counted_and_not_timed),
		cmocka_unit_test(queue_counts_only_spans_that_were_entered),
		cmocka_unit_test(many_names_are_kept_apart),
		cmocka_unit_test(total_that_does_not_fit_stays_at_its_greatest),
		WITH_DIRECTORY(report_shows_times_then_outcomes_then_totals_then_losses),
		WITH_DIRECTORY(limit_leaves_out_the_names_with_least_wall_time),
		WITH_DIRECTORY(losses_of_all_traces_are_summed_and_said_by_cause),
		WITH_DIRECTORY(losses_are_not_known_without_a_trace_file),
		WITH_DIRECTORY(losses_are_not_known_while_a_trace_is_open),
		WITH_DIRECTORY(traces_that_share_a_directory_are_reported_together),
		WITH_DIRECTORY(json_report_has_every_number_and_null_where_nothing_ended),
		WITH_DIRECTORY(directory_without_a_trace_is_an_error_that_names_it),
		WITH_DIRECTORY(damaged_files_are_errors_that_name_the_file),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
