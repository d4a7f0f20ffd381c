/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Feeds any bytes to the Parquet reader as a file: it must answer, with values or an error, within
 * bounds of time and memory. Checksums are made to be right always (see fuzz.mk), so that what lies
 * behind them is reached.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "parquet/reader.h"

#define GROUPS_MAX 4 /* to be looked at, so that one input takes no time */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(int holds)
{
	if (!holds)
		abort();
}

/* All that a caller may look at. */
static uint64_t look_at(const struct parquet_column *column, const struct parquet_data *data)
{
	const struct parquet_text *texts = (const void *)data->texts.data;
	const uint32_t *indexes = (const void *)data->values.data;
	uint64_t sum = 0;

	for (size_t i = 0; i < data->rows; i++) {
		if (data->any_null)
			require(data->valid.data[i] <= 1);
		if (column->physical == PARQUET_BYTE_ARRAY)
			require(indexes[i] < data->text_count);
		else if (column->physical == PARQUET_BOOLEAN)
			sum += data->values.data[i];
		else if (column->physical == PARQUET_INT32)
			sum += indexes[i];
		else
			sum += ((const uint64_t *)(const void *)data->values.data)[i];
	}
	for (size_t i = 0; column->physical == PARQUET_BYTE_ARRAY && i < data->text_count; i++)
		if (texts[i].length)
			sum += (uint8_t)texts[i].bytes[0] +
			       (uint8_t)texts[i].bytes[texts[i].length - 1];
	return sum;
}

static void read_columns(struct parquet_reader *reader, size_t rows)
{
	const struct parquet_column *columns;
	struct parquet_data data = { 0 };
	const char *why;
	size_t count;

	columns = parquet_reader_columns(reader, &count);
	for (size_t i = 0; i < count; i++) {
		if (!*columns[i].name || parquet_reader_column(reader, i, &data, &why))
			continue;
		require(data.rows == rows);
		(void)*(volatile uint64_t *)&(uint64_t){ look_at(&columns[i], &data) };
	}
	parquet_data_free(&data);
}

static void read_narrowed(struct parquet_reader *reader, size_t rows)
{
	const struct parquet_column *columns;
	const char *why;
	size_t count;

	columns = parquet_reader_columns(reader, &count);
	for (size_t i = 0; i < count && rows; i++) {
		size_t before = rows;

		if (columns[i].physical != PARQUET_INT64 || !*columns[i].name)
			continue;
		if (parquet_reader_narrow(reader, i, 500, 700, &rows, &why))
			return;
		require(rows <= before);
	}
	if (rows)
		read_columns(reader, rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	int fd = memfd_create("input", MFD_CLOEXEC);
	struct parquet_reader *reader;
	const char *why;
	size_t rows, length;

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		abort();
	if (!parquet_reader_open(&reader, fd, &why)) {
		parquet_reader_key_value(reader, "asyncspan.table", &length);
		for (int i = 0;
		     i < GROUPS_MAX && parquet_reader_next_group(reader, &rows, &why) > 0; i++) {
			read_columns(reader, rows);
			read_narrowed(reader, rows);
		}
		parquet_reader_close(reader);
	}
	close(fd);
	return 0;
}
