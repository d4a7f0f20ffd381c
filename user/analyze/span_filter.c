/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/span_filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/span_reader.h"

enum field {
	FIELD_NAME,
	FIELD_TARGET,
	FIELD_OUTCOME,
	FIELD_REASON,
	FIELD_STATE,
	FIELD_DEPTH,
	FIELD_THREAD,
	FIELD_WALL,
	FIELD_BUSY,
	FIELD_BUSY_SELF,
	FIELD_IDLE,
	FIELD_QUEUE,
	FIELD_MAX_POLL,
	FIELD_COUNT,
};

static const struct condition_field fields[FIELD_COUNT] = {
	[FIELD_NAME] = { "name", CONDITION_TEXT },
	[FIELD_TARGET] = { "target", CONDITION_TEXT },
	[FIELD_OUTCOME] = { "outcome", CONDITION_TEXT },
	[FIELD_REASON] = { "reason", CONDITION_TEXT },
	[FIELD_STATE] = { "state", CONDITION_TEXT },
	[FIELD_DEPTH] = { "depth", CONDITION_NUMBER },
	[FIELD_THREAD] = { "thread", CONDITION_NUMBER },
	[FIELD_WALL] = { "wall", CONDITION_TIME },
	[FIELD_BUSY] = { "busy", CONDITION_TIME },
	[FIELD_BUSY_SELF] = { "busy_self", CONDITION_TIME },
	[FIELD_IDLE] = { "idle", CONDITION_TIME },
	[FIELD_QUEUE] = { "queue", CONDITION_TIME },
	[FIELD_MAX_POLL] = { "max_poll", CONDITION_TIME },
};

static const char *const outcome_names[] = { "ok", "error", "cancelled", "unfinished" };
static const char *const reason_names[] = { "end", "open", "exit", "signal", "exec" };
static const char *const state_names[] = { "queued", "suspended", "entered", "ended" };

int span_filter_add(struct span_filter *filter, const char *text, const char **why)
{
	struct span_filter_condition *added = &filter->conditions[filter->count];
	int error;

	if (filter->count == SPAN_FILTER_MAX) {
		*why = "is one condition too many";
		return -EINVAL;
	}
	error = condition_parse(&added->condition, text, fields, FIELD_COUNT, why);
	if (!error)
		filter->count++;
	return error;
}

void span_filter_free(struct span_filter *filter)
{
	for (size_t i = 0; i < filter->count; i++)
		free(filter->conditions[i].known);
	*filter = (struct span_filter){ 0 };
}

uint64_t span_filter_read(const struct span_filter *filter)
{
	uint64_t read = 0;

	for (size_t i = 0; i < filter->count; i++) {
		if (filter->conditions[i].condition.field == FIELD_TARGET)
			read |= SPAN_READ_TARGET;
		if (filter->conditions[i].condition.field == FIELD_THREAD)
			read |= SPAN_READ_THREAD;
	}
	return read;
}

/* Each text is compared once, however many spans have it; without memory, each time. */
static bool text_holds(struct span_filter_condition *filter, const struct intern *strings,
		       uint32_t id)
{
	size_t length;
	const char *bytes = intern_get(strings, id, &length);
	bool holds;

	if (id < filter->room && filter->known[id])
		return filter->known[id] == 1;
	holds = condition_text(&filter->condition, bytes, length);
	if (id >= filter->room) {
		size_t room = (size_t)id * 2 + 256;
		uint8_t *known = realloc(filter->known, room);

		if (!known)
			return holds;
		memset(known + filter->room, 0, room - filter->room);
		filter->known = known;
		filter->room = room;
	}
	filter->known[id] = holds ? 1 : 2;
	return holds;
}

static bool word_holds(const struct span_filter_condition *filter, const char *word)
{
	return condition_text(&filter->condition, word, strlen(word));
}

static bool number_holds(const struct condition *condition, const struct span *span)
{
	switch ((enum field)condition->field) {
	case FIELD_DEPTH:
		return condition_number(condition, (uint64_t)span->depth);
	case FIELD_THREAD:
		return condition_number(condition, (uint64_t)span->begin_tid);
	case FIELD_WALL:
		return condition_number(condition, span_wall(span));
	case FIELD_BUSY:
		return condition_number(condition, span->busy);
	case FIELD_BUSY_SELF:
		return condition_number(condition, span->busy_self);
	case FIELD_IDLE:
		return condition_number(condition, span_idle(span));
	case FIELD_QUEUE:
		return span->entered && condition_number(condition, span->queue);
	case FIELD_MAX_POLL:
		return condition_number(condition, span->max_poll);
	default:
		return false;
	}
}

static bool holds(struct span_filter_condition *filter, const struct intern *strings,
		  const struct span *span)
{
	switch ((enum field)filter->condition.field) {
	case FIELD_NAME:
		return text_holds(filter, strings, span->name);
	case FIELD_TARGET:
		return text_holds(filter, strings, span->target);
	case FIELD_OUTCOME:
		return word_holds(filter, outcome_names[span->outcome]);
	case FIELD_REASON:
		return word_holds(filter, reason_names[span->end_reason]);
	case FIELD_STATE:
		return word_holds(filter, state_names[span->state]);
	default:
		return number_holds(&filter->condition, span);
	}
}

bool span_filter_takes(struct span_filter *filter, const struct intern *strings,
		       const struct span *span)
{
	for (size_t i = 0; i < filter->count; i++) {
		if (!holds(&filter->conditions[i], strings, span))
			return false;
	}
	return true;
}
