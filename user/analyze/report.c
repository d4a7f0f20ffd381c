/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "analyze/report_order.h"
#include "analyze/span_walk.h"
#include "analyze/thread_labels.h"

/* Deeper spans, which only a file that lies has, count as this deep. */
#define DEPTH_MAX 10000000
#define NOT_COUNTED UINT32_MAX

const char *const report_by_names[] = { "name", "depth", "target", "thread", "path", NULL };
const char *const report_sort_names[] = { "wall",      "count",	     "p50",	  "p90",
					  "p99",       "max",	     "busy",	  "busy-self",
					  "idle",      "queue",	     "in-flight", "errors",
					  "cancelled", "unfinished", "key",	  NULL };

struct report_private {
	struct thread_labels *threads;
	int64_t since; /* as times of the clock */
	int64_t until;
	uint64_t in_flight;
};

static int fail(struct report *report, const char *message, int error)
{
	snprintf(report->message, sizeof(report->message), "%s", message);
	return error;
}

static size_t depth_of(const struct span *span)
{
	if (span->depth < 0)
		return 0;
	return span->depth > DEPTH_MAX ? DEPTH_MAX : (size_t)span->depth;
}

static int add_depth(struct report *report, const struct span *span)
{
	size_t depth = depth_of(span);
	struct report_depth *row;

	if (depth >= report->depth_room) {
		size_t room = depth * 2 + 16;
		struct report_depth *depths = realloc(report->depths, room * sizeof(*depths));

		if (!depths)
			return -ENOMEM;
		memset(depths + report->depth_room, 0,
		       (room - report->depth_room) * sizeof(*depths));
		report->depths = depths;
		report->depth_room = room;
	}
	if (depth >= report->depth_count)
		report->depth_count = depth + 1;
	row = &report->depths[depth];
	row->spans++;
	row->errors += span->outcome == SPAN_ERROR;
	row->cancelled += span->outcome == SPAN_CANCELLED;
	row->unfinished += !span_ended(span);
	if (!span_ended(span))
		return 0;
	row->ended++;
	values_add_to(&row->wall_total, span_wall(span));
	values_add_to(&row->busy, span->busy);
	if (span_wall(span) > row->wall_max)
		row->wall_max = span_wall(span);
	return 0;
}

static void add_to_path(struct report *report, const struct span *span, uint32_t path)
{
	struct path_node *node = path_tree_node(report->paths, path);
	struct path_values *values = &node->values;

	if (!node->example) {
		node->example = span->id;
		node->example_process = span->process;
	}
	values->count++;
	values->errors += span->outcome == SPAN_ERROR;
	values->cancelled += span->outcome == SPAN_CANCELLED;
	values->unfinished += !span_ended(span);
	if (!span_ended(span))
		return;
	values_add_to(&values->wall, span_wall(span));
	values_add_to(&values->busy, span->busy);
	values_add_to(&values->busy_self, span->busy_self);
	values_add_to(&values->idle, span_idle(span));
	values_add_to(&values->queue, span->queue);
}

static uint32_t key_of(const struct report *report, const struct span *span,
		       const struct open_span *self)
{
	switch (report->options.by) {
	case REPORT_BY_DEPTH:
		return (uint32_t)depth_of(span);
	case REPORT_BY_TARGET:
		return span->target;
	case REPORT_BY_THREAD:
		return thread_labels_get(report->private->threads, span);
	case REPORT_BY_PATH:
		return self->path;
	case REPORT_BY_NAME:
		break;
	}
	return span->name;
}

static bool is_counted(const struct report *report, const struct span *span)
{
	const struct report_private *private = report->private;

	if (span->begin >= private->until || span->end < private->since ||
	    (span->end == private->since && span->begin < span->end))
		return false;
	return !report->options.filter ||
	       span_filter_takes(report->options.filter, span_reader_strings(report->reader), span);
}

/* The time in the window that a span was open. */
static uint64_t open_time(const struct report *report, const struct span *span)
{
	const struct report_private *private = report->private;
	int64_t begin = span->begin > private->since ? span->begin : private->since;
	int64_t end = span->end < private->until ? span->end : private->until;

	return end > begin ? (uint64_t)(end - begin) : 0;
}

static int add_to_groups(struct report *report, const struct span *span, struct open_span *self,
			 uint64_t open)
{
	uint32_t name = span_groups_group(report->names, span->name), group = name;
	int error;

	if (name == SPAN_GROUPS_FAILED)
		return -ENOMEM;
	error = span_groups_add(report->names, name, span, open);
	if (!error && report->groups != report->names) {
		group = span_groups_group(report->groups, key_of(report, span, self));
		if (group == SPAN_GROUPS_FAILED)
			return -ENOMEM;
		error = span_groups_add(report->groups, group, span, open);
	}
	self->group = group;
	self->name_group = name;
	self->in_flight = open > 0;
	if (open && ++report->private->in_flight > report->in_flight_max)
		report->in_flight_max = report->private->in_flight;
	return error;
}

static int count_span(void *context, const struct span *span, struct open_span *self,
		      struct open_span *parent)
{
	struct report *report = context;
	int error;

	(void)parent;
	self->group = NOT_COUNTED;
	if (!is_counted(report, span))
		return 0;
	error = add_to_groups(report, span, self, open_time(report, span));
	if (!error)
		error = add_depth(report, span);
	if (error)
		return error;
	add_to_path(report, span, self->path);
	return span_findings_add(report->findings, span, self);
}

static int count_begin(void *context, struct open_span *self)
{
	struct report *report = context;

	if (!self->in_flight)
		return 0;
	report->private->in_flight--;
	span_groups_left(report->names, self->name_group);
	if (report->groups != report->names)
		span_groups_left(report->groups, self->group);
	return 0;
}

static int count_children(void *context, struct open_span *self)
{
	struct report *report = context;

	if (!self->known || self->group == NOT_COUNTED)
		return 0;
	return span_findings_close(report->findings, self);
}

/* Paths that turned out to be the same become one group. */
static int merge_paths(struct report *report)
{
	struct span_groups *groups = report->groups;
	uint32_t count = groups->count;
	int error = 0;

	for (uint32_t i = 0; i < count && !error; i++) {
		uint32_t key = groups->groups[i].key;
		uint32_t now = path_tree_resolve(report->paths, key);
		uint32_t to;

		if (now == key)
			continue;
		to = span_groups_group(groups, now);
		error = to == SPAN_GROUPS_FAILED ? -ENOMEM : span_groups_merge(groups, to, i);
	}
	return error;
}

/* Where no trace says when it began, all spans are asked: times are counted from there. */
static int find_begin(const char *directory, struct report *report, int64_t *begin)
{
	struct span_reader_options options = { 0 };
	struct span_reader *reader = NULL;
	const struct span *span;
	int result;

	*begin = span_reader_period(report->reader).begin;
	if (*begin || (!report->options.since && report->options.until == UINT64_MAX))
		return 0;
	result = span_reader_open(&reader, directory, &options);
	while (!result && (result = span_reader_next(reader, &span)) > 0)
		result = 0;
	if (result)
		fail(report, span_reader_message(reader), result);
	else
		*begin = span_reader_period(reader).begin;
	span_reader_close(reader);
	return result;
}

static int64_t later(int64_t begin, uint64_t by)
{
	if (by > (uint64_t)(INT64_MAX - begin))
		return INT64_MAX;
	return begin + (int64_t)by;
}

static int set_window(const char *directory, struct report *report)
{
	const struct report_options *options = &report->options;
	int64_t begin;
	int error = find_begin(directory, report, &begin);

	report->private->since = options->since ? later(begin, options->since) : INT64_MIN;
	report->private->until = options->until == UINT64_MAX ? INT64_MAX :
								later(begin, options->until);
	return error;
}

static void cut_period(struct report *report)
{
	const struct report_private *private = report->private;

	report->period = span_reader_period(report->reader);
	if (report->period.begin < private->since)
		report->period.begin = private->since;
	if (report->period.end > private->until)
		report->period.end = private->until;
	if (report->period.end < report->period.begin)
		report->period.end = report->period.begin;
}

static int open_all(const char *directory, struct report *report)
{
	struct span_reader_options options = { .latest_first = true };
	int error;

	if (report->options.by == REPORT_BY_TARGET)
		options.read |= SPAN_READ_TARGET;
	if (report->options.by == REPORT_BY_THREAD)
		options.read |= SPAN_READ_THREAD;
	if (report->options.filter)
		options.read |= span_filter_read(report->options.filter);
	error = span_reader_open(&report->reader, directory, &options);
	if (error)
		return fail(report, span_reader_message(report->reader), error);
	report->private = calloc(1, sizeof(*report->private));
	report->names = span_groups_new(report->options.values_max);
	report->groups = report->options.by == REPORT_BY_NAME ?
				 report->names :
				 span_groups_new(report->options.values_max);
	report->paths = path_tree_new();
	report->findings = span_findings_new(&report->options.thresholds);
	if (!report->private || !report->names || !report->groups || !report->paths ||
	    !report->findings)
		return fail(report, strerror(ENOMEM), -ENOMEM);
	if (report->options.by != REPORT_BY_THREAD)
		return 0;
	error = thread_labels_open(&report->private->threads, directory,
				   span_reader_strings(report->reader));
	return error ? fail(report, thread_labels_message(report->private->threads), error) : 0;
}

static int finish(struct report *report)
{
	uint32_t missing = intern_add_text(span_reader_strings(report->reader), "(parent missing)");
	int error = missing == INTERN_FAILED ? -ENOMEM : path_tree_gather(report->paths, missing);

	if (!error && report->options.by == REPORT_BY_PATH)
		error = merge_paths(report);
	if (error)
		return error;
	span_groups_finish(report->names);
	if (report->groups != report->names)
		span_groups_finish(report->groups);
	error = span_findings_finish(report->findings, report->names, report->paths);
	report->total = span_groups_total(report->names);
	cut_period(report);
	return error;
}

static bool has_table(const char *directory, const char *table)
{
	struct stat status;
	char *path;
	bool found;

	if (asprintf(&path, "%s/%s", directory, table) < 0)
		return false;
	found = stat(path, &status) == 0 && S_ISDIR(status.st_mode);
	free(path);
	return found;
}

int report_read_with(const char *directory, const struct report_options *options,
		     struct report *out)
{
	struct span_visitor visitor = {
		.context = out,
		.span = count_span,
		.began = count_begin,
		.closed = count_children,
	};
	int error;

	memset(out, 0, sizeof(*out));
	out->options = *options;
	out->has_polls = has_table(directory, "async_polls");
	out->has_off_cpu = has_table(directory, "off_cpu");
	error = open_all(directory, out);
	if (!error)
		error = set_window(directory, out);
	if (error)
		return error;
	error = span_walk(out->reader, out->paths, &visitor);
	if (error) {
		const char *message = span_reader_message(out->reader);

		return fail(out, *message ? message : strerror(-error), error);
	}
	error = finish(out);
	if (!error)
		error = report_order(out);
	return error ? fail(out, strerror(-error), error) : 0;
}

int report_read(const char *directory, struct report *out)
{
	struct report_options options = REPORT_OPTIONS_DEFAULT;

	return report_read_with(directory, &options, out);
}

void report_free(struct report *report)
{
	if (report->groups != report->names)
		span_groups_free(report->groups);
	span_groups_free(report->names);
	if (report->private)
		thread_labels_close(report->private->threads);
	path_tree_free(report->paths);
	span_findings_free(report->findings);
	span_reader_close(report->reader);
	free(report->depths);
	free(report->private);
	memset(report, 0, sizeof(*report));
}
