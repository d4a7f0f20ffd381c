/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/table.h"

#include <string.h>

#include "tables/async_events.h"
#include "tables/async_polls.h"
#include "tables/async_spans.h"
#include "tables/processes.h"
#include "tables/streams.h"
#include "tables/table_column.h"

const struct table *const tables[] = {
	&async_events_table, &async_spans_table, &async_polls_table,
	&processes_table,    &streams_table,
};
const size_t table_count = sizeof(tables) / sizeof(*tables);

const struct table *table_find(const char *name)
{
	for (size_t i = 0; i < table_count; i++)
		if (!strcmp(tables[i]->name, name))
			return tables[i];
	return NULL;
}

size_t table_column_find(const struct table *table, const char *name)
{
	for (size_t i = 0; i < table->column_count; i++)
		if (!strcmp(table->columns[i].name, name))
			return i;
	return TABLE_NO_COLUMN;
}

size_t table_type_size(enum table_type type)
{
	return TABLE_TYPE_SIZE(type);
}

struct parquet_column table_parquet_column(const struct table_column *column)
{
	struct parquet_column parquet = {
		.name = column->name,
		.physical = PARQUET_INT32,
		.preference = column->preference,
		.optional = column->null_when,
	};

	switch (column->type) {
	case TABLE_STRING:
		parquet.physical = PARQUET_BYTE_ARRAY;
		parquet.logical = PARQUET_LOGICAL_STRING;
		break;
	case TABLE_TIMESTAMP:
		parquet.physical = PARQUET_INT64;
		parquet.logical = PARQUET_LOGICAL_TIMESTAMP_NS;
		break;
	case TABLE_INT64:
		parquet.physical = PARQUET_INT64;
		break;
	case TABLE_UINT32:
		parquet.logical = PARQUET_LOGICAL_UINT32;
		break;
	case TABLE_BOOLEAN:
		parquet.physical = PARQUET_BOOLEAN;
		break;
	case TABLE_INT32:
		break;
	}
	return parquet;
}
