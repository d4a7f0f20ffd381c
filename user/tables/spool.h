/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows that are not in a row group yet, kept in a file from which they can be had when the program
 * that collects them is killed.
 *
 *	err = spool_open(&spool, table, strings, folder);
 *	spool_begin(spool, batch);			// number of the batch that is collected
 *	err = spool_append(spool, &row);		// buffered ...
 *	if (spool_is_full(spool))
 *		err = spool_write(spool);		// ... until here: at least now and then
 *	err = spool_discard_before(spool, batch);	// the rows of those before are elsewhere
 *	spool_close(spool);				// removes nothing
 *
 * Batches take turns in two files, .TRACE8-0.spool and .TRACE8-1.spool, so that one may be
 * discarded while the next one fills; a file is written over from its start, which costs less than
 * a new one. Rows are stored as they are in memory, with texts numbered in the order of their first
 * use: a spool is for the machine and the version that wrote it.
 *
 *	err = spool_read(fd, table, strings, &contents);	// recovery: see struct spool_contents
 *
 * Errors: as of journal_append() and openat(2), -ENOMEM.
 */
#ifndef TABLES_SPOOL_H
#define TABLES_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/intern.h"
#include "tables/part.h"
#include "tables/table.h"

#define SPOOL_SLOTS 2
#define SPOOL_NAME_SIZE 32

struct spool;

/* What it is given must outlive it. Files are made as they are needed. */
int spool_open(struct spool **spool, const struct table *table, const struct intern *strings,
	       const struct part_folder *folder);
void spool_close(struct spool *spool); /* NULL is fine */

void spool_begin(struct spool *spool, uint64_t batch);
int spool_append(struct spool *spool, const void *row);
bool spool_is_full(const struct spool *spool);
bool spool_is_empty(const struct spool *spool); /* nothing is buffered */
int spool_write(struct spool *spool);

/* Empties the files of batches before this one. */
int spool_discard_before(struct spool *spool, uint64_t batch);

/* Removes the files. */
void spool_remove(struct spool *spool);

void spool_file_name(char name[SPOOL_NAME_SIZE], const char *trace8, unsigned int slot);

struct spool_contents {
	bool any;	    /* there was a whole frame */
	uint64_t batch;	    /* whose rows these are */
	struct buffer rows; /* table->row_size bytes each; texts are ids of the set given */
	size_t row_count;
	bool foreign; /* of another version: nothing was read */
};

/* -EBADMSG: whole frames that make no sense. The caller frees .rows. */
int spool_read(int fd, const struct table *table, struct intern *strings,
	       struct spool_contents *contents);

#endif
