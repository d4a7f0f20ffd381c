/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tests of Parquet files share: files in memory, pages that say whatever they are told to.
 */
#ifndef SUPPORT_PARQUET_H
#define SUPPORT_PARQUET_H

#include <stddef.h>

#include "parquet/chunk_decoder.h"
#include "parquet/page.h"

/* A pointer to the bytes of a literal, and their number. */
#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

/* A file that is nowhere, with these bytes, to be closed. */
int parquet_memory_file(const void *bytes, size_t length);

/* Looks at every byte of every value, so that a wrong pointer is noticed. */
size_t parquet_look_at(const struct parquet_column *column, const struct parquet_data *data);

/* Appends a page, not compressed, with whatever it says. */
void parquet_put_page(struct buffer *out, const struct page *page);

#endif
