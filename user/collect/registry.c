// SPDX-License-Identifier: BSD-2-Clause
#include "collect/registry.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach/process_info.h"

struct registry {
	const struct programs *programs;
	const struct trace *trace;
	bool command_lines;
	pthread_mutex_t lock;
	struct registry_process **processes; /* in the order in which they came */
	size_t count, capacity;
	struct registry_process **table; /* by number: open addressing, a power of two */
	size_t table_size;
};

struct registry *registry_new(const struct programs *programs, const struct trace *trace,
			      bool command_lines)
{
	struct registry *registry = calloc(1, sizeof(*registry));

	if (!registry)
		return NULL;
	registry->programs = programs;
	registry->trace = trace;
	registry->command_lines = command_lines;
	pthread_mutex_init(&registry->lock, NULL);
	return registry;
}

static void process_free(struct registry_process *process)
{
	if (!process)
		return;
	free(process->exe);
	free(process->command_line);
	free(process->username);
	free(process);
}

void registry_free(struct registry *registry)
{
	size_t i;

	if (!registry)
		return;
	for (i = 0; i < registry->count; i++)
		process_free(registry->processes[i]);
	free(registry->processes);
	free(registry->table);
	pthread_mutex_destroy(&registry->lock);
	free(registry);
}

static size_t slot_of(const struct registry *registry, uint64_t number)
{
	size_t slot = (number * UINT64_C(0x9e3779b97f4a7c15)) >> 32;

	slot &= registry->table_size - 1;
	while (registry->table[slot] && registry->table[slot]->number != number)
		slot = (slot + 1) & (registry->table_size - 1);
	return slot;
}

static struct registry_process *find(const struct registry *registry, uint64_t number)
{
	return registry->table_size ? registry->table[slot_of(registry, number)] : NULL;
}

static int grow(struct registry *registry)
{
	size_t capacity = registry->capacity ? 2 * registry->capacity : 64, i;
	struct registry_process **processes, **table;

	processes = realloc(registry->processes, capacity * sizeof(*processes));
	if (!processes)
		return -ENOMEM;
	registry->processes = processes;
	table = calloc(2 * capacity, sizeof(*table));
	if (!table)
		return -ENOMEM;
	free(registry->table);
	registry->table = table;
	registry->table_size = 2 * capacity;
	registry->capacity = capacity;
	for (i = 0; i < registry->count; i++)
		table[slot_of(registry, processes[i]->number)] = processes[i];
	return 0;
}

static void make_process_id(const struct registry *registry, const struct record_image *image,
			    char id[UUID_TEXT_SIZE])
{
	char name[64];

	snprintf(name, sizeof(name), "%u:%llu:%u", image->pid, image->start_time,
		 image->exec_generation);
	uuid_text_v5(registry->trace->boot_id, name, strlen(name), id);
}

static struct registry_process *add(struct registry *registry, uint64_t number);

/* Under the lock. */
static struct registry_process *process_get(struct registry *registry, uint64_t number)
{
	struct registry_process *process = find(registry, number);

	return process ? process : add(registry, number);
}

static struct registry_process *add(struct registry *registry, uint64_t number)
{
	struct registry_process *process, *parent = NULL;

	process = calloc(1, sizeof(*process));
	if (!process)
		return NULL;
	process->number = number;
	/* Gone from the kernel's table only if there was no room for it: its id is then made up. */
	if (programs_image(registry->programs, number, &process->image))
		process->image.start_time = number;
	make_process_id(registry, &process->image, process->process_id);
	/* A parent always came before: its number is lower, which also ends the recursion. */
	if (process->image.parent && process->image.parent < number)
		parent = process_get(registry, process->image.parent);
	if (parent)
		memcpy(process->parent_process_id, parent->process_id, UUID_TEXT_SIZE);
	process->exe = strdup("");
	process->command_line = strdup("");
	process->username = strdup("");
	if (!process->exe || !process->command_line || !process->username ||
	    (registry->count == registry->capacity && grow(registry))) {
		process_free(process);
		return NULL;
	}
	registry->processes[registry->count++] = process;
	registry->table[slot_of(registry, number)] = process;
	return process;
}

struct registry_process *registry_process(struct registry *registry, uint64_t number)
{
	struct registry_process *process;

	pthread_mutex_lock(&registry->lock);
	process = process_get(registry, number);
	pthread_mutex_unlock(&registry->lock);
	return process;
}

static void take_string(char **to, const char *from)
{
	char *copy = strdup(from);

	if (!copy)
		return;
	free(*to);
	*to = copy;
}

static void describe(const struct registry *registry, struct registry_process *process,
		     const char *exe, const char *command_line, const char *username)
{
	take_string(&process->exe, exe);
	if (registry->command_lines)
		take_string(&process->command_line, command_line);
	take_string(&process->username, username);
	process->described = true;
}

struct registry_process *registry_describe(struct registry *registry, uint64_t number)
{
	struct registry_process *process = registry_process(registry, number), *parent;
	struct process_info info;
	struct record_image now;
	int error;

	if (!process)
		return NULL;
	error = process_info_read(process->image.pid, &info);
	pthread_mutex_lock(&registry->lock);
	/* What was read is this image's only if it has not ended, nor executed another, meanwhile. */
	if (!error && !programs_image(registry->programs, number, &now) &&
	    now.state == RECORD_IMAGE_LIVE && *info.exe) {
		describe(registry, process, info.exe, info.command_line, info.username);
	} else if (!process->described && process->image.parent) {
		parent = find(registry, process->image.parent);
		/* A forked child runs what its parent ran; after an exec only the user is the same. */
		if (parent && parent->image.pid != process->image.pid)
			describe(registry, process, parent->exe, parent->command_line,
				 parent->username);
		else if (parent)
			take_string(&process->username, parent->username);
	}
	pthread_mutex_unlock(&registry->lock);
	if (!error)
		process_info_free(&info);
	return process;
}

unsigned int registry_refresh(struct registry *registry)
{
	struct registry_process *process;
	struct record_image image;
	unsigned int ended = 0;
	size_t i;

	pthread_mutex_lock(&registry->lock);
	for (i = 0; i < registry->count; i++) {
		process = registry->processes[i];
		if (process->image.state == RECORD_IMAGE_LIVE &&
		    !programs_image(registry->programs, process->number, &image))
			process->image = image;
		process->over = process->image.state != RECORD_IMAGE_LIVE;
		if (process->over && !process->swept)
			ended++;
	}
	pthread_mutex_unlock(&registry->lock);
	return ended;
}

void registry_each(struct registry *registry,
		   void (*visit)(struct registry_process *process, void *data), void *data)
{
	size_t i;

	pthread_mutex_lock(&registry->lock);
	for (i = 0; i < registry->count; i++)
		visit(registry->processes[i], data);
	pthread_mutex_unlock(&registry->lock);
}

unsigned int registry_count(struct registry *registry)
{
	unsigned int count;

	pthread_mutex_lock(&registry->lock);
	count = registry->count;
	pthread_mutex_unlock(&registry->lock);
	return count;
}
