// SPDX-License-Identifier: BSD-2-Clause
#include "attach/uprobes.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "asyncspan.skel.h"

#define PROVIDER "asyncspan"

/* In the order of attaching. */
struct probe_program {
	const char *probe;
	const char *program;
	bool begin;
};

static const struct probe_program probe_programs[] = {
	{ "end", "span_end", false },
	{ "suspend", "span_suspend", false },
	{ "resume", "span_resume", false },
	{ "begin", "span_begin", true },
	{ "begin_named", "span_begin_named", true },
	{ "begin_child", "span_begin_child", true },
	{ "begin_child_named", "span_begin_child_named", true },
	{ "spawn", "span_spawn", true },
	{ "spawn_named", "span_spawn_named", true },
	{ "spawn_child", "span_spawn_child", true },
	{ "spawn_child_named", "span_spawn_child_named", true },
};

static int attach_one(struct uprobes *set, struct bpf_program *program, int fd, pid_t pid,
		      uint64_t offset, uint64_t semaphore, uint64_t cookie)
{
	LIBBPF_OPTS(bpf_uprobe_opts, options, .ref_ctr_offset = semaphore, .bpf_cookie = cookie);
	struct bpf_link **links, *link;
	char path[32];

	/* Not by its name: that may be another file's by now, or in another mount namespace. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	links = realloc(set->links, (set->count + 1) * sizeof(*links));
	if (!links)
		return -ENOMEM;
	set->links = links;
	link = bpf_program__attach_uprobe_opts(program, pid, path, offset, &options);
	if (!link)
		return -errno;
	set->links[set->count++] = link;
	return 0;
}

static bool is_ours(const struct elf_probe *probe)
{
	return strcmp(probe->provider, PROVIDER) == 0;
}

static int check_sites(const struct elf_probes *probes, char refused[160])
{
	size_t i;

	for (i = 0; i < probes->count; i++) {
		const struct elf_probe *probe = &probes->probes[i];

		if (!is_ours(probe) || probe->site == ELF_SITE_NOP)
			continue;
		snprintf(refused, 160, "probe %.64s: %s", probe->name, elf_site_text(probe->site));
		return -ENOTSUP;
	}
	return 0;
}

/* Every site of this name: an object that was linked in parts may have several. */
static int attach_named(struct uprobes *set, struct programs *programs,
			const struct elf_probes *probes, const struct probe_program *which, int fd,
			pid_t pid, uint64_t object)
{
	struct bpf_program *program;
	size_t i;
	int error = 0;

	program = bpf_object__find_program_by_name(programs->skeleton->obj, which->program);
	if (!program)
		return -ENOENT;
	for (i = 0; i < probes->count && !error; i++) {
		const struct elf_probe *probe = &probes->probes[i];

		if (is_ours(probe) && strcmp(probe->name, which->probe) == 0)
			error = attach_one(set, program, fd, pid, probe->offset,
					   probe->semaphore_offset, object);
	}
	return error;
}

int uprobes_attach(struct uprobes *set, struct programs *programs, int fd, pid_t pid,
		   uint64_t object, char refused[160])
{
	struct elf_probes probes;
	size_t i;
	int error;

	*set = (struct uprobes){ 0 };
	error = elf_probes_read(fd, &probes);
	if (error)
		return error;
	error = check_sites(&probes, refused);
	for (i = 0; i < sizeof(probe_programs) / sizeof(probe_programs[0]) && !error; i++) {
		if (!probe_programs[i].begin)
			set->first_begin = set->count;
		error = attach_named(set, programs, &probes, &probe_programs[i], fd, pid, object);
		if (!probe_programs[i].begin)
			set->first_begin = set->count;
	}
	elf_probes_free(&probes);
	if (error)
		uprobes_detach(set);
	return error;
}

int uprobes_attach_linker(struct uprobes *set, struct programs *programs, int fd, pid_t pid)
{
	uint64_t offset, address, debug_address, cookie = 0;
	int error;

	*set = (struct uprobes){ 0 };
	error = elf_symbol_offset(fd, "_dl_debug_state", &offset, &address);
	if (error == -ENOENT || offset == UINT64_MAX)
		return 0;
	if (error)
		return error;
	/* Where struct r_debug is hidden, as musl's, every stop counts as a complete change. */
	if (!elf_symbol_offset(fd, "_r_debug", NULL, &debug_address))
		cookie = debug_address - address;
	error = attach_one(set, programs->skeleton->progs.objects_changed, fd, pid, offset, 0,
			   cookie);
	if (error)
		uprobes_detach(set);
	return error;
}

static void detach_from(struct uprobes *set, size_t first)
{
	while (set->count > first)
		bpf_link__destroy(set->links[--set->count]);
}

void uprobes_detach_begins(struct uprobes *set)
{
	detach_from(set, set->first_begin);
}

void uprobes_detach(struct uprobes *set)
{
	detach_from(set, 0);
	free(set->links);
	*set = (struct uprobes){ 0 };
}
