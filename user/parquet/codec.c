/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/codec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>
#include <zstd_errors.h>

struct codec {
	enum parquet_codec kind;
	int level;
	/* Of zstd, each made when first needed. */
	ZSTD_CCtx *compressor;
	ZSTD_DCtx *decompressor;
};

int codec_open(struct codec **out, enum parquet_codec kind, int level)
{
	struct codec *codec;

	*out = NULL;
	if (kind != PARQUET_CODEC_NONE && kind != PARQUET_CODEC_ZSTD)
		return -ENOTSUP;
	if (kind == PARQUET_CODEC_ZSTD && (level < ZSTD_minCLevel() || level > ZSTD_maxCLevel()))
		return -EINVAL;
	codec = calloc(1, sizeof(*codec));
	if (!codec)
		return -ENOMEM;
	codec->kind = kind;
	codec->level = level;
	*out = codec;
	return 0;
}

void codec_close(struct codec *codec)
{
	if (!codec)
		return;
	ZSTD_freeCCtx(codec->compressor);
	ZSTD_freeDCtx(codec->decompressor);
	free(codec);
}

static int zstd_error(size_t result)
{
	switch (ZSTD_getErrorCode(result)) {
	case ZSTD_error_no_error:
		return 0;
	case ZSTD_error_memory_allocation:
		return -ENOMEM;
	default:
		return -EBADMSG;
	}
}

static int zstd_compress(struct codec *codec, const void *bytes, size_t length, struct buffer *out)
{
	size_t most = ZSTD_compressBound(length), written;
	uint8_t *to = buffer_reserve(out, most);

	if (!codec->compressor)
		codec->compressor = ZSTD_createCCtx();
	if (!to || !codec->compressor)
		return -ENOMEM;
	written = ZSTD_compressCCtx(codec->compressor, to, most, bytes, length, codec->level);
	if (ZSTD_isError(written))
		return zstd_error(written);
	out->length += written;
	return 0;
}

int codec_compress(struct codec *codec, const void *bytes, size_t length, struct buffer *out)
{
	if (codec->kind == PARQUET_CODEC_ZSTD)
		return zstd_compress(codec, bytes, length, out);
	return buffer_append(out, bytes, length);
}

static int zstd_decompress(struct codec *codec, const void *bytes, size_t length, void *out,
			   size_t size)
{
	size_t written;

	if (!codec->decompressor)
		codec->decompressor = ZSTD_createDCtx();
	if (!codec->decompressor)
		return -ENOMEM;
	written = ZSTD_decompressDCtx(codec->decompressor, out, size, bytes, length);
	if (ZSTD_isError(written))
		return zstd_error(written);
	return written == size ? 0 : -EBADMSG;
}

int codec_decompress(struct codec *codec, const void *bytes, size_t length, void *out, size_t size)
{
	if (codec->kind == PARQUET_CODEC_ZSTD)
		return zstd_decompress(codec, bytes, length, out, size);
	if (length != size)
		return -EBADMSG;
	memcpy(out, bytes, size);
	return 0;
}
