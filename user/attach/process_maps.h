/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The files that a process executes code from: its executable, its shared objects.
 *
 *	struct process_objects objects;
 *	if (process_objects_read(pid, &objects) == 0)
 *		fd = process_object_open(pid, &objects.objects[0]);
 *	process_objects_free(&objects);
 *
 * A file is one object however often it is mapped; one without an executable mapping is none.
 */
#ifndef ATTACH_PROCESS_MAPS_H
#define ATTACH_PROCESS_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process_object {
	dev_t device; /* as /proc/PID/maps has it: on overlayfs and btrfs not the one of stat */
	uint64_t inode;
	uint64_t start, end; /* its first executable mapping */
	uint64_t offset;     /* file offset of that mapping */
	char *path;	     /* in the process's mount namespace; owned by process_objects */
	bool deleted;	     /* the file has no name any more (not part of path) */
};

struct process_mapping {
	uint64_t start, end;
	uint64_t offset;
	size_t object; /* index in objects */
};

struct process_objects {
	struct process_object *objects; /* in the order of their first executable mapping */
	size_t count;
	struct process_mapping *mappings; /* all mappings of these files, ascending */
	size_t mapping_count;
};

/*
 * Reads /proc/PID/maps. Returns 0 or -ESRCH (no such process), -EACCES or -EPERM (not allowed to
 * look at it), -ENOMEM, -EBADMSG (not the format known); then *out is empty. A kernel thread, or a
 * process that is a zombie, gives no objects.
 */
int process_objects_read(pid_t pid, struct process_objects *out);

/* The same from an open file in that format, which is read to its end. */
int process_objects_parse(int fd, struct process_objects *out);
void process_objects_free(struct process_objects *objects);

/* The object whose file is mapped at this address (code or data), or NULL. */
const struct process_object *process_objects_find(const struct process_objects *objects,
						  uint64_t address);

/*
 * Opens the object's file for reading, close-on-exec, whatever mount namespace the process lives
 * in and also when the file was deleted (through map_files, else through the process's root).
 * Returns the descriptor or a negative errno; -ESTALE: another file has that name now.
 */
int process_object_open(pid_t pid, const struct process_object *object);

#endif
