/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Completes a part whose writer has died: makes the footer of the row groups that are whole, cuts
 * off what comes after them, and gives the part its final name.
 *
 *	err = part_recover(folder_fd, trace8, sequence, &contents, &result);
 *
 * @contents is what footer_journal_read() gave. Every page is read and its checksum compared: row
 * groups from the first bad one on are cut off too. A part without a row group is removed. Errors:
 * as of the system calls, -ENOMEM; the part is then still hidden.
 */
#ifndef TABLES_PART_RECOVERY_H
#define TABLES_PART_RECOVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "tables/footer_journal.h"
#include "tables/table.h"

struct part_recovery {
	size_t groups;	    /* kept; 0: the part is gone */
	uint64_t rows;	    /* kept */
	uint64_t rows_cut;  /* of row groups that the journal knows of */
	uint64_t bytes_cut; /* behind the row groups kept */
	bool any_time;
	int64_t last_time; /* the greatest of the column the table is ordered by */
};

int part_recover(int folder, const struct table *table, const char *trace8, uint32_t sequence,
		 const struct footer_contents *contents, struct part_recovery *result);

/* Row groups that a complete part has; -EBADMSG for a damaged one. */
int part_count_groups(int folder, const char *name, size_t *groups);

#endif
