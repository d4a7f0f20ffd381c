/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The integer types shared by kernel and user side: the kernel's own, from vmlinux.h in a BPF
 * program and from the system's headers elsewhere.
 */
#ifndef MODEL_TYPES_H
#define MODEL_TYPES_H

#ifndef __VMLINUX_H__
#include <linux/types.h>
#endif

#endif
