/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/span_table.h"

#include <stdlib.h>

#define FIRST_CAPACITY 4096

static size_t place_of(const struct span_table *table, uint32_t process, int64_t span_id)
{
	uint64_t hash = ((uint64_t)span_id ^ process * UINT64_C(0x9E3779B97F4A7C15)) *
			UINT64_C(0xD6E8FEB86659FD93);
	size_t mask = table->capacity - 1, place = (hash ^ hash >> 32) & mask;

	while (table->facts[place].span_id &&
	       (table->facts[place].span_id != span_id || table->facts[place].process != process))
		place = (place + 1) & mask;
	return place;
}

static bool grow(struct span_table *table)
{
	struct span_table larger = {
		.capacity = table->capacity ? table->capacity * 2 : FIRST_CAPACITY,
		.count = table->count,
	};

	larger.facts = calloc(larger.capacity, sizeof(*larger.facts));
	if (!larger.facts)
		return false;
	for (size_t i = 0; i < table->capacity; i++) {
		const struct span_facts *facts = &table->facts[i];

		if (facts->span_id)
			larger.facts[place_of(&larger, facts->process, facts->span_id)] = *facts;
	}
	free(table->facts);
	*table = larger;
	return true;
}

struct span_facts *span_table_find(struct span_table *table, uint32_t process, int64_t span_id,
				   bool make)
{
	struct span_facts *facts;

	if (make && table->count >= table->capacity / 4 * 3 && !grow(table))
		return NULL;
	if (!table->capacity || !span_id)
		return NULL;
	facts = &table->facts[place_of(table, process, span_id)];
	if (facts->span_id)
		return facts;
	if (!make)
		return NULL;
	*facts = (struct span_facts){ .span_id = span_id, .process = process };
	table->count++;
	return facts;
}

void span_table_free(struct span_table *table)
{
	free(table->facts);
	*table = (struct span_table){ 0 };
}
