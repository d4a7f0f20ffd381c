/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/keyed_rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tables/row_copy.h"
#include "tables/table_reader.h"

bool keyed_rows_table(const struct table *table)
{
	return table_column_find(table, "updated") != TABLE_NO_COLUMN;
}

static int64_t updated_of(const struct table *table, const uint8_t *row)
{
	size_t column = table_column_find(table, "updated");
	int64_t updated;

	memcpy(&updated, row + table->columns[column].offset, sizeof(updated));
	return updated;
}

/* The place of a key's row number, made if need be. */
static uint32_t *place_of(struct keyed_rows *rows, uint32_t key)
{
	size_t needed = ((size_t)key + 1) * sizeof(uint32_t);

	if (needed > rows->places.length) {
		size_t extra = needed - rows->places.length;
		uint8_t *to = buffer_reserve(&rows->places, extra);

		if (!to)
			return NULL;
		memset(to, 0, extra);
		rows->places.length = needed;
	}
	return (uint32_t *)(void *)rows->places.data + key;
}

int keyed_rows_put(struct keyed_rows *rows, const void *row, size_t *changed)
{
	const struct table *table = rows->table;
	uint32_t key, *place;
	uint8_t *old;
	int error;

	memcpy(&key, (const uint8_t *)row + table->columns[0].offset, sizeof(key));
	place = place_of(rows, key);
	if (!place)
		return -ENOMEM;
	if (!*place) {
		error = buffer_append(&rows->rows, row, table->row_size);
		if (error)
			return error;
		*place = (uint32_t)++rows->count;
	} else {
		old = rows->rows.data + (*place - 1) * table->row_size;
		if (updated_of(table, row) < updated_of(table, old) ||
		    !memcmp(old, row, table->row_size))
			return 0;
		memcpy(old, row, table->row_size);
	}
	if (changed)
		++*changed;
	return 0;
}

static int read_all(struct keyed_rows *rows, struct table_reader *reader, struct row_copy *copy)
{
	uint8_t *row = malloc(rows->table->row_size);
	struct table_batch batch;
	int error = row ? 1 : -ENOMEM;

	while (error > 0 && (error = table_reader_next(reader, &batch)) > 0) {
		error = row_copy_begin(copy, &batch);
		for (size_t i = 0; i < batch.rows && !error; i++) {
			error = row_copy_get(copy, i, row);
			if (!error)
				error = keyed_rows_put(rows, row, NULL);
		}
		error = error ? error : 1;
	}
	free(row);
	return error;
}

int keyed_rows_read(struct keyed_rows *rows, const char *path, struct intern *strings)
{
	const char *names[TABLE_COLUMNS_MAX];
	struct table_reader *reader = NULL;
	struct row_copy *copy = NULL;
	int error;

	for (size_t i = 0; i < rows->table->column_count; i++)
		names[i] = rows->table->columns[i].name;
	error = table_reader_open_file(&reader, path, rows->table, names,
				       rows->table->column_count);
	if (!error)
		error = row_copy_open(&copy, rows->table, strings);
	if (!error)
		error = read_all(rows, reader, copy);
	row_copy_close(copy);
	table_reader_close(reader);
	return error;
}

void keyed_rows_free(struct keyed_rows *rows)
{
	buffer_free(&rows->rows);
	buffer_free(&rows->places);
	rows->count = 0;
}
