/* SPDX-License-Identifier: BSD-2-Clause */
/* What holds for the analyses of any trace, tried on traces made by chance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/critical_path.h"
#include "analyze/lanes.h"
#include "analyze/report.h"
#include "analyze/span_forest.h"
#include "support_directory.h"
#include "support_spans.h"

#define ROUNDS 40
#define SPANS_MAX 400
#define TRACE                                                        \
	"{\"start_time_ns\": 1700000000000000000, \"end_time_ns\": " \
	"1700000001000000000, \"events\": 1, \"complete\": true, \"counters\": []}"

struct trace {
	struct made_span spans[SPANS_MAX];
	size_t count;
};

static int64_t end_of(const struct made_span *span)
{
	return span->end == SPANS_OPEN ? SPANS_PERIOD : span->end;
}

/* Rows come as they ended, unfinished ones at the end; now and then a row group comes too late. */
static int compare_ends(const void *a, const void *b)
{
	const struct made_span *left = a, *right = b;

	return (end_of(left) > end_of(right)) - (end_of(left) < end_of(right));
}

static void write_round(const char *directory, unsigned int round, struct trace *trace)
{
	struct made_span sorted[SPANS_MAX];
	char *part = directory_path(directory, "async_spans/0123abcd-000000.parquet");

	remove(part);
	free(part);
	trace->count = 1 + (round * 37) % SPANS_MAX;
	spans_random(round, trace->spans, trace->count);
	memcpy(sorted, trace->spans, sizeof(sorted));
	/* In half of the rounds rows come in no order at all. */
	if (round % 2)
		qsort(sorted, trace->count, sizeof(sorted[0]), compare_ends);
	spans_write_groups(directory, "0123abcd", sorted, trace->count, 1 + round % 50);
	spans_write_trace(directory, "0123abcd-0.json", TRACE);
}

static struct span_reader *open_latest(const char *directory)
{
	struct span_reader_options options = { .latest_first = true, .read = SPAN_READ_ALL };
	struct span_reader *reader;

	assert_int_equal(span_reader_open(&reader, directory, &options), 0);
	return reader;
}

static void every_span_comes_once_and_the_latest_first(void **state)
{
	for (unsigned int round = 0; round < ROUNDS; round++) {
		bool seen[SPANS_MAX + 1] = { false };
		int64_t last = INT64_MAX;
		const struct span *span;
		struct span_reader *reader;
		struct trace trace;
		size_t count = 0;

		write_round(*state, round, &trace);
		reader = open_latest(*state);
		while (span_reader_next(reader, &span) > 0) {
			assert_true(span->end <= last);
			last = span->end;
			assert_false(seen[span->id]);
			seen[span->id] = true;
			assert_int_equal(span->begin,
					 SPANS_START + trace.spans[span->id - 1].begin);
			assert_int_equal(span->end,
					 SPANS_START + end_of(&trace.spans[span->id - 1]));
			count++;
		}
		assert_int_equal(count, trace.count);
		span_reader_close(reader);
	}
}

static void spans_in_flight_follow_littles_law_and_the_most_at_once_is_counted(void **state)
{
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct report report;
		struct trace trace;
		uint64_t open = 0, most = 0;

		write_round(*state, round, &trace);
		assert_int_equal(report_read(*state, &report), 0);
		for (size_t i = 0; i < trace.count; i++) {
			uint64_t now = 0;

			open += (uint64_t)(end_of(&trace.spans[i]) - trace.spans[i].begin);
			for (size_t other = 0; other < trace.count; other++)
				now += trace.spans[other].begin <= trace.spans[i].begin &&
				       end_of(&trace.spans[other]) > trace.spans[i].begin;
			most = now > most ? now : most;
		}
		assert_int_equal(report.in_flight_max, most);
		assert_int_equal(report.total.open, open);
		assert_int_equal(report_duration(&report), SPANS_PERIOD);
		assert_float_equal(report_in_flight(&report, report.total.open) * SPANS_PERIOD,
				   (double)open, 1);
		report_free(&report);
	}
}

static void busy_and_idle_are_wall_and_paths_add_up_to_names(void **state)
{
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct path_values sum = { 0 };
		struct report report;
		struct trace trace;

		write_round(*state, round, &trace);
		assert_int_equal(report_read(*state, &report), 0);
		for (uint32_t i = 0; i < report.names->count; i++) {
			const struct span_group *name = &report.names->groups[i];

			assert_int_equal(name->busy + name->idle, name->wall.total);
		}
		for (uint32_t path = PATH_TOP; path != PATH_NONE;
		     path = path_tree_next(report.paths, path))
			path_values_add(&sum, &path_tree_node(report.paths, path)->values);
		assert_int_equal(sum.count, trace.count);
		assert_int_equal(sum.wall, report.total.wall.total);
		assert_int_equal(sum.busy, report.total.busy);
		assert_int_equal(sum.busy_self, report.total.busy_self);
		assert_int_equal(sum.idle, report.total.idle);
		report_free(&report);
	}
}

/* "a > b > c" as the parents say. */
static void path_of(const struct trace *trace, size_t span, char *text, size_t size)
{
	const struct made_span *made = &trace->spans[span];

	text[0] = '\0';
	if (made->parent_index != SIZE_MAX) {
		path_of(trace, made->parent_index, text, size);
		strncat(text, " > ", size - strlen(text) - 1);
	}
	strncat(text, made->name, size - strlen(text) - 1);
}

static void each_span_counts_on_the_path_of_its_parents(void **state)
{
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct report report;
		struct trace trace;

		write_round(*state, round, &trace);
		assert_int_equal(report_read(*state, &report), 0);
		for (uint32_t path = path_tree_next(report.paths, PATH_TOP); path != PATH_NONE;
		     path = path_tree_next(report.paths, path)) {
			const struct path_node *node = path_tree_node(report.paths, path);
			char expected[4096];
			uint64_t count = 0;
			size_t length;
			char *text = report_path(&report, path, SIZE_MAX, &length);

			for (size_t i = 0; i < trace.count; i++) {
				path_of(&trace, i, expected, sizeof(expected));
				count += strcmp(expected, text) == 0;
			}
			assert_int_equal(node->values.count, count);
			assert_true(count > 0);
			free(text);
		}
		report_free(&report);
	}
}

static void assert_segments_cover(const struct critical_path *path, const struct span *root)
{
	int64_t at = root->end;

	for (size_t i = 0; i < path->count; i++) {
		assert_int_equal(path->segments[i].end, at);
		assert_true(path->segments[i].begin < at);
		at = path->segments[i].begin;
	}
	assert_int_equal(at, root->begin);
}

struct by_name {
	char names[8][16];
	uint64_t sums[8];
	size_t count;
};

static uint64_t *sum_of(struct by_name *by_name, const struct intern *strings, uint32_t name)
{
	const char *text = intern_get(strings, name, NULL);
	size_t i = 0;

	while (i < by_name->count && strcmp(by_name->names[i], text) != 0)
		i++;
	assert_true(i < 8);
	if (i == by_name->count)
		strncpy(by_name->names[by_name->count++], text, sizeof(by_name->names[0]) - 1);
	return &by_name->sums[i];
}

/* Two ways to find it, one with the whole trace in memory, one span by span. */
static void critical_path_covers_each_root_and_is_the_same_found_in_two_ways(void **state)
{
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct by_name by_name = { 0 };
		uint64_t critical = 0;
		struct span_forest *forest;
		struct span_reader *reader;
		struct report report;
		struct trace trace;

		write_round(*state, round, &trace);
		reader = open_latest(*state);
		assert_int_equal(span_forest_load(&forest, reader, NULL, NULL, SPANS_MAX), 0);
		assert_int_equal(report_read(*state, &report), 0);
		for (uint32_t i = 0; i < forest->count; i++) {
			const struct span *root = &forest->spans[i].span;
			struct critical_path path = { 0 };

			if (root->parent || !span_ended(root))
				continue;
			assert_int_equal(critical_path_find(forest, i, &path), 0);
			assert_segments_cover(&path, root);
			for (size_t s = 0; s < path.count; s++) {
				const struct critical_segment *segment = &path.segments[s];

				*sum_of(&by_name, span_reader_strings(reader),
					forest->spans[segment->span].span.name) +=
					(uint64_t)(segment->end - segment->begin);
			}
			critical += span_wall(root);
			critical_path_free(&path);
		}
		for (uint32_t p = PATH_TOP; p != PATH_NONE; p = path_tree_next(report.paths, p)) {
			const struct path_node *node = path_tree_node(report.paths, p);

			critical -= node->values.critical;
			if (node->values.critical)
				*sum_of(&by_name, span_reader_strings(report.reader), node->name) -=
					node->values.critical;
		}
		assert_int_equal(critical, 0);
		for (size_t i = 0; i < by_name.count; i++)
			assert_int_equal(by_name.sums[i], 0);
		report_free(&report);
		span_forest_free(forest);
		span_reader_close(reader);
	}
}

struct placed {
	const struct made_span *span;
	struct lane_place place;
};

static int compare_begins(const void *a, const void *b)
{
	const struct made_span *left = *(const struct made_span *const *)a;
	const struct made_span *right = *(const struct made_span *const *)b;

	if (left->begin != right->begin)
		return left->begin < right->begin ? -1 : 1;
	return left->depth - right->depth;
}

static void lanes_never_overlap_and_children_lie_within_what_is_above_them(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		const struct made_span *order[SPANS_MAX];
		uint32_t number[SPANS_MAX];
		struct placed placed[SPANS_MAX];
		struct lanes *lanes = lanes_new();
		struct trace trace;

		trace.count = 1 + (round * 37) % SPANS_MAX;
		spans_random(round, trace.spans, trace.count);
		for (size_t i = 0; i < trace.count; i++)
			order[i] = &trace.spans[i];
		qsort(order, trace.count, sizeof(order[0]), compare_begins);
		for (uint32_t i = 0; i < trace.count; i++) {
			size_t parent = order[i]->parent_index;
			struct lane_span span = { order[i]->begin, end_of(order[i]),
						  parent == SIZE_MAX ? LANE_NO_PARENT :
								       number[parent] };

			placed[i].span = order[i];
			number[order[i] - trace.spans] = i;
			assert_int_equal(lanes_place(lanes, &span, &placed[i].place), 0);
		}
		for (size_t a = 0; a < trace.count; a++) {
			for (size_t b = 0; b < a; b++) {
				const struct made_span *first = placed[b].span;
				const struct made_span *second = placed[a].span;

				if (placed[a].place.lane != placed[b].place.lane ||
				    second->begin >= end_of(first))
					continue;
				assert_true(placed[a].place.level > placed[b].place.level);
				assert_true(end_of(second) <= end_of(first));
			}
		}
		lanes_free(lanes);
	}
}

static void a_child_lies_below_its_own_parent_even_if_chains_overlap(void **state)
{
	/* root, A, a, B, b: by rising begin. */
	static const struct lane_span spans[] = {
		{ 0, 200, LANE_NO_PARENT },
		{ 10, 100, 0 },
		{ 20, 90, 1 },
		{ 30, 150, 0 },
		{ 40, 140, 3 },
	};
	struct lanes *lanes = lanes_new();
	struct lane_place places[5];
	uint32_t bases[4], rows[5];

	(void)state;
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(lanes_place(lanes, &spans[i], &places[i]), 0);
	assert_int_equal(lanes_count(lanes), 2);
	lanes_rows(lanes, bases);
	for (size_t i = 0; i < 5; i++)
		rows[i] = bases[places[i].lane] + places[i].level;
	assert_int_equal(rows[0], 0);
	assert_int_equal(rows[1], 1);
	assert_int_equal(rows[2], 2);
	assert_true(rows[3] > 2);
	assert_int_equal(rows[4], rows[3] + 1);
	assert_int_equal(bases[2], 5);
	lanes_free(lanes);
}

static void a_lane_is_used_again_when_its_last_span_has_ended(void **state)
{
	static const struct lane_span spans[] = {
		{ 0, 10, LANE_NO_PARENT },  { 5, 20, LANE_NO_PARENT },	{ 10, 30, LANE_NO_PARENT },
		{ 19, 25, LANE_NO_PARENT }, { 20, 25, LANE_NO_PARENT },
	};
	static const uint32_t expected[] = { 0, 1, 0, 2, 1 };
	struct lanes *lanes = lanes_new();

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		struct lane_place place;

		assert_int_equal(lanes_place(lanes, &spans[i], &place), 0);
		assert_int_equal(place.lane, expected[i]);
	}
	assert_int_equal(lanes_place(lanes, &(struct lane_span){ 1, 2, LANE_NO_PARENT },
				     &(struct lane_place){ 0 }),
			 -EINVAL);
	lanes_free(lanes);
}

#define WITH_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, directory_make, directory_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_DIRECTORY(every_span_comes_once_and_the_latest_first),
		WITH_DIRECTORY(spans_in_flight_follow_littles_law_and_the_most_at_once_is_counted),
		WITH_DIRECTORY(busy_and_idle_are_wall_and_paths_add_up_to_names),
		WITH_DIRECTORY(each_span_counts_on_the_path_of_its_parents),
		WITH_DIRECTORY(critical_path_covers_each_root_and_is_the_same_found_in_two_ways),
		cmocka_unit_test(lanes_never_overlap_and_children_lie_within_what_is_above_them),
		cmocka_unit_test(a_child_lies_below_its_own_parent_even_if_chains_overlap),
		cmocka_unit_test(a_lane_is_used_again_when_its_last_span_has_ended),
	};

	return cmocka_run_group_tests_name("analyses of random traces", tests, NULL, NULL);
}
