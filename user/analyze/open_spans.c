/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/open_spans.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 1024 /* a power of two */
#define CHUNK 256
#define CHILD_NAMES_MAX 64

struct chunk {
	struct chunk *next;
	struct open_span spans[CHUNK];
};

struct begin {
	int64_t time;
	struct open_span *span;
};

struct open_spans {
	struct open_span **slots; /* open addressing, at most half full */
	size_t slot_mask;
	size_t count;
	struct begin *heap; /* latest begin on top */
	size_t heap_count;
	size_t heap_room;
	struct chunk *chunks;
	struct open_span *free;
	uint64_t order;
};

static size_t hash_of(uint32_t process, int64_t id)
{
	uint64_t key = (uint64_t)id * UINT64_C(0x9E3779B97F4A7C15) + process;

	return (size_t)(key ^ key >> 29) * UINT64_C(0xBF58476D1CE4E5B9) >> 20;
}

struct open_spans *open_spans_new(void)
{
	struct open_spans *open = calloc(1, sizeof(*open));

	if (!open)
		return NULL;
	open->slots = calloc(FIRST_SLOTS, sizeof(struct open_span *));
	open->slot_mask = FIRST_SLOTS - 1;
	if (!open->slots) {
		free(open);
		return NULL;
	}
	return open;
}

static void free_children(struct open_span *span)
{
	while (span->children) {
		struct sibling_group *next = span->children->next;

		free(span->children);
		span->children = next;
	}
	while (span->outliving) {
		struct outliving *next = span->outliving->next;

		free(span->outliving);
		span->outliving = next;
	}
}

void open_spans_free(struct open_spans *open)
{
	if (!open)
		return;
	for (size_t i = 0; i <= open->slot_mask; i++) {
		if (open->slots[i])
			free_children(open->slots[i]);
	}
	while (open->chunks) {
		struct chunk *next = open->chunks->next;

		free(open->chunks);
		open->chunks = next;
	}
	free(open->heap);
	free(open->slots);
	free(open);
}

static bool grow(struct open_spans *open)
{
	size_t size = (open->slot_mask + 1) * 2;
	struct open_span **slots = calloc(size, sizeof(struct open_span *));

	if (!slots)
		return false;
	for (size_t i = 0; i <= open->slot_mask; i++) {
		struct open_span *span = open->slots[i];
		size_t at;

		if (!span)
			continue;
		at = hash_of(span->process, span->id) & (size - 1);
		while (slots[at])
			at = (at + 1) & (size - 1);
		slots[at] = span;
	}
	free(open->slots);
	open->slots = slots;
	open->slot_mask = size - 1;
	return true;
}

static struct open_span *take_free(struct open_spans *open)
{
	struct open_span *span = open->free;

	if (!span) {
		struct chunk *chunk = malloc(sizeof(*chunk));

		if (!chunk)
			return NULL;
		chunk->next = open->chunks;
		open->chunks = chunk;
		for (size_t i = 0; i < CHUNK; i++) {
			chunk->spans[i].next_free = open->free;
			open->free = &chunk->spans[i];
		}
		span = open->free;
	}
	open->free = span->next_free;
	return span;
}

struct open_span *open_spans_add(struct open_spans *open, uint32_t process, int64_t id)
{
	struct open_span *span;
	size_t at;

	if (open->count > open->slot_mask / 2 && !grow(open))
		return NULL;
	span = take_free(open);
	if (!span)
		return NULL;
	memset(span, 0, sizeof(*span));
	span->process = process;
	span->id = id;
	span->order = open->order++;
	at = hash_of(process, id) & open->slot_mask;
	while (open->slots[at])
		at = (at + 1) & open->slot_mask;
	open->slots[at] = span;
	open->count++;
	return span;
}

struct open_span *open_spans_find(const struct open_spans *open, uint32_t process, int64_t id)
{
	for (size_t at = hash_of(process, id) & open->slot_mask; open->slots[at];
	     at = (at + 1) & open->slot_mask) {
		struct open_span *span = open->slots[at];

		if (span->id == id && span->process == process)
			return span;
	}
	return NULL;
}

static bool begins_later(const struct begin *a, const struct begin *b)
{
	if (a->time != b->time)
		return a->time > b->time;
	if (a->span->depth != b->span->depth)
		return a->span->depth > b->span->depth;
	return a->span->order > b->span->order;
}

int open_spans_began(struct open_spans *open, struct open_span *span, int64_t begin)
{
	struct begin added = { begin, span };
	size_t at = open->heap_count;

	if (at == open->heap_room) {
		size_t room = at ? at * 2 : 256;
		struct begin *heap = realloc(open->heap, room * sizeof(*heap));

		if (!heap)
			return -ENOMEM;
		open->heap = heap;
		open->heap_room = room;
	}
	open->heap_count++;
	while (at && begins_later(&added, &open->heap[(at - 1) / 2])) {
		open->heap[at] = open->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	open->heap[at] = added;
	return 0;
}

struct open_span *open_spans_latest(const struct open_spans *open)
{
	return open->heap_count ? open->heap[0].span : NULL;
}

void open_spans_leave(struct open_spans *open)
{
	struct begin *heap = open->heap;
	const struct begin last = heap[--open->heap_count];
	size_t at = 0;

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= open->heap_count)
			break;
		if (child + 1 < open->heap_count && begins_later(&heap[child + 1], &heap[child]))
			child++;
		if (!begins_later(&heap[child], &last))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = last;
}

/* Linear probing without gaps: what follows and belongs further up moves up. */
static void remove_slot(struct open_spans *open, size_t gap)
{
	for (size_t at = (gap + 1) & open->slot_mask; open->slots[at];
	     at = (at + 1) & open->slot_mask) {
		size_t home = hash_of(open->slots[at]->process, open->slots[at]->id) &
			      open->slot_mask;

		if (((at - home) & open->slot_mask) < ((at - gap) & open->slot_mask))
			continue;
		open->slots[gap] = open->slots[at];
		gap = at;
	}
	open->slots[gap] = NULL;
}

void open_spans_remove(struct open_spans *open, struct open_span *span)
{
	size_t at = hash_of(span->process, span->id) & open->slot_mask;

	while (open->slots[at] != span)
		at = (at + 1) & open->slot_mask;
	remove_slot(open, at);
	open->count--;
	free_children(span);
	span->next_free = open->free;
	open->free = span;
}

struct open_span *open_spans_any(const struct open_spans *open)
{
	for (size_t i = 0; open->count && i <= open->slot_mask; i++) {
		if (open->slots[i])
			return open->slots[i];
	}
	return NULL;
}

struct sibling_group *open_span_children(struct open_span *span, uint32_t name)
{
	struct sibling_group **link = &span->children, *group;

	for (; *link; link = &(*link)->next) {
		if ((*link)->name != name)
			continue;
		group = *link;
		*link = group->next;
		group->next = span->children;
		span->children = group;
		return group;
	}
	if (span->child_names == CHILD_NAMES_MAX)
		return NULL;
	group = calloc(1, sizeof(*group));
	if (!group)
		return NULL;
	span->child_names++;
	group->name = name;
	group->next = span->children;
	span->children = group;
	return group;
}
