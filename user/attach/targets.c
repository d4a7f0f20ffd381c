// SPDX-License-Identifier: BSD-2-Clause
#include "attach/targets.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach/process_info.h"
#include "attach/process_maps.h"
#include "attach/uprobes.h"

/* An object that was looked at: attached, or found to have nothing to attach. */
struct target_object {
	dev_t device;
	uint64_t inode;
	pid_t pid;	 /* or UPROBES_EVERY_PROCESS */
	uint64_t number; /* index of its name, from 1 */
	struct uprobes probes;
	struct uprobes linker;
	char *path;
	bool present; /* seen in the last reading of its process's mappings */
};

struct targets {
	struct programs *programs;
	bool follow;
	struct target_object *objects;
	size_t count, capacity;
	pthread_mutex_t names_lock;
	char **names; /* base names, by number - 1; kept when the object goes */
	size_t name_count;
};

struct targets *targets_new(struct programs *programs, bool follow)
{
	struct targets *targets = calloc(1, sizeof(*targets));

	if (!targets)
		return NULL;
	targets->programs = programs;
	targets->follow = follow;
	pthread_mutex_init(&targets->names_lock, NULL);
	return targets;
}

static void object_release(struct target_object *object)
{
	uprobes_detach(&object->probes);
	uprobes_detach(&object->linker);
	free(object->path);
}

static void object_remove(struct targets *targets, size_t index)
{
	object_release(&targets->objects[index]);
	targets->objects[index] = targets->objects[--targets->count];
}

void targets_free(struct targets *targets)
{
	size_t i;

	if (!targets)
		return;
	targets_detach_begins(targets);
	targets_detach(targets);
	free(targets->objects);
	for (i = 0; i < targets->name_count; i++)
		free(targets->names[i]);
	free(targets->names);
	pthread_mutex_destroy(&targets->names_lock);
	free(targets);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Returns the name's number, 0 without memory. */
static uint64_t name_add(struct targets *targets, const char *path)
{
	char *name = strdup(base_name(path)), **names;
	uint64_t number = 0;

	if (!name)
		return 0;
	pthread_mutex_lock(&targets->names_lock);
	names = realloc(targets->names, (targets->name_count + 1) * sizeof(*names));
	if (names) {
		targets->names = names;
		names[targets->name_count++] = name;
		number = targets->name_count;
	} else {
		free(name);
	}
	pthread_mutex_unlock(&targets->names_lock);
	return number;
}

void targets_object_name(struct targets *targets, uint64_t object, char *name, size_t size)
{
	const char *found = "?";

	pthread_mutex_lock(&targets->names_lock);
	if (object >= 1 && object <= targets->name_count)
		found = targets->names[object - 1];
	snprintf(name, size, "%s", found);
	pthread_mutex_unlock(&targets->names_lock);
}

static struct target_object *find(const struct targets *targets, dev_t device, uint64_t inode,
				  pid_t pid)
{
	size_t i;

	for (i = 0; i < targets->count; i++) {
		struct target_object *object = &targets->objects[i];

		if (object->inode == inode && object->device == device &&
		    (object->pid == pid || object->pid == UPROBES_EVERY_PROCESS))
			return object;
	}
	return NULL;
}

static struct target_object *object_add(struct targets *targets)
{
	size_t capacity = targets->capacity ? 2 * targets->capacity : 16;
	struct target_object *objects;

	if (targets->count == targets->capacity) {
		objects = realloc(targets->objects, capacity * sizeof(*objects));
		if (!objects)
			return NULL;
		targets->objects = objects;
		targets->capacity = capacity;
	}
	objects = &targets->objects[targets->count];
	*objects = (struct target_object){ 0 };
	return objects;
}

/*
 * Dynamic linkers are called ld-linux-x86-64.so.2, ld.so, ld-musl-x86_64.so.1; the last may be a
 * symbolic link to musl's libc.so, which is one with it. (That of glibc is called libc.so.6.)
 */
static bool may_be_linker(const char *path)
{
	const char *name = base_name(path);

	return strncmp(name, "ld", 2) == 0 || strcmp(name, "libc.so") == 0;
}

static int attach(struct targets *targets, struct target_object *object, int fd, char reason[192])
{
	char refused[160] = "";
	int error;

	if (may_be_linker(object->path)) {
		error = uprobes_attach_linker(&object->linker, targets->programs, fd, object->pid);
		if (error) {
			snprintf(reason, 192, "dynamic linker: %s", strerror(-error));
			return error;
		}
	}
	error = uprobes_attach(&object->probes, targets->programs, fd, object->pid, object->number,
			       refused);
	/* Whatever is mapped there, if it is no ELF file for this machine it has no probes. */
	if (error == -ENOEXEC)
		return 0;
	if (error)
		snprintf(reason, 192, "%s", *refused ? refused : strerror(-error));
	return error;
}

/* `task` is one of process `pid` through which its memory is seen. */
static int object_attach(struct targets *targets, pid_t pid, pid_t task,
			 const struct process_object *mapped, char reason[192])
{
	struct target_object *object = object_add(targets);
	int fd, error;

	snprintf(reason, 192, "%s", strerror(ENOMEM));
	if (!object)
		return -ENOMEM;
	fd = process_object_open(task, mapped);
	if (fd < 0) {
		snprintf(reason, 192, "%s", strerror(-fd));
		return fd;
	}
	object->device = mapped->device;
	object->inode = mapped->inode;
	object->pid = targets->follow ? UPROBES_EVERY_PROCESS : pid;
	object->path = strdup(mapped->path);
	object->number = name_add(targets, mapped->path);
	object->present = true;
	error = object->path && object->number ? attach(targets, object, fd, reason) : -ENOMEM;
	close(fd);
	/* One that cannot be attached stays too: it was told once. */
	if (object->path)
		targets->count++;
	return error;
}

static void keep_failure(struct targets_failure *failure, int *first, int error, const char *path,
			 const char *reason)
{
	if (*first)
		return;
	*first = error;
	snprintf(failure->path, sizeof(failure->path), "%s", path);
	snprintf(failure->reason, sizeof(failure->reason), "%s", reason);
}

/* What this process has mapped no more. With `follow` others may have it: it stays attached. */
static void drop_absent(struct targets *targets, pid_t pid)
{
	size_t i = 0;

	while (i < targets->count) {
		if (targets->objects[i].pid == pid && !targets->objects[i].present)
			object_remove(targets, i);
		else
			i++;
	}
}

static int update(struct targets *targets, pid_t pid, struct targets_failure *failure)
{
	struct process_objects mapped;
	struct target_object *object;
	pid_t task = process_live_task(pid);
	char reason[192];
	int first = 0, error;
	size_t i;

	error = task < 0 ? task : process_objects_read(task, &mapped);
	if (error) {
		keep_failure(failure, &first, error, "", strerror(-error));
		return error;
	}
	for (i = 0; i < targets->count; i++)
		targets->objects[i].present = false;
	for (i = 0; i < mapped.count; i++) {
		const struct process_object *one = &mapped.objects[i];

		object = find(targets, one->device, one->inode, pid);
		if (object) {
			object->present = true;
			continue;
		}
		error = object_attach(targets, pid, task, one, reason);
		if (error)
			keep_failure(failure, &first, error, one->path, reason);
	}
	drop_absent(targets, pid);
	process_objects_free(&mapped);
	return first;
}

int targets_update(struct targets *targets, pid_t pid, struct targets_failure *failure)
{
	/* One that was found without its first thread. */
	if (!targets->follow && process_live_task(pid) > 0 && process_live_task(pid) != pid)
		return targets_widen(targets, pid, failure);
	return update(targets, pid, failure);
}

void targets_forget(struct targets *targets, pid_t pid)
{
	size_t i;

	for (i = 0; i < targets->count; i++)
		targets->objects[i].present = false;
	drop_absent(targets, pid);
}

int targets_widen(struct targets *targets, pid_t pid, struct targets_failure *failure)
{
	int first, error;
	size_t i = 0;
	pid_t other;

	targets->follow = true;
	targets_forget(targets, pid);
	first = update(targets, pid, failure);
	/* Never both ways at once: every event of a file attached twice would come twice. */
	while (i < targets->count) {
		other = targets->objects[i].pid;
		if (other == UPROBES_EVERY_PROCESS) {
			i++;
			continue;
		}
		targets_forget(targets, other);
		error = update(targets, other, failure);
		first = first ? first : error;
		i = 0;
	}
	return first;
}

size_t targets_probes(const struct targets *targets, pid_t pid, const char **path)
{
	size_t i, probes = 0;

	*path = "";
	for (i = 0; i < targets->count; i++) {
		const struct target_object *object = &targets->objects[i];

		if (object->pid != pid && object->pid != UPROBES_EVERY_PROCESS)
			continue;
		if (object->probes.sites && !probes)
			*path = object->path;
		probes += object->probes.sites;
	}
	return probes;
}

/* The sets of all objects; NULL without memory. */
static struct uprobes **all_sets(struct targets *targets, size_t *count)
{
	struct uprobes **sets = calloc(2 * targets->count + 1, sizeof(struct uprobes *));
	size_t i;

	*count = 0;
	for (i = 0; i < targets->count && sets; i++) {
		sets[(*count)++] = &targets->objects[i].probes;
		sets[(*count)++] = &targets->objects[i].linker;
	}
	return sets;
}

void targets_detach_begins(struct targets *targets)
{
	struct uprobes **sets;
	size_t count, i;

	sets = all_sets(targets, &count);
	if (sets)
		uprobes_detach_begins_all(sets, count);
	for (i = 0; i < targets->count && !sets; i++)
		uprobes_detach_begins(&targets->objects[i].probes);
	free(sets);
}

void targets_detach(struct targets *targets)
{
	struct uprobes **sets;
	size_t count;

	sets = all_sets(targets, &count);
	if (sets)
		uprobes_detach_all(sets, count);
	free(sets);
	while (targets->count)
		object_remove(targets, targets->count - 1);
}
