/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/intern.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define INTERN_FIRST_SLOTS 1024 /* a power of two */
#define INTERN_CHUNK_SIZE (256 * 1024)

struct entry {
	const char *bytes;
	size_t length;
};

/* id 0 marks a free slot: the empty string is never looked up. */
struct slot {
	uint32_t hash;
	uint32_t id;
};

struct chunk {
	struct chunk *next;
	size_t used;
	size_t size;
	char bytes[];
};

struct intern {
	struct slot *slots; /* open addressing, linear probing, at most half full */
	uint32_t slot_mask;
	struct entry *entries;
	uint32_t count;
	uint32_t capacity;
	struct chunk *chunks; /* the first one is being filled */
};

struct intern *intern_new(void)
{
	struct intern *intern = calloc(1, sizeof(*intern));

	if (!intern)
		return NULL;
	intern->slots = calloc(INTERN_FIRST_SLOTS, sizeof(*intern->slots));
	intern->entries = calloc(INTERN_FIRST_SLOTS / 2, sizeof(*intern->entries));
	if (!intern->slots || !intern->entries) {
		intern_free(intern);
		return NULL;
	}
	intern->slot_mask = INTERN_FIRST_SLOTS - 1;
	intern->capacity = INTERN_FIRST_SLOTS / 2;
	intern->entries[0].bytes = "";
	intern->count = 1;
	return intern;
}

static void free_chunks(struct chunk *chunk)
{
	while (chunk) {
		struct chunk *next = chunk->next;

		free(chunk);
		chunk = next;
	}
}

void intern_free(struct intern *intern)
{
	if (!intern)
		return;
	free_chunks(intern->chunks);
	free(intern->entries);
	free(intern->slots);
	free(intern);
}

void intern_clear(struct intern *intern)
{
	memset(intern->slots, 0, ((size_t)intern->slot_mask + 1) * sizeof(*intern->slots));
	intern->count = 1;
	if (intern->chunks) {
		free_chunks(intern->chunks->next);
		intern->chunks->next = NULL;
		intern->chunks->used = 0;
	}
}

/*
 * Twice the slots and entries. Entries are half as many as slots: both are full at the same time.
 */
static bool grow(struct intern *intern)
{
	uint64_t size = ((uint64_t)intern->slot_mask + 1) * 2;
	struct entry *entries;
	struct slot *slots;

	if (size > UINT32_MAX)
		return false;
	entries = realloc(intern->entries, size / 2 * sizeof(*entries));
	if (!entries)
		return false;
	intern->entries = entries;
	slots = calloc(size, sizeof(*slots));
	if (!slots)
		return false;
	for (uint32_t i = 0; i <= intern->slot_mask; i++) {
		uint32_t to = intern->slots[i].hash & (size - 1);

		if (!intern->slots[i].id)
			continue;
		while (slots[to].id)
			to = (to + 1) & (size - 1);
		slots[to] = intern->slots[i];
	}
	free(intern->slots);
	intern->slots = slots;
	intern->slot_mask = size - 1;
	intern->capacity = size / 2;
	return true;
}

static const char *store(struct intern *intern, const void *bytes, size_t length)
{
	struct chunk *chunk = intern->chunks;
	char *to;

	if (length > SIZE_MAX / 2)
		return NULL;
	if (!chunk || chunk->size - chunk->used < length + 1) {
		size_t size = length < INTERN_CHUNK_SIZE ? INTERN_CHUNK_SIZE : length + 1;

		chunk = malloc(sizeof(*chunk) + size);
		if (!chunk)
			return NULL;
		chunk->next = intern->chunks;
		chunk->used = 0;
		chunk->size = size;
		intern->chunks = chunk;
	}
	to = chunk->bytes + chunk->used;
	memcpy(to, bytes, length);
	to[length] = 0;
	chunk->used += length + 1;
	return to;
}

uint32_t intern_add(struct intern *intern, const void *bytes, size_t length)
{
	struct slot *slot;
	struct entry *entry;
	const char *stored;
	uint32_t hash, at;

	if (!length)
		return 0;
	hash = XXH3_64bits(bytes, length);
	for (at = hash & intern->slot_mask;; at = (at + 1) & intern->slot_mask) {
		slot = &intern->slots[at];
		if (!slot->id)
			break;
		entry = &intern->entries[slot->id];
		if (slot->hash == hash && entry->length == length &&
		    !memcmp(entry->bytes, bytes, length))
			return slot->id;
	}
	if (intern->count == intern->capacity) {
		if (!grow(intern))
			return INTERN_FAILED;
		for (at = hash & intern->slot_mask; intern->slots[at].id;)
			at = (at + 1) & intern->slot_mask;
	}
	stored = store(intern, bytes, length);
	if (!stored)
		return INTERN_FAILED;
	intern->entries[intern->count] = (struct entry){ stored, length };
	intern->slots[at] = (struct slot){ hash, intern->count };
	return intern->count++;
}

uint32_t intern_add_text(struct intern *intern, const char *text)
{
	return intern_add(intern, text, strlen(text));
}

const char *intern_get(const struct intern *intern, uint32_t id, size_t *length)
{
	if (length)
		*length = intern->entries[id].length;
	return intern->entries[id].bytes;
}

uint32_t intern_count(const struct intern *intern)
{
	return intern->count;
}
