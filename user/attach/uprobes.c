// SPDX-License-Identifier: BSD-2-Clause
#include "attach/uprobes.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "asyncspan.skel.h"
#include "attach/elf_probes.h"
#include "attach/multi_link.h"

#define PROVIDER "asyncspan"
#define DETACH_THREADS 16

/* In the order of attaching. */
static const struct probe_kind {
	const char *name;
	enum record_probe probe;
	bool begin;
} probe_kinds[] = {
	{ "end", RECORD_PROBE_END, false },
	{ "suspend", RECORD_PROBE_SUSPEND, false },
	{ "resume", RECORD_PROBE_RESUME, false },
	{ "begin", 0, true },
	{ "begin_named", RECORD_PROBE_NAMED, true },
	{ "begin_child", RECORD_PROBE_CHILD, true },
	{ "begin_child_named", RECORD_PROBE_CHILD | RECORD_PROBE_NAMED, true },
	{ "spawn", RECORD_PROBE_SPAWN, true },
	{ "spawn_named", RECORD_PROBE_SPAWN | RECORD_PROBE_NAMED, true },
	{ "spawn_child", RECORD_PROBE_SPAWN | RECORD_PROBE_CHILD, true },
	{ "spawn_child_named", RECORD_PROBE_SPAWN | RECORD_PROBE_CHILD | RECORD_PROBE_NAMED, true },
};

#define PROBE_KINDS (sizeof(probe_kinds) / sizeof(probe_kinds[0]))

static bool is_ours(const struct elf_probe *probe)
{
	return strcmp(probe->provider, PROVIDER) == 0;
}

/* Linkers that drop a section leave its note behind, about nothing. */
static bool is_dropped(const struct elf_probe *probe)
{
	return probe->address == 0;
}

/* Probes that were folded into one could not be told apart. */
static int check_distinct(const struct elf_probes *probes, size_t which, char refused[160])
{
	const struct elf_probe *probe = &probes->probes[which];
	size_t i;

	for (i = 0; i < which; i++) {
		const struct elf_probe *other = &probes->probes[i];

		if (!is_ours(other) || other->offset != probe->offset || is_dropped(other) ||
		    strcmp(other->name, probe->name) == 0)
			continue;
		snprintf(refused, 160, "probes %.48s and %.48s share one site (linked with --icf?)",
			 other->name, probe->name);
		return -ENOTSUP;
	}
	return 0;
}

/* ThinLTO leaves the notes of every source file, about the one copy of the function that stays. */
static bool is_repeated(const struct elf_probes *probes, size_t which)
{
	const struct elf_probe *probe = &probes->probes[which];
	size_t i;

	for (i = 0; i < which; i++) {
		const struct elf_probe *other = &probes->probes[i];

		if (is_ours(other) && other->offset == probe->offset && !is_dropped(other) &&
		    strcmp(other->name, probe->name) == 0)
			return true;
	}
	return false;
}

static int check_sites(const struct elf_probes *probes, char refused[160])
{
	size_t i;
	int error;

	for (i = 0; i < probes->count; i++) {
		const struct elf_probe *probe = &probes->probes[i];

		if (!is_ours(probe) || is_dropped(probe))
			continue;
		if (probe->site == ELF_SITE_NOP) {
			error = check_distinct(probes, i, refused);
			if (error)
				return error;
			continue;
		}
		snprintf(refused, 160, "probe %.64s: %s", probe->name, elf_site_text(probe->site));
		return -ENOTSUP;
	}
	return 0;
}

/* Of begins, or of all others, in the order of attaching. Room for all probes is there. */
static size_t collect_sites(const struct elf_probes *probes, bool begin, uint64_t object,
			    struct multi_link_site *sites)
{
	size_t kind, i, count = 0;

	for (kind = 0; kind < PROBE_KINDS; kind++) {
		if (probe_kinds[kind].begin != begin)
			continue;
		/* Every site of this name: an object linked in parts may have several. */
		for (i = 0; i < probes->count; i++) {
			const struct elf_probe *probe = &probes->probes[i];

			if (!is_ours(probe) || is_dropped(probe) ||
			    strcmp(probe->name, probe_kinds[kind].name) != 0 ||
			    is_repeated(probes, i))
				continue;
			sites[count++] = (struct multi_link_site){
				.offset = probe->offset,
				.semaphore_offset = probe->semaphore_offset,
				.cookie = RECORD_COOKIE(object, probe_kinds[kind].probe),
			};
		}
	}
	return count;
}

static struct uprobe_link *link_add(struct uprobes *set)
{
	struct uprobe_link *links = realloc(set->links, (set->count + 1) * sizeof(*links));

	if (!links)
		return NULL;
	set->links = links;
	links[set->count] = (struct uprobe_link){ .fd = -1 };
	return &links[set->count];
}

static int attach_perf(struct uprobes *set, struct bpf_program *program, int fd, pid_t pid,
		       const struct multi_link_site *site)
{
	LIBBPF_OPTS(bpf_uprobe_opts, options, .ref_ctr_offset = site->semaphore_offset,
		    .bpf_cookie = site->cookie);
	struct uprobe_link *link = link_add(set);
	char path[32];

	if (!link)
		return -ENOMEM;
	/* Not by its name: that may be another file's by now, or in another mount namespace. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	link->link = bpf_program__attach_uprobe_opts(program, pid, path, site->offset, &options);
	if (!link->link)
		return -errno;
	set->count++;
	return 0;
}

static int attach_multi(struct uprobes *set, struct bpf_program *program, int fd, pid_t pid,
			const struct multi_link_site *sites, size_t count)
{
	struct uprobe_link *link = link_add(set);

	if (!link)
		return -ENOMEM;
	link->fd = multi_link_attach(program, fd, pid, sites, count);
	if (link->fd < 0)
		return link->fd;
	set->count++;
	return 0;
}

static int attach_sites(struct uprobes *set, const struct programs *programs,
			struct bpf_program *program, int fd, pid_t pid,
			const struct multi_link_site *sites, size_t count)
{
	size_t i;
	int error = 0;

	if (!count)
		return 0;
	set->sites += count;
	if (programs->multi)
		return attach_multi(set, program, fd, pid, sites, count);
	for (i = 0; i < count && !error; i++)
		error = attach_perf(set, program, fd, pid, &sites[i]);
	return error;
}

int uprobes_attach(struct uprobes *set, struct programs *programs, int fd, pid_t pid,
		   uint64_t object, char refused[160])
{
	struct bpf_program *program = programs->skeleton->progs.span_event;
	struct multi_link_site *sites = NULL;
	struct elf_probes probes;
	size_t count;
	int error;

	*set = (struct uprobes){ 0 };
	error = elf_probes_read(fd, &probes);
	if (error)
		return error;
	error = check_sites(&probes, refused);
	if (error || !probes.count)
		goto out;
	sites = calloc(probes.count, sizeof(*sites));
	error = -ENOMEM;
	if (!sites)
		goto out;
	count = collect_sites(&probes, false, object, sites);
	error = attach_sites(set, programs, program, fd, pid, sites, count);
	set->first_begin = set->count;
	if (error)
		goto out;
	count = collect_sites(&probes, true, object, sites);
	error = attach_sites(set, programs, program, fd, pid, sites, count);
out:
	free(sites);
	elf_probes_free(&probes);
	if (error)
		uprobes_detach(set);
	return error;
}

int uprobes_attach_linker(struct uprobes *set, struct programs *programs, int fd, pid_t pid)
{
	uint64_t offset, address, debug_address;
	struct multi_link_site site = { 0 };
	int error;

	*set = (struct uprobes){ 0 };
	error = elf_symbol_offset(fd, "_dl_debug_state", &offset, &address);
	if (error == -ENOENT || (!error && offset == UINT64_MAX))
		return 0;
	if (error)
		return error;
	site.offset = offset;
	/* Where struct r_debug is hidden, as musl's, every stop counts as a complete change. */
	if (!elf_symbol_offset(fd, "_r_debug", NULL, &debug_address))
		site.cookie = debug_address - address;
	error = attach_sites(set, programs, programs->skeleton->progs.objects_changed, fd, pid,
			     &site, 1);
	if (error)
		uprobes_detach(set);
	return error;
}

static void *detach_link(void *data)
{
	struct uprobe_link *link = data;

	if (link->link)
		bpf_link__destroy(link->link);
	else
		close(link->fd);
	return NULL;
}

/* Each waits for the kernel; so many threads that they wait together. */
static void detach_links(struct uprobe_link **links, size_t count)
{
	pthread_t threads[DETACH_THREADS];
	size_t started, i;

	while (count > 1) {
		for (started = 0; started < DETACH_THREADS && started < count; started++)
			if (pthread_create(&threads[started], NULL, detach_link,
					   links[count - 1 - started]))
				break;
		if (!started)
			break;
		for (i = 0; i < started; i++)
			pthread_join(threads[i], NULL);
		count -= started;
	}
	while (count)
		detach_link(links[--count]);
}

static void detach_from(struct uprobes **sets, size_t count, bool begins)
{
	struct uprobe_link **links;
	size_t total = 0, i, j;

	for (i = 0; i < count; i++)
		total += sets[i]->count;
	links = calloc(total + 1, sizeof(struct uprobe_link *));
	total = 0;
	for (i = 0; i < count; i++) {
		for (j = begins ? sets[i]->first_begin : 0; j < sets[i]->count; j++) {
			if (links)
				links[total++] = &sets[i]->links[j];
			else
				detach_link(&sets[i]->links[j]);
		}
	}
	detach_links(links, total);
	free(links);
	for (i = 0; i < count; i++)
		sets[i]->count = begins ? sets[i]->first_begin : 0;
}

void uprobes_detach_begins_all(struct uprobes **sets, size_t count)
{
	detach_from(sets, count, true);
}

void uprobes_detach_all(struct uprobes **sets, size_t count)
{
	size_t i;

	detach_from(sets, count, false);
	for (i = 0; i < count; i++) {
		free(sets[i]->links);
		*sets[i] = (struct uprobes){ 0 };
	}
}

void uprobes_detach_begins(struct uprobes *set)
{
	uprobes_detach_begins_all(&set, 1);
}

void uprobes_detach(struct uprobes *set)
{
	uprobes_detach_all(&set, 1);
}
