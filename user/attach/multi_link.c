// SPDX-License-Identifier: BSD-2-Clause
#include "attach/multi_link.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach/process_maps.h"

/* linux/bpf.h of a kernel that has it; Debian 12's has not. */
#define ATTACH_TYPE_UPROBE_MULTI 48

struct link_create_uprobe_multi {
	uint32_t program;
	uint32_t target;
	uint32_t attach_type;
	uint32_t link_flags;
	uint64_t path;
	uint64_t offsets;
	uint64_t semaphore_offsets;
	uint64_t cookies;
	uint32_t count;
	uint32_t flags;
	uint32_t pid;
	uint32_t padding;
};

static int create(struct link_create_uprobe_multi *attributes)
{
	long fd = syscall(SYS_bpf, BPF_LINK_CREATE, attributes, sizeof(*attributes));

	return fd < 0 ? -errno : fd;
}

bool multi_link_available(void)
{
	const struct bpf_insn instructions[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K }, /* r0 = 0 */
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = ATTACH_TYPE_UPROBE_MULTI);
	uint64_t offset = 0;
	struct link_create_uprobe_multi attributes = {
		.attach_type = ATTACH_TYPE_UPROBE_MULTI,
		.path = (uintptr_t) "/",
		.offsets = (uintptr_t)&offset,
		.count = 1,
	};
	int program, error;

	program = bpf_prog_load(BPF_PROG_TYPE_KPROBE, NULL, "GPL", instructions, 2, &options);
	if (program < 0)
		return false;
	attributes.program = program;
	error = create(&attributes);
	if (error >= 0)
		close(error);
	close(program);
	/* A kernel that knows it looks at the path, and finds no file there. */
	return error == -EBADF;
}

void multi_link_prepare(struct bpf_program *program)
{
	bpf_program__set_expected_attach_type(program, ATTACH_TYPE_UPROBE_MULTI);
}

int multi_link_attach(const struct bpf_program *program, int file, pid_t pid,
		      const struct multi_link_site *sites, size_t count)
{
	uint64_t *columns = calloc(count, 3 * sizeof(*columns));
	struct link_create_uprobe_multi attributes = {
		.program = bpf_program__fd(program),
		.attach_type = ATTACH_TYPE_UPROBE_MULTI,
		.count = count,
		.pid = pid < 0 ? 0 : pid,
	};
	char path[32];
	size_t i;
	int fd;

	if (!columns)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	attributes.path = (uintptr_t)path;
	attributes.offsets = (uintptr_t)columns;
	attributes.semaphore_offsets = (uintptr_t)(columns + count);
	attributes.cookies = (uintptr_t)(columns + 2 * count);
	for (i = 0; i < count; i++) {
		columns[i] = sites[i].offset;
		columns[count + i] = sites[i].semaphore_offset;
		columns[2 * count + i] = sites[i].cookie;
	}
	fd = create(&attributes);
	free(columns);
	return fd;
}

/* What the experiment attaches to: as a probe of the header, a nop at a function's entry. */
void multi_link_trial_site(void);
__asm__(".pushsection .text\n"
	".hidden multi_link_trial_site\n"
	".globl multi_link_trial_site\n"
	".type multi_link_trial_site, @function\n"
	"multi_link_trial_site:\n"
	"nop\n"
	"ret\n"
	".size multi_link_trial_site, . - multi_link_trial_site\n"
	".popsection\n");

static void *hit(void *nothing)
{
	multi_link_trial_site();
	return nothing;
}

/* Waits for a byte, then calls the site on another thread than the first. */
static void run_child(int go)
{
	pthread_t thread;
	char byte;

	if (read(go, &byte, 1) != 1 || pthread_create(&thread, NULL, hit, NULL) ||
	    pthread_join(thread, NULL))
		_exit(1);
	_exit(0);
}

static int own_site(struct multi_link_site *site)
{
	uint64_t address = (uintptr_t)multi_link_trial_site;
	struct process_objects objects;
	int error;
	size_t i;

	error = process_objects_read(getpid(), &objects);
	if (error)
		return error;
	error = -ENOENT;
	for (i = 0; i < objects.mapping_count; i++) {
		const struct process_mapping *mapping = &objects.mappings[i];

		if (address < mapping->start || address >= mapping->end)
			continue;
		site->offset = address - mapping->start + mapping->offset;
		error = 0;
	}
	process_objects_free(&objects);
	return error;
}

/* In a child: whoever runs us under an emulator, as valgrind, finds a breakpoint fatal there. */
static int try_in_child(const struct bpf_program *program, int file,
			const struct multi_link_site *site)
{
	int go[2], link, status = -1;
	pid_t pid;

	if (pipe2(go, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		run_child(go[0]);
	}
	close(go[0]);
	link = pid < 0 ? -errno : multi_link_attach(program, file, pid, site, 1);
	if (link >= 0 && write(go[1], "g", 1) != 1)
		status = -errno;
	close(go[1]);
	if (pid > 0)
		waitpid(pid, &status, 0);
	if (link >= 0 && status != 0) {
		close(link);
		return -ECHILD;
	}
	return link;
}

int multi_link_try_out(const struct bpf_program *program)
{
	struct multi_link_site site = { 0 };
	int error = own_site(&site), file, link;

	if (error)
		return error;
	file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return -errno;
	link = try_in_child(program, file, &site);
	close(file);
	return link;
}
