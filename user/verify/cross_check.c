/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/cross_check.h"

#include <errno.h>
#include <string.h>

#include "base/buffer.h"
#include "base/intern.h"
#include "tables/async_events.h"
#include "tables/async_polls.h"
#include "tables/async_spans.h"
#include "tables/processes.h"
#include "tables/streams.h"
#include "tables/table_reader.h"
#include "verify/span_table.h"

#define COLUMNS_MAX 12

struct cross {
	const char *directory;
	struct verdict *verdict;
	struct intern *strings; /* ids of processes and streams */
	struct buffer places;	/* struct place, by id of the text */
	struct span_table spans;
	struct buffer ids[COLUMNS_MAX]; /* uint32_t: by column, of each text of its dictionary */
	const struct table_batch *batch;
	uint32_t file; /* number of the batch's file, from 1 */
	bool polls;    /* there is a table of them */
};

/* Of a process or stream id. */
struct place {
	uint32_t file;	  /* where it was last seen, 0: nowhere */
	uint32_t process; /* a stream's process + 1 */
};

static void fault(struct cross *cross, const char *what, int64_t span_id)
{
	if (span_id)
		verdict_fault(cross->verdict, cross->batch->path, "span %lld: %s",
			      (long long)span_id, what);
	else
		verdict_fault(cross->verdict, cross->batch->path, "%s", what);
}

/* Texts */

static int look_up_texts(struct cross *cross, size_t column)
{
	const struct table_batch_column *values = &cross->batch->columns[column];
	struct buffer *ids = &cross->ids[column];

	buffer_clear(ids);
	if (!buffer_reserve(ids, (values->dictionary_count + 1) * sizeof(uint32_t)))
		return -ENOMEM;
	for (size_t i = 0; i < values->dictionary_count; i++) {
		uint32_t id = intern_add(cross->strings, values->dictionary[i].bytes,
					 values->dictionary[i].length);
		int error = id == INTERN_FAILED ? -ENOMEM : buffer_append(ids, &id, sizeof(id));

		if (error)
			return error;
	}
	return 0;
}

static uint32_t text_of(const struct cross *cross, size_t column, size_t row)
{
	const uint32_t *ids = (const void *)cross->ids[column].data;

	/* Before the first text there is only the empty one. */
	return ids ? ids[cross->batch->columns[column].indexes[row]] : 0;
}

static bool text_is(const struct cross *cross, size_t column, size_t row, const char *text)
{
	const struct table_string *value = table_cell_string(&cross->batch->columns[column], row);

	return value->length == strlen(text) && !memcmp(value->bytes, text, value->length);
}

static struct place *place_of(struct cross *cross, uint32_t id)
{
	size_t needed = ((size_t)id + 1) * sizeof(struct place);

	if (needed > cross->places.length) {
		size_t extra = needed - cross->places.length;
		uint8_t *to = buffer_reserve(&cross->places, extra);

		if (!to)
			return NULL;
		memset(to, 0, extra);
		cross->places.length = needed;
	}
	return (struct place *)(void *)cross->places.data + id;
}

/* Order */

static int compare_texts(const struct table_string *a, const struct table_string *b)
{
	size_t shorter = a->length < b->length ? a->length : b->length;
	int order = memcmp(a->bytes, b->bytes, shorter);

	return order ? order : (a->length > b->length) - (a->length < b->length);
}

/* Of row and the one before; nulls are last. */
static bool in_order(const struct table_batch_column *text, const struct table_batch_column *time,
		     size_t row)
{
	int order = 0;

	if (text && text->indexes[row - 1] != text->indexes[row])
		order = compare_texts(table_cell_string(text, row - 1),
				      table_cell_string(text, row));
	if (order)
		return order < 0;
	if (!table_cell_valid(time, row))
		return true;
	return table_cell_valid(time, row - 1) && time->int64s[row - 1] <= time->int64s[row];
}

static void check_order(struct cross *cross, const struct table *table)
{
	const struct table_batch_column *text = NULL, *time = NULL;

	for (size_t i = 0; i < cross->batch->column_count; i++) {
		const struct table_batch_column *column = &cross->batch->columns[i];

		if (table->sort_text != TABLE_NO_COLUMN &&
		    column->column == &table->columns[table->sort_text])
			text = column;
		if (table->sort_time != TABLE_NO_COLUMN &&
		    column->column == &table->columns[table->sort_time])
			time = column;
	}
	for (size_t row = 1; time && row < cross->batch->rows; row++) {
		if (in_order(text, time, row))
			continue;
		fault(cross, "the rows of a row group are out of order", 0);
		return;
	}
}

/* A table */

struct pass {
	const struct table *table;
	const char *const *columns;
	size_t column_count;
	int (*row)(struct cross *cross, size_t row);
};

static int check_batch(struct cross *cross, const struct pass *pass)
{
	int error = 0;

	for (size_t i = 0; i < cross->batch->column_count && !error; i++)
		if (cross->batch->columns[i].column->type == TABLE_STRING)
			error = look_up_texts(cross, i);
	if (error)
		return error;
	check_order(cross, pass->table);
	for (size_t row = 0; row < cross->batch->rows && !error; row++)
		error = pass->row(cross, row);
	return error;
}

static int read_table(struct cross *cross, const struct pass *pass)
{
	struct table_reader *reader;
	struct table_batch batch;
	const char *path = NULL;
	int error = table_reader_open(&reader, cross->directory, pass->table, pass->columns,
				      pass->column_count);

	while (!error) {
		error = table_reader_next(reader, &batch);
		if (error == -ENOENT || !error) {
			error = 0;
			break;
		}
		if (error < 0) {
			verdict_fault(cross->verdict, cross->directory, "%s",
				      table_reader_message(reader));
			error = error == -ENOMEM ? error : 0;
			continue;
		}
		cross->file += batch.path != path;
		path = batch.path;
		cross->batch = &batch;
		error = check_batch(cross, pass);
		cross->batch = NULL;
	}
	table_reader_close(reader);
	return error;
}

/* Rows */

static int take_key(struct cross *cross, uint32_t id, uint32_t process)
{
	struct place *place = place_of(cross, id);

	if (!place)
		return -ENOMEM;
	if (place->file == cross->file)
		fault(cross, "a key occurs twice", 0);
	place->file = cross->file;
	place->process = process;
	return 0;
}

static int process_row(struct cross *cross, size_t row)
{
	return take_key(cross, text_of(cross, 0, row), 0);
}

static int check_process(struct cross *cross, uint32_t process)
{
	const struct place *place = place_of(cross, process);

	if (!place)
		return -ENOMEM;
	if (!place->file)
		verdict_missing(cross->verdict, MISSING_PROCESS);
	return 0;
}

static int stream_row(struct cross *cross, size_t row)
{
	uint32_t process = text_of(cross, 1, row);
	int error = check_process(cross, process);

	return error ? error : take_key(cross, text_of(cross, 0, row), process + 1);
}

/* A row that names both. */
static int check_stream(struct cross *cross, uint32_t stream, uint32_t process)
{
	const struct place *place = place_of(cross, stream);

	if (!place)
		return -ENOMEM;
	if (!place->file)
		verdict_missing(cross->verdict, MISSING_STREAM);
	else if (place->process != process + 1)
		fault(cross, "a row's stream is of another process", 0);
	return check_process(cross, process);
}

enum { EVENT_PROCESS, EVENT_STREAM, EVENT_SPAN, EVENT_PARENT, EVENT_DEPTH, EVENT_TYPE, EVENT_TIME };

static const char *const event_columns[] = {
	"process_id", "stream_id", "span_id", "parent_span_id", "depth", "event_type", "time"
};

static void check_pair(struct cross *cross, struct span_facts *facts, uint32_t seen, int64_t parent,
		       uint32_t depth)
{
	if (facts->seen & seen)
		fault(cross, seen == SPAN_BEGIN ? "begins twice" : "occurs twice", facts->span_id);
	else if (facts->seen && (facts->parent_id != parent || facts->depth != depth))
		fault(cross, "its rows differ in parent or depth", facts->span_id);
	if (!parent && depth)
		fault(cross, "has a depth, and no parent", facts->span_id);
	facts->seen |= seen;
	facts->parent_id = parent;
	facts->depth = depth;
}

static int event_row(struct cross *cross, size_t row)
{
	const struct table_batch_column *columns = cross->batch->columns;
	uint32_t process = text_of(cross, EVENT_PROCESS, row);
	int64_t span_id = columns[EVENT_SPAN].int64s[row];
	bool begin = text_is(cross, EVENT_TYPE, row, "begin");
	struct span_facts *facts;

	if (!begin && !text_is(cross, EVENT_TYPE, row, "end"))
		fault(cross, "an event is neither begin nor end", span_id);
	if (span_id < 1) {
		fault(cross, "an id is less than 1", 0);
		return 0;
	}
	facts = span_table_find(&cross->spans, process, span_id, true);
	if (!facts)
		return -ENOMEM;
	check_pair(cross, facts, begin ? SPAN_BEGIN : SPAN_END, columns[EVENT_PARENT].int64s[row],
		   columns[EVENT_DEPTH].uint32s[row]);
	return check_stream(cross, text_of(cross, EVENT_STREAM, row), process);
}

enum {
	ROW_PROCESS,
	ROW_STREAM,
	ROW_SPAN,
	ROW_PARENT,
	ROW_DEPTH,
	ROW_END_TIME,
	ROW_POLLS,
	ROW_BUSY,
	ROW_MAX_POLL,
};

static const char *const span_columns[] = {
	"process_id", "begin_stream_id", "span_id", "parent_span_id", "depth",
	"end_time",   "polls",		 "busy_ns", "max_poll_ns",
};

static int span_row(struct cross *cross, size_t row)
{
	const struct table_batch_column *columns = cross->batch->columns;
	uint32_t process = text_of(cross, ROW_PROCESS, row);
	int64_t span_id = columns[ROW_SPAN].int64s[row];
	struct span_facts *facts;

	if (span_id < 1) {
		fault(cross, "an id is less than 1", 0);
		return 0;
	}
	facts = span_table_find(&cross->spans, process, span_id, true);
	if (!facts)
		return -ENOMEM;
	check_pair(cross, facts, SPAN_ROW, columns[ROW_PARENT].int64s[row],
		   (uint32_t)columns[ROW_DEPTH].int32s[row]);
	if (table_cell_valid(&columns[ROW_END_TIME], row))
		facts->seen |= SPAN_ENDED;
	facts->polls = (uint32_t)columns[ROW_POLLS].int32s[row];
	facts->busy_ns = columns[ROW_BUSY].int64s[row];
	facts->max_poll_ns = columns[ROW_MAX_POLL].int64s[row];
	return check_stream(cross, text_of(cross, ROW_STREAM, row), process);
}

enum { POLL_PROCESS, POLL_STREAM, POLL_SPAN, POLL_BEGIN, POLL_END, POLL_DURATION };

static const char *const poll_columns[] = { "process_id", "stream_id", "span_id",
					    "begin_time", "end_time",  "duration_ns" };

static int poll_row(struct cross *cross, size_t row)
{
	const struct table_batch_column *columns = cross->batch->columns;
	uint32_t process = text_of(cross, POLL_PROCESS, row);
	int64_t duration = columns[POLL_DURATION].int64s[row];
	struct span_facts *facts =
		span_table_find(&cross->spans, process, columns[POLL_SPAN].int64s[row], false);

	cross->polls = true;
	if (columns[POLL_BEGIN].int64s[row] + duration != columns[POLL_END].int64s[row])
		fault(cross, "a poll's duration is not its end less its begin",
		      columns[POLL_SPAN].int64s[row]);
	if (!facts) {
		verdict_missing(cross->verdict, MISSING_EVENTS);
	} else {
		facts->polls_count++;
		facts->polls_sum_ns += duration;
		if (duration > facts->polls_max_ns)
			facts->polls_max_ns = duration;
	}
	return check_stream(cross, text_of(cross, POLL_STREAM, row), process);
}

/* Spans */

static void check_parent(struct cross *cross, const struct span_facts *facts)
{
	const struct span_facts *parent;

	if (!facts->parent_id)
		return;
	parent = span_table_find(&cross->spans, facts->process, facts->parent_id, false);
	if (!parent)
		verdict_missing(cross->verdict, MISSING_PARENT);
	else if (parent->depth + 1 != facts->depth)
		verdict_fault(cross->verdict, cross->directory,
			      "span %lld: its depth is %u, that of its parent %lld is %u",
			      (long long)facts->span_id, facts->depth, (long long)facts->parent_id,
			      parent->depth);
}

/* A poll that was open at the end has no row of its own. */
static bool polls_add_up(const struct span_facts *facts)
{
	if (!(facts->seen & SPAN_ENDED))
		return facts->polls_count <= facts->polls;
	return facts->polls_count == facts->polls && facts->polls_sum_ns == facts->busy_ns &&
	       facts->polls_max_ns == facts->max_poll_ns;
}

static void check_span(struct cross *cross, const struct span_facts *facts)
{
	struct verdict *verdict = cross->verdict;
	bool events = facts->seen & (SPAN_BEGIN | SPAN_END);

	if (events && !(facts->seen & SPAN_BEGIN))
		verdict_missing(verdict, MISSING_BEGIN);
	if ((facts->seen & SPAN_BEGIN) && !(facts->seen & (SPAN_END | SPAN_ROW)))
		verdict_missing(verdict, MISSING_END);
	if ((facts->seen & SPAN_END) && !(facts->seen & SPAN_ROW))
		verdict_missing(verdict, MISSING_ROW);
	if ((facts->seen & SPAN_ROW) && (!(facts->seen & SPAN_BEGIN) ||
					 ((facts->seen & SPAN_ENDED) && !(facts->seen & SPAN_END))))
		verdict_missing(verdict, MISSING_EVENTS);
	if (cross->polls && (facts->seen & SPAN_ROW) && !polls_add_up(facts))
		verdict_missing(verdict, MISSING_POLLS);
	check_parent(cross, facts);
}

#define PASS(table_of, names, function)                                                \
	{                                                                              \
		.table = &(table_of), .columns = (names),                              \
		.column_count = sizeof(names) / sizeof((names)[0]), .row = (function), \
	}

int cross_check(const char *directory, struct verdict *verdict, uint64_t *spans)
{
	static const char *const process_columns[] = { "process_id" };
	static const char *const stream_columns[] = { "stream_id", "process_id" };
	static const struct pass passes[] = {
		PASS(processes_table, process_columns, process_row),
		PASS(streams_table, stream_columns, stream_row),
		PASS(async_events_table, event_columns, event_row),
		PASS(async_spans_table, span_columns, span_row),
		PASS(async_polls_table, poll_columns, poll_row),
	};
	struct cross cross = { .directory = directory, .verdict = verdict };
	int error = 0;

	cross.strings = intern_new();
	if (!cross.strings)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]) && !error; i++)
		error = read_table(&cross, &passes[i]);
	for (size_t i = 0; i < cross.spans.capacity && !error; i++)
		if (cross.spans.facts[i].span_id)
			check_span(&cross, &cross.spans.facts[i]);
	*spans = cross.spans.count;
	for (size_t i = 0; i < COLUMNS_MAX; i++)
		buffer_free(&cross.ids[i]);
	span_table_free(&cross.spans);
	buffer_free(&cross.places);
	intern_free(cross.strings);
	return error;
}
