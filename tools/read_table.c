/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * read_table: reads columns of a table of a trace with the reader of asyncspan-trace.
 *
 *	read_table [--between COLUMN=FIRST..LAST] [--count] DIR TABLE COLUMN...
 *
 * Prints a line per row, cells separated by tabs, "-" for null; with --count instead how many rows
 * there were and how fast they came, one JSON object: in time by the clock and of the processor.
 * --between may be repeated; it leaves out row groups and pages only, as table_reader_between()
 * does.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tables/table_reader.h"

struct totals {
	uint64_t rows;
	uint64_t sum; /* of all integers: so that nothing can be left unread */
};

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void print_cell(const struct table_batch_column *column, size_t row)
{
	const struct table_string *text;

	if (!table_cell_valid(column, row)) {
		putchar('-');
		return;
	}
	switch (column->column->type) {
	case TABLE_STRING:
		text = table_cell_string(column, row);
		fwrite(text->bytes, 1, text->length, stdout);
		break;
	case TABLE_TIMESTAMP:
	case TABLE_INT64:
		printf("%" PRId64, column->int64s[row]);
		break;
	case TABLE_INT32:
		printf("%" PRId32, column->int32s[row]);
		break;
	case TABLE_UINT32:
		printf("%" PRIu32, column->uint32s[row]);
		break;
	case TABLE_BOOLEAN:
		printf("%d", column->booleans[row]);
		break;
	}
}

static void print_batch(const struct table_batch *batch)
{
	for (size_t row = 0; row < batch->rows; row++) {
		for (size_t i = 0; i < batch->column_count; i++) {
			if (i)
				putchar('\t');
			print_cell(&batch->columns[i], row);
		}
		putchar('\n');
	}
}

#define SUM(values)                                             \
	do {                                                    \
		for (size_t row = 0; row < batch->rows; row++)  \
			totals->sum += (uint64_t)(values)[row]; \
	} while (0)

static void add_batch(struct totals *totals, const struct table_batch *batch)
{
	totals->rows += batch->rows;
	for (size_t i = 0; i < batch->column_count; i++) {
		const struct table_batch_column *column = &batch->columns[i];
		enum table_type type = column->column->type;

		if (type == TABLE_INT64 || type == TABLE_TIMESTAMP)
			SUM(column->int64s);
		else if (type == TABLE_BOOLEAN)
			SUM(column->booleans);
		else
			SUM(column->uint32s);
	}
}

static int read_all(struct table_reader *reader, bool count)
{
	double clock = seconds(CLOCK_MONOTONIC), processor = seconds(CLOCK_PROCESS_CPUTIME_ID);
	struct totals totals = { 0 };
	struct table_batch batch;
	int err;

	while ((err = table_reader_next(reader, &batch)) > 0) {
		if (count)
			add_batch(&totals, &batch);
		else
			print_batch(&batch);
	}
	if (err) {
		fprintf(stderr, "read_table: %s\n", table_reader_message(reader));
		return 1;
	}
	if (count)
		printf("{\"rows\": %" PRIu64 ", \"sum\": %" PRIu64
		       ", \"clock_seconds\": %.6f, \"processor_seconds\": %.6f}\n",
		       totals.rows, totals.sum, seconds(CLOCK_MONOTONIC) - clock,
		       seconds(CLOCK_PROCESS_CPUTIME_ID) - processor);
	return 0;
}

/* COLUMN=FIRST..LAST */
static bool add_condition(struct table_reader *reader, const char *text)
{
	char column[64];
	int64_t first, last;
	int end = 0;

	return sscanf(text, "%63[a-z_]=%" SCNd64 "..%" SCNd64 "%n", column, &first, &last, &end) ==
		       3 &&
	       !text[end] && !table_reader_between(reader, column, first, last);
}

static int usage(void)
{
	fprintf(stderr, "usage: read_table [--between COLUMN=FIRST..LAST] [--count] DIR TABLE "
			"COLUMN...\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option known[] = {
		{ "between", required_argument, NULL, 'b' },
		{ "count", no_argument, NULL, 'c' },
		{ NULL, 0, NULL, 0 },
	};
	const char *conditions[8];
	size_t condition_count = 0;
	struct table_reader *reader;
	const struct table *table;
	bool count = false, ok = true;
	int option, status;

	while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		if (option == 'c')
			count = true;
		else if (option == 'b' &&
			 condition_count < sizeof(conditions) / sizeof(*conditions))
			conditions[condition_count++] = optarg;
		else
			return usage();
	}
	table = argc - optind >= 3 ? table_find(argv[optind + 1]) : NULL;
	if (!table || table_reader_open(&reader, argv[optind], table,
					(const char *const *)&argv[optind + 2], argc - optind - 2))
		return usage();
	for (size_t i = 0; i < condition_count; i++)
		ok = ok && add_condition(reader, conditions[i]);
	status = ok ? read_all(reader, count) : usage();
	table_reader_close(reader);
	return status;
}
