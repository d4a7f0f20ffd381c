/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What verify found: faults, and things that are missing. Of each kind the first few are described,
 * all are counted.
 *
 *	verdict_fault(&verdict, path, "row group %zu: out of order", group);
 *	verdict_missing(&verdict, MISSING_END, trace);
 *
 * A fault is a fault whatever happened; what is missing is one only if nothing is known to have
 * been lost, see trace_verify.h.
 */
#ifndef VERIFY_VERDICT_H
#define VERIFY_VERDICT_H

#include <stddef.h>
#include <stdint.h>

#define VERDICT_SHOWN 20

enum missing {
	MISSING_BEGIN,	 /* an end without its begin */
	MISSING_END,	 /* a begin without end, and without a row in async_spans */
	MISSING_PARENT,	 /* a parent that is not in the files */
	MISSING_ROW,	 /* an ended span without its row in async_spans */
	MISSING_EVENTS,	 /* a row in async_spans without its events */
	MISSING_POLLS,	 /* polls do not add up to what async_spans says */
	MISSING_STREAM,	 /* a stream that is not in the files */
	MISSING_PROCESS, /* a process that is not in the files */
	MISSING_KINDS,
};

struct verdict {
	char *shown[VERDICT_SHOWN]; /* owned; "PATH: fault" */
	size_t faults;
	uint64_t missing[MISSING_KINDS];
};

void verdict_fault(struct verdict *verdict, const char *path, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static inline void verdict_missing(struct verdict *verdict, enum missing kind)
{
	verdict->missing[kind]++;
}

/* "ends without their begin" */
const char *verdict_missing_text(enum missing kind);
void verdict_free(struct verdict *verdict);

#endif
