/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Brings back what the writers of a table had not completed when they died: makes valid parts of
 * open ones and of spools, and removes what is left of them. Nothing may be writing there.
 *
 *	err = table_recover(directory, table, &result);
 *	for (i = 0; i < result.count; i++)
 *		tell(result.traces[i].trace8, result.traces[i].parts);
 *	table_recovery_free(&result);
 *
 * May be interrupted and called again at any time: rows are neither lost nor doubled. A table
 * without open parts and spools is left as it is. Files that are not named like ours are not
 * touched. What is made belongs to the folder's owner, if we are root.
 *
 * Errors: as of the system calls, -ENOMEM, -EBADMSG for a complete part that is damaged; .message
 * then says what was the matter with which file.
 */
#ifndef TABLES_TABLE_RECOVERY_H
#define TABLES_TABLE_RECOVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tables/part.h"
#include "tables/table.h"

/* What there was to do for one trace in this table. */
struct table_recovery_trace {
	char trace8[PART_TRACE8_LENGTH + 1];
	uint64_t parts;		  /* completed, those made of spools included */
	uint64_t row_groups;	  /* in them */
	uint64_t rows;		  /* in them */
	uint64_t rows_from_spool; /* of these */
	uint64_t rows_lost;	  /* in row groups that turned out damaged */
	uint64_t bytes_lost;	  /* behind the last row group of open parts */
	uint64_t foreign_spools;  /* left alone: written by another version */
	bool any_time;
	int64_t last_time; /* the greatest of the rows brought back */
};

struct table_recovery {
	struct table_recovery_trace *traces;
	size_t count;
	char message[512];
};

int table_recover(const char *directory, const struct table *table, struct table_recovery *result);
void table_recovery_free(struct table_recovery *result);

#endif
