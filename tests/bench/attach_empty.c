/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attaches a BPF program that does nothing to the begin and end probes of one process, through the
 * same kind of probe as the tracer. Usage: attach_empty PID. Ends when its standard input does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "attach/elf_probes.h"
#include "empty.skel.h"

#define MAX_LINKS 8

static int attach_probes(struct empty_bpf *skeleton, pid_t pid, struct bpf_link **links)
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
		LIBBPF_OPTS(bpf_uprobe_opts, options, .ref_ctr_offset = probe->semaphore_offset);

		if (strcmp(probe->provider, "asyncspan") != 0 ||
		    (strcmp(probe->name, "begin") != 0 && strcmp(probe->name, "end") != 0))
			continue;
		links[count] = bpf_program__attach_uprobe_opts(skeleton->progs.empty, pid, path,
							       probe->offset, &options);
		if (links[count])
			count++;
		else
			error = -errno;
	}
	elf_probes_free(&probes);
	return error ? error : count;
}

int main(int argc, char **argv)
{
	struct bpf_link *links[MAX_LINKS] = { NULL };
	struct empty_bpf *skeleton;
	char byte;
	int count;

	if (argc != 2) {
		fprintf(stderr, "usage: attach_empty PID\n");
		return 2;
	}
	skeleton = empty_bpf__open_and_load();
	if (!skeleton) {
		perror("attach_empty: cannot load");
		return 1;
	}
	count = attach_probes(skeleton, (pid_t)strtol(argv[1], NULL, 10), links);
	if (count <= 0)
		fprintf(stderr, "attach_empty: cannot attach: %s\n",
			count ? strerror(-count) : "no asyncspan probes");
	else
		while (read(STDIN_FILENO, &byte, 1) > 0)
			;
	for (int i = 0; i < MAX_LINKS; i++)
		bpf_link__destroy(links[i]);
	empty_bpf__destroy(skeleton);
	return count <= 0;
}
