/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compresses and decompresses the bytes of a page.
 *
 *	err = codec_open(&codec, PARQUET_CODEC_ZSTD, 1);
 *	err = codec_compress(codec, bytes, length, &out);		// appends to out
 *	err = codec_decompress(codec, bytes, length, to, size);		// exactly size bytes
 *	codec_close(codec);
 *
 * Errors: -ENOTSUP for a codec not known here, -EINVAL for a level it has not, -ENOMEM; of
 * decompression -EBADMSG for damaged input. To be used by one thread at a time.
 */
#ifndef PARQUET_CODEC_H
#define PARQUET_CODEC_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "parquet/types.h"

struct codec;

/* "zstd", "gzip", "lz4_raw", "none". False: no such codec. */
bool codec_find(const char *name, enum parquet_codec *kind);

int codec_open(struct codec **codec, enum parquet_codec kind, int level);
void codec_close(struct codec *codec); /* NULL is fine */

int codec_compress(struct codec *codec, const void *bytes, size_t length, struct buffer *out);
int codec_decompress(struct codec *codec, const void *bytes, size_t length, void *out, size_t size);

#endif
