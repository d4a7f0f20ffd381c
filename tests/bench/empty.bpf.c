/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* A program that does nothing: what is left is the cost of the trap, which no tracer can avoid. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

SEC("uprobe")
int empty(void *context)
{
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
