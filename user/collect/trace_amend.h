/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Adds to traces/TRACE_ID.json what became of a trace after it was recorded.
 *
 *	err = trace_amend(directory, trace8, "recoveries", entry, message, sizeof(message));
 *
 * The entry is appended to the array of that name, which is made where there is none; all other
 * members stay as they are. The file is replaced in one step and keeps its owner. Errors: -ENOENT
 * there is no file of that trace, -EBADMSG it is none of ours, or as of the system calls; @message
 * says what was the matter.
 */
#ifndef COLLECT_TRACE_AMEND_H
#define COLLECT_TRACE_AMEND_H

#include <jansson.h>
#include <stddef.h>

/* Takes over the caller's reference to @entry. */
int trace_amend(const char *directory, const char *trace8, const char *array, json_t *entry,
		char *message, size_t message_size);

#endif
