/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many uprobes of one file as one link (the kernel's uprobe_multi, from 6.6 on).
 *
 *	multi_link_prepare(program);		before it is loaded
 *	fd = multi_link_attach(program, file, pid, sites, count);
 *	close(fd);
 *
 * It costs the same per hit as one perf event per site. Detaching waits for the kernel once per
 * link, a tenth of a second and more, not once per site.
 */
#ifndef ATTACH_MULTI_LINK_H
#define ATTACH_MULTI_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bpf_program;

struct multi_link_site {
	uint64_t offset;	   /* in the file */
	uint64_t semaphore_offset; /* 0: none */
	uint64_t cookie;
};

/* By experiment: false on kernels without it, or without the right to. */
bool multi_link_available(void);

void multi_link_prepare(struct bpf_program *program);

/* Sites are attached in their order. `pid` < 0: every process. Returns a descriptor or -errno. */
int multi_link_attach(const struct bpf_program *program, int file, pid_t pid,
		      const struct multi_link_site *sites, size_t count);

/*
 * Attaches the program to a function of ours, for a child of ours that calls it once on another
 * thread: some kernels took a process for its first thread. Returns the link or -errno.
 */
int multi_link_try_out(const struct bpf_program *program);

#endif
