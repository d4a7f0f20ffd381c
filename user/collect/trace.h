/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is fixed when a trace starts: its id, its clock, the machine.
 *
 *	err = trace_start(&trace);
 *	row.time = trace_time(&trace, monotonic_ns);
 *	trace_free(&trace);
 *
 * Times in files are nanoseconds since 1970: CLOCK_MONOTONIC plus one offset, taken once, so that
 * no step of the wall clock moves an event.
 */
#ifndef COLLECT_TRACE_H
#define COLLECT_TRACE_H

#include <stdint.h>

#include "base/uuid.h"

struct trace {
	char id[UUID_TEXT_SIZE];
	char trace8[9];		      /* its first 8 digits, which file names begin with */
	char boot_id[UUID_TEXT_SIZE]; /* of this boot of the machine */
	int64_t clock_offset;	      /* CLOCK_REALTIME - CLOCK_MONOTONIC */
	int64_t boot_clock_offset;    /* CLOCK_REALTIME - CLOCK_BOOTTIME */
	uint64_t start;		      /* CLOCK_MONOTONIC */
	/* Owned; "" where unknown. */
	char *computer;
	char *distro;
	char *kernel;
	char *cpu_brand;
};

int trace_start(struct trace *trace); /* -ENOMEM, or an errno of reading the boot id */
void trace_free(struct trace *trace);

uint64_t trace_now(void);	  /* CLOCK_MONOTONIC */
int64_t trace_clock_offset(void); /* CLOCK_REALTIME - CLOCK_MONOTONIC, as it is now */

static inline int64_t trace_time(const struct trace *trace, uint64_t monotonic)
{
	return (int64_t)monotonic + trace->clock_offset;
}

#endif
