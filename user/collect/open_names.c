// SPDX-License-Identifier: BSD-2-Clause
#include "collect/open_names.h"

#include <errno.h>
#include <stdlib.h>

#define SIZE_AT_FIRST 1024

static size_t home_of(const struct open_names *names, const struct model_span_key *key)
{
	uint64_t hash = (key->span_id ^ key->process << 40) * UINT64_C(0x9e3779b97f4a7c15);

	return (hash >> 32) & (names->size - 1);
}

/* Where the key is, or else the free place where it belongs. */
static size_t place_of(const struct open_names *names, const struct model_span_key *key)
{
	size_t place = home_of(names, key);

	while (names->entries[place].key.span_id &&
	       (names->entries[place].key.span_id != key->span_id ||
		names->entries[place].key.process != key->process))
		place = (place + 1) & (names->size - 1);
	return place;
}

static int grow(struct open_names *names)
{
	struct open_names larger = { .size = names->size ? 2 * names->size : SIZE_AT_FIRST };
	size_t i;

	larger.entries = calloc(larger.size, sizeof(*larger.entries));
	if (!larger.entries)
		return -ENOMEM;
	larger.count = names->count;
	for (i = 0; i < names->size; i++)
		if (names->entries[i].key.span_id)
			larger.entries[place_of(&larger, &names->entries[i].key)] =
				names->entries[i];
	free(names->entries);
	*names = larger;
	return 0;
}

int open_names_put(struct open_names *names, const struct model_span_key *key, uint32_t name)
{
	size_t place;
	int error;

	if (2 * names->count >= names->size) {
		error = grow(names);
		if (error)
			return error;
	}
	place = place_of(names, key);
	if (!names->entries[place].key.span_id)
		names->count++;
	names->entries[place].key = *key;
	names->entries[place].name = name;
	return 0;
}

/* Moves later entries of the same run up, so that none is behind a free place. */
static void close_gap(struct open_names *names, size_t gap)
{
	size_t place = gap, mask = names->size - 1, home;

	for (;;) {
		place = (place + 1) & mask;
		if (!names->entries[place].key.span_id)
			break;
		home = home_of(names, &names->entries[place].key);
		if (((place - home) & mask) < ((place - gap) & mask))
			continue;
		names->entries[gap] = names->entries[place];
		gap = place;
	}
	names->entries[gap].key.span_id = 0;
}

bool open_names_has(const struct open_names *names, const struct model_span_key *key)
{
	return names->size && names->entries[place_of(names, key)].key.span_id;
}

bool open_names_take(struct open_names *names, const struct model_span_key *key, uint32_t *name)
{
	size_t place;

	if (!names->size)
		return false;
	place = place_of(names, key);
	if (!names->entries[place].key.span_id)
		return false;
	*name = names->entries[place].name;
	names->count--;
	close_gap(names, place);
	return true;
}

void open_names_free(struct open_names *names)
{
	free(names->entries);
	*names = (struct open_names){ 0 };
}
