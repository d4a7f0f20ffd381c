/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/callsite_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

uint32_t callsite_hash(const void *name, size_t name_length, const void *filename,
		       size_t filename_length, const void *target, size_t target_length,
		       uint32_t line)
{
	const uint8_t line_bytes[4] = { line, line >> 8, line >> 16, line >> 24 };
	uint32_t hash = XXH32(name ? name : "", name_length, 0);

	hash = XXH32(filename ? filename : "", filename_length, hash);
	hash = XXH32(target ? target : "", target_length, hash);
	return XXH32(line_bytes, sizeof(line_bytes), hash);
}
