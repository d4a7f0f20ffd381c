/* SPDX-License-Identifier: BSD-2-Clause */
/* What a report is sorted by, and what its parts are called. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/report.h"
#include "analyze/report_order.h"

#define SEPARATOR " > "

struct sorted {
	struct span_group group;
	uint64_t value;
	char *key;
	size_t key_length;
	bool by_key;
	bool numbers;
};

static uint64_t value_of(const struct span_group *group, enum report_sort sort)
{
	switch (sort) {
	case REPORT_SORT_WALL:
		return group->wall.total;
	case REPORT_SORT_COUNT:
		return group->spans;
	case REPORT_SORT_P50:
		return group->wall.p50;
	case REPORT_SORT_P90:
		return group->wall.p90;
	case REPORT_SORT_P99:
		return group->wall.p99;
	case REPORT_SORT_MAX:
		return group->wall.max;
	case REPORT_SORT_BUSY:
		return group->busy;
	case REPORT_SORT_BUSY_SELF:
		return group->busy_self;
	case REPORT_SORT_IDLE:
		return group->idle;
	case REPORT_SORT_QUEUE:
		return group->queue.p99;
	case REPORT_SORT_IN_FLIGHT:
		return group->in_flight_max;
	case REPORT_SORT_ERRORS:
		return group->errors;
	case REPORT_SORT_CANCELLED:
		return group->cancelled;
	case REPORT_SORT_UNFINISHED:
		return group->unfinished;
	case REPORT_SORT_KEY:
		break;
	}
	return 0;
}

static int compare_texts(const struct sorted *left, const struct sorted *right)
{
	size_t shorter = left->key_length < right->key_length ? left->key_length :
								right->key_length;
	int order = memcmp(left->key, right->key, shorter);

	if (order)
		return order;
	return (left->key_length > right->key_length) - (left->key_length < right->key_length);
}

static int compare(const void *a, const void *b)
{
	const struct sorted *left = a, *right = b;

	if (left->value != right->value)
		return left->value < right->value ? 1 : -1;
	if (left->numbers)
		return (left->group.key > right->group.key) - (left->group.key < right->group.key);
	return compare_texts(left, right);
}

int report_order(struct report *report)
{
	struct span_groups *groups = report->groups;
	struct sorted *sorted = calloc((size_t)groups->count + 1, sizeof(*sorted));
	int error = sorted ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < groups->count && !error; i++) {
		sorted[i].group = groups->groups[i];
		sorted[i].value = value_of(&groups->groups[i], report->options.sort);
		sorted[i].numbers = report->options.by == REPORT_BY_DEPTH;
		sorted[i].key = report_key(report, groups->groups[i].key, &sorted[i].key_length);
		error = sorted[i].key ? 0 : -ENOMEM;
	}
	if (!error && groups->count)
		qsort(sorted, groups->count, sizeof(*sorted), compare);
	for (uint32_t i = 0; sorted && i < groups->count; i++) {
		if (!error)
			groups->groups[i] = sorted[i].group;
		free(sorted[i].key);
	}
	free(sorted);
	return error;
}

static char *copy(const char *bytes, size_t length)
{
	char *text = malloc(length + 1);

	if (text) {
		memcpy(text, bytes, length);
		text[length] = '\0';
	}
	return text;
}

char *report_key(const struct report *report, uint32_t key, size_t *length)
{
	char number[16];
	const char *text;

	if (report->options.by == REPORT_BY_PATH)
		return report_path(report, key, SIZE_MAX, length);
	if (report->options.by == REPORT_BY_DEPTH) {
		*length = (size_t)snprintf(number, sizeof(number), "%" PRIu32, key);
		return copy(number, *length);
	}
	text = intern_get(span_reader_strings(report->reader), key, length);
	return copy(text, *length);
}

/* Written from its end, as names are found going up. */
char *report_path(const struct report *report, uint32_t path, size_t most, size_t *length)
{
	const struct intern *strings = span_reader_strings(report->reader);
	const size_t gap = strlen(SEPARATOR);
	size_t total = 0, names = 0;
	char *text, *at;

	path = path_tree_resolve(report->paths, path);
	for (uint32_t p = path; p != PATH_TOP && names < most; names++) {
		const struct path_node *node = path_tree_node(report->paths, p);
		size_t name_length;

		intern_get(strings, node->name, &name_length);
		total += name_length + (names ? gap : 0);
		p = node->parent;
	}
	*length = total;
	text = malloc(total + 1);
	if (!text)
		return NULL;
	at = text + total;
	*at = '\0';
	for (size_t i = 0; i < names; i++) {
		const struct path_node *node = path_tree_node(report->paths, path);
		size_t name_length;
		const char *name = intern_get(strings, node->name, &name_length);

		if (i)
			memcpy(at -= gap, SEPARATOR, gap);
		memcpy(at -= name_length, name, name_length);
		path = node->parent;
	}
	return text;
}

uint64_t report_lost(const struct report *report)
{
	const struct trace_files *traces = span_reader_traces(report->reader);
	uint64_t lost = 0;

	for (size_t i = 0; i < traces->counter_count; i++) {
		if (traces->counters[i].kind == TRACE_COUNTER_LOSS)
			values_add_to(&lost, traces->counters[i].value);
	}
	return lost;
}

uint64_t report_duration(const struct report *report)
{
	return (uint64_t)(report->period.end - report->period.begin);
}

double report_in_flight(const struct report *report, uint64_t open)
{
	uint64_t duration = report_duration(report);

	return duration ? (double)open / (double)duration : 0;
}
