/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/span_forest.h"

#include <errno.h>
#include <stdlib.h>

static int add(struct span_forest *forest, const struct span *span)
{
	if (forest->count == forest->room) {
		uint32_t room = forest->room ? forest->room * 2 : 1024;
		struct forest_span *spans = room < FOREST_NONE / 2 ?
						    realloc(forest->spans, room * sizeof(*spans)) :
						    NULL;

		if (!spans)
			return -ENOMEM;
		forest->spans = spans;
		forest->room = room;
	}
	forest->spans[forest->count++] =
		(struct forest_span){ *span, FOREST_NONE, FOREST_NONE, FOREST_NONE };
	return 0;
}

static size_t hash_of(const struct span *span, int64_t id)
{
	uint64_t key =
		((uint64_t)id ^ (uint64_t)span->process << 40) * UINT64_C(0x9E3779B97F4A7C15);

	return (size_t)(key >> 16);
}

static uint32_t find(const struct span_forest *forest, const uint32_t *slots, size_t mask,
		     const struct span *child)
{
	for (size_t at = hash_of(child, child->parent) & mask; slots[at] != FOREST_NONE;
	     at = (at + 1) & mask) {
		const struct span *span = &forest->spans[slots[at]].span;

		if (span->id == child->parent && span->process == child->process)
			return slots[at];
	}
	return FOREST_NONE;
}

static uint32_t *make_slots(const struct span_forest *forest, size_t *mask)
{
	size_t size = 64;
	uint32_t *slots;

	while (size < (size_t)forest->count * 2)
		size *= 2;
	slots = malloc(size * sizeof(*slots));
	if (!slots)
		return NULL;
	*mask = size - 1;
	for (size_t i = 0; i < size; i++)
		slots[i] = FOREST_NONE;
	for (uint32_t i = 0; i < forest->count; i++) {
		size_t at = hash_of(&forest->spans[i].span, forest->spans[i].span.id) & *mask;

		while (slots[at] != FOREST_NONE)
			at = (at + 1) & *mask;
		slots[at] = i;
	}
	return slots;
}

/* From the last on, as each becomes the first of its parent's children. */
static int link_children(struct span_forest *forest)
{
	size_t mask;
	uint32_t *slots = make_slots(forest, &mask);

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = forest->count; i-- > 0;) {
		struct forest_span *child = &forest->spans[i];
		uint32_t parent = child->span.parent ? find(forest, slots, mask, &child->span) :
						       FOREST_NONE;

		/* Always so, but in files that lie: parents must not go in circles. */
		if (parent == FOREST_NONE || forest->spans[parent].span.depth >= child->span.depth)
			continue;
		child->parent = parent;
		child->next = forest->spans[parent].first_child;
		forest->spans[parent].first_child = i;
	}
	free(slots);
	return 0;
}

int span_forest_load(struct span_forest **out, struct span_reader *reader, span_wanted *wanted,
		     void *context, uint32_t limit)
{
	struct span_forest *forest = calloc(1, sizeof(*forest));
	const struct span *span;
	int result = forest ? 0 : -ENOMEM;

	*out = NULL;
	while (!result && (result = span_reader_next(reader, &span)) > 0) {
		result = 0;
		if (wanted && !wanted(context, span))
			continue;
		if (forest->count == limit)
			forest->refused++;
		else
			result = add(forest, span);
	}
	if (!result)
		result = link_children(forest);
	if (result)
		span_forest_free(forest);
	else
		*out = forest;
	return result;
}

void span_forest_free(struct span_forest *forest)
{
	if (!forest)
		return;
	free(forest->spans);
	free(forest);
}
