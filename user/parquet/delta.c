/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/delta.h"

#include <errno.h>
#include <string.h>

#include "parquet/bits.h"
#include "parquet/varint.h"

#define BLOCK 128
#define MINIBLOCKS 4
#define MINIBLOCK (BLOCK / MINIBLOCKS)

/* Limits of what is read: far beyond what any writer uses. */
#define READ_MINIBLOCK_MAX 4096
#define READ_MINIBLOCKS_MAX 256

/* @count > 0 values, each the difference to values[i - 1]. */
static uint8_t *put_block(uint8_t *out, const int64_t *values, size_t count)
{
	uint64_t differences[BLOCK];
	int64_t smallest = INT64_MAX;
	uint8_t *widths;

	for (size_t i = 0; i < count; i++) {
		int64_t difference = (uint64_t)values[i] - (uint64_t)values[(ptrdiff_t)i - 1];

		differences[i] = difference;
		smallest = difference < smallest ? difference : smallest;
	}
	for (size_t i = 0; i < count; i++)
		differences[i] -= (uint64_t)smallest;
	memset(differences + count, 0, (BLOCK - count) * sizeof(*differences));

	out = varint_put_signed(out, smallest);
	widths = out;
	out += MINIBLOCKS;
	for (size_t i = 0; i < MINIBLOCKS; i++) {
		const uint64_t *miniblock = differences + i * MINIBLOCK;
		uint64_t all = 0;

		for (size_t j = 0; j < MINIBLOCK; j++)
			all |= miniblock[j];
		widths[i] = bits_width(all);
		out = bits_pack64(out, miniblock, MINIBLOCK, widths[i]);
	}
	return out;
}

int delta_encode(struct buffer *out, const int64_t *values, size_t count)
{
	size_t blocks = count / BLOCK + 1;
	size_t worst = 4 * VARINT_MAX + blocks * (VARINT_MAX + MINIBLOCKS + BLOCK * 8) + BITS_SLACK;
	uint8_t *to = buffer_reserve(out, worst);

	if (!to)
		return -ENOMEM;
	to = varint_put(to, BLOCK);
	to = varint_put(to, MINIBLOCKS);
	to = varint_put(to, count);
	to = varint_put_signed(to, count ? values[0] : 0);
	for (size_t i = 1; i < count; i += BLOCK)
		to = put_block(to, values + i, count - i < BLOCK ? count - i : BLOCK);
	out->length = to - out->data;
	return 0;
}

struct input {
	const uint8_t *at;
	const uint8_t *end;
};

/*
 * Adds up @count <= READ_MINIBLOCK_MAX differences; *@last is the value before and then the last
 * one.
 */
static bool get_miniblock(struct input *in, unsigned int width, size_t size, int64_t smallest,
			  int64_t *last, int64_t *values, size_t count)
{
	uint64_t differences[READ_MINIBLOCK_MAX];
	uint64_t value = *last;
	size_t bytes = bits_size(size, width);

	if (width > 64 || bytes > (size_t)(in->end - in->at))
		return false;
	bits_unpack64(in->at, differences, count, width);
	for (size_t i = 0; i < count; i++) {
		value += (uint64_t)smallest + differences[i];
		values[i] = value;
	}
	*last = value;
	in->at += bytes;
	return true;
}

bool delta_decode(const uint8_t *bytes, size_t length, int64_t *values, size_t count)
{
	size_t used;

	return delta_decode_some(bytes, length, values, count, &used);
}

bool delta_decode_some(const uint8_t *bytes, size_t length, int64_t *values, size_t count,
		       size_t *used)
{
	struct input in = { bytes, bytes + length };
	uint64_t block, miniblocks, total;
	int64_t value, smallest;
	size_t miniblock, done = 1;

	if (!varint_get(&in.at, in.end, &block) || !varint_get(&in.at, in.end, &miniblocks) ||
	    !varint_get(&in.at, in.end, &total) || !varint_get_signed(&in.at, in.end, &value))
		return false;
	if (!miniblocks || miniblocks > READ_MINIBLOCKS_MAX || block % miniblocks ||
	    block / miniblocks > READ_MINIBLOCK_MAX || total != count)
		return false;
	miniblock = block / miniblocks;
	if (!miniblock || miniblock % 8)
		return false;
	if (count)
		values[0] = value;
	while (done < count) {
		const uint8_t *widths;

		if (!varint_get_signed(&in.at, in.end, &smallest) ||
		    miniblocks > (size_t)(in.end - in.at))
			return false;
		widths = in.at;
		in.at += miniblocks;
		for (size_t i = 0; i < miniblocks && done < count; i++) {
			size_t some = count - done < miniblock ? count - done : miniblock;

			if (!get_miniblock(&in, widths[i], miniblock, smallest, &value,
					   values + done, some))
				return false;
			done += some;
		}
	}
	*used = in.at - bytes;
	return true;
}
