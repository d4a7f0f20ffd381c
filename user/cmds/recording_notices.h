/* SPDX-License-Identifier: BSD-2-Clause */
/* What the BPF programs tell a recording of its processes: see enum record_notice_kind. */
#ifndef CMDS_RECORDING_NOTICES_H
#define CMDS_RECORDING_NOTICES_H

#include <stddef.h>

/* Called by the ring of notices; `context` is the struct recording. */
int recording_on_notice(void *context, void *record, size_t size);

#endif
