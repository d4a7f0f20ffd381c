/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/thread_labels.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tables/streams.h"
#include "tables/table_reader.h"

enum { COLUMN_STREAM_ID, COLUMN_TID, COLUMN_THREAD_NAME, COLUMN_COUNT };

static const char *const columns[COLUMN_COUNT] = { "stream_id", "tid", "thread_name" };

struct thread_labels {
	struct intern *strings;
	uint32_t *labels; /* by text of the stream's UUID; 0: none yet */
	size_t room;
	char message[512];
};

static uint32_t *label_of(struct thread_labels *labels, uint32_t stream)
{
	if (stream == INTERN_FAILED)
		return NULL;
	if (stream >= labels->room) {
		size_t room = (size_t)stream * 2 + 64;
		uint32_t *grown = realloc(labels->labels, room * sizeof(*grown));

		if (!grown)
			return NULL;
		memset(grown + labels->room, 0, (room - labels->room) * sizeof(*grown));
		labels->labels = grown;
		labels->room = room;
	}
	return &labels->labels[stream];
}

static uint32_t make_label(struct intern *strings, int32_t tid, const char *name, size_t length)
{
	char text[300];
	int used = snprintf(text, sizeof(text), "%d", tid);

	if (length > sizeof(text) - (size_t)used - 1)
		length = sizeof(text) - (size_t)used - 1;
	if (!length)
		return intern_add(strings, text, (size_t)used);
	text[used] = ' ';
	memcpy(text + used + 1, name, length);
	return intern_add(strings, text, (size_t)used + 1 + length);
}

static int add_batch(struct thread_labels *labels, const struct table_batch *batch)
{
	for (size_t row = 0; row < batch->rows; row++) {
		const struct table_string *stream =
			table_cell_string(&batch->columns[COLUMN_STREAM_ID], row);
		const struct table_string *name =
			table_cell_string(&batch->columns[COLUMN_THREAD_NAME], row);
		uint32_t *label = label_of(labels, intern_add(labels->strings, stream->bytes,
							      stream->length));

		if (!label)
			return -ENOMEM;
		*label = make_label(labels->strings, batch->columns[COLUMN_TID].int32s[row],
				    name->bytes, name->length);
		if (*label == INTERN_FAILED)
			return -ENOMEM;
	}
	return 0;
}

int thread_labels_open(struct thread_labels **out, const char *directory, struct intern *strings)
{
	struct thread_labels *labels = calloc(1, sizeof(*labels));
	struct table_reader *reader = NULL;
	struct table_batch batch;
	int error;

	*out = labels;
	if (!labels)
		return -ENOMEM;
	labels->strings = strings;
	error = table_reader_open(&reader, directory, &streams_table, columns, COLUMN_COUNT);
	while (!error && (error = table_reader_next(reader, &batch)) > 0)
		error = add_batch(labels, &batch);
	if (error == -ENOENT)
		error = 0;
	if (error)
		snprintf(labels->message, sizeof(labels->message), "%s",
			 error == -ENOMEM ? strerror(ENOMEM) : table_reader_message(reader));
	table_reader_close(reader);
	return error;
}

void thread_labels_close(struct thread_labels *labels)
{
	if (!labels)
		return;
	free(labels->labels);
	free(labels);
}

const char *thread_labels_message(const struct thread_labels *labels)
{
	return labels ? labels->message : strerror(ENOMEM);
}

uint32_t thread_labels_get(struct thread_labels *labels, const struct span *span)
{
	uint32_t *label = label_of(labels, span->begin_stream);

	if (!label)
		return INTERN_FAILED;
	if (!*label)
		*label = make_label(labels->strings, span->begin_tid, "", 0);
	return *label;
}
