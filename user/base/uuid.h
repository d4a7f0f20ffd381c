/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UUIDs as text, lower case.
 *
 *	char text[UUID_TEXT_SIZE];
 *	uuid_text_v5(process_id, name, length, text);
 *
 * A version 5 UUID is a function of its name space and name (RFC 9562, 5.5): the same input gives
 * the same UUID on any machine. Nothing can fail but the parsing of the name space.
 */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include <stddef.h>

#define UUID_TEXT_SIZE 37 /* 36 characters and a NUL */

/* @namespace_text is a UUID's text; -EINVAL when it is not (@out is then the nil UUID). */
int uuid_text_v5(const char *namespace_text, const void *name, size_t length,
		 char out[UUID_TEXT_SIZE]);

void uuid_text_random(char out[UUID_TEXT_SIZE]);

#endif
