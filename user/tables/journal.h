/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file of checksummed frames, so that what a killed program has written of it can be told from
 * what it has not.
 *
 *	struct journal journal = { .fd = fd };
 *	err = journal_append(&journal, kind, generation, bytes, length);
 *
 *	struct journal_reader reader = { .fd = fd };
 *	while ((err = journal_next(&reader)) > 0)
 *		use(reader.kind, reader.payload.data, reader.payload.length);
 *	journal_reader_free(&reader);
 *
 * A journal is started over by setting .offset to 0 and using a greater generation: frames of
 * another generation than the first one's end the reading, as torn ones do. The kernel keeps what
 * was written when the program dies; nothing is synchronised to disk.
 *
 * The descriptor stays the caller's. Errors are those of write(2) and read(2) as -errno, -ENOMEM.
 * The file is not trusted: a payload is at most JOURNAL_PAYLOAD_MAX bytes.
 */
#ifndef TABLES_JOURNAL_H
#define TABLES_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

#define JOURNAL_PAYLOAD_MAX (64 << 20)

struct journal {
	int fd;
	uint64_t offset; /* where the next frame goes */
};

/* After an error the journal is as before: what was written of the frame counts as torn. */
int journal_append(struct journal *journal, uint32_t kind, uint64_t generation, const void *payload,
		   size_t length);

struct journal_reader {
	int fd;
	uint64_t offset; /* of the end of the frames read */
	uint32_t kind;
	uint64_t generation;
	struct buffer payload; /* valid until the next call */
};

/* 1: a frame, 0: no more whole ones. */
int journal_next(struct journal_reader *reader);
void journal_reader_free(struct journal_reader *reader);

#endif
