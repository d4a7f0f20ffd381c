// SPDX-License-Identifier: BSD-2-Clause
#include "collect/trace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

static uint64_t clock_read(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

uint64_t trace_now(void)
{
	return clock_read(CLOCK_MONOTONIC);
}

/*
 * The offset of the wall clock to another. The narrowest of several readings: in between the
 * thread may lose the processor.
 */
static int64_t clock_offset(clockid_t clock)
{
	uint64_t before, wall, after, narrowest = UINT64_MAX;
	int64_t offset = 0;
	int i;

	for (i = 0; i < 10; i++) {
		before = clock_read(clock);
		wall = clock_read(CLOCK_REALTIME);
		after = clock_read(clock);
		if (after - before >= narrowest)
			continue;
		narrowest = after - before;
		offset = (int64_t)(wall - (before + (after - before) / 2));
	}
	return offset;
}

int64_t trace_clock_offset(void)
{
	return clock_offset(CLOCK_MONOTONIC);
}

/* The value of the first line "KEY<spaces>SEPARATOR value" of a file, without quotes; "" if none. */
static char *read_value(const char *path, const char *key, char separator)
{
	FILE *file = fopen(path, "re");
	char *line = NULL, *value, *found = NULL;
	size_t size = 0;

	while (file && !found && getline(&line, &size, file) > 0) {
		value = strchr(line, separator);
		if (strncmp(line, key, strlen(key)) != 0 || !value)
			continue;
		value += 1 + strspn(value + 1, " \t\"");
		value[strcspn(value, "\"\n")] = 0;
		found = strdup(value);
	}
	free(line);
	if (file)
		fclose(file);
	return found ? found : strdup("");
}

static int read_boot_id(char id[UUID_TEXT_SIZE])
{
	FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
	int error = 0;

	if (!file)
		return -errno;
	if (fread(id, 1, UUID_TEXT_SIZE - 1, file) != UUID_TEXT_SIZE - 1)
		error = -EIO;
	id[UUID_TEXT_SIZE - 1] = 0;
	fclose(file);
	return error;
}

int trace_start(struct trace *trace)
{
	struct utsname names;
	int error;

	*trace = (struct trace){ 0 };
	error = read_boot_id(trace->boot_id);
	if (error)
		return error;
	uuid_text_random(trace->id);
	memcpy(trace->trace8, trace->id, 8);
	trace->clock_offset = trace_clock_offset();
	trace->boot_clock_offset = clock_offset(CLOCK_BOOTTIME);
	trace->start = trace_now();
	uname(&names);
	trace->computer = strdup(names.nodename);
	trace->kernel = strdup(names.release);
	trace->distro = read_value("/etc/os-release", "PRETTY_NAME", '=');
	trace->cpu_brand = read_value("/proc/cpuinfo", "model name", ':');
	if (trace->computer && trace->kernel && trace->distro && trace->cpu_brand)
		return 0;
	trace_free(trace);
	return -ENOMEM;
}

void trace_free(struct trace *trace)
{
	free(trace->computer);
	free(trace->distro);
	free(trace->kernel);
	free(trace->cpu_brand);
	*trace = (struct trace){ 0 };
}
