/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/trace_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file of ours takes some kilobytes. */
#define FILE_SIZE_MAX (4 << 20)
#define COUNTERS_MAX 256

static int fail(struct trace_files *files, const char *name, const char *cause, int error)
{
	snprintf(files->message, sizeof(files->message), "traces/%s: %s", name, cause);
	return error;
}

static uint64_t number_of(const json_t *object, const char *key)
{
	json_int_t value = json_integer_value(json_object_get(object, key));

	return value > 0 ? (uint64_t)value : 0;
}

static enum trace_counter_kind kind_of(const char *text)
{
	if (text && strcmp(text, "loss") == 0)
		return TRACE_COUNTER_LOSS;
	if (text && strcmp(text, "inconsistency") == 0)
		return TRACE_COUNTER_INCONSISTENCY;
	return TRACE_COUNTER_NOTE;
}

static void add_to(uint64_t *total, uint64_t value)
{
	if (__builtin_add_overflow(*total, value, total))
		*total = UINT64_MAX;
}

static struct trace_counter *find_counter(struct trace_files *files, const char *name)
{
	for (size_t i = 0; i < files->counter_count; i++) {
		if (strcmp(files->counters[i].name, name) == 0)
			return &files->counters[i];
	}
	return NULL;
}

static int add_counter(struct trace_files *files, const json_t *counter)
{
	const char *name = json_string_value(json_object_get(counter, "name"));
	const char *meaning = json_string_value(json_object_get(counter, "meaning"));
	struct trace_counter *known = name ? find_counter(files, name) : NULL;
	struct trace_counter made;
	struct trace_counter *counters;

	if (!name || files->counter_count == COUNTERS_MAX)
		return -EBADMSG;
	if (known) {
		add_to(&known->value, number_of(counter, "value"));
		return 0;
	}
	made.name = strdup(name);
	made.meaning = strdup(meaning ? meaning : name);
	made.kind = kind_of(json_string_value(json_object_get(counter, "kind")));
	made.value = number_of(counter, "value");
	counters = realloc(files->counters, (files->counter_count + 1) * sizeof(*counters));
	if (counters)
		files->counters = counters;
	if (!made.name || !made.meaning || !counters) {
		free(made.name);
		free(made.meaning);
		return -ENOMEM;
	}
	files->counters[files->counter_count++] = made;
	return 0;
}

static int add_period(struct trace_files *files, const char *name, uint64_t start, uint64_t end)
{
	struct trace_period *periods =
		realloc(files->periods, (files->traces + 1) * sizeof(*periods));
	struct trace_period *period;

	if (!periods)
		return -ENOMEM;
	files->periods = periods;
	period = &periods[files->traces++];
	snprintf(period->trace8, sizeof(period->trace8), "%.8s", name);
	period->start = (int64_t)start;
	period->end = (int64_t)end;
	return 0;
}

static int add_trace(struct trace_files *files, const char *name, const json_t *trace)
{
	const json_t *counters = json_object_get(trace, "counters");
	uint64_t start = number_of(trace, "start_time_ns");
	uint64_t end = number_of(trace, "end_time_ns");

	for (size_t i = 0; i < json_array_size(counters); i++) {
		int error = add_counter(files, json_array_get(counters, i));

		if (error)
			return error;
	}
	files->open += json_is_false(json_object_get(trace, "complete"));
	add_to(&files->events, number_of(trace, "events"));
	if (end > start)
		add_to(&files->duration_ns, end - start);
	return add_period(files, name, start, end);
}

static int read_file(struct trace_files *files, int folder, const char *name)
{
	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;
	json_error_t problem;
	json_t *trace;
	int error;

	if (fd < 0)
		return fail(files, name, strerror(errno), -errno);
	if (fstat(fd, &status) || !S_ISREG(status.st_mode)) {
		close(fd);
		return fail(files, name, "not a file", -EBADMSG);
	}
	if (status.st_size > FILE_SIZE_MAX) {
		close(fd);
		return fail(files, name, "too large", -E2BIG);
	}
	trace = json_loadfd(fd, 0, &problem);
	close(fd);
	if (!json_is_object(trace)) {
		error = fail(files, name, trace ? "not an object" : problem.text, -EBADMSG);
	} else {
		error = add_trace(files, name, trace);
		if (error)
			fail(files, name, "not the form known", error);
	}
	json_decref(trace);
	return error;
}

static bool is_trace_file(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && name[0] != '_' && length > 5 &&
	       strcmp(name + length - 5, ".json") == 0;
}

static int read_folder(struct trace_files *files, DIR *folder)
{
	for (;;) {
		struct dirent *entry;
		int error;

		errno = 0;
		entry = readdir(folder);
		if (!entry)
			return -errno;
		if (!is_trace_file(entry->d_name))
			continue;
		error = read_file(files, dirfd(folder), entry->d_name);
		if (error)
			return error;
	}
}

int trace_files_read(const char *directory, struct trace_files *out)
{
	char message[sizeof(out->message)];
	DIR *folder = NULL;
	char *path;
	int error;

	memset(out, 0, sizeof(*out));
	if (asprintf(&path, "%s/traces", directory) < 0)
		return fail(out, "", "out of memory", -ENOMEM);
	folder = opendir(path);
	error = folder || errno == ENOENT ? 0 : fail(out, "", strerror(errno), -errno);
	free(path);
	if (!folder)
		return error;
	error = read_folder(out, folder);
	closedir(folder);
	if (error) {
		memcpy(message, out->message, sizeof(message));
		trace_files_free(out);
		memcpy(out->message, message, sizeof(message));
	}
	return error;
}

void trace_files_free(struct trace_files *files)
{
	for (size_t i = 0; i < files->counter_count; i++) {
		free(files->counters[i].name);
		free(files->counters[i].meaning);
	}
	free(files->counters);
	free(files->periods);
	memset(files, 0, sizeof(*files));
}
