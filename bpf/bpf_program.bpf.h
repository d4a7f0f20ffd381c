/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What every BPF source includes first: the kernel's types, then libbpf's helpers. */
#ifndef ASYNCSPAN_BPF_PROGRAM_BPF_H
#define ASYNCSPAN_BPF_PROGRAM_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "counters.h"

#endif
