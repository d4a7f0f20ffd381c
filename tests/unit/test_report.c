/* SPDX-License-Identifier: BSD-2-Clause */
/* The report: exact numbers, read from files, findings first and the losses said last. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/report.h"
#include "analyze/report_check.h"
#include "support_directory.h"
#include "support_spans.h"

#define TRACE8 "0123abcd"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void percentile_is_the_nearest_rank(void **state)
{
	static const struct {
		uint64_t values[8];
		size_t count;
		uint64_t p50, p90, p99, max;
	} cases[] = {
		{ { 7 }, 1, 7, 7, 7, 7 },
		{ { 2, 1 }, 2, 1, 2, 2, 2 },
		{ { 3, 1, 2 }, 3, 2, 3, 3, 3 },
		{ { 40, 10, 30, 20 }, 4, 20, 40, 40, 40 },
		{ { 5, 5, 5, 5, 1 }, 5, 5, 5, 5, 5 },
		{ { 0, 0 }, 2, 0, 0, 0, 0 },
		{ { UINT64_MAX, 1, 2 }, 3, 2, UINT64_MAX, UINT64_MAX, UINT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct values values = { 0 };
		struct distribution result;

		for (size_t v = 0; v < cases[i].count; v++)
			assert_int_equal(values_add(&values, cases[i].values[v]), 0);
		result = values_summarize(&values);
		assert_int_equal(result.p50, cases[i].p50);
		assert_int_equal(result.p90, cases[i].p90);
		assert_int_equal(result.p99, cases[i].p99);
		assert_int_equal(result.max, cases[i].max);
		values_free(&values);
	}
}

static void ranks_are_right_for_every_count_and_order(void **state)
{
	/* Factors that are prime to all counts up to 1,000 but their own: up, and in no order. */
	static const uint64_t steps[] = { 1, 7919, 1009 };

	(void)state;
	for (uint64_t count = 1; count <= 1000; count++) {
		for (size_t s = 0; s < COUNT(steps); s++) {
			struct values values = { 0 };
			struct distribution result;

			for (uint64_t i = 0; i < count; i++)
				assert_int_equal(values_add(&values, i * steps[s] % count + 1), 0);
			result = values_summarize(&values);
			assert_int_equal(result.p50, (count + 1) / 2);
			assert_int_equal(result.p90, (count * 90 + 99) / 100);
			assert_int_equal(result.p99, (count * 99 + 99) / 100);
			assert_int_equal(result.max, count);
			assert_int_equal(result.total, count * (count + 1) / 2);
			values_free(&values);
		}
	}
}

static void total_that_does_not_fit_stays_at_its_greatest(void **state)
{
	struct values values = { 0 };

	(void)state;
	assert_int_equal(values_add(&values, UINT64_MAX - 1), 0);
	assert_int_equal(values_add(&values, UINT64_MAX - 1), 0);
	assert_int_equal(values_summarize(&values).total, UINT64_MAX);
	values_free(&values);
}

static void beyond_the_limit_of_values_percentiles_are_approximate_and_said_so(void **state)
{
	struct report_options options = REPORT_OPTIONS_DEFAULT;
	static struct made_span spans[10000];
	struct report report;

	for (size_t i = 0; i < COUNT(spans); i++)
		spans[i] = (struct made_span){ .id = (int64_t)i + 1,
					       .name = "span",
					       .end = (int64_t)(i * 7919 % 10000) };
	spans_write(*state, TRACE8, spans, COUNT(spans));
	options.values_max = 1000;
	assert_int_equal(report_read_with(*state, &options, &report), 0);
	assert_true(report.names->approximate);
	assert_int_equal(report.total.wall.count, 10000);
	assert_int_equal(report.total.wall.max, 9999);
	assert_in_range(report.names->groups[0].wall.p50, 4500, 5500);
	assert_in_range(report.names->groups[0].wall.p99, 9500, 9999);
	report_free(&report);
}

#define MS INT64_C(1000000)

static void write_example(const char *directory)
{
	static const struct made_span spans[] = {
		{ .id = 1, .name = "request", .end = 4 * MS, .busy = MS, .busy_self = MS / 2 },
		{ .id = 2, .name = "request", .begin = MS, .end = 3 * MS, .busy = MS },
		{ .id = 3, .name = "request", .end = 6 * MS, .busy = MS, .outcome = "error" },
		{ .id = 4, .name = "request", .begin = 2 * MS, .end = SPANS_OPEN, .busy = MS / 2 },
		{ .id = 5,
		  .parent = 1,
		  .depth = 1,
		  .name = "job",
		  .begin = MS,
		  .end = MS + 900000,
		  .busy = 800000,
		  .queue = 1500 },
		{ .id = 6,
		  .parent = 1,
		  .depth = 1,
		  .name = "job",
		  .begin = MS,
		  .end = MS + 100000,
		  .queue = SPANS_NOT_ENTERED,
		  .outcome = "cancelled" },
		{ .id = 7, .name = "idle", .end = SPANS_OPEN, .queue = SPANS_NOT_ENTERED },
	};

	spans_write(directory, TRACE8, spans, COUNT(spans));
	spans_write_trace(directory, TRACE8 ".json",
			  "{\"start_time_ns\": 1700000000000000000,"
			  " \"end_time_ns\": 1700000000010000000, \"events\": 12, \"counters\": ["
			  "{\"name\": \"unrecorded\", \"kind\": \"loss\", \"value\": 0,"
			  " \"meaning\": \"spans begun while the span table was full\"}]}");
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

#define NO_FINDINGS                                                                   \
	"Findings: none\n"                                                            \
	"  not recorded: polls one by one (of each span only the longest is known)\n" \
	"  not recorded: time off the processor (no blocked polls can be told)\n"     \
	"\n"

static void report_shows_findings_then_groups_then_depths_then_totals_then_losses(void **state)
{
	write_example(*state);
	assert_text(*state, 0,
		    NO_FINDINGS
		    "name     count  wall p50      p90      p99      max    busy\n"
		    "request      4   4.00 ms  6.00 ms  6.00 ms  6.00 ms  25.0 %\n"
		    "job          2    100 us   900 us   900 us   900 us  80.0 %\n"
		    "idle         1         -        -        -        -       -\n"
		    "\n"
		    "name     wall total  busy self     idle  queue p99  in flight  max\n"
		    "request     12.0 ms     500 us  9.00 ms       0 ns       2.00    4\n"
		    "job         1.00 ms       0 ns   200 us    1.50 us       0.10    2\n"
		    "idle              -          -        -          -       1.00    1\n"
		    "\n"
		    "name     unfinished  errors  cancelled\n"
		    "request           1       1          -\n"
		    "job               -       -          1\n"
		    "idle              1       -          -\n"
		    "\n"
		    "depth  count  wall mean      max    busy  unfinished  errors\n"
		    "    0      5    4.00 ms  6.00 ms  25.0 %           2       1\n"
		    "    1      2     500 us   900 us  80.0 %           -       -\n"
		    "\n"
		    "7 spans of 3 names, 12 events in 10.0 ms\n"
		    "2 unfinished, 1 error, 1 cancelled, 6 in flight at most\n"
		    "Nothing was lost.\n");
}

static void limit_leaves_out_the_groups_with_least_and_says_how_many(void **state)
{
	struct report report;
	char *text;

	write_example(*state);
	assert_int_equal(report_read(*state, &report), 0);
	text = text_of(&report, 1, false);
	assert_non_null(strstr(text, "\nrequest "));
	assert_null(strstr(text, "\njob "));
	assert_non_null(strstr(text, "\nnames not shown: 2 (--limit 0 shows all)\n"));
	free(text);
	report_free(&report);
}

static void groups_are_sorted_by_what_was_asked_for_then_by_key(void **state)
{
	static const struct {
		enum report_sort sort;
		const char *first, *last;
	} cases[] = {
		{ REPORT_SORT_WALL, "request", "idle" },
		{ REPORT_SORT_COUNT, "request", "idle" },
		{ REPORT_SORT_KEY, "idle", "request" },
		{ REPORT_SORT_QUEUE, "job", "request" },
		{ REPORT_SORT_CANCELLED, "job", "request" },
	};

	write_example(*state);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct report_options options = REPORT_OPTIONS_DEFAULT;
		struct report report;
		size_t length;
		char *key;

		options.sort = cases[i].sort;
		assert_int_equal(report_read_with(*state, &options, &report), 0);
		key = report_key(&report, report.groups->groups[0].key, &length);
		assert_string_equal(key, cases[i].first);
		free(key);
		key = report_key(&report, report.groups->groups[2].key, &length);
		assert_string_equal(key, cases[i].last);
		free(key);
		report_free(&report);
	}
}

static void groups_are_names_depths_or_paths(void **state)
{
	static const struct {
		enum report_by by;
		const char *keys[3];
	} cases[] = {
		{ REPORT_BY_NAME, { "idle", "job", "request" } },
		{ REPORT_BY_DEPTH, { "0", "1" } },
		{ REPORT_BY_PATH, { "idle", "request", "request > job" } },
	};

	write_example(*state);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct report_options options = REPORT_OPTIONS_DEFAULT;
		struct report report;

		options.by = cases[i].by;
		options.sort = REPORT_SORT_KEY;
		assert_int_equal(report_read_with(*state, &options, &report), 0);
		for (uint32_t g = 0; g < report.groups->count; g++) {
			size_t length;
			char *key = report_key(&report, report.groups->groups[g].key, &length);

			assert_string_equal(key, cases[i].keys[g]);
			free(key);
		}
		report_free(&report);
	}
}

static void only_spans_open_between_since_and_until_count(void **state)
{
	/* In ms: begins 0 1 0 2 1 1 0; ends 4 3 6 - 1.9 1.1 -. */
	static const struct {
		uint64_t since, until;
		uint64_t spans, in_flight_max, open;
	} cases[] = {
		{ 0, UINT64_MAX, 7, 6, 4 + 2 + 6 + 8 + 1 + 10 },
		{ 4, UINT64_MAX, 3, 3, 2 + 6 + 6 },
		{ 0, 1, 3, 3, 3 },
		{ 5, 7, 3, 3, 1 + 2 + 2 },
		{ 7, 8, 2, 2, 2 },
	};

	write_example(*state);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct report_options options = REPORT_OPTIONS_DEFAULT;
		struct report report;

		options.since = cases[i].since * MS;
		if (cases[i].until != UINT64_MAX)
			options.until = cases[i].until * MS;
		assert_int_equal(report_read_with(*state, &options, &report), 0);
		assert_int_equal(report.total.spans, cases[i].spans);
		assert_int_equal(report.in_flight_max, cases[i].in_flight_max);
		assert_int_equal(report.total.open, cases[i].open * MS);
		report_free(&report);
	}
}

static void a_filter_takes_the_spans_of_which_all_its_conditions_hold(void **state)
{
	static const struct {
		const char *conditions[2];
		uint64_t spans;
	} cases[] = {
		{ { "name=request" }, 4 },
		{ { "name ~ o" }, 2 },
		{ { "name !~ e" }, 2 },
		{ { "name != job" }, 5 },
		{ { "outcome = unfinished" }, 2 },
		{ { "depth > 0" }, 2 },
		{ { "wall >= 4ms" }, 4 },
		{ { "queue > 1us" }, 1 },
		{ { "name = request", "outcome = error" }, 1 },
		{ { "name = nothing" }, 0 },
	};

	write_example(*state);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct report_options options = REPORT_OPTIONS_DEFAULT;
		struct span_filter filter = { 0 };
		struct report report;
		const char *why;

		for (size_t c = 0; c < 2 && cases[i].conditions[c]; c++)
			assert_int_equal(span_filter_add(&filter, cases[i].conditions[c], &why), 0);
		options.filter = &filter;
		assert_int_equal(report_read_with(*state, &options, &report), 0);
		assert_int_equal(report.total.spans, cases[i].spans);
		report_free(&report);
		span_filter_free(&filter);
	}
}

static void conditions_that_make_no_sense_are_refused_with_the_reason(void **state)
{
	static const char *const bad[] = {
		"",	     "name",	 "name < a", "nothing = 1", "depth ~ 1",
		"depth > x", "wall > x", "depth >",  "= 1",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct span_filter filter = { 0 };
		const char *why = NULL;

		assert_int_equal(span_filter_add(&filter, bad[i], &why), -EINVAL);
		assert_non_null(why);
		assert_int_equal(filter.count, 0);
	}
}

static void checks_hold_for_totals_and_for_any_group(void **state)
{
	static const struct {
		const char *check;
		bool holds;
	} cases[] = {
		{ "max_depth > 0", true },     { "max_depth > 1", false },
		{ "errors >= 1", true },       { "findings > 0", false },
		{ "wall_p99 > 5ms", true },    { "wall_p99 > 6ms", false },
		{ "queue_p99 > 1us", true },   { "lost = 0", true },
		{ "never_ended > 0", false },  { "max_in_flight = 6", true },
		{ "duration != 10ms", false }, { "unfinished < 3", true },
	};
	struct report report;
	char text[256];

	write_example(*state);
	assert_int_equal(report_read(*state, &report), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct report_checks checks = { .count = 0 };
		const char *why;

		assert_int_equal(report_checks_add(&checks, cases[i].check, &why), 0);
		assert_int_equal(report_check_holds(&report, &checks.checks[0], text, sizeof(text)),
				 cases[i].holds);
	}
	report_free(&report);
}

static void losses_of_all_traces_are_summed_and_said_by_cause(void **state)
{
	spans_write(*state, TRACE8, NULL, 0);
	spans_write_trace(
		*state, "one.json",
		"{\"events\": 900, \"counters\": ["
		"{\"name\": \"a\", \"kind\": \"loss\", \"value\": 30, \"meaning\": \"of a\"},"
		"{\"name\": \"b\", \"kind\": \"loss\", \"value\": 0, \"meaning\": \"of b\"},"
		"{\"name\": \"c\", \"kind\": \"inconsistency\", \"value\": 7,"
		" \"meaning\": \"of c\"}]}");
	spans_write_trace(
		*state, "two.json",
		"{\"events\": 1000, \"counters\": ["
		"{\"name\": \"a\", \"kind\": \"loss\", \"value\": 70, \"meaning\": \"of a\"},"
		"{\"name\": \"n\", \"kind\": \"note\", \"value\": 5, \"meaning\": \"of n\"}]}");
	spans_write_trace(*state, ".hidden.json", "not read");
	spans_write_trace(*state, "other.txt", "not read");
	assert_text(*state, 0,
		    NO_FINDINGS "0 spans of 0 names, 1,900 events\n"
				"0 unfinished, 0 errors, 0 cancelled, 0 in flight at most\n"
				"Spans used in ways that had to be mended:\n"
				"  7 of c\n"
				"What was lost makes the numbers above approximate:\n"
				"  100 of a (5.0 %)\n");
}

static void losses_are_not_known_without_a_complete_trace_file(void **state)
{
	struct report report;
	char *text;

	spans_write(*state, TRACE8, NULL, 0);
	assert_int_equal(report_read(*state, &report), 0);
	text = text_of(&report, 0, false);
	assert_non_null(strstr(text, "What was lost is not known: there is no file in traces/.\n"));
	free(text);
	report_free(&report);
	spans_write_trace(*state, "one.json", "{\"complete\": true, \"counters\": []}");
	spans_write_trace(*state, "two.json", "{\"complete\": false, \"counters\": []}");
	assert_int_equal(report_read(*state, &report), 0);
	text = text_of(&report, 0, false);
	assert_non_null(strstr(text, "What was lost is not known: a trace is not complete.\n"));
	free(text);
	report_free(&report);
}

static void traces_that_share_a_directory_are_reported_together(void **state)
{
	static const struct made_span first[] = { { .id = 1, .name = "shared", .end = 10 } };
	static const struct made_span second[] = { { .id = 2, .name = "shared", .end = 30 },
						   { .id = 3, .name = "own", .end = 20 } };
	struct report report;

	spans_write(*state, "00000001", first, 1);
	spans_write(*state, "00000002", second, 2);
	assert_int_equal(report_read(*state, &report), 0);
	assert_int_equal(report.names->count, 2);
	assert_int_equal(report.names->groups[0].spans, 2);
	assert_int_equal(report.names->groups[0].wall.total, 40);
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
	json_t *document, *names, *idle, *job;
	char *text;

	write_example(*state);
	assert_int_equal(report_read(*state, &report), 0);
	text = text_of(&report, 0, true);
	document = json_loads(text, 0, NULL);
	assert_non_null(document);
	assert_integer(document, "spans", 7);
	assert_integer(document, "wall_total_ns", 13000000);
	assert_integer(document, "busy_total_ns", 3800000);
	assert_integer(document, "max_depth", 1);
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
	struct report report;

	spans_write(*state, TRACE8, NULL, 0);
	for (size_t i = 0; i < COUNT(bad); i++) {
		spans_write_trace(*state, "bad.json", bad[i]);
		assert_int_equal(report_read(*state, &report), -EBADMSG);
		assert_non_null(strstr(report.message, "traces/bad.json: "));
		report_free(&report);
	}
	directory_write(*state, "async_spans/bad.parquet", "PAR1 no", 7);
	assert_int_equal(report_read(*state, &report), -EBADMSG);
	assert_non_null(strstr(report.message, "bad.parquet"));
	report_free(&report);
}

#define WITH_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, directory_make, directory_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentile_is_the_nearest_rank),
		cmocka_unit_test(ranks_are_right_for_every_count_and_order),
		cmocka_unit_test(total_that_does_not_fit_stays_at_its_greatest),
		WITH_DIRECTORY(beyond_the_limit_of_values_percentiles_are_approximate_and_said_so),
		WITH_DIRECTORY(
			report_shows_findings_then_groups_then_depths_then_totals_then_losses),
		WITH_DIRECTORY(limit_leaves_out_the_groups_with_least_and_says_how_many),
		WITH_DIRECTORY(groups_are_sorted_by_what_was_asked_for_then_by_key),
		WITH_DIRECTORY(groups_are_names_depths_or_paths),
		WITH_DIRECTORY(only_spans_open_between_since_and_until_count),
		WITH_DIRECTORY(a_filter_takes_the_spans_of_which_all_its_conditions_hold),
		cmocka_unit_test(conditions_that_make_no_sense_are_refused_with_the_reason),
		WITH_DIRECTORY(checks_hold_for_totals_and_for_any_group),
		WITH_DIRECTORY(losses_of_all_traces_are_summed_and_said_by_cause),
		WITH_DIRECTORY(losses_are_not_known_without_a_complete_trace_file),
		WITH_DIRECTORY(traces_that_share_a_directory_are_reported_together),
		WITH_DIRECTORY(json_report_has_every_number_and_null_where_nothing_ended),
		WITH_DIRECTORY(directory_without_a_trace_is_an_error_that_names_it),
		WITH_DIRECTORY(damaged_files_are_errors_that_name_the_file),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
