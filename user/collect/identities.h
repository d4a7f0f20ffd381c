/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who the tasks and processes of records are, as ids of texts, and the tables `streams` and
 * `processes` that say so in the files.
 *
 *	err = identities_open(&identities, registry, trace, programs, strings, &writer_options);
 *	task = identities_find(identities, record->stream, record->key.process);
 *	row.stream_id = task->stream_id;
 *
 * Both tables are rewritten whole when a row of them changed: by identities_write(), which must
 * come before any other part that refers to them is published.
 */
#ifndef COLLECT_IDENTITIES_H
#define COLLECT_IDENTITIES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/intern.h"
#include "collect/registry.h"
#include "collect/trace.h"
#include "tables/table_writer.h"

struct identity {
	const struct registry_process *process;
	uint32_t stream_id;
	uint32_t process_id;
	int32_t tid;
	uint32_t thread_name;
	int64_t start_time; /* since 1970 */
	int64_t updated;
};

struct identities;

int identities_open(struct identities **identities, struct registry *registry,
		    const struct trace *trace, const struct programs *programs,
		    struct intern *strings, const struct table_writer_options *options);
void identities_close(struct identities *identities);

/* The task of that number; of a task that could not be described, the process alone. NULL without
 * memory. Valid until the next call. */
const struct identity *identities_find(struct identities *identities, uint32_t stream,
				       uint64_t process);

/* The task has another name now. */
void identities_rename(struct identities *identities, uint32_t stream, const char comm[16]);

/* The process has ended, and its open spans have been dealt with. */
bool identities_over(struct identities *identities, uint64_t process);

/* Drops the kernel's entries of processes that are over. */
void identities_forget(struct identities *identities);

/* Writes both tables if anything changed. */
int identities_write(struct identities *identities);

/*
 * Puts what changed since the last writing where recovery finds it, which costs little: must come
 * before rows that refer to it get there.
 */
int identities_keep(struct identities *identities);

/* Writes them for the last time: how each process fared is known now. */
int identities_finish(struct identities *identities);

/* The same as write, but not more often than every few seconds. */
int identities_tick(struct identities *identities);

uint64_t identities_bytes(const struct identities *identities);
uint64_t identities_files(const struct identities *identities);
uint64_t identities_tasks(const struct identities *identities);
uint64_t identities_processes(const struct identities *identities);

#endif
