/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes the rows of one table into the Parquet files of a trace,
 * DIRECTORY/TABLE/TRACE8-SEQUENCE.parquet.
 *
 *	err = table_writer_open(&writer, &async_events_table, strings, &options);
 *	err = table_writer_append(writer, &row);
 *	err = table_writer_close(writer);
 *
 * Rows collect to batches of TABLE_WRITER_GROUP_ROWS, which are sorted and written as a row group
 * each. A part is .TRACE8-SEQUENCE.inprogress until it is complete: footer written, fsync, rename,
 * fsync of the folder. A trace without rows leaves one valid part of 0 rows.
 *
 * Small tables (processes, streams) use table_writer_rewrite() instead of append: their one part is
 * written anew and replaces the one before in one step.
 *
 * What a killed program had not completed can be had back (tables/table_recovery.h): the row groups
 * of the open part with the journal of its footer, the rows of the batch with a spool, which gets
 * them a quarter of a megabyte at a time, and with table_writer_tick() or table_writer_keep().
 * Small tables spool the rows that table_writer_note() is given between two rewritings.
 *
 * Texts are valid UTF-8 in the files: bad bytes become U+FFFD on the way. Memory is that of one
 * batch.
 *
 * After a failure of append, flush or rewrite the rows of that batch are lost and counted, what was
 * written before stays good: later appends return the same error, and close completes the part with
 * the row groups it has (if even that fails, the part keeps its hidden name) and returns the error.
 * What is in the spool then stays there for recovery.
 *
 * The intern set must outlive the writer; so must what the options point to until open returns. One
 * thread at a time per writer and intern set.
 */
#ifndef TABLES_TABLE_WRITER_H
#define TABLES_TABLE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/intern.h"
#include "tables/table.h"

#define TABLE_WRITER_GROUP_ROWS (128 * 1024)
#define TABLE_WRITER_ROTATE_BYTES (UINT64_C(256) << 20)
#define TABLE_WRITER_ROTATE_NS (UINT64_C(3600) * 1000000000)

struct table_writer_options {
	const char *directory;	/* of the trace; must exist */
	const char *trace8;	/* first 8 hex digits of the trace's id */
	const char *created_by; /* "PROGRAM version X"; NULL: this library's own */
	const struct parquet_key_value *metadata; /* goes into every footer */
	size_t metadata_count;
	enum parquet_codec codec;
	int level;	       /* of the codec */
	uint64_t rotate_bytes; /* a part this large or ... */
	uint64_t rotate_ns;    /* ... open this long (CLOCK_MONOTONIC) is completed */

	/*
	 * Called before a part gets its final name, to complete first what it refers to. An error
	 * keeps the part hidden and is the writer's.
	 */
	int (*before_complete)(void *context);

	/*
	 * The same before rows get to where recovery finds them, which is more often: what they
	 * refer to should be in a spool.
	 */
	int (*before_keep)(void *context);
	void *context;

	bool recoverable; /* journal of the footer and spool, see above */

	/* For who adds to what is there: number of the first part, and of the first batch. */
	uint32_t first_sequence;
	uint64_t first_batch;
	bool leave_footers; /* the journals of parts that are complete stay */

	uid_t owner; /* of what is created; (uid_t)-1: leave */
	gid_t group; /* (gid_t)-1: leave */
};

/*
 * zstd level 1, the rotation limits above, recoverable, owner and group left. directory and trace8
 * are still to be set.
 */
#define TABLE_WRITER_OPTIONS_DEFAULT                                                            \
	{                                                                                       \
		.codec = PARQUET_CODEC_ZSTD, .level = 1,                                        \
		.rotate_bytes = TABLE_WRITER_ROTATE_BYTES, .rotate_ns = TABLE_WRITER_ROTATE_NS, \
		.recoverable = true, .owner = (uid_t)-1, .group = (gid_t)-1,                    \
	}

struct table_writer_stats {
	uint64_t rows;	     /* in row groups written; not those still in memory */
	uint64_t rows_lost;  /* by failures to write */
	uint64_t rows_late;  /* time before the greatest time of an earlier row group */
	uint64_t row_groups; /* written */
	uint64_t bytes;	     /* of all parts, the open one included */
	uint64_t files;	     /* complete parts */
};

struct table_writer;

/*
 * Makes the table's folder. Errors: as of mkdir and open, -EINVAL for options that make no sense.
 */
int table_writer_open(struct table_writer **writer, const struct table *table,
		      struct intern *strings, const struct table_writer_options *options);

/* Copies the row; every TABLE_WRITER_GROUP_ROWS rows writes a row group. */
int table_writer_append(struct table_writer *writer, const void *row);

/* Writes a row group of what has been appended, if anything. */
int table_writer_flush(struct table_writer *writer);

/*
 * Completes the open part if it is over its time limit, and spools the rows that are not yet: to be
 * called now and then while no row comes.
 */
int table_writer_tick(struct table_writer *writer);

/* Spools the rows that are not yet. */
int table_writer_keep(struct table_writer *writer);

/*
 * The whole table anew; @rows has @count rows. Not to be mixed with append. After a failure the
 * file that was there still is, and it may be tried again. The stats are those of the last time.
 */
int table_writer_rewrite(struct table_writer *writer, const void *rows, size_t count);

/* Spools a row that the next rewriting will have: new, or in place of one with the same key. */
int table_writer_note(struct table_writer *writer, const void *row);

/* Completes the open part and frees the writer, also when it returns an error. NULL is fine. */
int table_writer_close(struct table_writer *writer);

/*
 * Valid until close, which adds the last batch: ask with table_writer_finish() before to see it
 * all.
 */
const struct table_writer_stats *table_writer_stats(const struct table_writer *writer);

/* As close, but the writer and its stats stay until close; nothing can be appended any more. */
int table_writer_finish(struct table_writer *writer);

#endif
