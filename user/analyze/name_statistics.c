/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/name_statistics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"

struct values {
	uint64_t *values;
	size_t count;
	size_t room;
};

struct name_values {
	struct values wall;
	struct values queue;
};

/* The group of a name is the id that intern gives it; both arrays have one element for each. */
struct name_statistics_private {
	struct intern *names;
	struct name_values *groups;
	size_t room; /* of both arrays */
	bool refused;
};

struct name_statistics *name_statistics_new(void)
{
	struct name_statistics *statistics = calloc(1, sizeof(*statistics));

	if (!statistics)
		return NULL;
	statistics->private = calloc(1, sizeof(*statistics->private));
	if (statistics->private)
		statistics->private->names = intern_new();
	if (!statistics->private || !statistics->private->names) {
		name_statistics_free(statistics);
		return NULL;
	}
	return statistics;
}

void name_statistics_free(struct name_statistics *statistics)
{
	struct name_statistics_private *private;

	if (!statistics)
		return;
	private = statistics->private;
	for (size_t i = 0; private && i < private->room; i++) {
		free(private->groups[i].wall.values);
		free(private->groups[i].queue.values);
	}
	if (private) {
		free(private->groups);
		intern_free(private->names);
	}
	free(private);
	free(statistics->names);
	free(statistics);
}

static bool make_room(struct name_statistics *statistics, size_t needed)
{
	struct name_statistics_private *private = statistics->private;
	size_t room = private->room ? private->room * 2 : 64;
	struct name_statistic *names;
	struct name_values *groups;

	if (needed <= private->room)
		return true;
	names = realloc(statistics->names, room * sizeof(*names));
	if (!names)
		return false;
	statistics->names = names;
	groups = realloc(private->groups, room * sizeof(*groups));
	if (!groups)
		return false;
	private->groups = groups;
	memset(names + private->room, 0, (room - private->room) * sizeof(*names));
	memset(groups + private->room, 0, (room - private->room) * sizeof(*groups));
	private->room = room;
	return true;
}

size_t name_statistics_group(struct name_statistics *statistics, const char *name, size_t length)
{
	struct name_statistics_private *private = statistics->private;
	uint32_t id = intern_add(private->names, name, length);
	struct name_statistic *statistic;

	if (id == INTERN_FAILED || !make_room(statistics, (size_t)id + 1))
		return SIZE_MAX;
	statistic = &statistics->names[id];
	statistic->name = intern_get(private->names, id, &statistic->name_length);
	if (statistics->count <= id)
		statistics->count = (size_t)id + 1;
	return id;
}

static bool append(struct values *values, uint64_t value)
{
	size_t room = values->room ? values->room * 2 : 16;
	uint64_t *grown;

	if (values->count == values->room) {
		grown = realloc(values->values, room * sizeof(*grown));
		if (!grown)
			return false;
		values->values = grown;
		values->room = room;
	}
	values->values[values->count++] = value;
	return true;
}

static void add_to(uint64_t *total, uint64_t value)
{
	if (__builtin_add_overflow(*total, value, total))
		*total = UINT64_MAX;
}

static void count_span(struct name_statistic *statistic, const struct span_times *span)
{
	statistic->spans++;
	statistic->errors += span->outcome == SPAN_ERROR;
	statistic->cancelled += span->outcome == SPAN_CANCELLED;
	statistic->unfinished += span->outcome == SPAN_UNFINISHED;
	if (span->outcome != SPAN_UNFINISHED)
		add_to(&statistic->busy_total, span->busy);
}

void name_statistics_add(struct name_statistics *statistics, size_t group,
			 const struct span_times *span)
{
	struct name_statistics_private *private = statistics->private;

	if (group >= statistics->count) {
		private->refused = true;
		return;
	}
	count_span(&statistics->names[group], span);
	if (span->outcome == SPAN_UNFINISHED)
		return;
	if (!append(&private->groups[group].wall, span->wall) ||
	    (span->entered && !append(&private->groups[group].queue, span->queue)))
	private->refused = true;
}

static int compare_values(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

/* Nearest rank: the value at position ceil(percent / 100 * count), counted from 1. */
static uint64_t percentile(const struct values *sorted, unsigned int percent)
{
	size_t rank = sorted->count / 100 * percent + (sorted->count % 100 * percent + 99) / 100;

	return sorted->values[rank - 1];
}

static void distribute(struct values *values, struct distribution *distribution)
{
	if (!values->count)
		return;
	qsort(values->values, values->count, sizeof(*values->values), compare_values);
	distribution->count = values->count;
	for (size_t i = 0; i < values->count; i++)
		add_to(&distribution->total, values->values[i]);
	distribution->p50 = percentile(values, 50);
	distribution->p99 = percentile(values, 99);
	distribution->max = values->values[values->count - 1];
}

static int compare_names(const void *a, const void *b)
{
	const struct name_statistic *left = a;
	const struct name_statistic *right = b;
	size_t shorter = left->name_length < right->name_length ? left->name_length :
								  right->name_length;
	int order;

	if (left->wall.total != right->wall.total)
		return left->wall.total < right->wall.total ? 1 : -1;
	order = memcmp(left->name, right->name, shorter);
	if (order)
		return order;
	return (left->name_length > right->name_length) - (left->name_length < right->name_length);
}

int name_statistics_finish(struct name_statistics *statistics)
{
	struct name_statistics_private *private = statistics->private;
	size_t used = 0;

	if (private->refused)
		return -ENOMEM;
	for (size_t i = 0; i < statistics->count; i++) {
		struct name_statistic *statistic = &statistics->names[i];

		if (!statistic->spans)
			continue;
		distribute(&private->groups[i].wall, &statistic->wall);
		distribute(&private->groups[i].queue, &statistic->queue);
		add_to(&statistics->total_wall, statistic->wall.total);
		add_to(&statistics->total_busy, statistic->busy_total);
		statistics->spans += statistic->spans;
		statistics->unfinished += statistic->unfinished;
		statistics->errors += statistic->errors;
		statistics->cancelled += statistic->cancelled;
		statistics->names[used++] = *statistic;
	}
	statistics->count = used;
	if (statistics->count)
		qsort(statistics->names, statistics->count, sizeof(*statistics->names),
		      compare_names);
	return 0;
}
