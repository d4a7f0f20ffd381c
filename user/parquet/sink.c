/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/sink.h"

#include <errno.h>
#include <unistd.h>

int parquet_sink_write(struct parquet_sink *sink, const void *bytes, size_t length)
{
	const char *at = bytes;
	size_t left = length;

	while (left) {
		ssize_t written = write(sink->fd, at, left);

		if (written < 0) {
			if (errno == EINTR)
				continue;
			return -errno;
		}
		if (!written)
			return -EIO;
		at += written;
		left -= written;
	}
	sink->offset += length;
	return 0;
}

int parquet_sink_rewind(struct parquet_sink *sink, uint64_t offset)
{
	if (ftruncate(sink->fd, offset) || lseek(sink->fd, offset, SEEK_SET) < 0)
		return -errno;
	sink->offset = offset;
	return 0;
}
