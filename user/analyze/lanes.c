/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/lanes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

struct open_on_lane {
	uint32_t span;
	int64_t end;
};

struct lane {
	struct open_on_lane *open; /* nested: each ends before or with the one before it */
	uint32_t count;
	uint32_t room;
	uint32_t height;
};

/* Heaps of lanes: those in use by the end of their outermost span, the free ones by number. */
struct entry {
	int64_t key;
	uint32_t lane;
};

struct heap {
	struct entry *entries; /* least key on top */
	size_t count;
	size_t room;
};

struct lanes {
	struct lane *lanes;
	uint32_t count;
	uint32_t room;
	struct heap busy;
	struct heap free;
	uint32_t *lane_of; /* by number of the span */
	uint32_t spans;
	uint32_t spans_room;
	int64_t last_begin;
};

static int heap_add(struct heap *heap, int64_t key, uint32_t lane)
{
	size_t at = heap->count;

	if (at == heap->room) {
		size_t room = at ? at * 2 : 16;
		struct entry *entries = realloc(heap->entries, room * sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		heap->entries = entries;
		heap->room = room;
	}
	heap->count++;
	while (at && key < heap->entries[(at - 1) / 2].key) {
		heap->entries[at] = heap->entries[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	heap->entries[at] = (struct entry){ key, lane };
	return 0;
}

static uint32_t heap_take(struct heap *heap)
{
	struct entry *entries = heap->entries;
	const struct entry last = entries[--heap->count];
	uint32_t lane = entries[0].lane;
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= heap->count)
			break;
		if (child + 1 < heap->count && entries[child + 1].key < entries[child].key)
			child++;
		if (last.key <= entries[child].key)
			break;
		entries[at] = entries[child];
		at = child;
	}
	entries[at] = last;
	return lane;
}

struct lanes *lanes_new(void)
{
	struct lanes *lanes = calloc(1, sizeof(*lanes));

	if (lanes)
		lanes->last_begin = INT64_MIN;
	return lanes;
}

void lanes_free(struct lanes *lanes)
{
	if (!lanes)
		return;
	for (uint32_t i = 0; i < lanes->count; i++)
		free(lanes->lanes[i].open);
	free(lanes->lanes);
	free(lanes->busy.entries);
	free(lanes->free.entries);
	free(lanes->lane_of);
	free(lanes);
}

static int push(struct lane *lane, uint32_t span, int64_t end)
{
	if (lane->count == lane->room) {
		uint32_t room = lane->room ? lane->room * 2 : 8;
		struct open_on_lane *open = realloc(lane->open, room * sizeof(*open));

		if (!open)
			return -ENOMEM;
		lane->open = open;
		lane->room = room;
	}
	lane->open[lane->count++] = (struct open_on_lane){ span, end };
	if (lane->count > lane->height)
		lane->height = lane->count;
	return 0;
}

/* True if the span can lie on its parent's lane; what has ended there is gone then. */
static bool fits(struct lane *lane, const struct lane_span *span)
{
	while (lane->count && lane->open[lane->count - 1].span != span->parent &&
	       lane->open[lane->count - 1].end <= span->begin)
		lane->count--;
	return lane->count && lane->open[lane->count - 1].span == span->parent &&
	       span->end <= lane->open[lane->count - 1].end;
}

static int add_lane(struct lanes *lanes)
{
	if (lanes->count == lanes->room) {
		uint32_t room = lanes->room ? lanes->room * 2 : 16;
		struct lane *grown = realloc(lanes->lanes, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		lanes->lanes = grown;
		lanes->room = room;
	}
	lanes->lanes[lanes->count++] = (struct lane){ 0 };
	return 0;
}

/* The free lane with the least number, or a new one. */
static int take_lane(struct lanes *lanes, const struct lane_span *span, uint32_t *lane)
{
	int error = 0;

	while (!error && lanes->busy.count && lanes->busy.entries[0].key <= span->begin) {
		*lane = heap_take(&lanes->busy);
		lanes->lanes[*lane].count = 0;
		error = heap_add(&lanes->free, *lane, *lane);
	}
	if (error)
		return error;
	if (lanes->free.count) {
		*lane = heap_take(&lanes->free);
	} else {
		*lane = lanes->count;
		error = add_lane(lanes);
	}
	return error ? error : heap_add(&lanes->busy, span->end, *lane);
}

static int remember(struct lanes *lanes, uint32_t lane)
{
	if (lanes->spans == lanes->spans_room) {
		uint32_t room = lanes->spans_room ? lanes->spans_room * 2 : 1024;
		uint32_t *lane_of = realloc(lanes->lane_of, room * sizeof(*lane_of));

		if (!lane_of)
			return -ENOMEM;
		lanes->lane_of = lane_of;
		lanes->spans_room = room;
	}
	lanes->lane_of[lanes->spans++] = lane;
	return 0;
}

int lanes_place(struct lanes *lanes, const struct lane_span *span, struct lane_place *place)
{
	bool child = span->parent != LANE_NO_PARENT;
	int error = 0;

	if (span->begin < lanes->last_begin || span->end < span->begin ||
	    (child && span->parent >= lanes->spans))
		return -EINVAL;
	lanes->last_begin = span->begin;
	place->lane = child ? lanes->lane_of[span->parent] : 0;
	if (!child || !fits(&lanes->lanes[place->lane], span))
		error = take_lane(lanes, span, &place->lane);
	if (!error)
		error = push(&lanes->lanes[place->lane], lanes->spans, span->end);
	if (error)
		return error;
	place->level = lanes->lanes[place->lane].count - 1;
	return remember(lanes, place->lane);
}

uint32_t lanes_count(const struct lanes *lanes)
{
	return lanes->count;
}

uint32_t lanes_height(const struct lanes *lanes, uint32_t lane)
{
	return lanes->lanes[lane].height;
}

void lanes_rows(const struct lanes *lanes, uint32_t *bases)
{
	bases[0] = 0;
	for (uint32_t i = 0; i < lanes->count; i++)
		bases[i + 1] = bases[i] + lanes->lanes[i].height;
}
