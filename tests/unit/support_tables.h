/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tests of written tables share: a writer into a test's directory, and its events read back.
 */
#ifndef SUPPORT_TABLES_H
#define SUPPORT_TABLES_H

#include <stddef.h>
#include <stdint.h>

#include "tables/async_events.h"
#include "tables/table_writer.h"

#define TRACE8 "0123abcd"
#define STREAM_A "00000000-0000-5000-8000-00000000000a"
#define STREAM_B "00000000-0000-5000-8000-00000000000b"

/* An event read back. */
struct tables_seen {
	char stream[40];
	char block[40];
	int64_t time;
	int64_t span;
	size_t group;
};

/* The defaults, for the trace TRACE8 in this directory. */
struct table_writer_options tables_options(const char *directory);

struct table_writer *tables_open_writer(const struct table *table, struct intern *strings,
					const struct table_writer_options *options);

/* A begin of this stream and span. */
struct async_events_row tables_event(struct intern *strings, const char *stream, int64_t time,
				     int64_t span);

/* All rows in the order of the files, @most of them; returns the number of row groups. */
size_t tables_read_events(const char *directory, struct tables_seen *rows, size_t most,
			  size_t *count);

#endif
