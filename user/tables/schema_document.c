/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/schema_document.h"

#include "tables/table.h"

static const char *const types[] = {
	[TABLE_STRING] = "string", [TABLE_TIMESTAMP] = "timestamp", [TABLE_INT64] = "int64",
	[TABLE_INT32] = "int32",   [TABLE_UINT32] = "uint32",	    [TABLE_BOOLEAN] = "boolean",
};

static void write_table(FILE *file, const struct table *table)
{
	fprintf(file, SCHEMA_DOCUMENT_HEADING "%s\n\n%s\n\n", table->name, table->meaning);
	fprintf(file, "| column | type | unit | null | since | meaning |\n");
	fprintf(file, "|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < table->column_count; i++) {
		const struct table_column *column = &table->columns[i];

		fprintf(file, "| %s | %s | %s | %s | %u | %s |\n", column->name,
			types[column->type], column->unit,
			column->null_when ? column->null_when : "never", column->since,
			column->meaning);
	}
}

void schema_document_write(FILE *file)
{
	for (size_t i = 0; i < table_count; i++)
		write_table(file, tables[i]);
}
