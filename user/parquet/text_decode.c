/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/text_decode.h"

#include <errno.h>
#include <string.h>

#include "parquet/delta.h"
#include "parquet/page.h"

#define TEXT_BYTES_MAX ((size_t)1 << 30) /* of a chunk */

static struct parquet_text *reserve_texts(struct text_decode *texts, size_t count)
{
	return (void *)buffer_reserve(texts->texts, count * sizeof(struct parquet_text));
}

static void add_texts(struct text_decode *texts, size_t count)
{
	texts->texts->length += count * sizeof(struct parquet_text);
	*texts->text_count += count;
}

static struct parquet_text text_at(size_t offset, size_t length)
{
	return (struct parquet_text){ (const char *)(uintptr_t)offset, length };
}

/* Each behind its length. */
int text_decode_plain(struct text_decode *texts, const uint8_t *bytes, size_t length, size_t count)
{
	size_t base = texts->text_bytes->length, at = 0;
	struct parquet_text *to;

	if (count > length / sizeof(uint32_t))
		return -EBADMSG;
	if (length > TEXT_BYTES_MAX - base)
		return -ENOTSUP;
	to = reserve_texts(texts, count);
	if (!to || buffer_append(texts->text_bytes, bytes, length))
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		uint32_t size;

		if (length - at < sizeof(size))
			return -EBADMSG;
		memcpy(&size, bytes + at, sizeof(size));
		at += sizeof(size);
		if (length - at < size)
			return -EBADMSG;
		to[i] = text_at(base + at, size);
		at += size;
	}
	add_texts(texts, count);
	return 0;
}

/*
 * Reads @count numbers into @to. Each must be one of a text that fits in a page. The rest of the
 * input is left.
 */
static bool take_lengths(const uint8_t **bytes, size_t *length, int64_t *to, size_t count)
{
	size_t used;

	if (!delta_decode_some(*bytes, *length, to, count, &used))
		return false;
	for (size_t i = 0; i < count; i++)
		if (to[i] < 0 || to[i] > PAGE_SIZE_LIMIT)
			return false;
	*bytes += used;
	*length -= used;
	return true;
}

/* The lengths of all, then all bytes. */
int text_decode_delta_length(struct text_decode *texts, const uint8_t *bytes, size_t length,
			     size_t count)
{
	size_t base = texts->text_bytes->length, at = 0;
	struct parquet_text *to = reserve_texts(texts, count);
	int64_t *lengths;

	buffer_clear(texts->scratch);
	lengths = (void *)buffer_reserve(texts->scratch, count * sizeof(*lengths));
	if (!to || !lengths)
		return -ENOMEM;
	if (!take_lengths(&bytes, &length, lengths, count))
		return -EBADMSG;
	for (size_t i = 0; i < count; i++) {
		if ((uint64_t)lengths[i] > length - at)
			return -EBADMSG;
		to[i] = text_at(base + at, lengths[i]);
		at += lengths[i];
	}
	if (at > TEXT_BYTES_MAX - base)
		return -ENOTSUP;
	if (buffer_append(texts->text_bytes, bytes, at))
		return -ENOMEM;
	add_texts(texts, count);
	return 0;
}

/* How many bytes of each are those of the one before, then the rest of each by its length. */
int text_decode_delta(struct text_decode *texts, const uint8_t *bytes, size_t length, size_t count)
{
	struct buffer *out = texts->text_bytes;
	size_t start = out->length, last = start, last_length = 0;
	struct parquet_text *to = reserve_texts(texts, count);
	int64_t *shared, *rest;

	buffer_clear(texts->scratch);
	shared = (void *)buffer_reserve(texts->scratch, 2 * count * sizeof(*shared));
	if (!to || !shared)
		return -ENOMEM;
	rest = shared + count;
	if (!take_lengths(&bytes, &length, shared, count) ||
	    !take_lengths(&bytes, &length, rest, count))
		return -EBADMSG;
	for (size_t i = 0; i < count; i++) {
		size_t size = shared[i] + rest[i];
		uint8_t *text;

		if ((uint64_t)shared[i] > last_length || (uint64_t)rest[i] > length)
			return -EBADMSG;
		if (out->length - start + size > PAGE_SIZE_LIMIT ||
		    size > TEXT_BYTES_MAX - out->length)
			return -ENOTSUP;
		text = buffer_reserve(out, size + 1);
		if (!text)
			return -ENOMEM;
		memcpy(text, out->data + last, shared[i]);
		memcpy(text + shared[i], bytes, rest[i]);
		bytes += rest[i];
		length -= rest[i];
		last = out->length;
		last_length = size;
		out->length += size;
		to[i] = text_at(last, size);
	}
	add_texts(texts, count);
	return 0;
}

int text_decode_finish(struct text_decode *texts)
{
	struct parquet_text *all;

	/* Nulls refer to the first text: there must be one. */
	if (!*texts->text_count) {
		const struct parquet_text none = { 0 };

		if (buffer_append(texts->texts, &none, sizeof(none)))
			return -ENOMEM;
		*texts->text_count = 1;
	}
	if (!buffer_reserve(texts->text_bytes, 1))
		return -ENOMEM;
	all = (void *)texts->texts->data;
	for (size_t i = 0; i < *texts->text_count; i++)
		all[i].bytes = (const char *)texts->text_bytes->data + (uintptr_t)all[i].bytes;
	return 0;
}
