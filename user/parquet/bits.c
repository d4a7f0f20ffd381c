/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/bits.h"

#include <string.h>

/* Appends to a word of 64 bits, which is stored whenever it is full. */
struct packer {
	uint8_t *out;
	uint64_t word;
	unsigned int used;
};

static inline void pack(struct packer *p, uint64_t value, unsigned int width)
{
	p->word |= value << p->used;
	p->used += width;
	if (p->used < 64)
		return;
	memcpy(p->out, &p->word, 8);
	p->out += 8;
	p->used -= 64;
	p->word = p->used ? value >> (width - p->used) : 0;
}

static uint8_t *pack_rest(struct packer *p)
{
	memcpy(p->out, &p->word, 8);
	return p->out + (p->used + 7) / 8;
}

/* Eight values of up to 8 bits are one word: no carry between words. */
static uint8_t *pack_narrow(uint8_t *out, const uint32_t *values, size_t groups, unsigned int width)
{
	for (size_t i = 0; i < groups; i++, values += 8, out += width) {
		uint64_t low = values[0] | values[1] << width | values[2] << 2 * width |
			       (uint64_t)values[3] << 3 * width;
		uint64_t high = values[4] | values[5] << width | values[6] << 2 * width |
				(uint64_t)values[7] << 3 * width;
		uint64_t word = low | high << 4 * width;

		memcpy(out, &word, 8);
	}
	return out;
}

uint8_t *bits_pack32(uint8_t *out, const uint32_t *values, size_t count, unsigned int width)
{
	struct packer p = { .out = out };

	if (!width)
		return out;
	if (width <= 8) {
		p.out = pack_narrow(out, values, count / 8, width);
		values += count / 8 * 8;
		count %= 8;
	}
	for (size_t i = 0; i < count; i++)
		pack(&p, values[i], width);
	return pack_rest(&p);
}

uint8_t *bits_pack64(uint8_t *out, const uint64_t *values, size_t count, unsigned int width)
{
	struct packer p = { .out = out };

	if (!width)
		return out;
	for (size_t i = 0; i < count; i++)
		pack(&p, values[i], width);
	return pack_rest(&p);
}

static inline uint64_t load(const uint8_t *in)
{
	uint64_t word;

	memcpy(&word, in, 8);
	return word;
}

void bits_unpack32(const uint8_t *in, uint32_t *values, size_t count, unsigned int width)
{
	uint64_t mask = (UINT64_C(1) << width) - 1;
	size_t bit = 0;

	for (size_t i = 0; i < count; i++, bit += width)
		values[i] = load(in + bit / 8) >> bit % 8 & mask;
}

void bits_unpack64(const uint8_t *in, uint64_t *values, size_t count, unsigned int width)
{
	uint64_t mask = width == 64 ? UINT64_MAX : (UINT64_C(1) << width) - 1;
	size_t bit = 0;

	for (size_t i = 0; i < count; i++, bit += width) {
		const uint8_t *at = in + bit / 8;
		unsigned int shift = bit % 8;
		uint64_t value = load(at) >> shift;

		if (shift + width > 64)
			value |= (uint64_t)at[8] << (64 - shift);
		values[i] = value & mask;
	}
}
