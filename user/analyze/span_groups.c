/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/span_groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct group_values {
	struct values wall;
	struct values queue;
	uint64_t in_flight;
};

struct span_groups_private {
	struct group_values *values; /* one for each group */
	uint32_t room;
	uint32_t *group_of; /* by key; SPAN_GROUPS_FAILED: none */
	size_t keys;
	uint64_t kept; /* values */
	uint64_t values_max;
};

struct span_groups *span_groups_new(uint64_t values_max)
{
	struct span_groups *groups = calloc(1, sizeof(*groups));

	if (!groups)
		return NULL;
	groups->private = calloc(1, sizeof(*groups->private));
	if (!groups->private) {
		free(groups);
		return NULL;
	}
	groups->private->values_max = values_max;
	return groups;
}

void span_groups_free(struct span_groups *groups)
{
	struct span_groups_private *private;

	if (!groups)
		return;
	private = groups->private;
	for (uint32_t i = 0; i < private->room; i++) {
		values_free(&private->values[i].wall);
		values_free(&private->values[i].queue);
	}
	free(private->values);
	free(private->group_of);
	free(private);
	free(groups->groups);
	free(groups);
}

static bool make_keys(struct span_groups_private *private, uint32_t key)
{
	size_t keys = private->keys * 2 > key ? private->keys * 2 : (size_t)key + 256;
	uint32_t *group_of;

	if (key < private->keys)
		return true;
	group_of = realloc(private->group_of, keys * sizeof(*group_of));
	if (!group_of)
		return false;
	memset(group_of + private->keys, 0xff, (keys - private->keys) * sizeof(*group_of));
	private->group_of = group_of;
	private->keys = keys;
	return true;
}

static bool make_groups(struct span_groups *groups)
{
	struct span_groups_private *private = groups->private;
	uint32_t room = private->room ? private->room * 2 : 64;
	struct span_group *grown;
	struct group_values *values;

	if (groups->count < private->room)
		return true;
	grown = realloc(groups->groups, room * sizeof(*grown));
	if (!grown)
		return false;
	groups->groups = grown;
	values = realloc(private->values, room * sizeof(*values));
	if (!values)
		return false;
	memset(grown + private->room, 0, (room - private->room) * sizeof(*grown));
	memset(values + private->room, 0, (room - private->room) * sizeof(*values));
	private->values = values;
	private->room = room;
	return true;
}

uint32_t span_groups_group(struct span_groups *groups, uint32_t key)
{
	struct span_groups_private *private = groups->private;

	if (key < private->keys && private->group_of[key] != SPAN_GROUPS_FAILED)
		return private->group_of[key];
	if (key == UINT32_MAX || !make_keys(private, key) || !make_groups(groups))
		return SPAN_GROUPS_FAILED;
	groups->groups[groups->count].key = key;
	private->group_of[key] = groups->count;
	return groups->count++;
}

static void thin(struct span_groups *groups)
{
	struct span_groups_private *private = groups->private;

	private->kept = 0;
	for (uint32_t i = 0; i < groups->count; i++) {
		values_thin(&private->values[i].wall);
		values_thin(&private->values[i].queue);
		private->kept += private->values[i].wall.kept + private->values[i].queue.kept;
	}
	groups->approximate = true;
}

static int add_times(struct span_groups *groups, uint32_t group, const struct span *span)
{
	struct span_groups_private *private = groups->private;
	struct group_values *values = &private->values[group];
	size_t before = values->wall.kept + values->queue.kept;
	int error = values_add(&values->wall, span_wall(span));

	if (!error && span->entered)
		error = values_add(&values->queue, span->queue);
	private->kept += values->wall.kept + values->queue.kept - before;
	if (private->kept > private->values_max)
		thin(groups);
	return error;
}

int span_groups_add(struct span_groups *groups, uint32_t number, const struct span *span,
		    uint64_t open)
{
	struct span_group *group = &groups->groups[number];
	struct group_values *values = &groups->private->values[number];

	group->spans++;
	group->errors += span->outcome == SPAN_ERROR;
	group->cancelled += span->outcome == SPAN_CANCELLED;
	group->unfinished += span->outcome == SPAN_UNFINISHED;
	group->lossy += span->lossy;
	if (span->max_poll > group->max_poll)
		group->max_poll = span->max_poll;
	values_add_to(&group->open, open);
	if (open && ++values->in_flight > group->in_flight_max)
		group->in_flight_max = values->in_flight;
	if (!span_ended(span))
		return 0;
	values_add_to(&group->busy, span->busy);
	values_add_to(&group->busy_self, span->busy_self);
	values_add_to(&group->idle, span_idle(span));
	return add_times(groups, number, span);
}

void span_groups_left(struct span_groups *groups, uint32_t group)
{
	groups->private->values[group].in_flight--;
}

int span_groups_merge(struct span_groups *groups, uint32_t to, uint32_t from)
{
	struct span_group *target = &groups->groups[to], *source = &groups->groups[from];
	struct group_values *values = &groups->private->values[to];
	struct group_values *moved = &groups->private->values[from];
	int error = values_merge(&values->wall, &moved->wall);

	if (!error)
		error = values_merge(&values->queue, &moved->queue);
	values_free(&moved->wall);
	values_free(&moved->queue);
	target->spans += source->spans;
	target->unfinished += source->unfinished;
	target->errors += source->errors;
	target->cancelled += source->cancelled;
	target->lossy += source->lossy;
	values_add_to(&target->busy, source->busy);
	values_add_to(&target->busy_self, source->busy_self);
	values_add_to(&target->idle, source->idle);
	values_add_to(&target->open, source->open);
	if (source->max_poll > target->max_poll)
		target->max_poll = source->max_poll;
	*source = (struct span_group){ .key = source->key };
	return error;
}

void span_groups_finish(struct span_groups *groups)
{
	uint32_t used = 0;

	for (uint32_t i = 0; i < groups->count; i++) {
		struct span_group *group = &groups->groups[i];
		struct group_values *values = &groups->private->values[i];

		groups->private->group_of[group->key] = SPAN_GROUPS_FAILED;
		if (!group->spans)
			continue;
		groups->private->group_of[group->key] = used;
		group->wall = values_summarize(&values->wall);
		group->queue = values_summarize(&values->queue);
		values_free(&values->wall);
		values_free(&values->queue);
		groups->groups[used++] = *group;
	}
	groups->count = used;
}

const struct span_group *span_groups_find(const struct span_groups *groups, uint32_t key)
{
	const struct span_groups_private *private = groups->private;

	if (key >= private->keys || private->group_of[key] == SPAN_GROUPS_FAILED)
		return NULL;
	return &groups->groups[private->group_of[key]];
}

struct span_group span_groups_total(const struct span_groups *groups)
{
	struct span_group total = { 0 };

	for (uint32_t i = 0; i < groups->count; i++) {
		const struct span_group *group = &groups->groups[i];

		total.spans += group->spans;
		total.unfinished += group->unfinished;
		total.errors += group->errors;
		total.cancelled += group->cancelled;
		total.lossy += group->lossy;
		values_add_to(&total.busy, group->busy);
		values_add_to(&total.busy_self, group->busy_self);
		values_add_to(&total.idle, group->idle);
		values_add_to(&total.open, group->open);
		values_add_to(&total.wall.total, group->wall.total);
		values_add_to(&total.queue.total, group->queue.total);
		total.wall.count += group->wall.count;
		total.queue.count += group->queue.count;
		if (group->wall.max > total.wall.max)
			total.wall.max = group->wall.max;
		if (group->max_poll > total.max_poll)
			total.max_poll = group->max_poll;
	}
	return total;
}
