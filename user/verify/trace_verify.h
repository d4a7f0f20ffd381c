/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks the traces in a directory: every file by itself (parquet/file_check.h, the tables' columns,
 * the order of the rows), and what the tables say of one another: every begin has its end or an
 * unfinished row, a child is one deeper than its parent, whoever is referred to is there, the polls
 * add up.
 *
 *	err = trace_verify(directory, &verification);
 *	if (verification_failed(&verification))
 *		...
 *	verification_free(&verification);
 *
 * Where traces/ says that something was lost, cut off by a recovery, or deleted, or that a trace is
 * still being recorded, what is missing is no failure. Memory is about 100 bytes per span.
 *
 * Errors: -ENOENT no such directory or no trace in it, -ENOMEM, what reading a folder gave;
 * .message then says more. A file that cannot be read is a finding.
 */
#ifndef VERIFY_TRACE_VERIFY_H
#define VERIFY_TRACE_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "verify/verdict.h"

struct verification {
	struct verdict verdict;
	uint64_t files;
	uint64_t rows;
	uint64_t spans;
	uint64_t hidden; /* files that a recorder, or its death, has left open */
	/* What traces/ says of things missing. */
	uint64_t traces;
	uint64_t losses;     /* of all causes */
	uint64_t recoveries; /* after which something may be missing */
	uint64_t deletions;
	uint64_t open; /* traces that are being recorded, or were never completed */
	char message[512];
};

int trace_verify(const char *directory, struct verification *verification);
bool verification_failed(const struct verification *verification);

/* Something is known to be missing. */
bool verification_incomplete(const struct verification *verification);
void verification_free(struct verification *verification);

#endif
