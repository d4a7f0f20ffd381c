/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DELTA_BINARY_PACKED of 64-bit integers: blocks of 128 values in 4 miniblocks, the differences of
 * neighbours less the block's smallest one, bit-packed. Differences wrap around.
 *
 *	err = delta_encode(&out, values, count);
 *	ok = delta_decode(in, length, values, count);
 *
 * Encoding appends and fails with -ENOMEM only. Decoding takes any block and miniblock size; it
 * gives false where the input is malformed or does not hold exactly @count values. The input must
 * be followed by BITS_SLACK readable bytes.
 */
#ifndef PARQUET_DELTA_H
#define PARQUET_DELTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

int delta_encode(struct buffer *out, const int64_t *values, size_t count);
bool delta_decode(const uint8_t *in, size_t length, int64_t *values, size_t count);

/* The same where something else follows: @used is set to how much of the input belongs to it. */
bool delta_decode_some(const uint8_t *in, size_t length, int64_t *values, size_t count,
		       size_t *used);

#endif
