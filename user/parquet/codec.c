/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/codec.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <lz4.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define GZIP_WINDOW_BITS (15 + 16) /* zlib: the greatest window, in gzip's frame */
#define GZIP_MEMORY_LEVEL 8	   /* zlib's own default */

struct codec {
	enum parquet_codec kind;
	int level;
	/* Each made when first needed. */
	ZSTD_CCtx *zstd_compressor;
	ZSTD_DCtx *zstd_decompressor;
	z_stream *deflater;
	z_stream *inflater;
};

/* LZ4 has no levels here. */
static bool level_is_valid(enum parquet_codec kind, int level)
{
	if (kind == PARQUET_CODEC_ZSTD)
		return level >= ZSTD_minCLevel() && level <= ZSTD_maxCLevel();
	if (kind == PARQUET_CODEC_GZIP)
		return level >= Z_NO_COMPRESSION && level <= Z_BEST_COMPRESSION;
	return true;
}

bool codec_find(const char *name, enum parquet_codec *kind)
{
	static const struct {
		const char *name;
		enum parquet_codec kind;
	} codecs[] = {
		{ "zstd", PARQUET_CODEC_ZSTD },
		{ "gzip", PARQUET_CODEC_GZIP },
		{ "lz4_raw", PARQUET_CODEC_LZ4_RAW },
		{ "none", PARQUET_CODEC_NONE },
	};

	for (size_t i = 0; i < sizeof(codecs) / sizeof(*codecs); i++) {
		if (!strcmp(name, codecs[i].name)) {
			*kind = codecs[i].kind;
			return true;
		}
	}
	return false;
}

int codec_open(struct codec **out, enum parquet_codec kind, int level)
{
	struct codec *codec;

	*out = NULL;
	if (kind != PARQUET_CODEC_NONE && kind != PARQUET_CODEC_ZSTD &&
	    kind != PARQUET_CODEC_GZIP && kind != PARQUET_CODEC_LZ4_RAW)
		return -ENOTSUP;
	if (!level_is_valid(kind, level))
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
	ZSTD_freeCCtx(codec->zstd_compressor);
	ZSTD_freeDCtx(codec->zstd_decompressor);
	if (codec->deflater)
		deflateEnd(codec->deflater);
	free(codec->deflater);
	if (codec->inflater)
		inflateEnd(codec->inflater);
	free(codec->inflater);
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

	if (!codec->zstd_compressor)
		codec->zstd_compressor = ZSTD_createCCtx();
	if (!to || !codec->zstd_compressor)
		return -ENOMEM;
	written = ZSTD_compressCCtx(codec->zstd_compressor, to, most, bytes, length, codec->level);
	if (ZSTD_isError(written))
		return zstd_error(written);
	out->length += written;
	return 0;
}

static int zlib_error(int result)
{
	return result == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
}

static int gzip_compress(struct codec *codec, const void *bytes, size_t length, struct buffer *out)
{
	z_stream *stream = codec->deflater;
	uint8_t *to;
	size_t most;
	int result;

	if (!stream) {
		stream = calloc(1, sizeof(*stream));
		if (!stream || deflateInit2(stream, codec->level, Z_DEFLATED, GZIP_WINDOW_BITS,
					    GZIP_MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
			free(stream);
			return -ENOMEM;
		}
		codec->deflater = stream;
	}
	if (length > UINT32_MAX)
		return -EFBIG;
	most = deflateBound(stream, length);
	to = buffer_reserve(out, most);
	if (!to)
		return -ENOMEM;
	stream->next_in = (Bytef *)bytes;
	stream->avail_in = length;
	stream->next_out = to;
	stream->avail_out = most;
	result = deflate(stream, Z_FINISH);
	if (result == Z_STREAM_END)
		out->length += stream->total_out;
	deflateReset(stream);
	return result == Z_STREAM_END ? 0 : zlib_error(result);
}

static int lz4_compress(const void *bytes, size_t length, struct buffer *out)
{
	uint8_t *to;
	int most, written;

	if (length > LZ4_MAX_INPUT_SIZE)
		return -EFBIG;
	most = LZ4_compressBound((int)length);
	to = buffer_reserve(out, most);
	if (!to)
		return -ENOMEM;
	written = LZ4_compress_default(bytes, (char *)to, (int)length, most);
	out->length += written;
	return written > 0 ? 0 : -ENOMEM;
}

int codec_compress(struct codec *codec, const void *bytes, size_t length, struct buffer *out)
{
	switch (codec->kind) {
	case PARQUET_CODEC_ZSTD:
		return zstd_compress(codec, bytes, length, out);
	case PARQUET_CODEC_GZIP:
		return gzip_compress(codec, bytes, length, out);
	case PARQUET_CODEC_LZ4_RAW:
		return lz4_compress(bytes, length, out);
	case PARQUET_CODEC_NONE:
		break;
	}
	return buffer_append(out, bytes, length);
}

static int zstd_decompress(struct codec *codec, const void *bytes, size_t length, void *out,
			   size_t size)
{
	size_t written;

	if (!codec->zstd_decompressor)
		codec->zstd_decompressor = ZSTD_createDCtx();
	if (!codec->zstd_decompressor)
		return -ENOMEM;
	written = ZSTD_decompressDCtx(codec->zstd_decompressor, out, size, bytes, length);
	if (ZSTD_isError(written))
		return zstd_error(written);
	return written == size ? 0 : -EBADMSG;
}

/* A page may be several gzip members, one after the other. */
static int inflate_members(z_stream *stream)
{
	int result;

	do {
		inflateReset(stream);
		result = inflate(stream, Z_FINISH);
	} while (result == Z_STREAM_END && stream->avail_in && stream->avail_out);
	return result == Z_STREAM_END && !stream->avail_in && !stream->avail_out ?
		       0 :
		       zlib_error(result);
}

static int gzip_decompress(struct codec *codec, const void *bytes, size_t length, void *out,
			   size_t size)
{
	z_stream *stream = codec->inflater;
	uint8_t nothing;

	if (!stream) {
		stream = calloc(1, sizeof(*stream));
		if (!stream || inflateInit2(stream, GZIP_WINDOW_BITS) != Z_OK) {
			free(stream);
			return -ENOMEM;
		}
		codec->inflater = stream;
	}
	if (length > UINT32_MAX || size > UINT32_MAX)
		return -EBADMSG;
	stream->next_in = (Bytef *)bytes;
	stream->avail_in = length;
	stream->next_out = size ? out : &nothing;
	stream->avail_out = size;
	return inflate_members(stream);
}

static int lz4_decompress(const void *bytes, size_t length, void *out, size_t size)
{
	if (length > INT32_MAX || size > INT32_MAX)
		return -EBADMSG;
	return LZ4_decompress_safe(bytes, out, (int)length, (int)size) == (int)size ? 0 : -EBADMSG;
}

int codec_decompress(struct codec *codec, const void *bytes, size_t length, void *out, size_t size)
{
	switch (codec->kind) {
	case PARQUET_CODEC_ZSTD:
		return zstd_decompress(codec, bytes, length, out, size);
	case PARQUET_CODEC_GZIP:
		return gzip_decompress(codec, bytes, length, out, size);
	case PARQUET_CODEC_LZ4_RAW:
		return lz4_decompress(bytes, length, out, size);
	case PARQUET_CODEC_NONE:
		break;
	}
	if (length != size)
		return -EBADMSG;
	memcpy(out, bytes, size);
	return 0;
}
