/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Turns the pages of a column chunk back into the values of its rows.
 *
 *	struct chunk_decoder decoder = { 0 };
 *	struct parquet_data data = { 0 };
 *	err = chunk_decode(&decoder, &column, &chunk, bytes, rows, &data);
 *	chunk_decoder_free(&decoder);
 *	parquet_data_free(&data);
 *
 * @bytes are the chunk.compressed_size bytes of the file from its first page on; or those of some
 * of its pages, one after the other, the dictionary's first, with .compressed_size and @rows set
 * accordingly. Everything in them is checked. Errors: -ENOMEM, -EBADMSG for what is damaged,
 * -ENOTSUP for encodings, codecs and pages not known here; .why says in words what it was.
 */
#ifndef PARQUET_CHUNK_DECODER_H
#define PARQUET_CHUNK_DECODER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "parquet/metadata.h"
#include "parquet/page.h"
#include "parquet/text_decode.h"
#include "parquet/types.h"

/* The values of one column in one row group. Buffers are reused from chunk to chunk. */
struct parquet_data {
	size_t rows;
	bool any_null;
	struct buffer values; /* by type: int64_t, int32_t, uint8_t, uint32_t index of a text */
	struct buffer valid;  /* uint8_t: 0 null; set when any_null */
	struct buffer texts;  /* struct parquet_text; at least one if there are rows */
	size_t text_count;
	struct buffer text_bytes; /* what the texts point into */
};

void parquet_data_free(struct parquet_data *data);

struct chunk_decoder {
	const char *why;

	/* Scratch, kept from chunk to chunk. */
	struct page_reader pages;
	struct codec *codec;
	enum parquet_codec codec_kind;
	struct buffer dictionary; /* of integers: the values */
	struct buffer indexes;	  /* uint32_t */
	struct buffer levels;	  /* uint32_t */
	struct buffer dense;	  /* the values of a page that are not null */
	struct buffer deltas;	  /* numbers on their way to texts or to 32 bits */
};

void chunk_decoder_free(struct chunk_decoder *decoder);

int chunk_decode(struct chunk_decoder *decoder, const struct parquet_column *column,
		 const struct metadata_chunk *chunk, const uint8_t *bytes, size_t rows,
		 struct parquet_data *data);

#endif
