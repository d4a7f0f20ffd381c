/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The objects (executables and shared libraries) whose probes are attached, for the processes
 * that are traced.
 *
 *	targets = targets_new(&programs, follow);
 *	err = targets_update(targets, pid, &failure);	now, and whenever its objects may have changed
 *	targets_forget(targets, pid);			it has ended, or executed another program
 *	targets_detach_begins(targets); targets_detach(targets); targets_free(targets);
 *
 * Without `follow` a probe is attached for one process, so that others that run the same file are
 * left alone; with it for every process, so that a forked child is attached before its first
 * instruction. The BPF programs ignore those that are not registered.
 *
 * Used by one thread, but for targets_object_name().
 */
#ifndef ATTACH_TARGETS_H
#define ATTACH_TARGETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attach/programs.h"

struct targets;

/* What could not be attached. */
struct targets_failure {
	char path[512]; /* as the process sees it; empty: the process itself */
	char reason[192];
};

struct targets *targets_new(struct programs *programs, bool follow); /* NULL: no memory */
void targets_free(struct targets *targets);			     /* detaches everything */

/*
 * Attaches what the process has mapped and is not attached yet, and detaches what it has no more.
 * Objects that cannot be attached are passed over; the first of them is told in *failure and by
 * the negative errno returned.
 */
int targets_update(struct targets *targets, pid_t pid, struct targets_failure *failure);
void targets_forget(struct targets *targets, pid_t pid);

/*
 * From now on as with `follow`. For a process whose first thread has ended while others go on:
 * the kernel takes attaching to one process as attaching to its first thread's memory.
 * targets_update() does it by itself for a process that it finds so.
 */
int targets_widen(struct targets *targets, pid_t pid, struct targets_failure *failure);

/* Probes attached that this process can hit, and the file of the first of them ("" for none). */
size_t targets_probes(const struct targets *targets, pid_t pid, const char **path);

/* No span begins any more; those that are open may still end. */
void targets_detach_begins(struct targets *targets);

/* Detaches everything; the names of objects stay. */
void targets_detach(struct targets *targets);

/* Base name of an object's file by the number that a location carries; "?" if unknown. */
void targets_object_name(struct targets *targets, uint64_t object, char *name, size_t size);

#endif
