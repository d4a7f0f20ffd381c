/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/dictionary.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 1024 /* a power of two */
#define HASH_FACTOR UINT64_C(0x9E3779B97F4A7C15)

void dictionary_free(struct dictionary *dictionary)
{
	free(dictionary->ids);
	free(dictionary->values);
	free(dictionary->places);
	free(dictionary->slots);
	*dictionary = (struct dictionary){ 0 };
}

/* Makes all places and slots void. When the epochs are used up, they are cleared for once. */
static void begin(struct dictionary *dictionary)
{
	dictionary->count = 0;
	if (++dictionary->epoch)
		return;
	if (dictionary->places)
		memset(dictionary->places, 0,
		       dictionary->place_count * sizeof(*dictionary->places));
	if (dictionary->slots)
		memset(dictionary->slots, 0,
		       ((size_t)dictionary->slot_mask + 1) * sizeof(*dictionary->slots));
	dictionary->epoch = 1;
}

/* Room for one more entry. */
static int reserve_entry(struct dictionary *dictionary)
{
	size_t capacity = dictionary->capacity ? dictionary->capacity * 2 : FIRST_CAPACITY;
	uint64_t *values;
	uint32_t *ids;

	if (dictionary->count < dictionary->capacity)
		return 0;
	ids = realloc(dictionary->ids, capacity * sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	dictionary->ids = ids;
	values = realloc(dictionary->values, capacity * sizeof(*values));
	if (!values)
		return -ENOMEM;
	dictionary->values = values;
	dictionary->capacity = capacity;
	return 0;
}

static int reserve_places(struct dictionary *dictionary, size_t count)
{
	struct dictionary_place *places;

	if (count <= dictionary->place_count)
		return 0;
	count += count / 2;
	places = realloc(dictionary->places, count * sizeof(*places));
	if (!places)
		return -ENOMEM;
	memset(places + dictionary->place_count, 0,
	       (count - dictionary->place_count) * sizeof(*places));
	dictionary->places = places;
	dictionary->place_count = count;
	return 0;
}

/* 1: entered, 0: over a limit. */
static int add_text(struct dictionary *dictionary, const struct intern *strings, uint32_t id,
		    const struct dictionary_limit *limit, size_t *bytes)
{
	size_t length;

	intern_get(strings, id, &length);
	*bytes += sizeof(uint32_t) + length;
	if (dictionary->count == limit->entries || *bytes > limit->bytes)
		return 0;
	if (reserve_entry(dictionary))
		return -ENOMEM;
	dictionary->places[id] = (struct dictionary_place){ dictionary->epoch, dictionary->count };
	dictionary->ids[dictionary->count++] = id;
	return 1;
}

int dictionary_index_texts(struct dictionary *dictionary, const struct intern *strings,
			   const uint32_t *ids, size_t count, const struct dictionary_limit *limit,
			   uint32_t *indexes)
{
	const struct dictionary_place *places;
	size_t bytes = 0;
	uint32_t epoch;

	begin(dictionary);
	if (reserve_places(dictionary, intern_count(strings)))
		return -ENOMEM;
	places = dictionary->places;
	epoch = dictionary->epoch;
	for (size_t i = 0; i < count; i++) {
		uint32_t id = ids[i];

		if (places[id].epoch != epoch) {
			int added = add_text(dictionary, strings, id, limit, &bytes);

			if (added <= 0)
				return added;
		}
		indexes[i] = places[id].index;
	}
	return 1;
}

static inline size_t find_slot(const struct dictionary_slot *slots, uint32_t mask, uint32_t epoch,
			       uint64_t value)
{
	uint32_t at = (value * HASH_FACTOR >> 32) & mask;

	while (slots[at].epoch == epoch && slots[at].value != value)
		at = (at + 1) & mask;
	return at;
}

static int grow_slots(struct dictionary *dictionary)
{
	size_t size = dictionary->slots ? ((size_t)dictionary->slot_mask + 1) * 2 : FIRST_CAPACITY;
	struct dictionary_slot *slots = calloc(size, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (uint32_t i = 0; i < dictionary->count; i++)
		slots[find_slot(slots, size - 1, dictionary->epoch, dictionary->values[i])] =
			(struct dictionary_slot){ dictionary->values[i], dictionary->epoch, i };
	free(dictionary->slots);
	dictionary->slots = slots;
	dictionary->slot_mask = size - 1;
	return 0;
}

/* 1: entered, 0: over the limit. */
static int add_value(struct dictionary *dictionary, uint64_t value, uint32_t entries_max)
{
	if (dictionary->count == entries_max)
		return 0;
	if (reserve_entry(dictionary))
		return -ENOMEM;
	if (dictionary->count >= dictionary->slot_mask / 2 && grow_slots(dictionary))
		return -ENOMEM;
	dictionary->slots[find_slot(dictionary->slots, dictionary->slot_mask, dictionary->epoch,
				    value)] =
		(struct dictionary_slot){ value, dictionary->epoch, dictionary->count };
	dictionary->values[dictionary->count++] = value;
	return 1;
}

#define INDEX_VALUES(unsigned_type)                                                       \
	do {                                                                              \
		const struct dictionary_slot *slots;                                      \
		uint32_t mask, epoch;                                                     \
                                                                                          \
		begin(dictionary);                                                        \
		if (!dictionary->slots && grow_slots(dictionary))                         \
			return -ENOMEM;                                                   \
		slots = dictionary->slots;                                                \
		mask = dictionary->slot_mask;                                             \
		epoch = dictionary->epoch;                                                \
		for (size_t i = 0; i < count; i++) {                                      \
			uint64_t value = (unsigned_type)values[i];                        \
			size_t at = find_slot(slots, mask, epoch, value);                 \
                                                                                          \
			if (slots[at].epoch != epoch) {                                   \
				int added = add_value(dictionary, value, limit->entries); \
                                                                                          \
				if (added <= 0)                                           \
					return added;                                     \
				slots = dictionary->slots;                                \
				mask = dictionary->slot_mask;                             \
				at = find_slot(slots, mask, epoch, value);                \
			}                                                                 \
			indexes[i] = slots[at].index;                                     \
		}                                                                         \
	} while (0)

int dictionary_index_int32(struct dictionary *dictionary, const int32_t *values, size_t count,
			   const struct dictionary_limit *limit, uint32_t *indexes)
{
	INDEX_VALUES(uint32_t);
	return 1;
}

int dictionary_index_int64(struct dictionary *dictionary, const int64_t *values, size_t count,
			   const struct dictionary_limit *limit, uint32_t *indexes)
{
	INDEX_VALUES(uint64_t);
	return 1;
}
