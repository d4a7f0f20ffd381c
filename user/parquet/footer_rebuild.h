/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes the footer of a file whose writer has died, from the footer that the file would have had
 * without row groups and the descriptions of those that it has.
 *
 *	err = footer_rebuild(&out, empty.data, empty.length, rows, group_count, &groups);
 *
 * @empty is what parquet_writer_footer() gave before the first row group, length and magic
 * included; @groups the descriptions that parquet_writer_last_group() gave, one after the other.
 * Neither is trusted: what is malformed is -EBADMSG here, or when the file is read. -ENOMEM.
 */
#ifndef PARQUET_FOOTER_REBUILD_H
#define PARQUET_FOOTER_REBUILD_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

int footer_rebuild(struct buffer *out, const uint8_t *empty, size_t length, uint64_t rows,
		   size_t group_count, const struct buffer *groups);

#endif
