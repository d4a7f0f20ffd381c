/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attaches the probes of one file to the BPF programs.
 *
 *	err = uprobes_attach(&set, &programs, fd, pid, object, refused);
 *	...
 *	uprobes_detach_begins(&set); uprobes_detach(&set);
 *
 * Attaching several probes takes a while, during which the program runs: ends are attached first
 * and begins last, and detached the other way round, so that no span begins whose end would be
 * missed.
 */
#ifndef ATTACH_UPROBES_H
#define ATTACH_UPROBES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attach/programs.h"

struct bpf_link;

/* Either a perf event of libbpf's, or the descriptor of a link for many sites. */
struct uprobe_link {
	struct bpf_link *link; /* NULL: the descriptor */
	int fd;
};

struct uprobes {
	struct uprobe_link *links; /* ends first, begins last */
	size_t count;
	size_t first_begin; /* index of the first link to begin and spawn probes */
	size_t sites;	    /* probes attached */
};

#define UPROBES_EVERY_PROCESS (-1)

/*
 * The file behind fd, for the process `pid` (all its threads, not its children), or for every
 * process that maps it. `object` comes back with each location found through these probes.
 * Returns 0, with an empty set for a file that has no probes of ours; -ENOTSUP: a probe's site is
 * not the nop that it must be (*refused is its name and what is there instead); or another
 * negative errno, and then nothing is attached.
 */
int uprobes_attach(struct uprobes *set, struct programs *programs, int fd, pid_t pid,
		   uint64_t object, char refused[160]);

/* The dynamic linker's breakpoint; an empty set where the file has none. */
int uprobes_attach_linker(struct uprobes *set, struct programs *programs, int fd, pid_t pid);

void uprobes_detach_begins(struct uprobes *set);
void uprobes_detach(struct uprobes *set);

/* Several sets at once: the kernel lets them wait together. */
void uprobes_detach_begins_all(struct uprobes **sets, size_t count);
void uprobes_detach_all(struct uprobes **sets, size_t count);

#endif
