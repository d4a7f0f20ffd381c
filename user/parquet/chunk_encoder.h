/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turns the values of one column in one row group into the pages of a column chunk.
 *
 *	struct chunk_encoder encoder = { .codec = codec, .codec_kind = PARQUET_CODEC_ZSTD, ... };
 *	err = chunk_encode(&encoder, &column, &values, &out, &chunk);
 *	chunk_encoder_free(&encoder);
 *
 * The pages are appended to a buffer; the offsets in @chunk count from that buffer's start. Which
 * encoding: the column's preference, and PLAIN where a dictionary would be too large or longer than
 * the values themselves. Texts are made valid UTF-8. Errors: -ENOMEM, -EFBIG for a page that would
 * have more than 2 GiB.
 */
#ifndef PARQUET_CHUNK_ENCODER_H
#define PARQUET_CHUNK_ENCODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/intern.h"
#include "parquet/chunk_bounds.h"
#include "parquet/codec.h"
#include "parquet/dictionary.h"
#include "parquet/metadata.h"
#include "parquet/page.h"
#include "parquet/page_index.h"
#include "parquet/types.h"

/* One column's values. Of a null any. */
struct parquet_values {
	const void *
		values; /* int64_t, int32_t, uint8_t (BOOLEAN: 0 or 1), uint32_t ids (BYTE_ARRAY) */
	const uint8_t *valid; /* one byte a row, 0: null; NULL: no row is null */
	size_t count;
	const struct intern *strings; /* of BYTE_ARRAY */
};

struct chunk_encoder {
	struct codec *codec;
	enum parquet_codec codec_kind;
	size_t page_rows;
	struct dictionary_limit dictionary_limit;

	struct page_index index; /* of the chunk encoded last: offsets from its first byte */

	/* Scratch, kept from chunk to chunk. */
	struct dictionary dictionary;
	struct chunk_bounds bounds;
	struct buffer entries; /* of the dictionary, encoded */
	struct page_scratch page_scratch;
	struct buffer dense;   /* the values that are not null */
	struct buffer indexes; /* into the dictionary, or booleans; uint32_t */
	struct buffer raw;     /* a page's encoded values */
	struct buffer levels;  /* a page's definition levels */
	struct buffer valid;   /* the same before encoding, uint32_t */
	struct buffer clean;   /* a text made valid */
};

void chunk_encoder_free(struct chunk_encoder *encoder);

int chunk_encode(struct chunk_encoder *encoder, const struct parquet_column *column,
		 const struct parquet_values *values, struct buffer *out,
		 struct metadata_chunk *chunk);

#endif
