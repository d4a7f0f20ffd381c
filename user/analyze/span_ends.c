/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/span_ends.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "tables/processes.h"
#include "tables/table_reader.h"

/* One for each process image, by the id that intern gives its UUID. */
struct image {
	int64_t end; /* INT64_MIN: not known */
	int64_t updated;
};

struct span_ends {
	const struct trace_files *traces;
	struct intern *process_ids;
	struct image *images;
	size_t room;
	int64_t latest;
	char message[512];
};

enum { COLUMN_PROCESS_ID, COLUMN_END_TIME, COLUMN_UPDATED, COLUMN_COUNT };

static const char *const columns[COLUMN_COUNT] = { "process_id", "end_time", "updated" };

static int fail(struct span_ends *ends, const char *message, int error)
{
	snprintf(ends->message, sizeof(ends->message), "%s", message);
	return error;
}

static struct image *image_of(struct span_ends *ends, const struct table_string *process)
{
	uint32_t id = intern_add(ends->process_ids, process->bytes, process->length);
	struct image *images;
	size_t room;

	if (id == INTERN_FAILED)
		return NULL;
	if (id >= ends->room) {
		room = ends->room * 2 > id ? ends->room * 2 : (size_t)id + 64;
		images = realloc(ends->images, room * sizeof(*images));
		if (!images)
			return NULL;
		for (size_t i = ends->room; i < room; i++)
			images[i] = (struct image){ INT64_MIN, INT64_MIN };
		ends->images = images;
		ends->room = room;
	}
	return &ends->images[id];
}

/* Where traces share a directory an image may be told of twice: the later row is right. */
static int add_processes(struct span_ends *ends, const struct table_batch *batch)
{
	for (size_t row = 0; row < batch->rows; row++) {
		const struct table_batch_column *end = &batch->columns[COLUMN_END_TIME];
		int64_t updated = batch->columns[COLUMN_UPDATED].int64s[row];
		struct image *image =
			image_of(ends, table_cell_string(&batch->columns[COLUMN_PROCESS_ID], row));

		if (!image)
			return -ENOMEM;
		if (updated < image->updated)
			continue;
		image->updated = updated;
		image->end = table_cell_valid(end, row) ? end->int64s[row] : INT64_MIN;
	}
	return 0;
}

static int read_processes(struct span_ends *ends, const char *directory)
{
	struct table_reader *reader = NULL;
	struct table_batch batch;
	int error = table_reader_open(&reader, directory, &processes_table, columns, COLUMN_COUNT);

	if (error)
		return fail(ends, strerror(-error), error);
	while ((error = table_reader_next(reader, &batch)) > 0) {
		error = add_processes(ends, &batch);
		if (error)
			break;
	}
	/* Spans can be made sense of without: then an image lives as long as the trace. */
	if (error == -ENOENT)
		error = 0;
	if (error)
		fail(ends, error == -ENOMEM ? strerror(ENOMEM) : table_reader_message(reader),
		     error);
	table_reader_close(reader);
	return error;
}

int span_ends_open(struct span_ends **out, const char *directory, const struct trace_files *traces)
{
	struct span_ends *ends = calloc(1, sizeof(*ends));

	*out = ends;
	if (!ends)
		return -ENOMEM;
	ends->traces = traces;
	ends->latest = INT64_MIN;
	ends->process_ids = intern_new();
	if (!ends->process_ids)
		return fail(ends, strerror(ENOMEM), -ENOMEM);
	return read_processes(ends, directory);
}

void span_ends_close(struct span_ends *ends)
{
	if (!ends)
		return;
	intern_free(ends->process_ids);
	free(ends->images);
	free(ends);
}

const char *span_ends_message(const struct span_ends *ends)
{
	return ends ? ends->message : strerror(ENOMEM);
}

int64_t span_ends_latest(const struct span_ends *ends)
{
	return ends->latest;
}

/* The end of the trace that wrote a part, by the first 8 digits of the part's name. */
static int64_t trace_end(const struct span_ends *ends, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;

	for (size_t i = 0; i < ends->traces->traces; i++) {
		const struct trace_period *period = &ends->traces->periods[i];

		if (period->end > 0 &&
		    strncmp(name, period->trace8, sizeof(period->trace8) - 1) == 0)
			return period->end;
	}
	return ends->latest;
}

/* The end of each image among the texts of a column: one look-up for each text, not each row. */
static int64_t *image_ends(const struct span_ends *ends, const struct span_parts *parts,
			   int64_t otherwise)
{
	size_t count;
	const struct parquet_text *texts = span_parts_texts(parts, ASYNC_SPANS_PROCESS_ID, &count);
	int64_t *times = calloc(count + 1, sizeof(*times));

	for (size_t i = 0; times && i < count; i++) {
		uint32_t known = intern_count(ends->process_ids);
		uint32_t id = intern_add(ends->process_ids, texts[i].bytes, texts[i].length);

		times[i] = otherwise;
		if (id < known && id < ends->room && ends->images[id].end != INT64_MIN)
			times[i] = ends->images[id].end;
	}
	return times;
}

static bool text_is(const struct parquet_text *text, const char *expected)
{
	return text->length == strlen(expected) && memcmp(text->bytes, expected, text->length) == 0;
}

static int fill_unfinished(const struct span_ends *ends, const struct span_parts *parts,
			   size_t group, size_t rows, int64_t *times)
{
	const uint8_t *valid = span_parts_valid(parts, ASYNC_SPANS_END_TIME);
	const uint32_t *process = span_parts_values(parts, ASYNC_SPANS_PROCESS_ID);
	const uint32_t *reason = span_parts_values(parts, ASYNC_SPANS_END_REASON);
	const int64_t *last = span_parts_values(parts, ASYNC_SPANS_LAST_EVENT_TIME);
	size_t reason_count;
	const struct parquet_text *reasons =
		span_parts_texts(parts, ASYNC_SPANS_END_REASON, &reason_count);
	int64_t whole = trace_end(ends, span_parts_path(parts, group));
	int64_t *images = image_ends(ends, parts, whole);

	if (!images)
		return -ENOMEM;
	for (size_t row = 0; row < rows; row++) {
		if (valid[row])
			continue;
		times[row] = text_is(&reasons[reason[row]], "open") ? whole : images[process[row]];
		if (times[row] < last[row])
			times[row] = last[row];
	}
	free(images);
	return 0;
}

int span_ends_fill(const struct span_ends *ends, const struct span_parts *parts, size_t group,
		   size_t rows, int64_t *times)
{
	memcpy(times, span_parts_values(parts, ASYNC_SPANS_END_TIME), rows * sizeof(*times));
	if (!span_parts_valid(parts, ASYNC_SPANS_END_TIME))
		return 0;
	return fill_unfinished(ends, parts, group, rows, times);
}

/* Of rows without an end the last event. */
static int64_t latest_time(const struct span_parts *parts, size_t rows)
{
	const int64_t *end = span_parts_values(parts, ASYNC_SPANS_END_TIME);
	const uint8_t *valid = span_parts_valid(parts, ASYNC_SPANS_END_TIME);
	const int64_t *last = valid ? span_parts_values(parts, ASYNC_SPANS_LAST_EVENT_TIME) : end;
	int64_t latest = INT64_MIN;

	for (size_t row = 0; row < rows; row++) {
		int64_t time = valid && !valid[row] ? last[row] : end[row];

		if (time > latest)
			latest = time;
	}
	return latest;
}

/* Most row groups have no unfinished span: one column says it all. */
static int read_ends(struct span_parts *parts, size_t group, uint64_t rest, size_t *rows)
{
	int error = span_parts_read(parts, group, SPAN_COLUMN(ASYNC_SPANS_END_TIME), rows);

	if (!error && span_parts_valid(parts, ASYNC_SPANS_END_TIME))
		error = span_parts_read(parts, group, rest, rows);
	return error;
}

int span_ends_scan(struct span_ends *ends, struct span_parts *parts)
{
	for (size_t group = 0; group < span_parts_count(parts); group++) {
		size_t rows;
		int64_t latest;
		int error = read_ends(parts, group, SPAN_ENDS_COLUMNS, &rows);

		if (error)
			return error;
		latest = latest_time(parts, rows);
		if (latest > ends->latest)
			ends->latest = latest;
	}
	return 0;
}

int span_ends_group(const struct span_ends *ends, struct span_parts *parts, size_t group,
		    int64_t *latest)
{
	size_t rows;
	int64_t *times;
	int error = read_ends(parts, group, SPAN_ENDS_COLUMNS, &rows);

	*latest = INT64_MIN;
	if (error)
		return error;
	times = malloc((rows + 1) * sizeof(*times));
	if (!times)
		return -ENOMEM;
	error = span_ends_fill(ends, parts, group, rows, times);
	for (size_t row = 0; row < rows && !error; row++)
		*latest = times[row] > *latest ? times[row] : *latest;
	free(times);
	return error;
}
