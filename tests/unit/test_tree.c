/* SPDX-License-Identifier: BSD-2-Clause */
/* What runs below what: the tree by path, critical paths, single spans, flame graphs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/critical_path.h"
#include "analyze/flame.h"
#include "analyze/report.h"
#include "analyze/span_story.h"
#include "analyze/tree_write.h"
#include "support_directory.h"
#include "support_spans.h"

#define TRACE8 "0123abcd"
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define US INT64_C(1000)

/* Two queries at a time, the second one slower; then a log that outlives. */
static const struct made_span example[] = {
	{ .id = 1, .name = "request", .end = 100 * US, .busy = 20 * US, .busy_self = 10 * US },
	{ .id = 2,
	  .parent = 1,
	  .depth = 1,
	  .name = "query",
	  .begin = 10 * US,
	  .end = 40 * US,
	  .busy_self = 2 * US,
	  .busy = 3 * US },
	{ .id = 3,
	  .parent = 1,
	  .depth = 1,
	  .name = "query",
	  .begin = 20 * US,
	  .end = 80 * US,
	  .busy_self = 2 * US,
	  .busy = 3 * US },
	{ .id = 4,
	  .parent = 3,
	  .depth = 2,
	  .name = "fetch",
	  .begin = 30 * US,
	  .end = 70 * US,
	  .busy_self = US,
	  .busy = US },
	{ .id = 5,
	  .parent = 1,
	  .depth = 1,
	  .name = "log",
	  .begin = 90 * US,
	  .end = 130 * US,
	  .busy_self = US,
	  .busy = US },
};

static char *written(int (*write)(FILE *out, void *context), void *context)
{
	size_t length;
	char *text;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	assert_int_equal(write(out, context), 0);
	fclose(out);
	return text;
}

static int write_tree(FILE *out, void *context)
{
	return tree_write_text(context, &(struct tree_limits){ 0, 0 }, out);
}

static int write_flame(FILE *out, void *context)
{
	return flame_write(context, FLAME_WALL, "<title>", out);
}

static int write_story(FILE *out, void *context)
{
	return span_story_write(context, &(struct tree_limits){ 0, 0 }, out);
}

static void tree_is_by_path_with_the_share_of_the_critical_path(void **state)
{
	struct report report;
	char *text;

	spans_write(*state, TRACE8, example, COUNT(example));
	assert_int_equal(report_read(*state, &report), 0);
	text = written(write_tree, &report);
	/* The request waited for the second query alone: the rest, 20 + 20 us, is its own. */
	assert_string_equal(text, "count     wall  busy self  critical  path\n"
				  "    1   100 us    10.0 us    40.0 %  request\n"
				  "    2  90.0 us    4.00 us    20.0 %    query\n"
				  "    1  40.0 us    1.00 us    40.0 %      fetch\n"
				  "    1  40.0 us    1.00 us         -    log\n");
	free(text);
	report_free(&report);
}

static void critical_path_goes_back_along_the_children_that_ended_last(void **state)
{
	static const struct {
		int64_t id, begin, end;
	} expected[] = {
		{ 1, 80, 100 }, { 3, 70, 80 }, { 4, 30, 70 }, { 3, 20, 30 }, { 1, 0, 20 },
	};
	struct span_reader_options options = { .latest_first = true };
	struct critical_path path = { 0 };
	struct span_forest *forest;
	struct span_reader *reader;
	uint32_t root = 0;

	spans_write(*state, TRACE8, example, COUNT(example));
	assert_int_equal(span_reader_open(&reader, *state, &options), 0);
	assert_int_equal(span_forest_load(&forest, reader, NULL, NULL, 100), 0);
	while (forest->spans[root].span.id != 1)
		root++;
	assert_int_equal(critical_path_find(forest, root, &path), 0);
	assert_int_equal(path.count, COUNT(expected));
	for (size_t i = 0; i < path.count; i++) {
		assert_int_equal(forest->spans[path.segments[i].span].span.id, expected[i].id);
		assert_int_equal(path.segments[i].begin - SPANS_START, expected[i].begin * US);
		assert_int_equal(path.segments[i].end - SPANS_START, expected[i].end * US);
	}
	critical_path_free(&path);
	span_forest_free(forest);
	span_reader_close(reader);
}

static void one_span_is_shown_with_its_children_in_the_order_of_their_begins(void **state)
{
	struct span_story story;
	const char *last;
	char *text;

	spans_write(*state, TRACE8, example, COUNT(example));
	assert_int_equal(span_story_find(*state, 77, &story), -ENOENT);
	assert_string_equal(story.message, "no span has the id 77");
	span_story_free(&story);
	assert_int_equal(span_story_find(*state, 1, &story), 0);
	text = written(write_story, &story);
	assert_non_null(strstr(text, "request, span 1, depth 0, ok\n"));
	last = text;
	for (size_t i = 1; i < COUNT(example); i++) {
		char begin[16];

		snprintf(begin, sizeof(begin), "+%.1f us", (double)example[i].begin / US);
		last = strstr(last, begin);
		assert_non_null(last);
	}
	free(text);
	span_story_free(&story);
}

/* A chain in which each span begins the next and ends: no row of a parent comes before its child's. */
static void chains_in_which_each_span_outlives_its_parent_take_no_longer_than_others(void **state)
{
	enum { LENGTH = 100000 };
	struct made_span *spans = calloc(LENGTH, sizeof(*spans));
	struct report report;
	uint32_t deepest = PATH_TOP;
	size_t depth = 0;

	for (int64_t i = 0; i < LENGTH; i++)
		spans[i] = (struct made_span){ .id = i + 1,
					       .parent = i,
					       .depth = (int32_t)i,
					       .name = "tick",
					       .begin = i * 10,
					       .end = i * 10 + 15 };
	spans_write(*state, TRACE8, spans, LENGTH);
	free(spans);
	assert_int_equal(report_read(*state, &report), 0);
	assert_int_equal(report.depth_count, LENGTH);
	for (uint32_t path = PATH_TOP; path != PATH_NONE; path = path_tree_next(report.paths, path))
		deepest = path;
	for (; deepest != PATH_TOP; deepest = path_tree_node(report.paths, deepest)->parent)
		depth++;
	assert_int_equal(depth, LENGTH);
	report_free(&report);
}

static void rows_that_name_each_other_as_parents_do_no_harm(void **state)
{
	static const struct made_span spans[] = {
		{ .id = 1, .parent = 2, .name = "a", .end = 10 },
		{ .id = 2, .parent = 3, .name = "b", .end = 9 },
		{ .id = 3, .parent = 1, .name = "c", .end = 8 },
		{ .id = 4, .parent = 4, .name = "self", .end = 7 },
		{ .id = 5, .parent = 99, .name = "orphan", .end = 6 },
		{ .id = 5, .parent = 1, .name = "twice", .begin = -5, .end = 6 },
	};
	struct span_story story;
	struct report report;
	char *text;

	spans_write(*state, TRACE8, spans, COUNT(spans));
	assert_int_equal(report_read(*state, &report), 0);
	assert_int_equal(report.total.spans, COUNT(spans));
	text = written(write_tree, &report);
	assert_non_null(strstr(text, "orphan"));
	free(text);
	free(written(write_flame, &report));
	report_free(&report);
	assert_int_equal(span_story_slowest(*state, 3, &story), 0);
	free(written(write_story, &story));
	span_story_free(&story);
}

static void flame_escapes_names_and_marks_children_that_ran_at_the_same_time(void **state)
{
	static const struct made_span spans[] = {
		{ .id = 1, .name = "</text><script>alert(1)</script>", .end = 100 },
		{ .id = 2, .parent = 1, .depth = 1, .name = "\x1b[31m&\"'", .end = 80 },
		{ .id = 3, .parent = 1, .depth = 1, .name = "b", .end = 100 },
		{ .id = 4, .parent = 1, .depth = 1, .name = "b", .end = 100 },
	};
	struct report report;
	char *text;

	spans_write(*state, TRACE8, spans, COUNT(spans));
	assert_int_equal(report_read(*state, &report), 0);
	text = written(write_flame, &report);
	assert_null(strstr(text, "<script"));
	assert_null(strchr(text, '\x1b'));
	assert_non_null(strstr(text, "&lt;/text&gt;&lt;script&gt;"));
	assert_non_null(strstr(text, "\\x1b[31m&amp;&quot;&#39;"));
	assert_non_null(strstr(text, "&lt;title&gt;</text>"));
	assert_non_null(strstr(text, "children parallel \303\2272.8"));
	free(text);
	report_free(&report);
}

#define WITH_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, directory_make, directory_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIRECTORY(tree_is_by_path_with_the_share_of_the_critical_path),
		WITH_DIRECTORY(critical_path_goes_back_along_the_children_that_ended_last),
		WITH_DIRECTORY(one_span_is_shown_with_its_children_in_the_order_of_their_begins),
		WITH_DIRECTORY(
			chains_in_which_each_span_outlives_its_parent_take_no_longer_than_others),
		WITH_DIRECTORY(rows_that_name_each_other_as_parents_do_no_harm),
		WITH_DIRECTORY(flame_escapes_names_and_marks_children_that_ran_at_the_same_time),
	};

	return cmocka_run_group_tests_name("tree and flame", tests, NULL, NULL);
}
