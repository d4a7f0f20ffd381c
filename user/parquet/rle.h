/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Parquet's RLE / bit-packed hybrid: dictionary indexes, definition levels, booleans.
 *
 *	err = rle_encode(&out, values, count, width);
 *	ok = rle_decode(in, length, width, values, count);
 *
 * Widths are 0 to 32 bits; neither the width nor a length is part of what is written. Encoding
 * appends and fails with -ENOMEM only. Decoding gives false where the input is malformed or holds
 * fewer than @count values; the input must be followed by BITS_SLACK readable bytes.
 */
#ifndef PARQUET_RLE_H
#define PARQUET_RLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

int rle_encode(struct buffer *out, const uint32_t *values, size_t count, unsigned int width);

bool rle_decode(const uint8_t *in, size_t length, unsigned int width, uint32_t *values,
		size_t count);

#endif
