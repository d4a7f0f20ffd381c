// SPDX-License-Identifier: BSD-2-Clause
#include "collect/callsites.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "tables/callsite_hash.h"

#define SIZE_AT_FIRST 256
#define TEXT_MOST 255

uint32_t callsites_text(struct intern *strings, const char *bytes, size_t length)
{
	char clean[UTF8_SANITIZED_MAX(RECORD_NAME_SIZE)];

	if (length > RECORD_NAME_SIZE)
		length = RECORD_NAME_SIZE;
	if (length <= TEXT_MOST && utf8_valid(bytes, length))
		return intern_add(strings, bytes, length);
	length = utf8_cut(bytes, length, TEXT_MOST);
	length = utf8_sanitize(bytes, length, clean, sizeof(clean));
	length = utf8_cut(clean, length, TEXT_MOST);
	return intern_add(strings, clean, length);
}

static uint32_t field_text(struct intern *strings, const char field[RECORD_NAME_SIZE])
{
	return callsites_text(strings, field, strnlen(field, RECORD_NAME_SIZE));
}

uint32_t callsites_hash(const struct callsites *callsites, const struct callsite *site,
			uint32_t name)
{
	size_t name_length, filename_length, target_length;
	const char *name_text = intern_get(callsites->strings, name, &name_length);
	const char *filename = intern_get(callsites->strings, site->filename, &filename_length);
	const char *target = intern_get(callsites->strings, site->target, &target_length);

	return callsite_hash(name_text, name_length, filename, filename_length, target,
			     target_length, site->line);
}

static void learn(struct callsites *callsites, struct callsite *site)
{
	struct record_location location;
	char object[RECORD_NAME_SIZE];

	if (programs_location(callsites->programs, &site->key, &location) || !location.ready) {
		site->name = site->target = intern_add_text(callsites->strings, "?");
		site->filename = site->name;
	} else {
		if (!location.has_target && callsites->targets) {
			targets_object_name(callsites->targets, location.object, object,
					    sizeof(object));
			memcpy(location.target, object, sizeof(object));
		}
		site->name = field_text(callsites->strings, location.name);
		site->target = field_text(callsites->strings, location.target);
		site->filename = field_text(callsites->strings, location.file);
		site->line = location.line;
		site->known = true;
	}
	site->hash = callsites_hash(callsites, site, site->name);
}

static bool same_key(const struct record_location_key *a, const struct record_location_key *b)
{
	return a->address == b->address && a->process == b->process &&
	       a->generation == b->generation;
}

static size_t place_of(const struct callsites *callsites, const struct record_location_key *key)
{
	uint64_t hash = key->address ^ key->process << 40 ^ key->generation << 56;
	size_t place;

	hash *= UINT64_C(0x9e3779b97f4a7c15);
	place = (hash >> 32) & (callsites->size - 1);
	while (callsites->entries[place] && !same_key(&callsites->entries[place]->key, key))
		place = (place + 1) & (callsites->size - 1);
	return place;
}

/* Into a table of another size, without those that are over. */
static int rebuild(struct callsites *callsites, size_t size)
{
	struct callsites other = { .size = size, .count = callsites->count };
	size_t i;

	other.entries = calloc(size, sizeof(struct callsite *));
	if (!other.entries)
		return -ENOMEM;
	for (i = 0; i < callsites->size; i++)
		if (callsites->entries[i])
			other.entries[place_of(&other, &callsites->entries[i]->key)] =
				callsites->entries[i];
	free(callsites->entries);
	callsites->entries = other.entries;
	callsites->size = other.size;
	return 0;
}

static struct callsite *add(struct callsites *callsites, const struct record_location_key *key)
{
	size_t size = callsites->size ? 2 * callsites->size : SIZE_AT_FIRST;
	struct callsite *site;

	if (2 * callsites->count >= callsites->size && rebuild(callsites, size))
		return NULL;
	site = calloc(1, sizeof(*site));
	if (!site)
		return NULL;
	site->key = *key;
	learn(callsites, site);
	callsites->entries[place_of(callsites, key)] = site;
	callsites->count++;
	return site;
}

const struct callsite *callsites_find(struct callsites *callsites, uint64_t process,
				      uint64_t generation, uint64_t address)
{
	struct record_location_key key = {
		.process = process,
		.address = address,
		.generation = generation,
	};
	struct callsite *site = callsites->last;

	if (site && same_key(&site->key, &key))
		return site;
	site = callsites->size ? callsites->entries[place_of(callsites, &key)] : NULL;
	if (!site)
		site = add(callsites, &key);
	else if (!site->known)
		learn(callsites, site); /* its page may have been mapped by now */
	callsites->last = site && site->known ? site : NULL;
	return site;
}

void callsites_forget(struct callsites *callsites, bool (*over)(uint64_t process, void *data),
		      void *data)
{
	struct callsite *site;
	size_t i;

	for (i = 0; i < callsites->size; i++) {
		site = callsites->entries[i];
		if (!site || !over(site->key.process, data))
			continue;
		programs_forget_location(callsites->programs, &site->key);
		callsites->entries[i] = NULL;
		callsites->count--;
		free(site);
	}
	callsites->last = NULL;
	/* Without memory for it a lookup may miss an entry behind a gap: it is learnt again. */
	if (callsites->size)
		rebuild(callsites, callsites->size);
}

void callsites_free(struct callsites *callsites)
{
	size_t i;

	for (i = 0; i < callsites->size; i++)
		free(callsites->entries[i]);
	free(callsites->entries);
	*callsites = (struct callsites){ 0 };
}
