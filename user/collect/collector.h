/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The thread that empties the ring buffer and writes the rows of a trace.
 *
 *	err = collector_start(&collector, &options);
 *	...
 *	collector_process_ended(collector);		now and then
 *	collector_stop(collector, false);		when no probe is attached any more
 *	err = collector_wait(collector);
 *	collector_free(collector);
 *
 * It runs with the rights of the user who is to own the files, and without capabilities: nothing
 * that comes from a traced process is looked at with root's rights.
 */
#ifndef COLLECT_COLLECTOR_H
#define COLLECT_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "attach/user.h"
#include "collect/rows.h"
#include "collect/trace_file.h"

struct collector;

struct collector_options {
	struct rows_options rows;
	const struct user *user; /* who is to own the files */
	const struct trace_file *file;
};

/* Starts the thread; returns when it is ready to collect, or a negative errno. */
int collector_start(struct collector **collector, const struct collector_options *options);

/* A process has ended, or executed another program: what it left open is to be written. */
void collector_process_ended(struct collector *collector);

/*
 * Takes what is left in the ring, then every span still open, completes the files and ends. With
 * `discard` what is left in the ring is given up; a second call may say so.
 */
void collector_stop(struct collector *collector, bool discard);
bool collector_stopped(const struct collector *collector);

/* Waits for that. Returns the first failure of all. */
int collector_wait(struct collector *collector);
void collector_free(struct collector *collector);

/* The first failure so far, 0 for none: there is no point in going on. */
int collector_error(const struct collector *collector);
struct rows_stats collector_stats(const struct collector *collector);

#endif
