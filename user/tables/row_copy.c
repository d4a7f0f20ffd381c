/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/row_copy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

struct row_copy {
	const struct table *table;
	struct intern *strings;
	const struct table_batch *batch;
	/* By column: for each text of its dictionary the id, INTERN_FAILED: not looked up yet. */
	struct buffer ids[TABLE_COLUMNS_MAX];
};

int row_copy_open(struct row_copy **out, const struct table *table, struct intern *strings)
{
	struct row_copy *copy = calloc(1, sizeof(*copy));

	*out = copy;
	if (!copy)
		return -ENOMEM;
	copy->table = table;
	copy->strings = strings;
	return 0;
}

void row_copy_close(struct row_copy *copy)
{
	if (!copy)
		return;
	for (size_t i = 0; i < copy->table->column_count; i++)
		buffer_free(&copy->ids[i]);
	free(copy);
}

int row_copy_begin(struct row_copy *copy, const struct table_batch *batch)
{
	copy->batch = batch;
	for (size_t i = 0; i < copy->table->column_count; i++) {
		size_t size = batch->columns[i].dictionary_count * sizeof(uint32_t);
		uint8_t *ids;

		if (copy->table->columns[i].type != TABLE_STRING)
			continue;
		buffer_clear(&copy->ids[i]);
		ids = buffer_reserve(&copy->ids[i], size + 1);
		if (!ids)
			return -ENOMEM;
		memset(ids, 0xFF, size);
	}
	return 0;
}

static uint32_t text_id(struct row_copy *copy, size_t column, size_t index)
{
	const struct table_batch_column *values = &copy->batch->columns[column];
	uint32_t *ids = (uint32_t *)(void *)copy->ids[column].data;
	const struct table_string *text = table_cell_string(values, index);
	uint32_t *id = &ids[values->indexes[index]];

	if (*id == INTERN_FAILED)
		*id = intern_add(copy->strings, text->bytes, text->length);
	return *id;
}

static int copy_field(struct row_copy *copy, size_t column, size_t index, uint8_t *field)
{
	const struct table_batch_column *values = &copy->batch->columns[column];
	uint32_t id;

	switch (copy->table->columns[column].type) {
	case TABLE_STRING:
		id = text_id(copy, column, index);
		if (id == INTERN_FAILED)
			return -ENOMEM;
		memcpy(field, &id, sizeof(id));
		break;
	case TABLE_TIMESTAMP:
	case TABLE_INT64:
		memcpy(field, &values->int64s[index], sizeof(int64_t));
		break;
	case TABLE_INT32:
	case TABLE_UINT32:
		memcpy(field, &values->int32s[index], sizeof(int32_t));
		break;
	case TABLE_BOOLEAN:
		*field = values->booleans[index];
		break;
	}
	return 0;
}

int row_copy_get(struct row_copy *copy, size_t index, void *row)
{
	const struct table *table = copy->table;
	uint64_t nulls = 0;
	int error = 0;

	memset(row, 0, table->row_size);
	for (size_t i = 0; i < table->column_count && !error; i++) {
		if (!table_cell_valid(&copy->batch->columns[i], index))
			nulls |= UINT64_C(1) << i;
		else
			error = copy_field(copy, i, index,
					   (uint8_t *)row + table->columns[i].offset);
	}
	if (table->nulls_offset != SIZE_MAX)
		memcpy((uint8_t *)row + table->nulls_offset, &nulls, sizeof(nulls));
	return error;
}
