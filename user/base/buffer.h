/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A growable array of bytes.
 *
 *	struct buffer b = { 0 };
 *	err = buffer_append(&b, bytes, length);
 *	buffer_free(&b);
 *
 * All zero is an empty buffer that owns nothing. Writers that know how much they need at most call
 * buffer_reserve() once, write through the pointer and add to .length what they wrote.
 * The bytes belong to the buffer and move when it grows. The only failure is -ENOMEM, which leaves
 * the contents as they were.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

struct buffer {
	uint8_t *data;
	size_t length;	 /* bytes in use */
	size_t capacity; /* bytes allocated */
};

void buffer_free(struct buffer *buffer);

/* Forgets the contents, keeps the memory. */
static inline void buffer_clear(struct buffer *buffer)
{
	buffer->length = 0;
}

/* Room for @extra more bytes: where they go, or NULL when memory is out. */
uint8_t *buffer_reserve(struct buffer *buffer, size_t extra);

int buffer_append(struct buffer *buffer, const void *bytes, size_t length);
int buffer_append_byte(struct buffer *buffer, uint8_t byte);
int buffer_append_u32(struct buffer *buffer, uint32_t value); /* little endian */

#endif
