/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/span_batch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ALWAYS                                                                      \
	(SPAN_ENDS_COLUMNS | SPAN_COLUMN(ASYNC_SPANS_SPAN_ID) |                     \
	 SPAN_COLUMN(ASYNC_SPANS_PARENT_SPAN_ID) | SPAN_COLUMN(ASYNC_SPANS_DEPTH) | \
	 SPAN_COLUMN(ASYNC_SPANS_NAME) | SPAN_COLUMN(ASYNC_SPANS_BEGIN_TIME) |      \
	 SPAN_COLUMN(ASYNC_SPANS_BUSY_NS) | SPAN_COLUMN(ASYNC_SPANS_BUSY_SELF_NS) | \
	 SPAN_COLUMN(ASYNC_SPANS_QUEUE_NS) | SPAN_COLUMN(ASYNC_SPANS_MAX_POLL_NS) | \
	 SPAN_COLUMN(ASYNC_SPANS_OUTCOME) | SPAN_COLUMN(ASYNC_SPANS_STATE) |        \
	 SPAN_COLUMN(ASYNC_SPANS_LOSSY))

/* One column into one member of all spans. */
#define COPY(column, type, member)                                            \
	do {                                                                  \
		const type *from = span_parts_values(batch->parts, (column)); \
                                                                              \
		for (size_t i = 0; i < batch->count; i++)                     \
			batch->spans[i].member = from[i];                     \
	} while (0)

#define COPY_IF_READ(column, type, member)             \
	do {                                           \
		if (batch->read & SPAN_COLUMN(column)) \
			COPY(column, type, member);    \
	} while (0)

/* Durations are differences of a clock that never steps back: below 0 is a file that lies. */
#define COPY_DURATION(column, member)                                                 \
	do {                                                                          \
		const int64_t *from = span_parts_values(batch->parts, (column));      \
                                                                                      \
		for (size_t i = 0; i < batch->count; i++)                             \
			batch->spans[i].member = from[i] > 0 ? (uint64_t)from[i] : 0; \
	} while (0)

struct word {
	const char *text;
	uint8_t value;
};

static const struct word outcomes[] = {
	{ "ok", SPAN_OK },
	{ "error", SPAN_ERROR },
	{ "cancelled", SPAN_CANCELLED },
	{ "unfinished", SPAN_UNFINISHED },
};
static const struct word reasons[] = {
	{ "end", SPAN_REASON_END },   { "open", SPAN_REASON_OPEN },
	{ "exit", SPAN_REASON_EXIT }, { "signal", SPAN_REASON_SIGNAL },
	{ "exec", SPAN_REASON_EXEC },
};
static const struct word states[] = {
	{ "ended", SPAN_STATE_ENDED },
	{ "queued", SPAN_STATE_QUEUED },
	{ "suspended", SPAN_STATE_SUSPENDED },
	{ "entered", SPAN_STATE_ENTERED },
};

/* The value of each text of a column; what is not known counts as the first word. */
static uint8_t *values_of(const struct span_parts *parts, enum async_spans_column column,
			  const struct word *words, size_t word_count)
{
	size_t count;
	const struct parquet_text *texts = span_parts_texts(parts, column, &count);
	uint8_t *values = malloc(count + 1);

	for (size_t i = 0; values && i < count; i++) {
		values[i] = words[0].value;
		for (size_t w = 0; w < word_count; w++) {
			if (texts[i].length == strlen(words[w].text) &&
			    memcmp(texts[i].bytes, words[w].text, texts[i].length) == 0)
				values[i] = words[w].value;
		}
	}
	return values;
}

#define COPY_WORD(column, words, member)                                           \
	do {                                                                       \
		const uint32_t *index = span_parts_values(batch->parts, (column)); \
		uint8_t *values = values_of(batch->parts, (column), (words),       \
					    sizeof(words) / sizeof((words)[0]));   \
                                                                                   \
		if (!values)                                                       \
			return -ENOMEM;                                            \
		for (size_t i = 0; i < batch->count; i++)                          \
			batch->spans[i].member = values[index[i]];                 \
		free(values);                                                      \
	} while (0)

static int copy_words(struct span_batch *batch)
{
	const uint8_t *valid = span_parts_valid(batch->parts, ASYNC_SPANS_END_TIME);

	COPY_WORD(ASYNC_SPANS_OUTCOME, outcomes, outcome);
	COPY_WORD(ASYNC_SPANS_END_REASON, reasons, end_reason);
	COPY_WORD(ASYNC_SPANS_STATE, states, state);
	/* The time decides what is unfinished: without one there is nothing to count. */
	for (size_t i = 0; i < batch->count; i++) {
		struct span *span = &batch->spans[i];

		if (valid && !valid[i])
			span->outcome = SPAN_UNFINISHED;
		else if (span->outcome == SPAN_UNFINISHED)
			span->outcome = SPAN_OK;
	}
	return 0;
}

static void copy_numbers(struct span_batch *batch)
{
	const uint8_t *queue_valid;

	COPY(ASYNC_SPANS_SPAN_ID, int64_t, id);
	COPY(ASYNC_SPANS_PARENT_SPAN_ID, int64_t, parent);
	COPY(ASYNC_SPANS_DEPTH, int32_t, depth);
	COPY(ASYNC_SPANS_BEGIN_TIME, int64_t, begin);
	COPY(ASYNC_SPANS_LAST_EVENT_TIME, int64_t, last_event);
	COPY_DURATION(ASYNC_SPANS_BUSY_NS, busy);
	COPY_DURATION(ASYNC_SPANS_BUSY_SELF_NS, busy_self);
	COPY_DURATION(ASYNC_SPANS_QUEUE_NS, queue);
	COPY_DURATION(ASYNC_SPANS_MAX_POLL_NS, max_poll);
	COPY(ASYNC_SPANS_LOSSY, uint8_t, lossy);
	COPY_IF_READ(ASYNC_SPANS_ROOT_SPAN_ID, int64_t, root);
	COPY_IF_READ(ASYNC_SPANS_STATUS, int32_t, status);
	COPY_IF_READ(ASYNC_SPANS_LINE, int32_t, line);
	COPY_IF_READ(ASYNC_SPANS_POLLS, uint32_t, polls);
	COPY_IF_READ(ASYNC_SPANS_MIGRATIONS, uint32_t, migrations);
	COPY_IF_READ(ASYNC_SPANS_BEGIN_TID, int32_t, begin_tid);
	COPY_IF_READ(ASYNC_SPANS_END_TID, int32_t, end_tid);
	queue_valid = span_parts_valid(batch->parts, ASYNC_SPANS_QUEUE_NS);
	for (size_t i = 0; i < batch->count; i++) {
		struct span *span = &batch->spans[i];

		span->entered = !queue_valid || queue_valid[i];
		span->end = batch->ends[i];
		if (span->begin > span->end)
			span->begin = span->end;
	}
}

static void copy_texts(struct span_batch *batch)
{
	COPY(ASYNC_SPANS_PROCESS_ID, uint32_t, process);
	COPY(ASYNC_SPANS_NAME, uint32_t, name);
	COPY_IF_READ(ASYNC_SPANS_TARGET, uint32_t, target);
	COPY_IF_READ(ASYNC_SPANS_FILENAME, uint32_t, filename);
	COPY_IF_READ(ASYNC_SPANS_BEGIN_STREAM_ID, uint32_t, begin_stream);
}

int span_batch_compare(const struct span *a, const struct span *b)
{
	if (a->end != b->end)
		return a->end > b->end ? 1 : -1;
	return (b->depth > a->depth) - (b->depth < a->depth);
}

static int compare_spans(const void *a, const void *b)
{
	return span_batch_compare(a, b);
}

/* Files of ours are sorted but for spans whose end is not their own. */
static void sort(struct span_batch *batch)
{
	for (size_t i = 1; i < batch->count; i++) {
		if (span_batch_compare(&batch->spans[i - 1], &batch->spans[i]) > 0) {
			qsort(batch->spans, batch->count, sizeof(*batch->spans), compare_spans);
			return;
		}
	}
}

static int make_room(struct span_batch *batch, size_t rows)
{
	if (rows <= batch->room)
		return 0;
	free(batch->spans);
	free(batch->ends);
	batch->room = 0;
	batch->spans = malloc(rows * sizeof(*batch->spans));
	batch->ends = malloc(rows * sizeof(*batch->ends));
	if (!batch->spans || !batch->ends)
		return -ENOMEM;
	batch->room = rows;
	return 0;
}

int span_batch_load(struct span_batch *batch, struct span_parts *parts, size_t group,
		    const struct span_ends *ends, uint64_t read)
{
	size_t rows = 0;
	int error = span_parts_read(parts, group, ALWAYS | read, &rows);

	batch->parts = parts;
	batch->group = group;
	batch->read = read;
	batch->count = 0;
	if (!error)
		error = make_room(batch, rows);
	if (!error)
		error = span_ends_fill(ends, parts, group, rows, batch->ends);
	if (error)
		return error;
	memset(batch->spans, 0, rows * sizeof(*batch->spans));
	batch->count = rows;
	copy_numbers(batch);
	copy_texts(batch);
	error = copy_words(batch);
	if (!error)
		sort(batch);
	return error;
}

static uint32_t *intern_texts(const struct span_batch *batch, enum async_spans_column column,
			      struct intern *strings)
{
	size_t count;
	const struct parquet_text *texts = span_parts_texts(batch->parts, column, &count);
	uint32_t *ids = malloc((count + 1) * sizeof(*ids));

	for (size_t i = 0; ids && i < count; i++) {
		ids[i] = intern_add(strings, texts[i].bytes, texts[i].length);
		if (ids[i] == INTERN_FAILED) {
			free(ids);
			return NULL;
		}
	}
	return ids;
}

#define INTERN(column, member)                                                \
	do {                                                                  \
		uint32_t *ids = intern_texts(batch, (column), strings);       \
                                                                              \
		if (!ids)                                                     \
			return -ENOMEM;                                       \
		for (size_t i = 0; i < batch->count; i++)                     \
			batch->spans[i].member = ids[batch->spans[i].member]; \
		free(ids);                                                    \
	} while (0)

int span_batch_intern(struct span_batch *batch, struct intern *strings)
{
	INTERN(ASYNC_SPANS_PROCESS_ID, process);
	INTERN(ASYNC_SPANS_NAME, name);
	if (batch->read & SPAN_COLUMN(ASYNC_SPANS_TARGET))
		INTERN(ASYNC_SPANS_TARGET, target);
	if (batch->read & SPAN_COLUMN(ASYNC_SPANS_FILENAME))
		INTERN(ASYNC_SPANS_FILENAME, filename);
	if (batch->read & SPAN_COLUMN(ASYNC_SPANS_BEGIN_STREAM_ID))
		INTERN(ASYNC_SPANS_BEGIN_STREAM_ID, begin_stream);
	return 0;
}

void span_batch_free(struct span_batch *batch)
{
	free(batch->spans);
	free(batch->ends);
	*batch = (struct span_batch){ 0 };
}
