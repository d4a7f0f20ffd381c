/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

static const char replacement[3] = "\xEF\xBF\xBD"; /* U+FFFD */

/*
 * A non-ASCII character's first byte: its length, and the bounds of the second byte (Unicode, table
 * 3-7).
 */
struct lead {
	uint8_t length;
	uint8_t second_min;
	uint8_t second_max;
};

static struct lead lead_of(uint8_t byte)
{
	if (byte >= 0xC2 && byte <= 0xDF)
		return (struct lead){ 2, 0x80, 0xBF };
	if (byte == 0xE0)
		return (struct lead){ 3, 0xA0, 0xBF };
	if (byte == 0xED)
		return (struct lead){ 3, 0x80, 0x9F };
	if (byte >= 0xE1 && byte <= 0xEF)
		return (struct lead){ 3, 0x80, 0xBF };
	if (byte == 0xF0)
		return (struct lead){ 4, 0x90, 0xBF };
	if (byte >= 0xF1 && byte <= 0xF3)
		return (struct lead){ 4, 0x80, 0xBF };
	if (byte == 0xF4)
		return (struct lead){ 4, 0x80, 0x8F };
	return (struct lead){ 1, 0, 0 };
}

/*
 * Looks at the character that begins at @bytes (@length > 0). Returns how many bytes belong
 * together; *@whole says whether they are a character or what is to be replaced.
 */
static size_t scan(const uint8_t *bytes, size_t length, bool *whole)
{
	struct lead lead;
	size_t i;

	*whole = true;
	if (bytes[0] < 0x80)
		return 1;
	*whole = false;
	lead = lead_of(bytes[0]);
	if (lead.length == 1 || length == 1 || bytes[1] < lead.second_min ||
	    bytes[1] > lead.second_max)
		return 1;
	for (i = 2; i < lead.length && i < length; i++)
		if ((bytes[i] & 0xC0) != 0x80)
			return i;
	*whole = i == lead.length;
	return i;
}

static size_t ascii_length(const uint8_t *bytes, size_t length)
{
	size_t i = 0;

	for (; i + 8 <= length; i += 8) {
		uint64_t word;

		memcpy(&word, bytes + i, sizeof(word));
		if (word & UINT64_C(0x8080808080808080))
			break;
	}
	while (i < length && bytes[i] < 0x80)
		i++;
	return i;
}

bool utf8_valid(const void *bytes, size_t length)
{
	const uint8_t *in = bytes;
	size_t i = ascii_length(in, length);
	bool whole = true;

	while (i < length && whole)
		i += scan(in + i, length - i, &whole);
	return whole;
}

size_t utf8_sanitize(const void *bytes, size_t length, char *out, size_t capacity)
{
	const uint8_t *in = bytes;
	size_t written = 0;

	for (size_t i = 0; i < length;) {
		bool whole;
		size_t together = scan(in + i, length - i, &whole);
		const void *from = whole ? (const void *)(in + i) : replacement;
		size_t size = whole ? together : sizeof(replacement);

		if (capacity - written < size)
			break;
		memcpy(out + written, from, size);
		written += size;
		i += together;
	}
	return written;
}

size_t utf8_cut(const void *bytes, size_t length, size_t most)
{
	const uint8_t *in = bytes;
	bool whole;

	if (length <= most)
		return length;
	/*
	 * A character has at most 3 bytes after its first: look at whether one of those begins it.
	 */
	for (size_t back = 1; back <= 3 && back <= most; back++) {
		size_t start = most - back;

		if ((in[start] & 0xC0) == 0x80)
			continue;
		if (start + scan(in + start, length - start, &whole) > most && whole)
			return start;
		break;
	}
	return most;
}
