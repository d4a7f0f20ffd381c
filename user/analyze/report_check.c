/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/report_check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/duration.h"

enum field {
	FIELD_SPANS,
	FIELD_UNFINISHED,
	FIELD_ERRORS,
	FIELD_CANCELLED,
	FIELD_LOSSY,
	FIELD_LOST,
	FIELD_MAX_DEPTH,
	FIELD_MAX_IN_FLIGHT,
	FIELD_DURATION,
	FIELD_FINDINGS,
	FIELD_KINDS, /* one for each kind of finding */
	FIELD_WALL_P50 = FIELD_KINDS + FINDING_KINDS,
	FIELD_WALL_P90,
	FIELD_WALL_P99,
	FIELD_WALL_MAX,
	FIELD_QUEUE_P99,
	FIELD_MAX_POLL,
	FIELD_COUNT,
};

static const struct condition_field fields[FIELD_COUNT] = {
	[FIELD_SPANS] = { "spans", CONDITION_NUMBER },
	[FIELD_UNFINISHED] = { "unfinished", CONDITION_NUMBER },
	[FIELD_ERRORS] = { "errors", CONDITION_NUMBER },
	[FIELD_CANCELLED] = { "cancelled", CONDITION_NUMBER },
	[FIELD_LOSSY] = { "lossy", CONDITION_NUMBER },
	[FIELD_LOST] = { "lost", CONDITION_NUMBER },
	[FIELD_MAX_DEPTH] = { "max_depth", CONDITION_NUMBER },
	[FIELD_MAX_IN_FLIGHT] = { "max_in_flight", CONDITION_NUMBER },
	[FIELD_DURATION] = { "duration", CONDITION_TIME },
	[FIELD_FINDINGS] = { "findings", CONDITION_NUMBER },
	[FIELD_KINDS + FINDING_NEVER_ENDED] = { "never_ended", CONDITION_NUMBER },
	[FIELD_KINDS + FINDING_RECURSION] = { "recursion", CONDITION_NUMBER },
	[FIELD_KINDS + FINDING_DEEP_NESTING] = { "deep_nesting", CONDITION_NUMBER },
	[FIELD_KINDS + FINDING_RETRY_STORM] = { "retry_storm", CONDITION_NUMBER },
	[FIELD_KINDS + FINDING_LONG_POLL] = { "long_poll", CONDITION_NUMBER },
	[FIELD_KINDS + FINDING_QUEUEING] = { "queueing", CONDITION_NUMBER },
	[FIELD_KINDS + FINDING_SERIAL_FAN_OUT] = { "serial_fan_out", CONDITION_NUMBER },
	[FIELD_KINDS + FINDING_OUTLIVED_PARENT] = { "outlived_parent", CONDITION_NUMBER },
	[FIELD_WALL_P50] = { "wall_p50", CONDITION_TIME },
	[FIELD_WALL_P90] = { "wall_p90", CONDITION_TIME },
	[FIELD_WALL_P99] = { "wall_p99", CONDITION_TIME },
	[FIELD_WALL_MAX] = { "wall_max", CONDITION_TIME },
	[FIELD_QUEUE_P99] = { "queue_p99", CONDITION_TIME },
	[FIELD_MAX_POLL] = { "max_poll", CONDITION_TIME },
};

int report_checks_add(struct report_checks *checks, const char *text, const char **why)
{
	int error;

	if (checks->count == REPORT_CHECKS_MAX) {
		*why = "is one condition too many";
		return -EINVAL;
	}
	error = condition_parse(&checks->checks[checks->count], text, fields, FIELD_COUNT, why);
	if (!error)
		checks->count++;
	return error;
}

static uint64_t findings_of(const struct report *report, enum finding_kind kind)
{
	uint64_t count = 0;

	for (size_t i = 0; i < report->findings->count; i++) {
		if (report->findings->list[i].kind == kind)
			count += report->findings->list[i].count;
	}
	return count;
}

static uint64_t total_of(const struct report *report, size_t field)
{
	switch (field) {
	case FIELD_SPANS:
		return report->total.spans;
	case FIELD_UNFINISHED:
		return report->total.unfinished;
	case FIELD_ERRORS:
		return report->total.errors;
	case FIELD_CANCELLED:
		return report->total.cancelled;
	case FIELD_LOSSY:
		return report->total.lossy;
	case FIELD_LOST:
		return report_lost(report);
	case FIELD_MAX_DEPTH:
		return report->depth_count ? report->depth_count - 1 : 0;
	case FIELD_MAX_IN_FLIGHT:
		return report->in_flight_max;
	case FIELD_DURATION:
		return report_duration(report);
	case FIELD_FINDINGS:
		return report->findings->count;
	default:
		return findings_of(report, (enum finding_kind)(field - FIELD_KINDS));
	}
}

static uint64_t group_value(const struct span_group *group, size_t field, bool *known)
{
	*known = field == FIELD_QUEUE_P99 ? group->queue.count > 0 : group->wall.count > 0;
	switch (field) {
	case FIELD_WALL_P50:
		return group->wall.p50;
	case FIELD_WALL_P90:
		return group->wall.p90;
	case FIELD_WALL_P99:
		return group->wall.p99;
	case FIELD_WALL_MAX:
		return group->wall.max;
	case FIELD_QUEUE_P99:
		return group->queue.p99;
	default:
		*known = true;
		return group->max_poll;
	}
}

static void say(const struct condition *check, const char *of, uint64_t value, char *text,
		size_t size)
{
	static const char *const signs[] = {
		[CONDITION_EQUAL] = "=",   [CONDITION_NOT_EQUAL] = "!=",
		[CONDITION_LESS] = "<",	   [CONDITION_LESS_OR_EQUAL] = "<=",
		[CONDITION_GREATER] = ">", [CONDITION_GREATER_OR_EQUAL] = ">=",
	};
	const struct condition_field *field = &fields[check->field];
	char duration[DURATION_TEXT_SIZE];

	if (field->type == CONDITION_TIME)
		duration_format(value, duration);
	else
		snprintf(duration, sizeof(duration), "%" PRIu64, value);
	snprintf(text, size, "%s%s%s is %s, which is %s %s", field->name, *of ? " of " : "", of,
		 duration, signs[check->comparison], check->text);
}

bool report_check_holds(const struct report *report, const struct condition *check, char *text,
			size_t size)
{
	if (check->field < FIELD_WALL_P50) {
		uint64_t value = total_of(report, check->field);

		say(check, "", value, text, size);
		return condition_number(check, value);
	}
	for (uint32_t i = 0; i < report->groups->count; i++) {
		const struct span_group *group = &report->groups->groups[i];
		bool known;
		uint64_t value = group_value(group, check->field, &known);
		size_t length;
		char *key;

		if (!known || !condition_number(check, value))
			continue;
		key = report_key(report, group->key, &length);
		say(check, key ? key : "", value, text, size);
		free(key);
		return true;
	}
	return false;
}
