/* SPDX-License-Identifier: BSD-2-Clause */
/* A report as JSON for programs. */
#include <errno.h>
#include <stdlib.h>

#include "analyze/span_findings_write.h"
#include "analyze/report.h"
#include "base/json_writer.h"

static void write_time(struct json_writer *json, const char *key, bool known, uint64_t time)
{
	if (known)
		json_writer_unsigned(json, key, time);
	else
		json_writer_null(json, key);
}

static void write_sums(const struct report *report, struct json_writer *json,
		       const struct span_group *group)
{
	bool ended = group->wall.count > 0;

	json_writer_unsigned(json, "unfinished", group->unfinished);
	json_writer_unsigned(json, "errors", group->errors);
	json_writer_unsigned(json, "cancelled", group->cancelled);
	json_writer_unsigned(json, "lossy", group->lossy);
	json_writer_real(json, "in_flight_mean", report_in_flight(report, group->open));
	write_time(json, "wall_total_ns", ended, group->wall.total);
	write_time(json, "wall_max_ns", ended, group->wall.max);
	write_time(json, "busy_total_ns", ended, group->busy);
	write_time(json, "busy_self_total_ns", ended, group->busy_self);
	write_time(json, "idle_total_ns", ended, group->idle);
	write_time(json, "queue_total_ns", group->queue.count > 0, group->queue.total);
	json_writer_unsigned(json, "max_poll_ns", group->max_poll);
}

static int write_group(const struct report *report, struct json_writer *json,
		       const struct span_group *group)
{
	bool ended = group->wall.count > 0, queued = group->queue.count > 0;
	size_t length;
	char *key = report_key(report, group->key, &length);

	if (!key)
		return -ENOMEM;
	json_writer_object_begin(json, NULL);
	if (report->options.by == REPORT_BY_DEPTH)
		json_writer_unsigned(json, "depth", group->key);
	else
		json_writer_string_n(json, report_by_names[report->options.by], key, length);
	free(key);
	json_writer_unsigned(json, "count", group->spans);
	write_sums(report, json, group);
	write_time(json, "wall_p50_ns", ended, group->wall.p50);
	write_time(json, "wall_p90_ns", ended, group->wall.p90);
	write_time(json, "wall_p99_ns", ended, group->wall.p99);
	write_time(json, "queue_p50_ns", queued, group->queue.p50);
	write_time(json, "queue_p90_ns", queued, group->queue.p90);
	write_time(json, "queue_p99_ns", queued, group->queue.p99);
	write_time(json, "queue_max_ns", queued, group->queue.max);
	write_time(json, "in_flight_max", report->options.by != REPORT_BY_PATH,
		   group->in_flight_max);
	json_writer_object_end(json);
	return 0;
}

static void write_depths(const struct report *report, struct json_writer *json)
{
	json_writer_array_begin(json, "by_depth");
	for (size_t i = 0; i < report->depth_count; i++) {
		const struct report_depth *depth = &report->depths[i];
		bool ended = depth->ended > 0;

		json_writer_object_begin(json, NULL);
		json_writer_unsigned(json, "depth", i);
		json_writer_unsigned(json, "count", depth->spans);
		json_writer_unsigned(json, "unfinished", depth->unfinished);
		json_writer_unsigned(json, "errors", depth->errors);
		json_writer_unsigned(json, "cancelled", depth->cancelled);
		write_time(json, "wall_total_ns", ended, depth->wall_total);
		write_time(json, "wall_max_ns", ended, depth->wall_max);
		write_time(json, "busy_total_ns", ended, depth->busy);
		json_writer_object_end(json);
	}
	json_writer_array_end(json);
}

static void write_thresholds(const struct report *report, struct json_writer *json)
{
	const struct finding_thresholds *thresholds = &report->options.thresholds;

	json_writer_object_begin(json, "thresholds");
	json_writer_unsigned(json, "never_ended_ns", thresholds->never_ended);
	json_writer_unsigned(json, "never_ended_factor", thresholds->never_ended_factor);
	json_writer_unsigned(json, "recursion", thresholds->recursion);
	json_writer_unsigned(json, "depth", thresholds->depth);
	json_writer_unsigned(json, "retries", thresholds->retries);
	json_writer_unsigned(json, "poll_ns", thresholds->poll);
	json_writer_unsigned(json, "queue_ns", thresholds->queue);
	json_writer_unsigned(json, "siblings", thresholds->siblings);
	json_writer_unsigned(json, "serial_percent", thresholds->serial_percent);
	json_writer_object_end(json);
}

static void write_counters(struct json_writer *json, const struct trace_files *traces)
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

static void write_totals(const struct report *report, struct json_writer *json)
{
	const struct trace_files *traces = span_reader_traces(report->reader);

	json_writer_unsigned(json, "spans", report->total.spans);
	write_sums(report, json, &report->total);
	json_writer_unsigned(json, "in_flight_max", report->in_flight_max);
	json_writer_bool(json, "approximate",
			 report->names->approximate || report->total.lossy > 0);
	write_time(json, "max_depth", report->depth_count > 0, report->depth_count - 1);
	write_time(json, "duration_ns", report_duration(report) > 0, report_duration(report));
	write_time(json, "events", traces->traces > 0, traces->events);
	write_time(json, "lost", traces->traces > 0 && !traces->open, report_lost(report));
	json_writer_bool(json, "has_polls", report->has_polls);
	json_writer_bool(json, "has_off_cpu", report->has_off_cpu);
	json_writer_unsigned(json, "name_count", report->names->count);
}

int report_write_json(const struct report *report, FILE *out, size_t limit)
{
	static const char *const arrays[] = {
		[REPORT_BY_NAME] = "names",	[REPORT_BY_DEPTH] = "depths",
		[REPORT_BY_TARGET] = "targets", [REPORT_BY_THREAD] = "threads",
		[REPORT_BY_PATH] = "paths",
	};
	const struct span_groups *groups = report->groups;
	size_t shown = limit && limit < groups->count ? limit : groups->count;
	struct json_writer json;
	int error;

	json_writer_begin(&json, out);
	json_writer_object_begin(&json, NULL);
	write_totals(report, &json);
	error = span_findings_write_json(report, &json);
	json_writer_array_begin(&json, arrays[report->options.by]);
	for (size_t i = 0; i < shown && !error; i++)
		error = write_group(report, &json, &groups->groups[i]);
	json_writer_array_end(&json);
	write_depths(report, &json);
	write_thresholds(report, &json);
	write_counters(&json, span_reader_traces(report->reader));
	json_writer_object_end(&json);
	return error ? error : json_writer_end(&json);
}
