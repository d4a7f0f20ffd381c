/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tables declare of themselves: consistent, and the same as the documentation says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tables/async_events.h"
#include "tables/async_polls.h"
#include "tables/async_spans.h"
#include "tables/callsite_hash.h"
#include "tables/processes.h"
#include "tables/schema_document.h"
#include "tables/streams.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SCHEMA_DOCUMENT "docs/schema.md"

static void table_is_found_by_its_name(void **state)
{
	(void)state;
	assert_ptr_equal(table_find("async_events"), &async_events_table);
	assert_ptr_equal(table_find("async_spans"), &async_spans_table);
	assert_ptr_equal(table_find("async_polls"), &async_polls_table);
	assert_ptr_equal(table_find("processes"), &processes_table);
	assert_ptr_equal(table_find("streams"), &streams_table);
	assert_null(table_find("spans"));
	assert_int_equal(table_count, 5);
}

static void column_is_found_by_its_name(void **state)
{
	(void)state;
	assert_int_equal(table_column_find(&async_spans_table, "lossy"), ASYNC_SPANS_LOSSY);
	assert_int_equal(table_column_find(&async_spans_table, "tid"), TABLE_NO_COLUMN);
}

static void columns_of_async_events_are_those_of_micromegas_and_three_more(void **state)
{
	static const struct {
		const char *name;
		enum table_type type;
	} expected[] = {
		{ "stream_id", TABLE_STRING },	{ "block_id", TABLE_STRING },
		{ "time", TABLE_TIMESTAMP },	{ "event_type", TABLE_STRING },
		{ "span_id", TABLE_INT64 },	{ "parent_span_id", TABLE_INT64 },
		{ "depth", TABLE_UINT32 },	{ "hash", TABLE_UINT32 },
		{ "name", TABLE_STRING },	{ "filename", TABLE_STRING },
		{ "target", TABLE_STRING },	{ "line", TABLE_UINT32 },
		{ "process_id", TABLE_STRING }, { "tid", TABLE_INT32 },
		{ "cpu", TABLE_INT32 },
	};

	(void)state;
	assert_int_equal(async_events_table.column_count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++) {
		assert_string_equal(async_events_table.columns[i].name, expected[i].name);
		assert_int_equal(async_events_table.columns[i].type, expected[i].type);
		assert_null(async_events_table.columns[i].null_when);
	}
}

static void check_column(const struct table *table, size_t index)
{
	const struct table_column *column = &table->columns[index];
	size_t size = table_type_size(column->type);

	assert_non_null(column->name);
	assert_non_null(column->unit);
	assert_non_null(column->meaning);
	assert_in_range(column->since, 1, TABLE_SCHEMA_VERSION);
	assert_int_equal(column->offset % size, 0);
	assert_true(column->offset + size <= table->row_size);
	assert_int_equal(table_column_find(table, column->name), index);
	if (column->null_when)
		assert_int_not_equal(table->nulls_offset, SIZE_MAX);
	for (size_t i = 0; i < index; i++) {
		const struct table_column *other = &table->columns[i];

		assert_true(other->offset + table_type_size(other->type) <= column->offset ||
			    column->offset + size <= other->offset);
	}
}

static void every_column_is_declared_whole_and_has_a_field_of_its_own(void **state)
{
	(void)state;
	for (size_t t = 0; t < table_count; t++) {
		assert_in_range(tables[t]->column_count, 1, TABLE_COLUMNS_MAX);
		for (size_t i = 0; i < tables[t]->column_count; i++)
			check_column(tables[t], i);
	}
}

static void parquet_type_follows_from_the_type_of_the_column(void **state)
{
	struct parquet_column column;

	(void)state;
	column = table_parquet_column(&async_events_table.columns[ASYNC_EVENTS_HASH]);
	assert_int_equal(column.physical, PARQUET_INT32);
	assert_int_equal(column.logical, PARQUET_LOGICAL_UINT32);
	assert_false(column.optional);
	column = table_parquet_column(&async_spans_table.columns[ASYNC_SPANS_END_TIME]);
	assert_int_equal(column.physical, PARQUET_INT64);
	assert_int_equal(column.logical, PARQUET_LOGICAL_TIMESTAMP_NS);
	assert_true(column.optional);
	column = table_parquet_column(&async_spans_table.columns[ASYNC_SPANS_LOSSY]);
	assert_int_equal(column.physical, PARQUET_BOOLEAN);
	column = table_parquet_column(&streams_table.columns[STREAMS_THREAD_NAME]);
	assert_int_equal(column.physical, PARQUET_BYTE_ARRAY);
	assert_int_equal(column.logical, PARQUET_LOGICAL_STRING);
}

static char *read_document(void)
{
	FILE *file = fopen(SCHEMA_DOCUMENT, "re");
	char *text = calloc(1, 1 << 16);

	assert_non_null(file);
	assert_non_null(text);
	assert_in_range(fread(text, 1, 1 << 16, file), 1, (1 << 16) - 1);
	fclose(file);
	return text;
}

static void documentation_of_the_tables_is_what_they_declare(void **state)
{
	char *document = read_document(), *expected = NULL, *tables_begin;
	size_t length;
	FILE *stream = open_memstream(&expected, &length);

	(void)state;
	assert_non_null(stream);
	schema_document_write(stream);
	assert_int_equal(fclose(stream), 0);
	tables_begin = strstr(document, SCHEMA_DOCUMENT_HEADING);
	assert_non_null(tables_begin);
	if (strcmp(tables_begin, expected))
		fail_msg("%s is stale: make schema writes it anew", SCHEMA_DOCUMENT);
	free(expected);
	free(document);
}

static void hash_is_that_of_micromegas(void **state)
{
	static const struct {
		const char *name, *filename, *target;
		uint32_t line, hash;
	} cases[] = {
		{ "test_function", "test.rs", "test_target", 42, 0xd2e25545 },
		{ "outer", "main.c", "app", 10, 0x71b5288d },
		{ "", "", "", 0, 0x9e6f8194 },
		{ "a_rather_long_function_name_over_16", "src/some/dir/file.c", "my::module",
		  123456, 0x2acd51c8 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(callsite_hash(cases[i].name, strlen(cases[i].name),
					       cases[i].filename, strlen(cases[i].filename),
					       cases[i].target, strlen(cases[i].target),
					       cases[i].line),
				 cases[i].hash);
	assert_int_equal(callsite_hash(NULL, 0, NULL, 0, NULL, 0, 0), 0x9e6f8194);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_found_by_its_name),
		cmocka_unit_test(column_is_found_by_its_name),
		cmocka_unit_test(columns_of_async_events_are_those_of_micromegas_and_three_more),
		cmocka_unit_test(every_column_is_declared_whole_and_has_a_field_of_its_own),
		cmocka_unit_test(parquet_type_follows_from_the_type_of_the_column),
		cmocka_unit_test(documentation_of_the_tables_is_what_they_declare),
		cmocka_unit_test(hash_is_that_of_micromegas),
	};

	return cmocka_run_group_tests_name("tables", tests, NULL, NULL);
}
