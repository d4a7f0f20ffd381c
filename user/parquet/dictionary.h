/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Gives the distinct values of a column chunk numbers from 0, in the order of their first
 * appearance.
 *
 *	fits = dictionary_index_texts(&dictionary, strings, ids, count, &limit, indexes);
 *	fits = dictionary_index_int64(&dictionary, values, count, &limit, indexes);
 *
 * Afterwards .count entries are in .ids (texts) or .values (integers). Both return 1, or 0 when
 * there are more distinct values than the limit allows, or -ENOMEM. One dictionary serves one chunk
 * after the other; memory is kept.
 */
#ifndef PARQUET_DICTIONARY_H
#define PARQUET_DICTIONARY_H

#include <stddef.h>
#include <stdint.h>

#include "base/intern.h"

struct dictionary_limit {
	uint32_t entries;
	size_t bytes; /* of the entries as PLAIN texts */
};

/*
 * Where an id's index is, if .epoch is that of the dictionary: so nothing is cleared between
 * chunks.
 */
struct dictionary_place {
	uint32_t epoch;
	uint32_t index;
};

struct dictionary_slot {
	uint64_t value;
	uint32_t epoch;
	uint32_t index;
};

struct dictionary {
	uint32_t count;
	uint32_t *ids;
	uint64_t *values; /* zero extended */
	uint32_t capacity;

	uint32_t epoch;
	struct dictionary_place *places; /* by intern id */
	size_t place_count;
	struct dictionary_slot *slots; /* by hash of the value; at most half full */
	uint32_t slot_mask;
};

void dictionary_free(struct dictionary *dictionary);

int dictionary_index_texts(struct dictionary *dictionary, const struct intern *strings,
			   const uint32_t *ids, size_t count, const struct dictionary_limit *limit,
			   uint32_t *indexes);
int dictionary_index_int32(struct dictionary *dictionary, const int32_t *values, size_t count,
			   const struct dictionary_limit *limit, uint32_t *indexes);
int dictionary_index_int64(struct dictionary *dictionary, const int64_t *values, size_t count,
			   const struct dictionary_limit *limit, uint32_t *indexes);

#endif
