/* SPDX-License-Identifier: BSD-2-Clause */
/* A report as text for people and as JSON for programs. */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "analyze/report.h"
#include "base/duration.h"
#include "base/json_writer.h"
#include "base/number.h"
#include "base/printable.h"
#include "base/text_table.h"

static const struct text_column time_columns[] = {
	{ .title = "name", .shrinks = true },	       { .title = "count", .align = TEXT_RIGHT },
	{ .title = "wall p50", .align = TEXT_RIGHT },  { .title = "p99", .align = TEXT_RIGHT },
	{ .title = "max", .align = TEXT_RIGHT },       { .title = "busy", .align = TEXT_RIGHT },
	{ .title = "queue p99", .align = TEXT_RIGHT },
};

static const struct text_column outcome_columns[] = {
	{ .title = "name", .shrinks = true },
	{ .title = "unfinished", .align = TEXT_RIGHT },
	{ .title = "errors", .align = TEXT_RIGHT },
	{ .title = "cancelled", .align = TEXT_RIGHT },
};

static size_t shown_count(const struct report *report, size_t limit)
{
	return limit && limit < report->names->count ? limit : report->names->count;
}

/* The part of its wall time in which a name was busy. */
static void add_busy(struct text_table *table, const struct name_statistic *name)
{
	char text[NUMBER_TEXT_SIZE] = "-";

	if (name->wall.total)
		number_format_percent(name->busy_total, name->wall.total, text);
	text_table_add_text(table, text);
}

static void add_times(struct text_table *table, const struct name_statistic *name)
{
	text_table_add(table, name->name, name->name_length);
	text_table_add_number(table, name->spans);
	if (name->wall.count) {
		text_table_add_duration(table, name->wall.p50);
		text_table_add_duration(table, name->wall.p99);
		text_table_add_duration(table, name->wall.max);
	} else {
		for (int i = 0; i < 3; i++)
			text_table_add_text(table, "-");
	}
	add_busy(table, name);
	if (name->queue.count)
		text_table_add_duration(table, name->queue.p99);
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

static int write_times(const struct report *report, FILE *out, size_t shown)
{
	struct text_table *table =
		text_table_new(time_columns, sizeof(time_columns) / sizeof(time_columns[0]));
	int error;

	for (size_t i = 0; i < shown; i++)
		add_times(table, &report->names->names[i]);
	error = text_table_print(table, out, text_table_width(out));
	text_table_free(table);
	return error;
}

/* Names of which all spans ended well are left out; without any other there is no table. */
static int write_outcomes(const struct report *report, FILE *out, size_t shown)
{
	struct text_table *table = text_table_new(
		outcome_columns, sizeof(outcome_columns) / sizeof(outcome_columns[0]));
	bool any = false;
	int error = 0;

	for (size_t i = 0; i < shown; i++) {
		const struct name_statistic *name = &report->names->names[i];

		if (!name->unfinished && !name->errors && !name->cancelled)
			continue;
		text_table_add(table, name->name, name->name_length);
		add_count(table, name->unfinished);
		add_count(table, name->errors);
		add_count(table, name->cancelled);
		any = true;
	}
	if (any) {
		fputc('\n', out);
		error = text_table_print(table, out, text_table_width(out));
	}
	text_table_free(table);
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
	const struct name_statistics *names = report->names;
	char number[NUMBER_TEXT_SIZE];
	char duration[DURATION_TEXT_SIZE];

	fputc('\n', out);
	write_count(out, names->spans, "span");
	fputs(" of ", out);
	write_count(out, names->count, "name");
	if (report->traces.traces) {
		fputs(", ", out);
		write_count(out, report->traces.events, "event");
	}
	if (report->traces.duration_ns)
		fprintf(out, " in %s", duration_format(report->traces.duration_ns, duration));
	fprintf(out, "\n%s unfinished, ", number_format(names->unfinished, number));
	write_count(out, names->errors, "error");
	fprintf(out, ", %s cancelled\n", number_format(names->cancelled, number));
}

static uint64_t lost_in_all(const struct trace_files *traces)
{
	uint64_t lost = 0;

	for (size_t i = 0; i < traces->counter_count; i++) {
		if (traces->counters[i].kind == TRACE_COUNTER_LOSS &&
		    __builtin_add_overflow(lost, traces->counters[i].value, &lost))
			lost = UINT64_MAX;
	}
	return lost;
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
	const struct trace_files *traces = &report->traces;
	uint64_t whole = traces->events;
	bool any = false;

	if (__builtin_add_overflow(whole, lost_in_all(traces), &whole))
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
	if (!report->traces.traces)
		fputs("What was lost is not known: there is no file in traces/.\n", out);
	else if (report->traces.open)
		fputs("What was lost is not known: a trace is not complete.\n", out);
	else if (!lost_in_all(&report->traces))
		fputs("Nothing was lost.\n", out);
	else
		write_counters(report, TRACE_COUNTER_LOSS,
			       "What was lost makes the numbers above approximate:", out);
}

int report_write_text(const struct report *report, FILE *out, size_t limit)
{
	size_t shown = shown_count(report, limit);
	char more[NUMBER_TEXT_SIZE];
	int error = 0;

	if (report->names->count)
		error = write_times(report, out, shown);
	if (!error && shown < report->names->count)
		fprintf(out, "Names with less wall time, not shown: %s\n",
			number_format(report->names->count - shown, more));
	if (!error)
		error = write_outcomes(report, out, shown);
	if (error)
		return error;
	write_totals(report, out);
	write_counters(report, TRACE_COUNTER_INCONSISTENCY,
		       "Spans used in ways that had to be mended:", out);
	write_losses(report, out);
	return fflush(out) || ferror(out) ? -EIO : 0;
}

static void write_time(struct json_writer *json, const char *key, bool known, uint64_t time)
{
	if (known)
		json_writer_unsigned(json, key, time);
	else
		json_writer_null(json, key);
}

static void write_json_name(struct json_writer *json, const struct name_statistic *name)
{
	bool ended = name->wall.count > 0;
	bool queued = name->queue.count > 0;

	json_writer_object_begin(json, NULL);
	json_writer_string_n(json, "name", name->name, name->name_length);
	json_writer_unsigned(json, "count", name->spans);
	json_writer_unsigned(json, "unfinished", name->unfinished);
	json_writer_unsigned(json, "errors", name->errors);
	json_writer_unsigned(json, "cancelled", name->cancelled);
	write_time(json, "wall_total_ns", ended, name->wall.total);
	write_time(json, "wall_p50_ns", ended, name->wall.p50);
	write_time(json, "wall_p99_ns", ended, name->wall.p99);
	write_time(json, "wall_max_ns", ended, name->wall.max);
	write_time(json, "busy_total_ns", ended, name->busy_total);
	write_time(json, "queue_total_ns", queued, name->queue.total);
	write_time(json, "queue_p50_ns", queued, name->queue.p50);
	write_time(json, "queue_p99_ns", queued, name->queue.p99);
	write_time(json, "queue_max_ns", queued, name->queue.max);
	json_writer_object_end(json);
}

static void write_json_counters(struct json_writer *json, const struct trace_files *traces)
{
	static const char *const kinds[] = {
		[TRACE_COUNTER_LOSS] = "loss",
		[TRACE_COUNTER_INCONSISTENCY] = "inconsistency",
		[TRACE_COUNTER_NOTE] = "note",
	};

	json_writer_array_begin(json, "counters");
	for (size_t i = 0; i < traces->counter_count; i++) {
		json_writer_object_begin(json, NULL);
		json_writer_string(json, "name", traces->counters[i].name);
		json_writer_string(json, "kind", kinds[traces->counters[i].kind]);
		json_writer_unsigned(json, "value", traces->counters[i].value);
		json_writer_string(json, "meaning", traces->counters[i].meaning);
		json_writer_object_end(json);
	}
	json_writer_array_end(json);
}

int report_write_json(const struct report *report, FILE *out, size_t limit)
{
	const struct name_statistics *names = report->names;
	const struct trace_files *traces = &report->traces;
	size_t shown = shown_count(report, limit);
	struct json_writer json;

	json_writer_begin(&json, out);
	json_writer_object_begin(&json, NULL);
	json_writer_unsigned(&json, "spans", names->spans);
	json_writer_unsigned(&json, "unfinished", names->unfinished);
	json_writer_unsigned(&json, "errors", names->errors);
	json_writer_unsigned(&json, "cancelled", names->cancelled);
	json_writer_unsigned(&json, "wall_total_ns", names->total_wall);
	json_writer_unsigned(&json, "busy_total_ns", names->total_busy);
	write_time(&json, "duration_ns", traces->duration_ns > 0, traces->duration_ns);
	write_time(&json, "events", traces->traces > 0, traces->events);
	write_time(&json, "lost", traces->traces > 0 && !traces->open, lost_in_all(traces));
	json_writer_unsigned(&json, "name_count", names->count);
	json_writer_array_begin(&json, "names");
	for (size_t i = 0; i < shown; i++)
		write_json_name(&json, &names->names[i]);
	json_writer_array_end(&json);
	write_json_counters(&json, traces);
	json_writer_object_end(&json);
	return json_writer_end(&json);
}
