/* SPDX-License-Identifier: BSD-2-Clause */
/* Single spans as text. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/critical_path.h"
#include "analyze/span_story.h"
#include "base/duration.h"
#include "base/number.h"
#include "base/printable.h"
#include "base/text_table.h"

#define TEXT_SIZE 256
#define INDENT_MAX 40
#define SEGMENTS_SHOWN 12

static const struct text_column child_columns[] = {
	{ .title = "begins", .align = TEXT_RIGHT }, { .title = "wall", .align = TEXT_RIGHT },
	{ .title = "busy", .align = TEXT_RIGHT },   { .title = "waits", .align = TEXT_RIGHT },
	{ .title = "thread", .align = TEXT_RIGHT }, { .title = "ended" },
	{ .title = "name", .shrinks = true },
};

static const struct text_column segment_columns[] = {
	{ .title = "critical", .align = TEXT_RIGHT },
	{ .title = "share", .align = TEXT_RIGHT },
	{ .title = "name", .shrinks = true },
};

static const char *const outcomes[] = { "ok", "error", "cancelled", "unfinished" };

static void escape(const struct span_story *story, uint32_t id, char text[TEXT_SIZE])
{
	size_t length;
	const char *bytes = intern_get(span_reader_strings(story->reader), id, &length);

	printable_escape(text, TEXT_SIZE, bytes, length);
}

/* "4711" or "4711>4712": where it began and where it ended. */
static void format_threads(const struct span *span, char *text, size_t size)
{
	if (span->end_tid && span->end_tid != span->begin_tid)
		snprintf(text, size, "%d>%d", span->begin_tid, span->end_tid);
	else
		snprintf(text, size, "%d", span->begin_tid);
}

static void write_line(FILE *out, const char *what, uint64_t time)
{
	char text[DURATION_TEXT_SIZE];

	fprintf(out, ", %s %s", what, duration_format(time, text));
}

static void write_head(const struct span_story *story, uint32_t index, FILE *out)
{
	const struct span *span = &story->forest->spans[index].span;
	char name[TEXT_SIZE], file[TEXT_SIZE], thread[TEXT_SIZE], text[DURATION_TEXT_SIZE];
	char threads[48];

	escape(story, span->name, name);
	escape(story, span->filename, file);
	escape(story, thread_labels_get(story->threads, span), thread);
	format_threads(span, threads, sizeof(threads));
	fprintf(out, "%s, span %" PRId64 ", depth %d, %s", name, span->id, span->depth,
		outcomes[span->outcome]);
	if (span->outcome == SPAN_ERROR)
		fprintf(out, " (status %d)", span->status);
	fprintf(out, "\n  begins at %s",
		duration_format((uint64_t)(span->begin - story->begin), text));
	write_line(out, span_ended(span) ? "wall" : "age", span_wall(span));
	write_line(out, "busy", span->busy);
	write_line(out, "self", span->busy_self);
	fprintf(out, "\n  waits %s", duration_format(span_idle(span), text));
	if (span->entered)
		write_line(out, "of these queued", span->queue);
	else
		fputs(", never entered", out);
	fprintf(out, ", %u poll%s", span->polls, span->polls == 1 ? "" : "s");
	write_line(out, "longest", span->max_poll);
	fprintf(out, "\n  thread %s", thread);
	if (span->migrations)
		fprintf(out, " (%s, %u migration%s)", threads, span->migrations,
			span->migrations == 1 ? "" : "s");
	fprintf(out, ", %s:%d\n", *file ? file : "?", span->line);
}

/* The names above, from the root down. */
static void write_parents(const struct span_story *story, uint32_t index, FILE *out)
{
	const struct forest_span *spans = story->forest->spans;
	uint32_t above[8];
	size_t count = 0;
	char name[TEXT_SIZE];

	for (uint32_t i = spans[index].parent; i != FOREST_NONE && count < 8; i = spans[i].parent)
		above[count++] = i;
	if (!count)
		return;
	fputs("  below", out);
	while (count--) {
		escape(story, spans[above[count]].span.name, name);
		fprintf(out, " %s (span %" PRId64 ")%s", name, spans[above[count]].span.id,
			count ? " >" : "\n");
	}
}

static void add_child(const struct span_story *story, struct text_table *table, uint32_t index,
		      uint32_t top, size_t level)
{
	const struct span *span = &story->forest->spans[index].span;
	const struct span *first = &story->forest->spans[top].span;
	size_t indent = level * 2 < INDENT_MAX ? level * 2 : INDENT_MAX;
	char name[INDENT_MAX + TEXT_SIZE], threads[48], text[DURATION_TEXT_SIZE + 1] = "+";

	duration_format((uint64_t)(span->begin - first->begin), text + 1);
	text_table_add_text(table, text);
	text_table_add_duration(table, span_wall(span));
	text_table_add_duration(table, span->busy);
	text_table_add_duration(table, span_idle(span));
	format_threads(span, threads, sizeof(threads));
	text_table_add_text(table, threads);
	text_table_add_text(table, outcomes[span->outcome]);
	memset(name, ' ', indent);
	escape(story, span->name, name + indent);
	text_table_add_text(table, name);
}

/* By rising begin, each with its own children below it. */
struct child {
	uint32_t index;
	uint32_t level;
	int64_t begin;
};

static int compare_children(const void *a, const void *b)
{
	const struct child *left = a, *right = b;

	if (left->begin != right->begin)
		return left->begin < right->begin ? 1 : -1;
	return (left->index < right->index) - (left->index > right->index);
}

static size_t push_children(const struct span_forest *forest, const struct child *parent,
			    struct child *stack, size_t waiting)
{
	size_t first = waiting;

	for (uint32_t i = forest->spans[parent->index].first_child; i != FOREST_NONE;
	     i = forest->spans[i].next)
		stack[waiting++] =
			(struct child){ i, parent->level + 1, forest->spans[i].span.begin };
	qsort(stack + first, waiting - first, sizeof(*stack), compare_children);
	return waiting;
}

static int write_children(const struct span_story *story, uint32_t top,
			  const struct tree_limits *limits, FILE *out)
{
	struct child *stack = calloc((size_t)story->forest->count + 1, sizeof(*stack));
	struct text_table *table =
		text_table_new(child_columns, sizeof(child_columns) / sizeof(child_columns[0]));
	struct child next = { .index = top };
	uint64_t shown = 0, left_out = 0;
	char number[NUMBER_TEXT_SIZE];
	size_t waiting;
	int error;

	if (!stack) {
		text_table_free(table);
		return -ENOMEM;
	}
	waiting = push_children(story->forest, &next, stack, 0);
	while (waiting) {
		next = stack[--waiting];
		waiting = push_children(story->forest, &next, stack, waiting);
		if ((limits->levels && next.level > limits->levels) ||
		    (limits->rows && shown >= limits->rows)) {
			left_out++;
			continue;
		}
		shown++;
		add_child(story, table, next.index, top, next.level - 1);
	}
	error = shown ? text_table_print(table, out, text_table_width(out)) : 0;
	if (left_out)
		fprintf(out, "Not shown: %s (--levels 0 --limit 0 shows all)\n",
			number_format(left_out, number));
	free(stack);
	text_table_free(table);
	return error;
}

static int write_critical(const struct span_story *story, uint32_t index, FILE *out)
{
	struct critical_path path = { 0 };
	struct text_table *table = text_table_new(
		segment_columns, sizeof(segment_columns) / sizeof(segment_columns[0]));
	uint64_t wall = span_wall(&story->forest->spans[index].span);
	char percent[NUMBER_TEXT_SIZE], number[NUMBER_TEXT_SIZE];
	int error = critical_path_find(story->forest, index, &path);
	size_t shown = path.count < SEGMENTS_SHOWN ? path.count : SEGMENTS_SHOWN;

	for (size_t i = 0; i < shown && !error; i++) {
		const struct critical_segment *segment = &path.segments[path.count - 1 - i];
		const struct span *span = &story->forest->spans[segment->span].span;
		uint64_t time = (uint64_t)(segment->end - segment->begin);
		size_t length;
		const char *name =
			intern_get(span_reader_strings(story->reader), span->name, &length);

		text_table_add_duration(table, time);
		text_table_add_text(table, number_format_percent(time, wall, percent));
		text_table_add(table, name, length);
	}
	if (!error && path.count)
		error = text_table_print(table, out, text_table_width(out));
	if (!error && shown < path.count)
		fprintf(out, "Segments not shown: %s\n", number_format(path.count - shown, number));
	critical_path_free(&path);
	text_table_free(table);
	return error;
}

int span_story_write(const struct span_story *story, const struct tree_limits *limits, FILE *out)
{
	char number[NUMBER_TEXT_SIZE];
	int error = 0;

	for (size_t i = 0; i < story->count && !error; i++) {
		if (i)
			fputc('\n', out);
		write_head(story, story->told[i], out);
		write_parents(story, story->told[i], out);
		if (story->whole)
			error = write_children(story, story->told[i], limits, out);
		if (!error && span_ended(&story->forest->spans[story->told[i]].span))
			error = write_critical(story, story->told[i], out);
	}
	if (story->forest && story->forest->refused)
		fprintf(out, "Not read, as there are too many: %s spans\n",
			number_format(story->forest->refused, number));
	return error ? error : ferror(out) ? -EIO : 0;
}
