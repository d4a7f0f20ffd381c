/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Integers of 0 to 64 bits one after the other, least significant bit first: what both the RLE
 * hybrid and DELTA_BINARY_PACKED store.
 *
 *	end = bits_pack64(out, values, 32, width);
 *	bits_unpack64(in, values, 32, width);
 *
 * Packing writes ceil(count * width / 8) bytes and may touch BITS_SLACK more; unpacking may read
 * BITS_SLACK more than that. Values must fit in the width.
 */
#ifndef PARQUET_BITS_H
#define PARQUET_BITS_H

#include <stddef.h>
#include <stdint.h>

#define BITS_SLACK 16

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "Parquet's byte order is assumed");

static inline size_t bits_size(size_t count, unsigned int width)
{
	return (count * width + 7) / 8;
}

/* Bits that @value needs; 0 for 0. */
static inline unsigned int bits_width(uint64_t value)
{
	return value ? 64 - __builtin_clzll(value) : 0;
}

uint8_t *bits_pack32(uint8_t *out, const uint32_t *values, size_t count, unsigned int width);
uint8_t *bits_pack64(uint8_t *out, const uint64_t *values, size_t count, unsigned int width);
void bits_unpack32(const uint8_t *in, uint32_t *values, size_t count, unsigned int width);
void bits_unpack64(const uint8_t *in, uint64_t *values, size_t count, unsigned int width);

#endif
