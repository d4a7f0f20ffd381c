/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The column `hash`: what identifies a call site and the name it was given.
 *
 *	hash = callsite_hash(name, name_length, filename, filename_length,
 *			     target, target_length, line);
 *
 * Chained xxh32, each text's hash the seed of the next: name, filename, target, then the line as 4
 * bytes, little endian; the same as micromegas computes. The texts are those that are written to
 * the columns: made valid UTF-8 and cut first. Without a name, filename or target: length 0.
 */
#ifndef TABLES_CALLSITE_HASH_H
#define TABLES_CALLSITE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint32_t callsite_hash(const void *name, size_t name_length, const void *filename,
		       size_t filename_length, const void *target, size_t target_length,
		       uint32_t line);

#endif
