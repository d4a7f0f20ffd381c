/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/span_reader.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/span_batch.h"
#include "analyze/span_ends.h"

#define SLOTS 2

/* A row group: being loaded by the other thread, or being gone through. */
struct slot {
	struct span_parts *parts;
	struct span_batch batch;
	int error;
};

struct order {
	size_t group;
	int64_t latest; /* end in it; INT64_MAX in the order of the files */
};

struct span_reader {
	struct trace_files traces;
	struct span_ends *ends;
	struct intern *strings;
	struct span_reader_options options;
	struct slot slots[SLOTS];

	struct order *order; /* in which the row groups are read */
	size_t group_count;
	size_t next; /* to be gone through */
	struct slot *current;
	size_t left; /* spans of current to be given, from its end or from its beginning */

	/* Spans read too early: a heap, the one that ended last on top. */
	struct span *held;
	size_t held_count;
	size_t held_room;
	struct span given;

	/* The other thread loads order[requested] into its slot. */
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool started;
	bool quit;
	size_t requested; /* index in order; group_count: nothing */
	bool loaded;

	int64_t first_begin;
	int64_t last_end;
	int failed;
	char message[1024];
};

static int fail(struct span_reader *reader, const char *message, int error)
{
	snprintf(reader->message, sizeof(reader->message), "%s", message);
	reader->failed = error;
	return error;
}

static int fail_parts(struct span_reader *reader, const struct span_parts *parts, int error)
{
	const char *message = span_parts_message(parts);

	return fail(reader, *message ? message : strerror(-error), error);
}

/* The thread that loads */

static struct slot *slot_of(struct span_reader *reader, size_t index)
{
	return &reader->slots[index % SLOTS];
}

static void *load(void *argument)
{
	struct span_reader *reader = argument;

	pthread_mutex_lock(&reader->mutex);
	while (!reader->quit) {
		size_t index = reader->requested;
		struct slot *slot = slot_of(reader, index);

		if (index == reader->group_count || reader->loaded) {
			pthread_cond_wait(&reader->changed, &reader->mutex);
			continue;
		}
		pthread_mutex_unlock(&reader->mutex);
		slot->error = span_batch_load(&slot->batch, slot->parts, reader->order[index].group,
					      reader->ends, reader->options.read);
		pthread_mutex_lock(&reader->mutex);
		reader->loaded = true;
		pthread_cond_broadcast(&reader->changed);
	}
	pthread_mutex_unlock(&reader->mutex);
	return NULL;
}

static void request(struct span_reader *reader, size_t index)
{
	pthread_mutex_lock(&reader->mutex);
	reader->requested = index;
	reader->loaded = false;
	pthread_cond_broadcast(&reader->changed);
	pthread_mutex_unlock(&reader->mutex);
}

static void wait_loaded(struct span_reader *reader)
{
	pthread_mutex_lock(&reader->mutex);
	while (!reader->loaded)
		pthread_cond_wait(&reader->changed, &reader->mutex);
	pthread_mutex_unlock(&reader->mutex);
}

static void stop_thread(struct span_reader *reader)
{
	if (!reader->started)
		return;
	pthread_mutex_lock(&reader->mutex);
	reader->quit = true;
	pthread_cond_broadcast(&reader->changed);
	pthread_mutex_unlock(&reader->mutex);
	pthread_join(reader->thread, NULL);
}

/* Opening */

static bool ends_known(const struct trace_files *traces)
{
	for (size_t i = 0; i < traces->traces; i++) {
		if (traces->periods[i].end <= 0)
			return false;
	}
	return traces->traces > 0;
}

static int compare_order(const void *a, const void *b)
{
	const struct order *left = a, *right = b;

	if (left->latest != right->latest)
		return left->latest < right->latest ? 1 : -1;
	return (left->group < right->group) - (left->group > right->group);
}

static int make_order(struct span_reader *reader)
{
	struct span_parts *parts = reader->slots[0].parts;

	reader->group_count = span_parts_count(parts);
	reader->requested = reader->group_count;
	if (span_parts_count(reader->slots[1].parts) != reader->group_count)
		return fail(reader, "files changed while they were read", -EBADMSG);
	reader->order = calloc(reader->group_count + 1, sizeof(*reader->order));
	if (!reader->order)
		return fail(reader, strerror(ENOMEM), -ENOMEM);
	for (size_t i = 0; i < reader->group_count; i++) {
		struct order *order = &reader->order[i];
		int error;

		*order = (struct order){ .group = i, .latest = INT64_MAX };
		if (!reader->options.latest_first)
			continue;
		error = span_ends_group(reader->ends, parts, i, &order->latest);
		if (error)
			return fail_parts(reader, parts, error);
	}
	if (reader->options.latest_first)
		qsort(reader->order, reader->group_count, sizeof(*reader->order), compare_order);
	return 0;
}

static int open_files(struct span_reader *reader, const char *directory)
{
	int error;

	for (size_t i = 0; i < SLOTS; i++) {
		error = span_parts_open(&reader->slots[i].parts, directory);
		if (error)
			return fail_parts(reader, reader->slots[i].parts, error);
	}
	error = trace_files_read(directory, &reader->traces);
	if (error)
		return fail(reader, reader->traces.message, error);
	error = span_ends_open(&reader->ends, directory, &reader->traces);
	if (error)
		return fail(reader, span_ends_message(reader->ends), error);
	if (!ends_known(&reader->traces)) {
		error = span_ends_scan(reader->ends, reader->slots[0].parts);
		if (error)
			return fail_parts(reader, reader->slots[0].parts, error);
	}
	return make_order(reader);
}

int span_reader_open(struct span_reader **out, const char *directory,
		     const struct span_reader_options *options)
{
	struct span_reader *reader = calloc(1, sizeof(*reader));
	int error;

	*out = reader;
	if (!reader)
		return -ENOMEM;
	reader->options = *options;
	reader->first_begin = INT64_MAX;
	reader->last_end = INT64_MIN;
	pthread_mutex_init(&reader->mutex, NULL);
	pthread_cond_init(&reader->changed, NULL);
	reader->strings = intern_new();
	if (!reader->strings)
		return fail(reader, strerror(ENOMEM), -ENOMEM);
	error = open_files(reader, directory);
	if (error)
		return error;
	error = -pthread_create(&reader->thread, NULL, load, reader);
	if (error)
		return fail(reader, strerror(-error), error);
	reader->started = true;
	if (reader->group_count)
		request(reader, 0);
	return 0;
}

void span_reader_close(struct span_reader *reader)
{
	if (!reader)
		return;
	stop_thread(reader);
	for (size_t i = 0; i < SLOTS; i++) {
		span_batch_free(&reader->slots[i].batch);
		span_parts_close(reader->slots[i].parts);
	}
	pthread_mutex_destroy(&reader->mutex);
	pthread_cond_destroy(&reader->changed);
	span_ends_close(reader->ends);
	trace_files_free(&reader->traces);
	intern_free(reader->strings);
	free(reader->held);
	free(reader->order);
	free(reader);
}

const char *span_reader_message(const struct span_reader *reader)
{
	return reader ? reader->message : strerror(ENOMEM);
}

/* Spans held back */

static int hold(struct span_reader *reader, const struct span *span)
{
	size_t at = reader->held_count;

	if (reader->held_count == reader->held_room) {
		size_t room = reader->held_room ? reader->held_room * 2 : 64;
		struct span *held = realloc(reader->held, room * sizeof(*held));

		if (!held)
			return -ENOMEM;
		reader->held = held;
		reader->held_room = room;
	}
	reader->held_count++;
	while (at && span_batch_compare(span, &reader->held[(at - 1) / 2]) > 0) {
		reader->held[at] = reader->held[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	reader->held[at] = *span;
	return 0;
}

static void take_held(struct span_reader *reader, struct span *out)
{
	struct span *heap = reader->held;
	const struct span *last = &heap[--reader->held_count];
	size_t at = 0;

	*out = heap[0];
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= reader->held_count)
			break;
		if (child + 1 < reader->held_count &&
		    span_batch_compare(&heap[child + 1], &heap[child]) > 0)
			child++;
		if (span_batch_compare(last, &heap[child]) >= 0)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = *last;
}

/* Going through */

/* The next row group is made the current one; what is left of the one before is held back. */
static int take_group(struct span_reader *reader)
{
	struct slot *slot = slot_of(reader, reader->next);
	const struct span *spans = reader->current ? reader->current->batch.spans : NULL;
	int error = 0;

	while (spans && reader->left && !error)
		error = hold(reader, &spans[--reader->left]);
	if (error)
		return fail(reader, strerror(ENOMEM), error);
	wait_loaded(reader);
	reader->next++;
	if (slot->error)
		return fail_parts(reader, slot->parts, slot->error);
	request(reader, reader->next);
	error = span_batch_intern(&slot->batch, reader->strings);
	if (error)
		return fail(reader, strerror(-error), error);
	reader->current = slot;
	reader->left = slot->batch.count;
	return 0;
}

static const struct span *next_in_files(struct span_reader *reader)
{
	const struct span_batch *batch = &reader->current->batch;

	return &batch->spans[batch->count - reader->left--];
}

/* The span that ended last of those read; NULL when one not read yet may have ended later. */
static const struct span *next_latest(struct span_reader *reader)
{
	const struct span *span = reader->left ? &reader->current->batch.spans[reader->left - 1] :
						 NULL;
	bool held = reader->held_count && (!span || span_batch_compare(&reader->held[0], span) > 0);

	if (held)
		span = &reader->held[0];
	if (!span ||
	    (reader->next < reader->group_count && span->end < reader->order[reader->next].latest))
		return NULL;
	if (!held) {
		reader->left--;
		return span;
	}
	take_held(reader, &reader->given);
	return &reader->given;
}

int span_reader_next(struct span_reader *reader, const struct span **span)
{
	if (reader->failed)
		return reader->failed;
	for (;;) {
		int error;

		*span = NULL;
		if (reader->options.latest_first)
			*span = next_latest(reader);
		else if (reader->left)
			*span = next_in_files(reader);
		if (*span)
			break;
		if (reader->next == reader->group_count)
			return 0;
		error = take_group(reader);
		if (error)
			return error;
	}
	if ((*span)->begin < reader->first_begin)
		reader->first_begin = (*span)->begin;
	if ((*span)->end > reader->last_end)
		reader->last_end = (*span)->end;
	return 1;
}

struct intern *span_reader_strings(struct span_reader *reader)
{
	return reader->strings;
}

const struct trace_files *span_reader_traces(const struct span_reader *reader)
{
	return &reader->traces;
}

struct span_period span_reader_period(const struct span_reader *reader)
{
	struct span_period period = { reader->first_begin, reader->last_end };

	for (size_t i = 0; i < reader->traces.traces; i++) {
		const struct trace_period *trace = &reader->traces.periods[i];

		if (trace->start > 0 && trace->start < period.begin)
			period.begin = trace->start;
		if (trace->end > period.end)
			period.end = trace->end;
	}
	if (period.begin > period.end)
		period.begin = period.end = 0;
	return period;
}
