/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The processes of a trace: one entry per image, by the number that the BPF programs gave it.
 *
 *	registry_describe(registry, number);		while /proc still knows the process
 *	process = registry_process(registry, number);	whenever a record speaks of it
 *
 * Entries stay, where they are, until the registry is freed. The strings of an entry are written
 * under the lock: registry_each() holds it. Identity (number, ids, pid) never changes and may be
 * read without.
 */
#ifndef COLLECT_REGISTRY_H
#define COLLECT_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>

#include "attach/programs.h"
#include "collect/trace.h"

struct registry_process {
	uint64_t number;
	char process_id[UUID_TEXT_SIZE];
	char parent_process_id[UUID_TEXT_SIZE]; /* "": none */
	struct record_image image;
	bool described; /* from /proc, or from the parent it was forked from */
	/*
	 * It had ended when registry_refresh() looked: whatever it did came before. (The image may
	 * say so earlier, of a process that was new to the registry.)
	 */
	bool over;
	bool swept; /* over, and its open spans are dealt with: the reader's own mark */
	char *exe;  /* owned, never NULL */
	char *command_line;
	char *username;
};

struct registry;

struct registry *registry_new(const struct programs *programs, const struct trace *trace,
			      bool command_lines); /* NULL: no memory */
void registry_free(struct registry *registry);

/* The entry; one is made where there is none. NULL without memory. */
struct registry_process *registry_process(struct registry *registry, uint64_t number);

/* Reads what /proc tells of it. Returns the entry, or NULL without memory. */
struct registry_process *registry_describe(struct registry *registry, uint64_t number);

/* Reads anew how the images fare that were alive; returns how many have ended and are not swept. */
unsigned int registry_refresh(struct registry *registry);

/* Shows every entry, in the order in which they came. */
void registry_each(struct registry *registry,
		   void (*visit)(struct registry_process *process, void *data), void *data);

unsigned int registry_count(struct registry *registry);

#endif
