/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A set of distinct strings, each with a small stable number.
 *
 *	uint32_t id = intern_add(strings, bytes, length);
 *	const char *text = intern_get(strings, id, &length);
 *
 * Ids count up from 0 in the order of first appearance; 0 is the empty string and always present,
 * so a zeroed row holds valid ids. Strings are any bytes, NUL included; a NUL that is not counted
 * follows each. The bytes belong to the set and stay where they are. Strings are not removed one by
 * one. To be used by one thread at a time.
 */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include <stddef.h>
#include <stdint.h>

#define INTERN_FAILED UINT32_MAX

struct intern;

struct intern *intern_new(void); /* NULL: out of memory */
void intern_free(struct intern *intern);

/* Forgets all strings but the empty one; ids and bytes given before are void. Keeps some memory. */
void intern_clear(struct intern *intern);

/* The string's id; INTERN_FAILED when memory is out. @bytes may be NULL when @length is 0. */
uint32_t intern_add(struct intern *intern, const void *bytes, size_t length);
uint32_t intern_add_text(struct intern *intern, const char *text); /* up to its NUL */

/* The bytes of an id that intern_add() gave. @length may be NULL. */
const char *intern_get(const struct intern *intern, uint32_t id, size_t *length);

/* Ids in use are 0 ... intern_count() - 1. */
uint32_t intern_count(const struct intern *intern);

#endif
