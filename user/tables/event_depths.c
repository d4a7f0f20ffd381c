/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/event_depths.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "tables/async_events.h"
#include "tables/table_reader.h"

#define SLOTS_FIRST 1024

/* What is known of a slot's depth so far; depths themselves are 0 and greater. */
enum {
	DEPTH_UNKNOWN = EVENT_DEPTH_UNKNOWN,
	DEPTH_NOT_YET = -2,
	DEPTH_IN_WORK = -3, /* on the way up from the span that was asked for */
};

struct slot {
	int64_t span; /* 0: empty */
	int64_t parent;
	int64_t depth;
};

struct event_depths {
	struct slot *slots;
	size_t mask;
	size_t count;
	uint64_t seed; /* ids come from a file: nobody shall know where they go */
};

int event_depths_open(struct event_depths **out)
{
	struct event_depths *depths = calloc(1, sizeof(*depths));

	*out = depths;
	if (!depths)
		return -ENOMEM;
	if (getrandom(&depths->seed, sizeof(depths->seed), GRND_NONBLOCK) < 0)
		depths->seed = (uintptr_t)depths;
	depths->slots = calloc(SLOTS_FIRST, sizeof(*depths->slots));
	depths->mask = SLOTS_FIRST - 1;
	if (depths->slots)
		return 0;
	event_depths_close(depths);
	*out = NULL;
	return -ENOMEM;
}

void event_depths_close(struct event_depths *depths)
{
	if (!depths)
		return;
	free(depths->slots);
	free(depths);
}

/* The span's slot, or the empty one where it would be. */
static struct slot *find(const struct event_depths *depths, int64_t span)
{
	size_t at = XXH64(&span, sizeof(span), depths->seed) & depths->mask;

	while (depths->slots[at].span && depths->slots[at].span != span)
		at = (at + 1) & depths->mask;
	return &depths->slots[at];
}

static int grow(struct event_depths *depths)
{
	struct slot *old = depths->slots;
	size_t old_count = depths->mask + 1;

	depths->slots = calloc(2 * old_count, sizeof(*old));
	if (!depths->slots) {
		depths->slots = old;
		return -ENOMEM;
	}
	depths->mask = 2 * old_count - 1;
	for (size_t i = 0; i < old_count; i++)
		if (old[i].span)
			*find(depths, old[i].span) = old[i];
	free(old);
	return 0;
}

int event_depths_add(struct event_depths *depths, int64_t span, int64_t parent)
{
	struct slot *slot;

	if (!span)
		return 0;
	if (2 * depths->count > depths->mask && grow(depths))
		return -ENOMEM;
	slot = find(depths, span);
	if (slot->span)
		return 0;
	*slot = (struct slot){ span, parent, DEPTH_NOT_YET };
	depths->count++;
	return 0;
}

static int add_batch(struct event_depths *depths, const struct table_batch *batch)
{
	const struct table_batch_column *spans = &batch->columns[0];
	const struct table_batch_column *parents = &batch->columns[1];
	int err = 0;

	for (size_t i = 0; i < batch->rows && !err; i++)
		if (table_cell_valid(spans, i))
			err = event_depths_add(depths, spans->int64s[i], parents->int64s[i]);
	return err;
}

int event_depths_add_parts(struct event_depths *depths, char *const *paths, size_t count,
			   char *message, size_t message_size)
{
	static const char *const columns[] = { "span_id", "parent_span_id" };
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		struct table_reader *reader;
		struct table_batch batch;

		err = table_reader_open_file(&reader, paths[i], &async_events_table, columns, 2);
		if (err)
			return err;
		while ((err = table_reader_next(reader, &batch)) > 0) {
			err = add_batch(depths, &batch);
			if (err)
				break;
		}
		snprintf(message, message_size, "%s", table_reader_message(reader));
		table_reader_close(reader);
	}
	return err;
}

/* Up to a span whose depth is known, or must be unknown: that depth, and how far up it is. */
static int64_t climb(const struct event_depths *depths, int64_t span, int64_t *steps)
{
	for (*steps = 0;; ++*steps) {
		struct slot *slot = find(depths, span);

		if (!slot->span || slot->depth == DEPTH_IN_WORK)
			return DEPTH_UNKNOWN;
		if (slot->depth != DEPTH_NOT_YET)
			return slot->depth;
		if (!slot->parent)
			return slot->depth = 0;
		slot->depth = DEPTH_IN_WORK;
		span = slot->parent;
	}
}

int64_t event_depths_of(struct event_depths *depths, int64_t span)
{
	int64_t steps, top, depth;

	if (!span || !find(depths, span)->span)
		return EVENT_DEPTH_UNKNOWN;
	top = climb(depths, span, &steps);
	depth = top == DEPTH_UNKNOWN ? DEPTH_UNKNOWN : top + steps;
	/* All on the way are known now: every span is climbed over once. */
	for (int64_t at = span; steps; steps--) {
		struct slot *slot = find(depths, at);

		slot->depth = top == DEPTH_UNKNOWN ? DEPTH_UNKNOWN : top + steps;
		at = slot->parent;
	}
	return depth;
}
