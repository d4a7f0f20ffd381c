/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tables/async_spans.h"
#include "tables/table_reader.h"

enum {
	COLUMN_NAME,
	COLUMN_OUTCOME,
	COLUMN_DURATION,
	COLUMN_BUSY,
	COLUMN_QUEUE,
	COLUMN_COUNT,
};

static const char *const columns[COLUMN_COUNT] = {
	[COLUMN_NAME] = "name",	   [COLUMN_OUTCOME] = "outcome", [COLUMN_DURATION] = "duration_ns",
	[COLUMN_BUSY] = "busy_ns", [COLUMN_QUEUE] = "queue_ns",
};

static int fail(struct report *report, const char *message, int error)
{
	snprintf(report->message, sizeof(report->message), "%s", message);
	return error;
}

/* Times are differences of a clock that never steps back; a file that says otherwise is damaged. */
static uint64_t time_of(const struct table_batch_column *column, size_t row)
{
	return column->int64s[row] > 0 ? (uint64_t)column->int64s[row] : 0;
}

static enum span_outcome outcome_of(const struct table_batch *batch, size_t row)
{
	const struct table_string *text = table_cell_string(&batch->columns[COLUMN_OUTCOME], row);

	/* The time decides what is unfinished: without one there is nothing to count. */
	if (!table_cell_valid(&batch->columns[COLUMN_DURATION], row))
		return SPAN_UNFINISHED;
	if (text->length == 5 && memcmp(text->bytes, "error", 5) == 0)
		return SPAN_ERROR;
	if (text->length == 9 && memcmp(text->bytes, "cancelled", 9) == 0)
		return SPAN_CANCELLED;
	return SPAN_OK;
}

/* The group of each text of the batch's dictionary, so that a name is looked up once a batch. */
static size_t *find_groups(struct name_statistics *names, const struct table_batch_column *column)
{
	size_t *groups = calloc(column->dictionary_count + 1, sizeof(*groups));

	for (size_t i = 0; groups && i < column->dictionary_count; i++)
		groups[i] = name_statistics_group(names, column->dictionary[i].bytes,
						  column->dictionary[i].length);
	return groups;
}

static int add_batch(struct name_statistics *names, const struct table_batch *batch)
{
	const struct table_batch_column *name = &batch->columns[COLUMN_NAME];
	size_t *groups = find_groups(names, name);

	if (!groups)
		return -ENOMEM;
	for (size_t row = 0; row < batch->rows; row++) {
		struct span_times span = {
			.outcome = outcome_of(batch, row),
			.wall = time_of(&batch->columns[COLUMN_DURATION], row),
			.busy = time_of(&batch->columns[COLUMN_BUSY], row),
			.entered = table_cell_valid(&batch->columns[COLUMN_QUEUE], row),
			.queue = time_of(&batch->columns[COLUMN_QUEUE], row),
		};

		name_statistics_add(names, groups[name->indexes[row]], &span);
	}
	free(groups);
	return 0;
}

static int read_spans(const char *directory, struct report *out)
{
	struct table_reader *reader = NULL;
	struct table_batch batch;
	int error =
		table_reader_open(&reader, directory, &async_spans_table, columns, COLUMN_COUNT);

	if (error)
		return fail(out, strerror(-error), error);
	while ((error = table_reader_next(reader, &batch)) > 0) {
		error = add_batch(out->names, &batch);
		if (error) {
			fail(out, strerror(-error), error);
			break;
		}
	}
	if (error < 0 && !*out->message)
		fail(out, table_reader_message(reader), error);
	table_reader_close(reader);
	if (!error) {
		error = name_statistics_finish(out->names);
		if (error)
			fail(out, strerror(-error), error);
	}
	return error;
}

int report_read(const char *directory, struct report *out)
{
	int error;

	memset(out, 0, sizeof(*out));
	out->names = name_statistics_new();
	if (!out->names)
		return fail(out, strerror(ENOMEM), -ENOMEM);
	error = read_spans(directory, out);
	if (error)
		return error;
	error = trace_files_read(directory, &out->traces);
	return error ? fail(out, out->traces.message, error) : 0;
}

void report_free(struct report *report)
{
	name_statistics_free(report->names);
	trace_files_free(&report->traces);
	report->names = NULL;
}
