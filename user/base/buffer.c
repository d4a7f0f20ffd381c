/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/buffer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUFFER_FIRST_CAPACITY 256

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){ 0 };
}

uint8_t *buffer_reserve(struct buffer *buffer, size_t extra)
{
	size_t capacity = buffer->capacity ? buffer->capacity : BUFFER_FIRST_CAPACITY;
	uint8_t *data;
	size_t needed;

	if (__builtin_add_overflow(buffer->length, extra, &needed))
		return NULL;
	if (buffer->data && needed <= buffer->capacity)
		return buffer->data + buffer->length;
	while (capacity < needed && capacity <= SIZE_MAX / 2)
		capacity *= 2;
	if (capacity < needed)
		capacity = needed;
	data = realloc(buffer->data, capacity);
	if (!data)
		return NULL;
	buffer->data = data;
	buffer->capacity = capacity;
	return data + buffer->length;
}

int buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
	uint8_t *to = buffer_reserve(buffer, length);

	if (!to)
		return -ENOMEM;
	if (length)
		memcpy(to, bytes, length);
	buffer->length += length;
	return 0;
}

int buffer_append_byte(struct buffer *buffer, uint8_t byte)
{
	return buffer_append(buffer, &byte, 1);
}

int buffer_append_u32(struct buffer *buffer, uint32_t value)
{
	uint8_t bytes[4] = { value, value >> 8, value >> 16, value >> 24 };

	return buffer_append(buffer, bytes, sizeof(bytes));
}
