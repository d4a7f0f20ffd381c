/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes texts out of the values of a page, in each of the encodings that texts have.
 *
 *	err = text_decode_plain(&texts, bytes, length, count);
 *	... more pages of the chunk ...
 *	err = text_decode_finish(&texts);
 *
 * Until text_decode_finish() the pointers in .texts are offsets, as the bytes still move; after it
 * there is at least one text. Errors: -ENOMEM, -EBADMSG for damaged input, -ENOTSUP for texts of
 * more than 1 GiB in a chunk.
 */
#ifndef PARQUET_TEXT_DECODE_H
#define PARQUET_TEXT_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

struct parquet_text {
	const char *bytes; /* not NUL-terminated */
	size_t length;
};

struct text_decode {
	struct buffer *texts; /* struct parquet_text */
	size_t *text_count;
	struct buffer *text_bytes;
	struct buffer *scratch; /* of DELTA encodings */
};

/* The input must be followed by BITS_SLACK readable bytes. */
int text_decode_plain(struct text_decode *texts, const uint8_t *bytes, size_t length, size_t count);
int text_decode_delta_length(struct text_decode *texts, const uint8_t *bytes, size_t length,
			     size_t count);
int text_decode_delta(struct text_decode *texts, const uint8_t *bytes, size_t length, size_t count);

int text_decode_finish(struct text_decode *texts);

#endif
