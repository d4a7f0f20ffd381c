/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The names of open spans that were named at run time: a begin record brings the name, and the
 * end, which may be hours later, needs it again.
 *
 *	err = open_names_put(&names, &key, name);
 *	if (open_names_take(&names, &key, &name)) ...
 *
 * A hash table with open addressing. All zero is an empty one.
 */
#ifndef COLLECT_OPEN_NAMES_H
#define COLLECT_OPEN_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "span.h"

struct open_name {
	struct model_span_key key; /* span_id 0: free */
	uint32_t name;		   /* id of an intern set */
};

struct open_names {
	struct open_name *entries;
	size_t size; /* a power of two */
	size_t count;
};

/* -ENOMEM, or 0. A key that is there already gets the new name. */
int open_names_put(struct open_names *names, const struct model_span_key *key, uint32_t name);

bool open_names_has(const struct open_names *names, const struct model_span_key *key);

/* Removes the entry; false where there is none. */
bool open_names_take(struct open_names *names, const struct model_span_key *key, uint32_t *name);
void open_names_free(struct open_names *names);

#endif
