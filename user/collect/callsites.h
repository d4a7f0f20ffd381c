/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The call sites of a trace: what the location addresses in records stand for.
 *
 *	site = callsites_find(&callsites, process, generation, address);
 *	row.filename = site->filename;
 *
 * A location is looked up in the kernel's table when a record first speaks of it. Texts are made
 * valid UTF-8 and cut at 255 bytes, as they are written.
 */
#ifndef COLLECT_CALLSITES_H
#define COLLECT_CALLSITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attach/programs.h"
#include "attach/targets.h"
#include "base/intern.h"

struct callsite {
	struct record_location_key key;
	bool known;    /* false: it could not be read, its texts are "?" */
	uint32_t name; /* ids of the intern set */
	uint32_t target;
	uint32_t filename;
	uint32_t line;
	uint32_t hash; /* with the static name */
};

struct callsites {
	const struct programs *programs;
	struct targets *targets; /* NULL: objects have no names */
	struct intern *strings;
	struct callsite **entries; /* open addressing, a power of two */
	size_t size;
	size_t count;
	struct callsite *last; /* the one found last: mostly the next as well */
};

/* NULL without memory. Valid until callsites_forget(). */
const struct callsite *callsites_find(struct callsites *callsites, uint64_t process,
				      uint64_t generation, uint64_t address);

/* The hash of a call at this site with a name of its own. */
uint32_t callsites_hash(const struct callsites *callsites, const struct callsite *site,
			uint32_t name);

/* Drops the sites of processes that are over, here and in the kernel. */
void callsites_forget(struct callsites *callsites, bool (*over)(uint64_t process, void *data),
		      void *data);
void callsites_free(struct callsites *callsites);

/* The id of any bytes as they are written; INTERN_FAILED without memory. */
uint32_t callsites_text(struct intern *strings, const char *bytes, size_t length);

#endif
