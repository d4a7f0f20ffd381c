/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Integers in 7 bits a byte, least significant first, the top bit set on all bytes but the last;
 * signed ones zigzag: 0, -1, 1, -2, ... become 0, 1, 2, 3, ...
 *
 *	out = varint_put(out, value);			// at most VARINT_MAX bytes
 *	ok = varint_get(&in, end, &value);		// false: cut off, or longer than 64 bits
 */
#ifndef PARQUET_VARINT_H
#define PARQUET_VARINT_H

#include <stdbool.h>
#include <stdint.h>

#define VARINT_MAX 10 /* bytes */

static inline uint8_t *varint_put(uint8_t *out, uint64_t value)
{
	while (value >= 0x80) {
		*out++ = value | 0x80;
		value >>= 7;
	}
	*out++ = value;
	return out;
}

static inline uint8_t *varint_put_signed(uint8_t *out, int64_t value)
{
	return varint_put(out, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63));
}

static inline bool varint_get(const uint8_t **in, const uint8_t *end, uint64_t *value)
{
	*value = 0;
	for (unsigned int shift = 0; shift < 7 * VARINT_MAX; shift += 7) {
		if (*in == end)
			return false;
		*value |= (uint64_t)(**in & 0x7F) << shift;
		if (!(*(*in)++ & 0x80))
			return true;
	}
	return false;
}

static inline bool varint_get_signed(const uint8_t **in, const uint8_t *end, int64_t *value)
{
	uint64_t raw;

	if (!varint_get(in, end, &raw))
		return false;
	*value = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
	return true;
}

#endif
