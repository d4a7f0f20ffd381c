/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/tree_write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"
#include "base/number.h"
#include "base/text_table.h"

#define INDENT_MAX 60

static const struct text_column columns[] = {
	{ .title = "count", .align = TEXT_RIGHT },     { .title = "wall", .align = TEXT_RIGHT },
	{ .title = "busy self", .align = TEXT_RIGHT }, { .title = "critical", .align = TEXT_RIGHT },
	{ .title = "path", .shrinks = true },
};

/* The paths in the order in which they are shown, each with how deep it stands. */
struct listed {
	uint32_t path;
	uint32_t level;
};

struct list {
	struct listed *paths;
	size_t count;
};

static int compare_children(const void *a, const void *b, void *context)
{
	const struct listed *left = a, *right = b;
	const struct path_values *l = &path_tree_node(context, left->path)->values;
	const struct path_values *r = &path_tree_node(context, right->path)->values;

	if (l->wall != r->wall)
		return l->wall > r->wall ? 1 : -1;
	if (l->count != r->count)
		return l->count > r->count ? 1 : -1;
	return (left->path < right->path) - (left->path > right->path);
}

/* A stack whose top is shown next: of the children pushed the greatest is on top. */
static int make_list(const struct report *report, struct list *list)
{
	struct path_tree *tree = report->paths;
	size_t room = path_tree_count(tree), waiting = 0;
	struct listed *stack = calloc(room, sizeof(*stack));

	list->paths = calloc(room, sizeof(*list->paths));
	if (!stack || !list->paths) {
		free(stack);
		return -ENOMEM;
	}
	stack[waiting++] = (struct listed){ PATH_TOP, 0 };
	while (waiting) {
		struct listed next = stack[--waiting];
		size_t first = waiting;

		if (next.path != PATH_TOP)
			list->paths[list->count++] = next;
		for (uint32_t child = path_tree_node(tree, next.path)->first_child;
		     child != PATH_NONE; child = path_tree_node(tree, child)->next)
			stack[waiting++] = (struct listed){ child, next.path == PATH_TOP ?
									   0 :
									   next.level + 1 };
		qsort_r(stack + first, waiting - first, sizeof(*stack), compare_children, tree);
	}
	free(stack);
	return 0;
}

/* Wall time of all roots, of which critical times are parts. */
static uint64_t critical_whole(const struct report *report)
{
	uint64_t whole = 0;

	for (uint32_t path = PATH_TOP; path != PATH_NONE;
	     path = path_tree_next(report->paths, path))
		values_add_to(&whole, path_tree_node(report->paths, path)->values.critical);
	return whole;
}

static void add_row(const struct report *report, struct text_table *table,
		    const struct listed *listed, uint64_t whole)
{
	const struct path_node *node = path_tree_node(report->paths, listed->path);
	const struct path_values *values = &node->values;
	const struct intern *strings = span_reader_strings(report->reader);
	size_t length, indent = listed->level * 2 < INDENT_MAX ? listed->level * 2 : INDENT_MAX;
	const char *name = intern_get(strings, node->name, &length);
	char percent[NUMBER_TEXT_SIZE] = "-";
	char *text;

	text_table_add_number(table, values->count);
	if (values->count > values->unfinished) {
		text_table_add_duration(table, values->wall);
		text_table_add_duration(table, values->busy_self);
	} else {
		text_table_add_text(table, "-");
		text_table_add_text(table, "-");
	}
	if (values->critical)
		number_format_percent(values->critical, whole, percent);
	text_table_add_text(table, percent);
	text = malloc(indent + length);
	if (text) {
		memset(text, ' ', indent);
		memcpy(text + indent, name, length);
	}
	text_table_add(table, text ? text : "", text ? indent + length : 0);
	free(text);
}

int tree_write_text(const struct report *report, const struct tree_limits *limits, FILE *out)
{
	struct text_table *table = text_table_new(columns, sizeof(columns) / sizeof(columns[0]));
	uint64_t whole = critical_whole(report), shown = 0;
	struct list list = { 0 };
	char number[NUMBER_TEXT_SIZE];
	int error = make_list(report, &list);

	for (size_t i = 0; i < list.count && !error; i++) {
		if (!path_tree_node(report->paths, list.paths[i].path)->values.count ||
		    (limits->levels && list.paths[i].level >= limits->levels) ||
		    (limits->rows && shown >= limits->rows))
			continue;
		shown++;
		add_row(report, table, &list.paths[i], whole);
	}
	if (!error)
		error = text_table_print(table, out, text_table_width(out));
	if (!error && shown < list.count)
		fprintf(out, "Paths not shown: %s (--levels 0 --limit 0 shows all)\n",
			number_format(list.count - shown, number));
	free(list.paths);
	text_table_free(table);
	return error ? error : ferror(out) ? -EIO : 0;
}

static int write_json_path(const struct report *report, struct json_writer *json,
			   const struct listed *listed)
{
	const struct path_node *node = path_tree_node(report->paths, listed->path);
	const struct path_values *values = &node->values;
	size_t length;
	char *path = report_path(report, listed->path, SIZE_MAX, &length);

	if (!path)
		return -ENOMEM;
	json_writer_object_begin(json, NULL);
	json_writer_string_n(json, "path", path, length);
	free(path);
	json_writer_unsigned(json, "level", listed->level);
	json_writer_unsigned(json, "count", values->count);
	json_writer_unsigned(json, "unfinished", values->unfinished);
	json_writer_unsigned(json, "errors", values->errors);
	json_writer_unsigned(json, "cancelled", values->cancelled);
	json_writer_unsigned(json, "wall_ns", values->wall);
	json_writer_unsigned(json, "busy_ns", values->busy);
	json_writer_unsigned(json, "busy_self_ns", values->busy_self);
	json_writer_unsigned(json, "idle_ns", values->idle);
	json_writer_unsigned(json, "critical_ns", values->critical);
	json_writer_signed(json, "example_span_id", node->example);
	json_writer_object_end(json);
	return 0;
}

int tree_write_json(const struct report *report, FILE *out)
{
	struct json_writer json;
	struct list list = { 0 };
	int error = make_list(report, &list);

	json_writer_begin(&json, out);
	json_writer_object_begin(&json, NULL);
	json_writer_unsigned(&json, "critical_total_ns", critical_whole(report));
	json_writer_array_begin(&json, "paths");
	for (size_t i = 0; i < list.count && !error; i++)
		error = write_json_path(report, &json, &list.paths[i]);
	json_writer_array_end(&json);
	json_writer_object_end(&json);
	free(list.paths);
	return error ? error : json_writer_end(&json);
}
