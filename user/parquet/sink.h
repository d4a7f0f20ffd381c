/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a Parquet file's bytes go: a file descriptor, written front to back.
 *
 *	struct parquet_sink sink = { .fd = fd };
 *	err = parquet_sink_write(&sink, bytes, length);
 *
 * The descriptor stays the caller's. Errors are those of write(2) and ftruncate(2) as -errno; short
 * writes are continued. After an error .offset says up to where the file is good.
 */
#ifndef PARQUET_SINK_H
#define PARQUET_SINK_H

#include <stddef.h>
#include <stdint.h>

struct parquet_sink {
	int fd;
	uint64_t offset; /* bytes written so far */
};

int parquet_sink_write(struct parquet_sink *sink, const void *bytes, size_t length);

/* Goes back to an earlier offset and cuts off what follows. */
int parquet_sink_rewind(struct parquet_sink *sink, uint64_t offset);

#endif
