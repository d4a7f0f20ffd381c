// SPDX-License-Identifier: BSD-2-Clause
#include "collect/trace_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json_writer.h"

#define FORMAT 1

static void write_counter(struct json_writer *json, const char *name, const char *kind,
			  const char *meaning, uint64_t value)
{
	json_writer_object_begin(json, NULL);
	json_writer_string(json, "name", name);
	json_writer_string(json, "kind", kind);
	json_writer_unsigned(json, "value", value);
	json_writer_string(json, "meaning", meaning);
	json_writer_object_end(json);
}

/* With their meaning, so that who reads the file needs no other. */
static void write_counters(struct json_writer *json, const struct programs *programs,
			   const struct rows_stats *stats)
{
	static const char *const kinds[] = {
		[MODEL_COUNTER_LOSS] = "loss",
		[MODEL_COUNTER_INCONSISTENCY] = "inconsistency",
		[MODEL_COUNTER_NOTE] = "note",
	};

	json_writer_array_begin(json, "counters");
#define WRITE_COUNTER(symbol, name, kind, meaning)                      \
	write_counter(json, name, kinds[MODEL_COUNTER_##kind], meaning, \
		      programs_counter(programs, MODEL_##symbol));
	MODEL_COUNTERS(WRITE_COUNTER)
#undef WRITE_COUNTER
	write_counter(json, "unwritten", "loss", "rows that could not be written to the files",
		      stats ? stats->lost : 0);
	write_counter(json, "late_rows", "note", "rows earlier than a row group written before",
		      stats ? stats->late : 0);
	json_writer_array_end(json);
}

static void write_options(struct json_writer *json, const struct trace_request *request)
{
	size_t i;

	json_writer_object_begin(json, "options");
	if (request->command) {
		json_writer_array_begin(json, "command");
		for (i = 0; request->command[i]; i++)
			json_writer_string(json, NULL, request->command[i]);
		json_writer_array_end(json);
	} else {
		json_writer_null(json, "command");
	}
	json_writer_array_begin(json, "pids");
	for (i = 0; i < request->pid_count; i++)
		json_writer_signed(json, NULL, request->pids[i]);
	json_writer_array_end(json);
	json_writer_bool(json, "follow", request->follow);
	json_writer_bool(json, "command_lines", request->command_lines);
	json_writer_unsigned(json, "ring_bytes", request->programs.ring_bytes);
	json_writer_bool(json, "polls", request->programs.polls);
	json_writer_unsigned(json, "max_spans", request->programs.max_spans);
	json_writer_unsigned(json, "name_length", request->programs.name_length);
	json_writer_string(json, "codec", request->codec);
	json_writer_signed(json, "level", request->level);
	json_writer_object_end(json);
}

static void write_machine(struct json_writer *json, const struct trace *trace)
{
	json_writer_object_begin(json, "machine");
	json_writer_string(json, "boot_id", trace->boot_id);
	json_writer_string(json, "computer", trace->computer);
	json_writer_string(json, "distro", trace->distro);
	json_writer_string(json, "kernel", trace->kernel);
	json_writer_string(json, "cpu_brand", trace->cpu_brand);
	json_writer_object_end(json);
}

static void write_rows(struct json_writer *json, const struct rows_stats *stats)
{
	json_writer_unsigned(json, "events", stats->begins + stats->ends);
	json_writer_object_begin(json, "rows");
	json_writer_unsigned(json, "begins", stats->begins);
	json_writer_unsigned(json, "ends", stats->ends);
	json_writer_unsigned(json, "unfinished", stats->unfinished);
	json_writer_unsigned(json, "polls", stats->polls);
	json_writer_unsigned(json, "tasks", stats->tasks);
	json_writer_unsigned(json, "processes", stats->processes);
	json_writer_object_end(json);
	json_writer_unsigned(json, "bytes", stats->bytes);
	json_writer_unsigned(json, "files", stats->files);
}

static int write_document(const struct trace_file *file, const struct rows_stats *stats, FILE *out)
{
	const struct trace *trace = file->trace;
	uint64_t now = trace_now();
	struct json_writer json;

	json_writer_begin(&json, out);
	json_writer_object_begin(&json, NULL);
	json_writer_unsigned(&json, "format", FORMAT);
	json_writer_string(&json, "trace_id", trace->id);
	json_writer_string(&json, "program_version", ASYNCSPAN_VERSION);
	json_writer_string(&json, "mode", "immediate");
	json_writer_bool(&json, "complete", stats != NULL);
	json_writer_signed(&json, "start_time_ns", trace_time(trace, trace->start));
	if (stats) {
		json_writer_signed(&json, "end_time_ns", trace_time(trace, now));
		json_writer_unsigned(&json, "duration_ns", now - trace->start);
	} else {
		json_writer_null(&json, "end_time_ns");
		json_writer_null(&json, "duration_ns");
	}
	json_writer_signed(&json, "clock_offset_ns", trace->clock_offset);
	json_writer_signed(&json, "boot_clock_offset_ns", trace->boot_clock_offset);
	if (stats)
		json_writer_signed(&json, "clock_offset_at_end_ns", trace_clock_offset());
	else
		json_writer_null(&json, "clock_offset_at_end_ns");
	write_machine(&json, trace);
	write_options(&json, file->request);
	if (stats)
		write_rows(&json, stats);
	write_counters(&json, file->programs, stats);
	json_writer_object_end(&json);
	return json_writer_end(&json);
}

static int write_hidden(const struct trace_file *file, const struct rows_stats *stats, int folder,
			const char *hidden)
{
	int fd, error;
	FILE *out;

	fd = openat(folder, hidden, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (fd < 0)
		return -errno;
	out = fdopen(fd, "w");
	if (!out) {
		error = -errno;
		close(fd);
		return error;
	}
	error = write_document(file, stats, out);
	if (!error && fsync(fd))
		error = -errno;
	if (fclose(out) && !error)
		error = -errno;
	return error;
}

int trace_file_write(const struct trace_file *file, const struct rows_stats *stats)
{
	char path[PATH_MAX], name[64], hidden[80];
	int folder, error;

	if ((size_t)snprintf(path, sizeof(path), "%s/traces", file->directory) >= sizeof(path))
		return -ENAMETOOLONG;
	if (mkdir(path, 0750) && errno != EEXIST)
		return -errno;
	folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0)
		return -errno;
	snprintf(name, sizeof(name), "%s.json", file->trace->id);
	snprintf(hidden, sizeof(hidden), ".%s.inprogress", file->trace->id);
	error = write_hidden(file, stats, folder, hidden);
	if (!error && (renameat(folder, hidden, folder, name) || fsync(folder)))
		error = -errno;
	if (error)
		unlinkat(folder, hidden, 0);
	close(folder);
	return error;
}
