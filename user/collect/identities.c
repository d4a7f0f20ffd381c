// SPDX-License-Identifier: BSD-2-Clause
#include "collect/identities.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/callsites.h"
#include "tables/processes.h"
#include "tables/streams.h"

#define WRITE_INTERVAL UINT64_C(5000000000) /* ns between writings that nothing waits for */

struct identities {
	struct registry *registry;
	const struct trace *trace;
	const struct programs *programs;
	struct intern *strings;
	struct table_writer *streams;
	struct table_writer *processes;
	struct identity *tasks; /* by stream number; process NULL: not seen yet */
	size_t size;
	uint64_t task_count;
	struct identity anonymous; /* stands for a task that could not be described */
	uint64_t written;	   /* when */
	bool changed;		   /* since */
	unsigned int kept;	   /* processes, the first ones, that recovery would find */
	int keep_error;
};

int identities_open(struct identities **out, struct registry *registry, const struct trace *trace,
		    const struct programs *programs, struct intern *strings,
		    const struct table_writer_options *options)
{
	struct identities *identities = calloc(1, sizeof(*identities));
	int error;

	if (!identities)
		return -ENOMEM;
	identities->registry = registry;
	identities->trace = trace;
	identities->programs = programs;
	identities->strings = strings;
	identities->changed = true;
	error = table_writer_open(&identities->streams, &streams_table, strings, options);
	if (!error)
		error = table_writer_open(&identities->processes, &processes_table, strings,
					  options);
	if (error) {
		identities_close(identities);
		return error;
	}
	*out = identities;
	return 0;
}

void identities_close(struct identities *identities)
{
	if (!identities)
		return;
	table_writer_close(identities->streams);
	table_writer_close(identities->processes);
	free(identities->tasks);
	free(identities);
}

static int64_t wall_now(const struct identities *identities)
{
	return trace_time(identities->trace, trace_now());
}

static int64_t boot_time(const struct identities *identities, uint64_t time)
{
	return (int64_t)time + identities->trace->boot_clock_offset;
}

static int reserve(struct identities *identities, uint32_t stream)
{
	size_t size = identities->size ? identities->size : 64;
	struct identity *tasks;

	if (stream < identities->size)
		return 0;
	while (size <= stream)
		size *= 2;
	tasks = realloc(identities->tasks, size * sizeof(*tasks));
	if (!tasks)
		return -ENOMEM;
	memset(tasks + identities->size, 0, (size - identities->size) * sizeof(*tasks));
	identities->tasks = tasks;
	identities->size = size;
	return 0;
}

static uint32_t thread_name(struct identities *identities, const char comm[RECORD_COMM_SIZE])
{
	return callsites_text(identities->strings, comm, strnlen(comm, RECORD_COMM_SIZE));
}

static struct streams_row stream_row(const struct identity *task)
{
	return (struct streams_row){
		.stream_id = task->stream_id,
		.process_id = task->process_id,
		.tid = task->tid,
		.thread_name = task->thread_name,
		.start_time = task->start_time,
		.updated = task->updated,
	};
}

static void note_stream(struct identities *identities, const struct identity *task)
{
	struct streams_row row = stream_row(task);
	int error = table_writer_note(identities->streams, &row);

	identities->changed = true;
	if (error)
		identities->keep_error = error;
}

/* Fills in who it is; the stream id says which task of the process. */
static bool describe(struct identities *identities, struct identity *task,
		     const struct record_stream *stream)
{
	char name[64], id[UUID_TEXT_SIZE];

	task->process = registry_process(identities->registry, stream->process);
	if (!task->process)
		return false;
	snprintf(name, sizeof(name), "%u:%llu", stream->tid, stream->start_time);
	uuid_text_v5(task->process->process_id, name, strlen(name), id);
	task->stream_id = intern_add_text(identities->strings, id);
	task->process_id = intern_add_text(identities->strings, task->process->process_id);
	task->tid = stream->tid;
	task->thread_name = thread_name(identities, stream->comm);
	task->start_time = boot_time(identities, stream->start_time);
	task->updated = wall_now(identities);
	if (task->stream_id == INTERN_FAILED || task->process_id == INTERN_FAILED ||
	    task->thread_name == INTERN_FAILED)
		return false;
	note_stream(identities, task);
	return true;
}

const struct identity *identities_find(struct identities *identities, uint32_t number,
				       uint64_t process)
{
	struct record_stream stream = { .process = process };
	struct identity *task;

	if (number < identities->size && identities->tasks[number].process)
		return &identities->tasks[number];
	/* Numbers are given out one by one, but a record is not to be trusted with memory. */
	if (number > UINT32_MAX / 2 || reserve(identities, number))
		return NULL;
	task = &identities->tasks[number];
	/* Without an entry (the kernel counted it) the row says which process, with tid 0. */
	if (!programs_stream(identities->programs, number, &stream))
		programs_forget_stream(identities->programs, number);
	if (!describe(identities, task, &stream)) {
		task->process = NULL;
		return NULL;
	}
	identities->task_count++;
	return task;
}

void identities_rename(struct identities *identities, uint32_t stream, const char comm[16])
{
	struct identity *task;
	uint32_t name;

	if (stream >= identities->size || !identities->tasks[stream].process)
		return;
	task = &identities->tasks[stream];
	name = thread_name(identities, comm);
	if (name == INTERN_FAILED || name == task->thread_name)
		return;
	task->thread_name = name;
	task->updated = wall_now(identities);
	note_stream(identities, task);
}

bool identities_over(struct identities *identities, uint64_t number)
{
	const struct registry_process *process = registry_process(identities->registry, number);

	return process && process->swept;
}

static void forget_image(struct registry_process *process, void *data)
{
	const struct programs *programs = data;

	if (process->swept)
		programs_forget_image(programs, process->number);
}

void identities_forget(struct identities *identities)
{
	registry_each(identities->registry, forget_image, (void *)identities->programs);
	identities->changed = true;
}

static int write_streams(struct identities *identities)
{
	struct streams_row *rows;
	size_t count = 0, i;
	int error;

	rows = calloc(identities->task_count + 1, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	for (i = 0; i < identities->size; i++) {
		const struct identity *task = &identities->tasks[i];

		if (!task->process)
			continue;
		rows[count++] = stream_row(task);
	}
	error = table_writer_rewrite(identities->streams, rows, count);
	free(rows);
	return error;
}

struct process_rows {
	struct identities *identities;
	struct processes_row *rows;
	size_t count, capacity;
	int64_t now;
	bool failed;
};

/* The arguments and names of processes are any bytes, and may be long. */
static uint32_t text(struct process_rows *all, const char *value)
{
	uint32_t id = intern_add_text(all->identities->strings, value);

	if (id == INTERN_FAILED)
		all->failed = true;
	return id;
}

static void fill_end(struct processes_row *row, const struct process_rows *all,
		     const struct record_image *image)
{
	row->nulls |= PROCESSES_NULL_EXIT_STATUS | PROCESSES_NULL_EXIT_SIGNAL;
	if (image->state == RECORD_IMAGE_LIVE) {
		row->nulls |= PROCESSES_NULL_END_TIME;
		return;
	}
	row->end_time = trace_time(all->identities->trace, image->end_time);
	if (image->state == RECORD_IMAGE_REPLACED)
		return;
	if (image->exit_code & 0x7f) {
		row->nulls &= ~PROCESSES_NULL_EXIT_SIGNAL;
		row->exit_signal = image->exit_code & 0x7f;
	} else {
		row->nulls &= ~PROCESSES_NULL_EXIT_STATUS;
		row->exit_status = (image->exit_code >> 8) & 0xff;
	}
}

static struct processes_row process_row(struct process_rows *all,
					const struct registry_process *process)
{
	const struct trace *trace = all->identities->trace;
	struct processes_row row = {
		.process_id = text(all, process->process_id),
		.parent_process_id = text(all, process->parent_process_id),
		.pid = process->image.pid,
		.ppid = process->image.parent_pid,
		.exe = text(all, process->exe),
		.command_line = text(all, process->command_line),
		.username = text(all, process->username),
		.computer = text(all, trace->computer),
		.distro = text(all, trace->distro),
		.kernel = text(all, trace->kernel),
		.cpu_brand = text(all, trace->cpu_brand),
		.start_time = boot_time(all->identities, process->image.start_time),
		.updated = all->now,
	};

	if (!*process->parent_process_id)
		row.nulls |= PROCESSES_NULL_PARENT_PROCESS_ID;
	fill_end(&row, all, &process->image);
	return row;
}

static void add_process(struct registry_process *process, void *data)
{
	struct process_rows *all = data;

	if (all->count < all->capacity)
		all->rows[all->count++] = process_row(all, process);
}

static int write_processes(struct identities *identities)
{
	struct process_rows all = { .identities = identities, .now = wall_now(identities) };
	int error = -ENOMEM;

	all.capacity = registry_count(identities->registry);
	all.rows = calloc(all.capacity + 1, sizeof(*all.rows));
	if (!all.rows)
		return error;
	registry_each(identities->registry, add_process, &all);
	if (!all.failed)
		error = table_writer_rewrite(identities->processes, all.rows, all.count);
	free(all.rows);
	return error;
}

/* Those that have come since the last time; all->count counts them all. */
static void note_process(struct registry_process *process, void *data)
{
	struct process_rows *all = data;
	struct identities *identities = all->identities;
	struct processes_row row;
	int error;

	if (all->count++ < identities->kept)
		return;
	row = process_row(all, process);
	error = table_writer_note(identities->processes, &row);
	if (error)
		identities->keep_error = error;
}

int identities_keep(struct identities *identities)
{
	struct process_rows all = { .identities = identities, .now = wall_now(identities) };
	int error;

	if (registry_count(identities->registry) > identities->kept) {
		registry_each(identities->registry, note_process, &all);
		identities->kept = all.count;
		if (all.failed)
			identities->keep_error = -ENOMEM;
	}
	error = identities->keep_error;
	if (!error)
		error = table_writer_keep(identities->processes);
	return error ? error : table_writer_keep(identities->streams);
}

int identities_write(struct identities *identities)
{
	int error = 0;

	/* A process may have come without a record so far. */
	if (!identities->changed &&
	    table_writer_stats(identities->processes)->rows == registry_count(identities->registry))
		return 0;
	error = write_streams(identities);
	if (!error)
		error = write_processes(identities);
	identities->changed = error != 0;
	identities->written = trace_now();
	return error;
}

int identities_finish(struct identities *identities)
{
	identities->changed = true;
	return identities_write(identities);
}

int identities_tick(struct identities *identities)
{
	if (trace_now() - identities->written < WRITE_INTERVAL)
		return 0;
	return identities_write(identities);
}

uint64_t identities_bytes(const struct identities *identities)
{
	return table_writer_stats(identities->streams)->bytes +
	       table_writer_stats(identities->processes)->bytes;
}

uint64_t identities_files(const struct identities *identities)
{
	return table_writer_stats(identities->streams)->files +
	       table_writer_stats(identities->processes)->files;
}

uint64_t identities_tasks(const struct identities *identities)
{
	return identities->task_count;
}

uint64_t identities_processes(const struct identities *identities)
{
	return registry_count(identities->registry);
}
