// SPDX-License-Identifier: BSD-2-Clause
#include "collect/rows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/intern.h"
#include "collect/callsites.h"
#include "collect/identities.h"
#include "collect/open_names.h"
#include "tables/async_events.h"
#include "tables/async_polls.h"
#include "tables/async_spans.h"
#include "tables/table_writer.h"

#define STATUS_CANCELLED INT32_MIN

/* Texts that occur in every row, by their ids. */
struct rows_words {
	uint32_t begin, end;
	uint32_t ok, error, cancelled, unfinished;
	uint32_t open, exit, signal, exec;
	uint32_t states[MODEL_ENDED + 1];
	uint32_t unknown;
};

struct rows {
	const struct trace *trace;
	const struct programs *programs;
	struct intern *strings;
	struct callsites callsites;
	struct open_names open_names;
	struct identities *identities;
	struct table_writer *events;
	struct table_writer *spans;
	struct table_writer *polls; /* NULL: not wanted */
	struct rows_words words;
	struct rows_stats stats;
	int error;
};

static void fail(struct rows *rows, int error)
{
	if (!rows->error)
		__atomic_store_n(&rows->error, error, __ATOMIC_RELAXED);
}

/* One writer per counter, read by others: plain stores that are not torn. */
static void count(uint64_t *counter)
{
	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

static int add_words(struct rows *rows)
{
	struct rows_words *words = &rows->words;
	const struct {
		uint32_t *id;
		const char *text;
	} all[] = {
		{ &words->begin, "begin" },
		{ &words->end, "end" },
		{ &words->ok, "ok" },
		{ &words->error, "error" },
		{ &words->cancelled, "cancelled" },
		{ &words->unfinished, "unfinished" },
		{ &words->open, "open" },
		{ &words->exit, "exit" },
		{ &words->signal, "signal" },
		{ &words->exec, "exec" },
		{ &words->states[MODEL_QUEUED], "queued" },
		{ &words->states[MODEL_SUSPENDED], "suspended" },
		{ &words->states[MODEL_ENTERED], "entered" },
		{ &words->states[MODEL_ENDED], "ended" },
		{ &words->unknown, "?" },
	};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		*all[i].id = intern_add_text(rows->strings, all[i].text);
		if (*all[i].id == INTERN_FAILED)
			return -ENOMEM;
	}
	return 0;
}

static int before_complete(void *context)
{
	struct rows *rows = context;

	return identities_write(rows->identities);
}

static int before_keep(void *context)
{
	struct rows *rows = context;

	return identities_keep(rows->identities);
}

static int open_writers(struct rows *rows, const struct rows_options *options)
{
	struct table_writer_options writer = TABLE_WRITER_OPTIONS_DEFAULT;
	int error;

	writer.directory = options->directory;
	writer.trace8 = options->trace->trace8;
	writer.codec = options->codec;
	writer.level = options->level;
	if (options->rotate_bytes)
		writer.rotate_bytes = options->rotate_bytes;
	if (options->rotate_ns)
		writer.rotate_ns = options->rotate_ns;
	error = identities_open(&rows->identities, options->registry, options->trace,
				options->programs, rows->strings, &writer);
	writer.before_complete = before_complete;
	writer.before_keep = before_keep;
	writer.context = rows;
	if (!error)
		error = table_writer_open(&rows->events, &async_events_table, rows->strings,
					  &writer);
	if (!error)
		error = table_writer_open(&rows->spans, &async_spans_table, rows->strings, &writer);
	if (!error && options->polls)
		error = table_writer_open(&rows->polls, &async_polls_table, rows->strings, &writer);
	return error;
}

int rows_open(struct rows **out, const struct rows_options *options)
{
	struct rows *rows = calloc(1, sizeof(*rows));
	int error = -ENOMEM;

	if (!rows)
		return error;
	rows->trace = options->trace;
	rows->programs = options->programs;
	rows->strings = intern_new();
	if (!rows->strings || add_words(rows))
		goto failed;
	rows->callsites.programs = options->programs;
	rows->callsites.targets = options->targets;
	rows->callsites.strings = rows->strings;
	error = open_writers(rows, options);
	if (error)
		goto failed;
	*out = rows;
	return 0;
failed:
	rows_close(rows);
	return error;
}

struct event {
	uint64_t time;
	const struct model_span_key *key;
	uint64_t parent_id;
	uint32_t depth;
	uint32_t type;
	uint32_t name;
	uint32_t hash;
	uint32_t cpu;
	const struct callsite *site;
	const struct identity *task;
};

static void append_event(struct rows *rows, const struct event *event)
{
	struct async_events_row row = {
		.time = trace_time(rows->trace, event->time),
		.span_id = event->key->span_id,
		.parent_span_id = event->parent_id,
		.stream_id = event->task->stream_id,
		.event_type = event->type,
		.depth = event->depth,
		.hash = event->hash,
		.name = event->name,
		.filename = event->site->filename,
		.target = event->site->target,
		.line = event->site->line,
		.process_id = event->task->process_id,
		.tid = event->task->tid,
		.cpu = event->cpu,
	};
	int error = table_writer_append(rows->events, &row);

	if (error)
		fail(rows, error);
	if (error)
		count(&rows->stats.lost);
	else
		count(event->type == rows->words.begin ? &rows->stats.begins : &rows->stats.ends);
}

static void name_event(struct rows *rows, struct event *event, uint32_t name)
{
	event->name = name;
	event->hash = event->site->hash;
	if (name != event->site->name)
		event->hash = callsites_hash(&rows->callsites, event->site, name);
}

static void add_begin(struct rows *rows, const struct record_begin *record)
{
	struct event event = {
		.time = record->time,
		.key = &record->key,
		.parent_id = record->parent_id,
		.depth = record->depth,
		.type = rows->words.begin,
		.cpu = record->cpu,
	};
	uint32_t name;

	event.site = callsites_find(&rows->callsites, record->key.process,
				    record->location_generation, record->location);
	event.task = identities_find(rows->identities, record->stream, record->key.process);
	name = event.site ? event.site->name : INTERN_FAILED;
	if (record->flags & RECORD_NAME_UNREADABLE)
		name = rows->words.unknown;
	else if (record->flags & RECORD_NAMED)
		name = callsites_text(rows->strings, record->name, record->name_length);
	if (!event.site || !event.task || name == INTERN_FAILED ||
	    ((record->flags & RECORD_NAMED) &&
	     open_names_put(&rows->open_names, &record->key, name))) {
		fail(rows, -ENOMEM);
		count(&rows->stats.lost);
		return;
	}
	name_event(rows, &event, name);
	append_event(rows, &event);
}

static void add_poll(struct rows *rows, const struct record_poll *record)
{
	const struct identity *task =
		identities_find(rows->identities, record->stream, record->key.process);
	struct async_polls_row row = {
		.span_id = record->key.span_id,
		.begin_time = trace_time(rows->trace, record->begin_time),
		.end_time = trace_time(rows->trace, record->end_time),
		.duration_ns = record->end_time - record->begin_time,
		.cpu = record->cpu,
	};
	int error = -ENOMEM;

	if (!rows->polls)
		return;
	if (task) {
		row.process_id = task->process_id;
		row.stream_id = task->stream_id;
		row.tid = task->tid;
		error = table_writer_append(rows->polls, &row);
	}
	if (error)
		fail(rows, error);
	count(error ? &rows->stats.lost : &rows->stats.polls);
}

void rows_record(struct rows *rows, const void *record, size_t size)
{
	const uint32_t *kind = record;
	const struct record_begin *begin = record;
	const struct record_end *end = record;
	const struct record_task_exit *task_exit = record;
	const struct record_poll *poll = record;

	if (size >= offsetof(struct record_begin, name) && *kind == RECORD_BEGIN &&
	    begin->name_length <= RECORD_NAME_SIZE &&
	    begin->name_length <= size - offsetof(struct record_begin, name))
		add_begin(rows, begin);
	else if (size >= sizeof(*end) && *kind == RECORD_END)
		rows_end(rows, &end->span);
	else if (size >= sizeof(*poll) && *kind == RECORD_POLL)
		add_poll(rows, poll);
	else if (size >= sizeof(*task_exit) && *kind == RECORD_TASK_EXIT)
		identities_rename(rows->identities, task_exit->stream, task_exit->comm);
	else
		count(&rows->stats.lost);
}

/* What the begin record of this span would have said, where none was sent. */
static void begin_event(struct rows *rows, const struct model_span *span, struct event *event)
{
	uint32_t name;

	*event = (struct event){
		.time = span->begin_time,
		.key = &span->key,
		.parent_id = span->parent_id,
		.depth = span->depth,
		.type = rows->words.begin,
		.cpu = span->begin_cpu,
	};
	event->site = callsites_find(&rows->callsites, span->key.process, span->location_generation,
				     span->location);
	event->task = identities_find(rows->identities, span->begin_stream, span->key.process);
	if (!event->site || !event->task)
		return;
	if (!(span->flags & MODEL_NAMED))
		name = event->site->name;
	else if (!open_names_take(&rows->open_names, &span->key, &name))
		name = rows->words.unknown;
	name_event(rows, event, name);
}

bool rows_ready(const struct rows *rows, const struct model_span *span)
{
	if (!(span->flags & MODEL_NAMED) || (span->flags & MODEL_BEGIN_UNSENT))
		return true;
	return open_names_has(&rows->open_names, &span->key);
}

static uint32_t outcome_of(const struct rows *rows, int32_t status)
{
	if (!status)
		return rows->words.ok;
	return status == STATUS_CANCELLED ? rows->words.cancelled : rows->words.error;
}

static struct async_spans_row span_row(const struct rows *rows, const struct model_span *span,
				       const struct event *begin)
{
	return (struct async_spans_row){
		.nulls = ASYNC_SPANS_NULL_OFF_CPU_NS |
			 (span->queue == MODEL_NEVER ? ASYNC_SPANS_NULL_QUEUE_NS : 0),
		.span_id = span->key.span_id,
		.parent_span_id = span->parent_id,
		.root_span_id = span->root_id,
		.begin_time = trace_time(rows->trace, span->begin_time),
		.busy_ns = span->busy,
		.busy_self_ns = span->busy_self,
		.queue_ns = span->queue == MODEL_NEVER ? 0 : span->queue,
		.max_poll_ns = span->longest_poll,
		.last_event_time = trace_time(rows->trace, span->last_event_time),
		.process_id = begin->task->process_id,
		.depth = span->depth,
		.hash = begin->hash,
		.name = begin->name,
		.target = begin->site->target,
		.filename = begin->site->filename,
		.line = begin->site->line,
		.polls = span->polls,
		.migrations = span->migrations,
		.state = rows->words.states[span->state <= MODEL_ENDED ? span->state : 0],
		.begin_stream_id = begin->task->stream_id,
		.begin_tid = begin->task->tid,
	};
}

static void append_span(struct rows *rows, const struct async_spans_row *row)
{
	int error = table_writer_append(rows->spans, row);

	if (!error)
		return;
	fail(rows, error);
	count(&rows->stats.lost);
}

void rows_end(struct rows *rows, const struct model_span *span)
{
	struct event event;
	struct async_spans_row row;
	const struct identity *task;

	begin_event(rows, span, &event);
	task = identities_find(rows->identities, span->end_stream, span->key.process);
	if (!event.site || !event.task || !task) {
		fail(rows, -ENOMEM);
		count(&rows->stats.lost);
		return;
	}
	if (span->flags & MODEL_BEGIN_UNSENT)
		append_event(rows, &event);
	row = span_row(rows, span, &event);
	row.end_time = trace_time(rows->trace, span->end_time);
	row.duration_ns = span->end_time - span->begin_time;
	row.status = span->status;
	row.outcome = outcome_of(rows, span->status);
	row.end_reason = rows->words.end;
	row.end_stream_id = task->stream_id;
	row.end_tid = task->tid;
	row.lossy = (span->flags & MODEL_LOSSY) != 0;
	append_span(rows, &row);
	event.time = span->end_time;
	event.type = rows->words.end;
	event.cpu = span->end_cpu;
	event.task = task;
	append_event(rows, &event);
}

static uint32_t reason_of(const struct rows *rows, const struct record_image *image)
{
	if (image->state == RECORD_IMAGE_REPLACED)
		return rows->words.exec;
	if (image->state == RECORD_IMAGE_LIVE)
		return rows->words.open;
	return image->exit_code & 0x7f ? rows->words.signal : rows->words.exit;
}

void rows_unfinished(struct rows *rows, const struct model_span *span)
{
	struct event event;
	struct async_spans_row row;

	begin_event(rows, span, &event);
	if (!event.site || !event.task) {
		fail(rows, -ENOMEM);
		count(&rows->stats.lost);
		return;
	}
	if (span->flags & MODEL_BEGIN_UNSENT)
		append_event(rows, &event);
	row = span_row(rows, span, &event);
	row.nulls |= ASYNC_SPANS_NULL_UNFINISHED;
	row.outcome = rows->words.unfinished;
	row.end_reason = reason_of(rows, &event.task->process->image);
	row.lossy = programs_losses(rows->programs) != span->losses;
	append_span(rows, &row);
	count(&rows->stats.unfinished);
}

static bool process_over(uint64_t number, void *data)
{
	struct rows *rows = data;

	return identities_over(rows->identities, number);
}

void rows_forget(struct rows *rows)
{
	callsites_forget(&rows->callsites, process_over, rows);
	identities_forget(rows->identities);
}

static void update_stats(struct rows *rows)
{
	const struct table_writer_stats *events = table_writer_stats(rows->events);
	const struct table_writer_stats *spans = table_writer_stats(rows->spans);
	struct table_writer_stats polls = { 0 };
	struct rows_stats *stats = &rows->stats;

	if (rows->polls)
		polls = *table_writer_stats(rows->polls);

	__atomic_store_n(&stats->late, events->rows_late, __ATOMIC_RELAXED);
	__atomic_store_n(&stats->bytes,
			 events->bytes + spans->bytes + polls.bytes +
				 identities_bytes(rows->identities),
			 __ATOMIC_RELAXED);
	__atomic_store_n(&stats->files,
			 events->files + spans->files + polls.files +
				 identities_files(rows->identities),
			 __ATOMIC_RELAXED);
	__atomic_store_n(&stats->tasks, identities_tasks(rows->identities), __ATOMIC_RELAXED);
	__atomic_store_n(&stats->processes, identities_processes(rows->identities),
			 __ATOMIC_RELAXED);
}

void rows_tick(struct rows *rows)
{
	int error = identities_tick(rows->identities);

	if (!error)
		error = table_writer_tick(rows->events);
	if (!error)
		error = table_writer_tick(rows->spans);
	if (!error && rows->polls)
		error = table_writer_tick(rows->polls);
	if (error)
		fail(rows, error);
	update_stats(rows);
}

int rows_finish(struct rows *rows)
{
	int error = identities_finish(rows->identities);

	if (error)
		fail(rows, error);
	error = table_writer_finish(rows->events);
	if (error)
		fail(rows, error);
	error = table_writer_finish(rows->spans);
	if (error)
		fail(rows, error);
	error = rows->polls ? table_writer_finish(rows->polls) : 0;
	if (error)
		fail(rows, error);
	update_stats(rows);
	return rows->error;
}

void rows_close(struct rows *rows)
{
	if (!rows)
		return;
	table_writer_close(rows->events);
	table_writer_close(rows->spans);
	table_writer_close(rows->polls);
	identities_close(rows->identities);
	open_names_free(&rows->open_names);
	callsites_free(&rows->callsites);
	intern_free(rows->strings);
	free(rows);
}

int rows_error(const struct rows *rows)
{
	return __atomic_load_n(&rows->error, __ATOMIC_RELAXED);
}

struct rows_stats rows_stats(const struct rows *rows)
{
	const struct rows_stats *stats = &rows->stats;

	return (struct rows_stats){
		.begins = __atomic_load_n(&stats->begins, __ATOMIC_RELAXED),
		.ends = __atomic_load_n(&stats->ends, __ATOMIC_RELAXED),
		.unfinished = __atomic_load_n(&stats->unfinished, __ATOMIC_RELAXED),
		.polls = __atomic_load_n(&stats->polls, __ATOMIC_RELAXED),
		.tasks = __atomic_load_n(&stats->tasks, __ATOMIC_RELAXED),
		.processes = __atomic_load_n(&stats->processes, __ATOMIC_RELAXED),
		.late = __atomic_load_n(&stats->late, __ATOMIC_RELAXED),
		.lost = __atomic_load_n(&stats->lost, __ATOMIC_RELAXED),
		.bytes = __atomic_load_n(&stats->bytes, __ATOMIC_RELAXED),
		.files = __atomic_load_n(&stats->files, __ATOMIC_RELAXED),
	};
}
