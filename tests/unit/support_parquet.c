/* SPDX-License-Identifier: BSD-2-Clause */
#include "support_parquet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/mman.h>
#include <unistd.h>

int parquet_memory_file(const void *bytes, size_t length)
{
	int fd = memfd_create("parquet", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	return fd;
}

size_t parquet_look_at(const struct parquet_column *column, const struct parquet_data *data)
{
	const struct parquet_text *texts = (const void *)data->texts.data;
	const uint32_t *indexes = (const void *)data->values.data;
	size_t seen = 0;

	for (size_t i = 0; i < data->rows; i++) {
		seen += data->any_null && data->valid.data[i];
		if (column->physical == PARQUET_BYTE_ARRAY) {
			assert_true(indexes[i] < data->text_count);
			for (size_t at = 0; at < texts[indexes[i]].length; at++)
				seen += texts[indexes[i]].bytes[at] == 'e';
		} else {
			seen += data->values.data[i] == 1;
		}
	}
	return seen;
}

void parquet_put_page(struct buffer *out, const struct page *page)
{
	struct page_scratch scratch = { 0 };
	uint64_t size = 0;

	assert_int_equal(page_write(&scratch, NULL, false, page, out, &size), 0);
	page_scratch_free(&scratch);
}
