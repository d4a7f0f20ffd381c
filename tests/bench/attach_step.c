/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attaches BPF programs that do one thing each (steps.bpf.c) to the probes of one process, through
 * the same kind of probe as the tracer. Usage: attach_step PID STEP, see the table. Ends when its
 * standard input does.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "attach/elf_probes.h"
#include "steps.skel.h"

#define MAX_LINKS 32
#define CONSUMER_INTERVAL 10 /* ms, as the tracer's */

struct step {
	const char *name;
	const char *begin; /* the program at begins */
	const char *end;   /* at ends; suspend and resume have the empty one */
};

static const struct step steps[] = {
	{ "empty", "empty", "empty" },
	{ "clock", "clock", "clock" },
	{ "task", "task", "task" },
	{ "table", "insert_begin", "insert_end" },
	{ "table-find", "insert_begin", "find_end" },
	{ "record", "record_begin", "record_end" },
};

static const struct step *find_step(const char *name)
{
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		if (strcmp(steps[i].name, name) == 0)
			return &steps[i];
	return NULL;
}

/* The program for a probe; NULL: the probe is none that the measured program fires. */
static const char *program_name(const struct step *step, const struct elf_probe *probe)
{
	if (strcmp(probe->provider, "asyncspan") != 0)
		return NULL;
	if (strcmp(probe->name, "begin") == 0 || strcmp(probe->name, "begin_named") == 0)
		return step->begin;
	if (strcmp(probe->name, "end") == 0)
		return step->end;
	if (strcmp(probe->name, "suspend") == 0 || strcmp(probe->name, "resume") == 0)
		return "empty";
	return NULL;
}

static int attach_probes(const struct bpf_object *object, const struct step *step, pid_t pid,
			 struct bpf_link **links)
{
	struct elf_probes probes = { 0 };
	char path[64];
	int count = 0;
	int fd, error;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	error = elf_probes_read(fd, &probes);
	close(fd);
	for (size_t i = 0; !error && i < probes.count && count < MAX_LINKS; i++) {
		const struct elf_probe *probe = &probes.probes[i];
		const char *name = program_name(step, probe);
		LIBBPF_OPTS(bpf_uprobe_opts, options, .ref_ctr_offset = probe->semaphore_offset);

		if (!name)
			continue;
		links[count] = bpf_program__attach_uprobe_opts(
			bpf_object__find_program_by_name(object, name), pid, path, probe->offset,
			&options);
		if (links[count])
			count++;
		else
			error = -errno;
	}
	elf_probes_free(&probes);
	return error ? error : count;
}

static int ignore_record(void *context, void *record, size_t size)
{
	(void)context, (void)record, (void)size;
	return 0;
}

/* Takes the records out, as the tracer does, until standard input ends. */
static int consume(const struct steps_bpf *skeleton)
{
	struct ring_buffer *ring =
		ring_buffer__new(bpf_map__fd(skeleton->maps.events), ignore_record, NULL, NULL);
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	if (!ring)
		return -errno;
	while (poll(&input, 1, CONSUMER_INTERVAL) == 0)
		ring_buffer__consume(ring);
	ring_buffer__free(ring);
	return 0;
}

int main(int argc, char **argv)
{
	const struct step *step = argc == 3 ? find_step(argv[2]) : NULL;
	struct bpf_link *links[MAX_LINKS] = { NULL };
	struct steps_bpf *skeleton;
	int result;

	if (!step) {
		fprintf(stderr, "usage: attach_step PID STEP\n");
		return 2;
	}
	skeleton = steps_bpf__open_and_load();
	if (!skeleton) {
		perror("attach_step: cannot load");
		return 1;
	}
	result = attach_probes(skeleton->obj, step, (pid_t)strtol(argv[1], NULL, 10), links);
	if (result > 0)
		result = consume(skeleton);
	else if (result == 0)
		result = -ENOENT;
	if (result < 0)
		fprintf(stderr, "attach_step: %s\n", strerror(-result));
	for (int i = 0; i < MAX_LINKS; i++)
		bpf_link__destroy(links[i]);
	steps_bpf__destroy(skeleton);
	return result < 0;
}
