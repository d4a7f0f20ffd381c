/* SPDX-License-Identifier: BSD-2-Clause */
#include "support_spans.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/intern.h"
#include "support_directory.h"
#include "tables/async_spans.h"
#include "tables/table_writer.h"

static const char *outcome_of(const struct made_span *span)
{
	if (span->end == SPANS_OPEN)
		return "unfinished";
	return span->outcome ? span->outcome : "ok";
}

static struct async_spans_row row_of(const struct made_span *span, struct intern *strings)
{
	bool open = span->end == SPANS_OPEN;
	struct async_spans_row row = {
		.nulls = ASYNC_SPANS_NULL_OFF_CPU_NS,
		.span_id = span->id,
		.parent_span_id = span->parent,
		.depth = span->depth,
		.begin_time = SPANS_START + span->begin,
		.end_time = open ? 0 : SPANS_START + span->end,
		.duration_ns = open ? 0 : span->end - span->begin,
		.busy_ns = span->busy,
		.busy_self_ns = span->busy_self,
		.max_poll_ns = span->max_poll,
		.last_event_time = SPANS_START + (open ? span->begin : span->end),
		.process_id = intern_add_text(strings, "process"),
		.name = intern_add_text(strings, span->name ? span->name : ""),
		.outcome = intern_add_text(strings, outcome_of(span)),
		.end_reason = intern_add_text(strings, open ? "open" : "end"),
		.state = intern_add_text(strings, open ? "suspended" : "ended"),
		.begin_stream_id = intern_add_text(strings, "stream"),
		.end_stream_id = intern_add_text(strings, "stream"),
	};

	if (open)
		row.nulls |= ASYNC_SPANS_NULL_UNFINISHED;
	if (span->queue == SPANS_NOT_ENTERED)
		row.nulls |= ASYNC_SPANS_NULL_QUEUE_NS;
	else
		row.queue_ns = span->queue;
	return row;
}

void spans_write_groups(const char *directory, const char *trace8, const struct made_span *spans,
			size_t count, size_t group_rows)
{
	struct table_writer_options options = TABLE_WRITER_OPTIONS_DEFAULT;
	struct intern *strings = intern_new();
	struct table_writer *writer;

	options.directory = directory;
	options.trace8 = trace8;
	assert_int_equal(table_writer_open(&writer, &async_spans_table, strings, &options), 0);
	for (size_t i = 0; i < count; i++) {
		struct async_spans_row row = row_of(&spans[i], strings);

		assert_int_equal(table_writer_append(writer, &row), 0);
		if ((i + 1) % group_rows == 0)
			assert_int_equal(table_writer_flush(writer), 0);
	}
	assert_int_equal(table_writer_close(writer), 0);
	intern_free(strings);
}

void spans_write(const char *directory, const char *trace8, const struct made_span *spans,
		 size_t count)
{
	spans_write_groups(directory, trace8, spans, count, SIZE_MAX);
}

void spans_write_trace(const char *directory, const char *name, const char *text)
{
	char path[64];
	char *folder = directory_path(directory, "traces");

	mkdir(folder, 0700);
	free(folder);
	assert_true(snprintf(path, sizeof(path), "traces/%s", name) < (int)sizeof(path));
	directory_write(directory, path, text, strlen(text));
}

uint64_t spans_chance(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

static int64_t between(uint64_t *state, int64_t low, int64_t high)
{
	return high <= low ? low :
			     low + (int64_t)(spans_chance(state) % (uint64_t)(high - low + 1));
}

static void choose_times(uint64_t *state, struct made_span *span, const struct made_span *parent)
{
	int64_t end = parent && parent->end != SPANS_OPEN ? parent->end : SPANS_PERIOD;
	uint64_t kind = spans_chance(state) % 20;

	/* A coarse clock: many times are equal. */
	span->begin = between(state, parent ? parent->begin : 0, end) / 1000 * 1000;
	if (parent && span->begin < parent->begin)
		span->begin = parent->begin;
	span->end = between(state, span->begin, kind < 2 ? SPANS_PERIOD : end) / 1000 * 1000;
	if (span->end < span->begin)
		span->end = span->begin;
	if (kind == 2)
		span->end = SPANS_OPEN;
	if (kind == 3)
		span->end = span->begin;
}

void spans_random(uint64_t seed, struct made_span *spans, size_t count)
{
	static const char *const names[] = { "accept", "query", "fetch", "render", "log" };
	static const char *const outcomes[] = { "ok", "ok", "ok", "error", "cancelled" };
	uint64_t state = seed;

	for (size_t i = 0; i < count; i++) {
		struct made_span *span = &spans[i];
		size_t parent = i && spans_chance(&state) % 4 ? spans_chance(&state) % i : SIZE_MAX;
		int64_t wall;

		*span = (struct made_span){ .id = (int64_t)i + 1, .parent_index = parent };
		choose_times(&state, span, parent == SIZE_MAX ? NULL : &spans[parent]);
		span->name = names[spans_chance(&state) % 5];
		if (parent != SIZE_MAX) {
			span->parent = spans[parent].id;
			span->depth = spans[parent].depth + 1;
		}
		wall = span->end == SPANS_OPEN ? 0 : span->end - span->begin;
		span->queue = spans_chance(&state) % 2 ? between(&state, 0, wall / 2) : 0;
		span->busy = between(&state, 0, wall - span->queue);
		span->busy_self = between(&state, 0, span->busy);
		span->max_poll = between(&state, 0, span->busy);
		span->outcome = outcomes[spans_chance(&state) % 5];
		if (spans_chance(&state) % 16 == 0) {
			span->queue = SPANS_NOT_ENTERED;
			span->busy = span->busy_self = span->max_poll = 0;
		}
	}
}
