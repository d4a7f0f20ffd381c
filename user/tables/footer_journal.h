/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the footer of an open part will say so far: a journal beside it, from which recovery makes
 * the footer when the writer has died.
 *
 *	err = footer_journal_open(&journal, folder, sequence, batches, empty.data, length);
 *	err = footer_journal_add(&journal, &group);	// after each row group
 *	footer_journal_leave(&journal);			// or _remove(): the part is complete
 *
 *	err = footer_journal_read(fd, &contents);	// recovery
 *	footer_contents_free(&contents);
 *
 * It is .TRACE8-SEQUENCE.footer. A footer replaced whole after each row group would do as well, but
 * takes time and space with the square of their number. Errors: as of openat(2) and
 * journal_append().
 */
#ifndef TABLES_FOOTER_JOURNAL_H
#define TABLES_FOOTER_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "tables/journal.h"
#include "tables/part.h"

struct footer_journal {
	struct journal file; /* fd -1: closed */
	uint32_t sequence;
	uint64_t batches; /* sealed before this part */
};

struct footer_group {
	const uint8_t *description; /* parquet_writer_last_group() */
	size_t length;
	uint64_t rows;
	uint64_t end;	  /* the part's length with this row group */
	uint64_t batches; /* sealed by the table's writer so far, this one included */
};

int footer_journal_open(struct footer_journal *journal, const struct part_folder *folder,
			uint32_t sequence, uint64_t batches, const uint8_t *empty, size_t length);
int footer_journal_add(struct footer_journal *journal, const struct footer_group *group);
void footer_journal_leave(struct footer_journal *journal);
void footer_journal_remove(struct footer_journal *journal, const struct part_folder *folder);

struct footer_contents {
	struct buffer empty; /* none: no whole frame */
	uint64_t batches;    /* sealed before this part */
	struct buffer descriptions;
	struct footer_group *groups; /* .description points into descriptions */
	size_t count;
};

/* -EBADMSG: whole frames that make no sense. */
int footer_journal_read(int fd, struct footer_contents *contents);
void footer_contents_free(struct footer_contents *contents);

#endif
