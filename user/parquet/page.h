/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A page of a column chunk: header, definition levels, values; the values compressed, all but the
 * header under a CRC-32. Data pages are of version 2; those of version 1 are only read.
 *
 *	struct page page = { .type = PAGE_DATA_V2, .encoding = PARQUET_PLAIN, ... };
 *	err = page_write(&scratch, codec, &page, &out);
 *
 *	err = page_read(&reader, codec, &page);		// the next page of a chunk
 *
 * Errors: -ENOMEM; of reading -EBADMSG for what is damaged, -ENOTSUP for a kind of page not known
 * here.
 */
#ifndef PARQUET_PAGE_H
#define PARQUET_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "parquet/codec.h"
#include "parquet/metadata_fields.h"
#include "parquet/types.h"

#define PAGE_SIZE_LIMIT (256 << 20) /* bytes a page may claim to have when read */

struct page {
	int type; /* PAGE_DICTIONARY or PAGE_DATA_V2; when read PAGE_DATA_V1 too */
	enum parquet_encoding encoding;
	uint32_t values; /* nulls included; of a dictionary its entries */
	uint32_t nulls;	 /* of version 1 not known */
	/* Definition levels, RLE hybrid without length. Of version 1 they lead the values. */
	const uint8_t *levels;
	size_t levels_length;
	const uint8_t
		*bytes; /* the values, encoded; when read followed by BITS_SLACK readable bytes */
	size_t length;
};

/* Two buffers kept from page to page. */
struct page_scratch {
	struct buffer header;
	struct buffer compressed;
};

void page_scratch_free(struct page_scratch *scratch);

/*
 * Appends the page. *@uncompressed grows by its size, header included, as it were without
 * compression.
 */
int page_write(struct page_scratch *scratch, struct codec *codec, bool compressing,
	       const struct page *page, struct buffer *out, uint64_t *uncompressed);

struct page_reader {
	const uint8_t *at; /* in the chunk's bytes */
	const uint8_t *end;
	struct buffer
		bytes;	 /* what a page's levels and values point into, valid until the next page */
	const char *why; /* what is wrong, when reading fails */
};

/* Must not be called when at == end. */
int page_read(struct page_reader *reader, struct codec *codec, struct page *page);
void page_reader_free(struct page_reader *reader);

#endif
