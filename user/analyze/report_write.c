/* SPDX-License-Identifier: BSD-2-Clause */
/* A report as text for people. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/span_findings_write.h"
#include "analyze/report.h"
#include "base/duration.h"
#include "base/number.h"
#include "base/printable.h"
#include "base/text_table.h"

#define DEPTHS_SHOWN 12

#define COLUMN(text)                                 \
	{                                            \
		.title = (text), .align = TEXT_RIGHT \
	}

static const struct text_column time_columns[] = {
	{ .title = NULL, .shrinks = true },
	COLUMN("count"),
	COLUMN("wall p50"),
	COLUMN("p90"),
	COLUMN("p99"),
	COLUMN("max"),
	COLUMN("busy"),
};

static const struct text_column total_columns[] = {
	{ .title = NULL, .shrinks = true },
	COLUMN("wall total"),
	COLUMN("busy self"),
	COLUMN("idle"),
	COLUMN("queue p99"),
	COLUMN("in flight"),
	COLUMN("max"),
};

static const struct text_column outcome_columns[] = {
	{ .title = NULL, .shrinks = true },
	COLUMN("unfinished"),
	COLUMN("errors"),
	COLUMN("cancelled"),
};

static const struct text_column depth_columns[] = {
	COLUMN("depth"), COLUMN("count"),      COLUMN("wall mean"), COLUMN("max"),
	COLUMN("busy"),	 COLUMN("unfinished"), COLUMN("errors"),
};

#define COLUMNS(array) (sizeof(array) / sizeof((array)[0]))

static size_t shown_count(const struct report *report, size_t limit)
{
	return limit && limit < report->groups->count ? limit : report->groups->count;
}

/* The part of the wall time of ended spans in which they were busy. */
static void add_busy(struct text_table *table, uint64_t busy, uint64_t wall)
{
	char text[NUMBER_TEXT_SIZE] = "-";

	if (wall)
		number_format_percent(busy, wall, text);
	text_table_add_text(table, text);
}

static void add_time(struct text_table *table, bool known, uint64_t time)
{
	if (known)
		text_table_add_duration(table, time);
	else
		text_table_add_text(table, "-");
}

static void add_count(struct text_table *table, uint64_t count)
{
	if (count)
		text_table_add_number(table, count);
	else
		text_table_add_text(table, "-");
}

static bool add_times(const struct report *report, struct text_table *table,
		      const struct span_group *group)
{
	bool ended = group->wall.count > 0;

	(void)report;
	text_table_add_number(table, group->spans);
	add_time(table, ended, group->wall.p50);
	add_time(table, ended, group->wall.p90);
	add_time(table, ended, group->wall.p99);
	add_time(table, ended, group->wall.max);
	add_busy(table, group->busy, group->wall.total);
	return true;
}

static bool add_totals(const struct report *report, struct text_table *table,
		       const struct span_group *group)
{
	double mean = report_in_flight(report, group->open);
	char text[32];

	add_time(table, group->wall.count > 0, group->wall.total);
	add_time(table, group->wall.count > 0, group->busy_self);
	add_time(table, group->wall.count > 0, group->idle);
	add_time(table, group->queue.count > 0, group->queue.p99);
	snprintf(text, sizeof(text), mean < 0.01 && mean > 0 ? "%.1g" : "%.2f", mean);
	text_table_add_text(table, text);
	/* Of groups of paths that were put together it is not known. */
	if (report->options.by == REPORT_BY_PATH)
		text_table_add_text(table, "-");
	else
		text_table_add_number(table, group->in_flight_max);
	return true;
}

static bool has_outcome(const struct span_group *group)
{
	return group->unfinished || group->errors || group->cancelled;
}

static bool add_outcomes(const struct report *report, struct text_table *table,
			 const struct span_group *group)
{
	(void)report;
	add_count(table, group->unfinished);
	add_count(table, group->errors);
	add_count(table, group->cancelled);
	return true;
}

struct group_table {
	const struct text_column *columns;
	size_t column_count;
	/* NULL: all groups have a row. */
	bool (*wanted)(const struct span_group *group);
	bool (*add)(const struct report *report, struct text_table *table,
		    const struct span_group *group);
};

static const struct group_table group_tables[] = {
	{ time_columns, COLUMNS(time_columns), NULL, add_times },
	{ total_columns, COLUMNS(total_columns), NULL, add_totals },
	/* Names of which all spans ended well are left out; without any other there is no table. */
	{ outcome_columns, COLUMNS(outcome_columns), has_outcome, add_outcomes },
};

static int write_groups(const struct report *report, const struct group_table *kind, size_t shown,
			FILE *out)
{
	struct text_column columns[COLUMNS(time_columns)];
	struct text_table *table;
	bool any = false;
	int error = 0;

	memcpy(columns, kind->columns, kind->column_count * sizeof(columns[0]));
	columns[0].title = report_by_names[report->options.by];
	table = text_table_new(columns, kind->column_count);
	for (size_t i = 0; i < shown; i++) {
		const struct span_group *group = &report->groups->groups[i];
		size_t length;
		char *key;

		if (kind->wanted && !kind->wanted(group))
			continue;
		key = report_key(report, group->key, &length);
		text_table_add(table, key ? key : "", key ? length : 0);
		free(key);
		kind->add(report, table, group);
		any = true;
	}
	if (any) {
		error = text_table_print(table, out, text_table_width(out));
		fputc('\n', out);
	}
	text_table_free(table);
	return error;
}

static int write_depths(const struct report *report, FILE *out)
{
	struct text_table *table;
	size_t shown = 0;
	char more[NUMBER_TEXT_SIZE];
	int error;

	if (report->depth_count < 2 || report->options.by == REPORT_BY_DEPTH)
		return 0;
	table = text_table_new(depth_columns, COLUMNS(depth_columns));
	for (; shown < report->depth_count && shown < DEPTHS_SHOWN; shown++) {
		const struct report_depth *depth = &report->depths[shown];

		text_table_add_number(table, shown);
		text_table_add_number(table, depth->spans);
		add_time(table, depth->ended > 0,
			 depth->ended ? depth->wall_total / depth->ended : 0);
		add_time(table, depth->ended > 0, depth->wall_max);
		add_busy(table, depth->busy, depth->wall_total);
		add_count(table, depth->unfinished);
		add_count(table, depth->errors);
	}
	error = text_table_print(table, out, text_table_width(out));
	text_table_free(table);
	if (!error && shown < report->depth_count)
		fprintf(out, "Greater depths, not shown: %s (--by depth)\n",
			number_format(report->depth_count - shown, more));
	fputc('\n', out);
	return error;
}

/* "1 span", "2 spans". */
static void write_count(FILE *out, uint64_t count, const char *noun)
{
	char number[NUMBER_TEXT_SIZE];

	fprintf(out, "%s %s%s", number_format(count, number), noun, count == 1 ? "" : "s");
}

static void write_totals(const struct report *report, FILE *out)
{
	const struct trace_files *traces = span_reader_traces(report->reader);
	const struct span_group *total = &report->total;
	char number[NUMBER_TEXT_SIZE];
	char duration[DURATION_TEXT_SIZE];

	write_count(out, total->spans, "span");
	fputs(" of ", out);
	write_count(out, report->names->count, "name");
	if (traces->traces) {
		fputs(", ", out);
		write_count(out, traces->events, "event");
	}
	if (report_duration(report))
		fprintf(out, " in %s", duration_format(report_duration(report), duration));
	fprintf(out, "\n%s unfinished, ", number_format(total->unfinished, number));
	write_count(out, total->errors, "error");
	fprintf(out, ", %s cancelled, ", number_format(total->cancelled, number));
	fprintf(out, "%s in flight at most\n", number_format(report->in_flight_max, number));
}

/* A meaning comes from a file, which anybody may have written. */
static void write_counter(const struct trace_counter *counter, uint64_t whole, FILE *out)
{
	char meaning[256];
	char value[NUMBER_TEXT_SIZE];
	char percent[NUMBER_TEXT_SIZE];

	printable_escape(meaning, sizeof(meaning), counter->meaning, strlen(counter->meaning));
	fprintf(out, "  %s %s", number_format(counter->value, value), meaning);
	if (counter->kind == TRACE_COUNTER_LOSS && whole)
		fprintf(out, " (%s)", number_format_percent(counter->value, whole, percent));
	fputc('\n', out);
}

static void write_counters(const struct report *report, enum trace_counter_kind kind,
			   const char *title, FILE *out)
{
	const struct trace_files *traces = span_reader_traces(report->reader);
	uint64_t whole = traces->events;
	bool any = false;

	if (__builtin_add_overflow(whole, report_lost(report), &whole))
		whole = UINT64_MAX;
	for (size_t i = 0; i < traces->counter_count; i++) {
		const struct trace_counter *counter = &traces->counters[i];

		if (counter->kind != kind || !counter->value)
			continue;
		if (!any)
			fprintf(out, "%s\n", title);
		any = true;
		write_counter(counter, whole, out);
	}
}

static void write_losses(const struct report *report, FILE *out)
{
	const struct trace_files *traces = span_reader_traces(report->reader);
	char number[NUMBER_TEXT_SIZE];

	if (report->names->approximate)
		fputs("Percentiles are approximate: there are too many spans to keep all.\n", out);
	if (report->total.lossy)
		fprintf(out, "Approximate: %s of the spans were open while something was lost.\n",
			number_format(report->total.lossy, number));
	if (!traces->traces)
		fputs("What was lost is not known: there is no file in traces/.\n", out);
	else if (traces->open)
		fputs("What was lost is not known: a trace is not complete.\n", out);
	else if (!report_lost(report))
		fputs("Nothing was lost.\n", out);
	else
		write_counters(report, TRACE_COUNTER_LOSS,
			       "What was lost makes the numbers above approximate:", out);
}

int report_write_text(const struct report *report, FILE *out, size_t limit)
{
	size_t shown = shown_count(report, limit);
	char more[NUMBER_TEXT_SIZE];
	int error = span_findings_write_text(report, out);

	for (size_t i = 0; i < COLUMNS(group_tables) && !error; i++)
		error = write_groups(report, &group_tables[i], shown, out);
	if (!error)
		error = write_depths(report, out);
	if (error)
		return error;
	if (shown < report->groups->count)
		fprintf(out, "%ss not shown: %s (--limit 0 shows all)\n",
			report_by_names[report->options.by],
			number_format(report->groups->count - shown, more));
	write_totals(report, out);
	write_counters(report, TRACE_COUNTER_INCONSISTENCY,
		       "Spans used in ways that had to be mended:", out);
	write_losses(report, out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}
