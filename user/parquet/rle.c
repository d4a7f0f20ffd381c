/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/rle.h"

#include <errno.h>

#include "parquet/bits.h"
#include "parquet/varint.h"

#define GROUP 8		/* bit-packed values come in groups of 8 */
#define RUN_VALUE_MAX 4 /* bytes */

static uint8_t *put_run(uint8_t *out, uint32_t value, size_t count, unsigned int width)
{
	out = varint_put(out, (uint64_t)count << 1);
	for (unsigned int bit = 0; bit < width; bit += 8)
		*out++ = value >> bit;
	return out;
}

/* The last group is filled up with zeros; only the last run of all may need that. */
static uint8_t *put_packed(uint8_t *out, const uint32_t *values, size_t count, unsigned int width)
{
	size_t whole = count / GROUP * GROUP;
	uint32_t rest[GROUP] = { 0 };

	if (!count)
		return out;
	out = varint_put(out, (count + GROUP - 1) / GROUP << 1 | 1);
	out = bits_pack32(out, values, whole, width);
	if (whole == count)
		return out;
	for (size_t i = whole; i < count; i++)
		rest[i - whole] = values[i];
	return bits_pack32(out, rest, GROUP, width);
}

static bool group_is_equal(const uint32_t *values)
{
	uint32_t difference = 0;

	for (size_t i = 1; i < GROUP; i++)
		difference |= values[i] ^ values[0];
	return !difference;
}

/*
 * From how many values on a run is shorter than the same values packed, the next run's header
 * included.
 */
static size_t run_min(unsigned int width)
{
	size_t run_bits = (3 + (width + 7) / 8) * 8;

	return width && run_bits / width > GROUP ? run_bits / width : GROUP;
}

int rle_encode(struct buffer *out, const uint32_t *values, size_t count, unsigned int width)
{
	size_t groups = count / GROUP + 1;
	size_t worst = groups * (width + 2 * VARINT_MAX + RUN_VALUE_MAX) + BITS_SLACK;
	uint8_t *to = buffer_reserve(out, worst);
	size_t shortest = run_min(width);
	size_t packed = 0; /* where the values begin that are not written yet */

	if (!to)
		return -ENOMEM;
	for (size_t i = 0; i + GROUP <= count;) {
		size_t end = i + GROUP;

		if (!group_is_equal(values + i)) {
			i = end;
			continue;
		}
		while (end < count && values[end] == values[i])
			end++;
		if (end - i < shortest && !(packed == i && end == count)) {
			i += (end - i) / GROUP * GROUP;
			continue;
		}
		to = put_packed(to, values + packed, i - packed, width);
		to = put_run(to, values[i], end - i, width);
		i = packed = end;
	}
	to = put_packed(to, values + packed, count - packed, width);
	out->length = to - out->data;
	return 0;
}

bool rle_decode(const uint8_t *in, size_t length, unsigned int width, uint32_t *values,
		size_t count)
{
	const uint8_t *end = in + length;
	size_t run_size = (width + 7) / 8;

	while (count) {
		uint64_t header, run;
		size_t size;

		if (!varint_get(&in, end, &header) || header > UINT32_MAX)
			return false;
		run = header & 1 ? (header >> 1) * GROUP : header >> 1;
		if (!run)
			return false;
		if (run > count)
			run = count;
		size = header & 1 ? bits_size(run, width) : run_size;
		if (size > (size_t)(end - in))
			return false;
		if (header & 1) {
			bits_unpack32(in, values, run, width);
			/*
			 * Whole groups are stored, but the last may be cut off behind the last
			 * value.
			 */
			size = bits_size((header >> 1) * GROUP, width);
			if (size > (size_t)(end - in))
				size = end - in;
		} else {
			uint32_t value = 0;

			for (size_t i = 0; i < run_size; i++)
				value |= (uint32_t)in[i] << 8 * i;
			if (width < 32 && value >> width)
				return false;
			for (size_t i = 0; i < run; i++)
				values[i] = value;
		}
		in += size;
		values += run;
		count -= run;
	}
	return true;
}
