/* SPDX-License-Identifier: BSD-2-Clause */
#include "reference.h"

#include <stdio.h>
#include <stdlib.h>

const struct reference_case_text reference_cases[REFERENCE_CASE_COUNT] = {
#define REFERENCE_CASE_TEXT(symbol, operation, situation, counter) \
	{ operation, situation, REFERENCE_##counter },
	REFERENCE_CASES(REFERENCE_CASE_TEXT)
#undef REFERENCE_CASE_TEXT
};

const char *const reference_counter_names[REFERENCE_COUNTER_COUNT] = {
#define REFERENCE_COUNTER_NAME(symbol, name) name,
	REFERENCE_COUNTERS(REFERENCE_COUNTER_NAME)
#undef REFERENCE_COUNTER_NAME
};

static void *zeroed(size_t size)
{
	void *memory = calloc(1, size);

	if (!memory) {
		perror("reference");
		exit(70);
	}
	return memory;
}

struct reference *reference_new(const struct reference_limits *limits)
{
	struct reference *model = zeroed(sizeof(*model));

	model->limits = *limits;
	model->spans_end = &model->spans;
	return model;
}

static void free_span(struct reference_span *span)
{
	while (span->polls) {
		struct reference_poll *poll = span->polls;

		span->polls = poll->next;
		free(poll);
	}
	free(span);
}

static void remove_task(struct reference *model, struct reference_task *task)
{
	struct reference_task **link = &model->tasks;

	while (*link != task)
		link = &(*link)->next;
	*link = task->next;
	free(task->items);
	free(task);
}

void reference_free(struct reference *model)
{
	while (model->tasks)
		remove_task(model, model->tasks);
	while (model->spans) {
		struct reference_span *span = model->spans;

		model->spans = span->next;
		free_span(span);
	}
	free(model);
}

/* Whatever is not on top of its stack is covered while time passes. */
void reference_advance(struct reference *model, uint64_t nanoseconds)
{
	for (struct reference_task *task = model->tasks; task; task = task->next)
		for (size_t i = 0; i + 1 < task->count; i++)
			task->items[i].covered += nanoseconds;
	model->now += nanoseconds;
}

struct reference_task *reference_task_start(struct reference *model, uint32_t stream,
					    uint64_t process)
{
	struct reference_task *task = zeroed(sizeof(*task));

	task->stream = stream;
	task->process = process;
	task->next = model->tasks;
	model->tasks = task;
	return task;
}

struct reference_span *reference_find(const struct reference *model, uint64_t process, uint64_t id)
{
	for (struct reference_span *span = model->open; span; span = span->next_open)
		if (span->process == process && span->id == id)
			return span;
	return NULL;
}

static void no_longer_open(struct reference *model, struct reference_span *span)
{
	struct reference_span **link = &model->open;

	while (*link != span)
		link = &(*link)->next_open;
	*link = span->next_open;
}

/* A row of the table applies. */
static void meet(struct reference *model, enum reference_case which)
{
	model->met[which]++;
	if (reference_cases[which].counter != REFERENCE_UNCOUNTED)
		model->counters[reference_cases[which].counter]++;
}

/* The open poll of a span that is entered, else NULL: there is at most one, the last. */
static struct reference_poll *open_poll(const struct reference_span *span)
{
	return span->last_poll && span->last_poll->open ? span->last_poll : NULL;
}

/* Of an open poll the place in the stack of the task that it began on. */
static size_t place_of(const struct reference_task *task, const struct reference_poll *poll)
{
	size_t place = task->count - 1;

	while (task->items[place].poll != poll)
		place--;
	return place;
}

static bool is_top(const struct reference_task *task, const struct reference_poll *poll)
{
	return task->items[task->count - 1].poll == poll;
}

static void close_poll(struct reference *model, struct reference_poll *poll, uint64_t covered)
{
	poll->open = false;
	poll->end = model->now;
	poll->self = poll->end - poll->begin - covered;
	poll->span->last_event_time = model->now;
	model->polls_closed++;
}

/* On the task that it runs on; the item stays where it is. */
static void close_here(struct reference *model, struct reference_item *item)
{
	close_poll(model, item->poll, item->covered);
}

/* From another task, which cannot know what lies above it there: all of it counts as its own. */
static void close_elsewhere(struct reference *model, struct reference_poll *poll)
{
	close_poll(model, poll, 0);
}

static size_t items_elsewhere(const struct reference *model)
{
	size_t sum = 0;

	for (const struct reference_task *task = model->tasks; task; task = task->next)
		if (task->count > model->limits.in_place)
			sum += task->count - model->limits.in_place;
	return sum;
}

static bool has_room(const struct reference *model, const struct reference_task *task)
{
	return task->count < model->limits.in_place ||
	       items_elsewhere(model) < model->limits.elsewhere;
}

static void push(struct reference *model, struct reference_task *task, struct reference_span *span)
{
	struct reference_poll *poll = zeroed(sizeof(*poll));

	poll->span = span;
	poll->stream = task->stream;
	poll->open = true;
	poll->begin = model->now;
	if (span->last_poll)
		span->last_poll->next = poll;
	else
		span->polls = poll;
	span->last_poll = poll;
	span->last_event_time = model->now;

	if (task->count == task->room) {
		task->room = task->room ? 2 * task->room : 8;
		task->items = realloc(task->items, task->room * sizeof(*task->items));
		if (!task->items) {
			perror("reference");
			exit(70);
		}
	}
	task->items[task->count++] = (struct reference_item){ .poll = poll };
}

/* Closes and pops, from the top, all but the first items. Returns how many polls that closed. */
static size_t close_all_but(struct reference *model, struct reference_task *task, size_t first)
{
	size_t closed = 0;

	for (; task->count > first; task->count--) {
		if (!task->items[task->count - 1].poll->open)
			continue;
		close_here(model, &task->items[task->count - 1]);
		closed++;
	}
	return closed;
}

/* Every operation on a known span, and every begin, looks at the top first. */
static void drop_stale(struct reference_task *task)
{
	while (task->count && !task->items[task->count - 1].poll->open)
		task->count--;
}

static const struct reference_span *find_parent(struct reference *model,
						const struct reference_task *task,
						const struct reference_begin *begin)
{
	const struct reference_span *parent;

	if (!begin->given_parent)
		return task->count ? task->items[task->count - 1].poll->span : NULL;
	if (!begin->parent_id) {
		meet(model, REFERENCE_CASE_PARENT_NONE);
		return NULL;
	}
	parent = reference_find(model, task->process, begin->parent_id);
	meet(model, parent ? REFERENCE_CASE_PARENT_OPEN : REFERENCE_CASE_PARENT_GONE);
	return parent;
}

static struct reference_span *add_span(struct reference *model, const struct reference_task *task,
				       uint64_t id, const struct reference_span *parent)
{
	struct reference_span *span = zeroed(sizeof(*span));

	span->process = task->process;
	span->id = id;
	span->parent = parent;
	span->begin_time = model->now;
	span->last_event_time = model->now;
	span->begin_stream = task->stream;
	*model->spans_end = span;
	model->spans_end = &span->next;
	span->next_open = model->open;
	model->open = span;
	model->in_table++;
	return span;
}

struct reference_span *reference_begin(struct reference *model, struct reference_task *task,
				       const struct reference_begin *begin)
{
	const struct reference_span *parent;
	struct reference_span *span;

	drop_stale(task);
	parent = find_parent(model, task, begin);
	if (model->in_table >= model->limits.spans) {
		meet(model, begin->enter ? REFERENCE_CASE_BEGIN_FULL : REFERENCE_CASE_SPAWN_FULL);
		return NULL;
	}
	if (begin->enter && !has_room(model, task)) {
		meet(model, REFERENCE_CASE_BEGIN_NO_STORAGE);
		return NULL;
	}
	if (!begin->enter)
		meet(model, REFERENCE_CASE_SPAWN);
	else
		meet(model, task->count ? REFERENCE_CASE_BEGIN_CHILD : REFERENCE_CASE_BEGIN_ROOT);
	span = add_span(model, task, begin->id, parent);
	if (begin->enter)
		push(model, task, span);
	return span;
}

void reference_resume(struct reference *model, struct reference_task *task, uint64_t id)
{
	struct reference_span *span = reference_find(model, task->process, id);
	struct reference_poll *poll;

	if (!span) {
		meet(model, REFERENCE_CASE_RESUME_UNKNOWN);
		return;
	}
	drop_stale(task);
	poll = open_poll(span);
	if (poll && poll->stream == task->stream) {
		if (is_top(task, poll)) {
			meet(model, REFERENCE_CASE_RESUME_TOP);
			return;
		}
		meet(model, REFERENCE_CASE_RESUME_BELOW);
		close_all_but(model, task, place_of(task, poll) + 1);
		span->last_event_time = model->now;
		return;
	}
	if (poll) {
		meet(model, REFERENCE_CASE_RESUME_ELSEWHERE);
		close_elsewhere(model, poll);
	}
	if (!has_room(model, task)) {
		meet(model, REFERENCE_CASE_RESUME_NO_STORAGE);
		return;
	}
	if (!poll)
		meet(model, REFERENCE_CASE_RESUME);
	push(model, task, span);
}

void reference_suspend(struct reference *model, struct reference_task *task, uint64_t id)
{
	struct reference_span *span = reference_find(model, task->process, id);
	struct reference_poll *poll;

	if (!span) {
		meet(model, REFERENCE_CASE_SUSPEND_UNKNOWN);
		return;
	}
	drop_stale(task);
	poll = open_poll(span);
	if (!poll) {
		meet(model, REFERENCE_CASE_SUSPEND_NOT_ENTERED);
		return;
	}
	if (poll->stream != task->stream) {
		meet(model, REFERENCE_CASE_SUSPEND_ELSEWHERE);
		close_elsewhere(model, poll);
		return;
	}
	meet(model, is_top(task, poll) ? REFERENCE_CASE_SUSPEND : REFERENCE_CASE_SUSPEND_BELOW);
	close_all_but(model, task, place_of(task, poll));
}

/* The poll of a span that ends now; those above it go on. */
static void end_poll(struct reference *model, struct reference_task *task,
		     const struct reference_span *span)
{
	struct reference_poll *poll = open_poll(span);

	if (!poll) {
		meet(model,
		     span->polls ? REFERENCE_CASE_END_SUSPENDED : REFERENCE_CASE_END_NEVER_ENTERED);
	} else if (poll->stream != task->stream) {
		meet(model, REFERENCE_CASE_END_ELSEWHERE);
		close_elsewhere(model, poll);
	} else if (is_top(task, poll)) {
		meet(model, REFERENCE_CASE_END);
		close_here(model, &task->items[--task->count]);
	} else {
		meet(model, REFERENCE_CASE_END_BELOW);
		close_here(model, &task->items[place_of(task, poll)]);
	}
}

struct reference_span *reference_end(struct reference *model, struct reference_task *task,
				     uint64_t id, int32_t status, bool unsent)
{
	struct reference_span *span = reference_find(model, task->process, id);

	if (!span) {
		meet(model, REFERENCE_CASE_END_UNKNOWN);
		return NULL;
	}
	drop_stale(task);
	end_poll(model, task, span);
	span->ended = true;
	span->status = status;
	span->end_time = model->now;
	span->last_event_time = model->now;
	span->end_stream = task->stream;
	span->unsent = unsent;
	if (!unsent)
		model->in_table--;
	no_longer_open(model, span);
	return span;
}

void reference_sweep(struct reference *model)
{
	for (struct reference_span *span = model->spans; span; span = span->next) {
		if (!span->unsent)
			continue;
		span->unsent = false;
		model->in_table--;
	}
}

void reference_thread_exit(struct reference *model, struct reference_task *task)
{
	size_t closed = close_all_but(model, task, 0);

	while (closed--) /* each is counted */
		meet(model, REFERENCE_CASE_THREAD_EXIT);
	remove_task(model, task);
}

/* Polls end now, but nothing happened to the spans: their state and last event stay. */
static void end_task_with_process(struct reference *model, struct reference_task *task)
{
	for (size_t i = 0; i < task->count; i++) {
		struct reference_poll *poll = task->items[i].poll;
		uint64_t last_event_time = poll->span->last_event_time;

		if (!poll->open)
			continue;
		close_here(model, &task->items[i]);
		poll->span->last_event_time = last_event_time;
		poll->span->ended_entered = true;
	}
	remove_task(model, task);
}

void reference_process_end(struct reference *model, uint64_t process)
{
	struct reference_task *task = model->tasks, *next_task;
	struct reference_span *span = model->open, *next;

	for (; task; task = next_task) {
		next_task = task->next;
		if (task->process == process)
			end_task_with_process(model, task);
	}
	for (; span; span = next) {
		next = span->next_open;
		if (span->process != process)
			continue;
		meet(model, REFERENCE_CASE_PROCESS_END);
		span->process_is_over = true;
		model->in_table--;
		no_longer_open(model, span);
	}
}

static enum reference_state state_of(const struct reference_span *span)
{
	if (span->ended)
		return REFERENCE_ENDED;
	if (open_poll(span) || span->ended_entered)
		return REFERENCE_ENTERED;
	return span->polls ? REFERENCE_SUSPENDED : REFERENCE_QUEUED;
}

struct reference_row reference_row(const struct reference_span *span)
{
	struct reference_row row = { .queue = UINT64_MAX, .root_id = span->id };
	const struct reference_poll *before = NULL;

	if (span->parent)
		row.parent_id = span->parent->id;
	for (const struct reference_span *above = span->parent; above; above = above->parent) {
		row.root_id = above->id;
		row.depth++;
	}
	if (span->polls)
		row.queue = span->polls->begin - span->begin_time;
	for (const struct reference_poll *poll = span->polls; poll; poll = poll->next) {
		uint64_t length = poll->end - poll->begin;

		row.polls++;
		row.migrations += before && before->stream != poll->stream;
		before = poll;
		if (poll->open)
			continue;
		row.busy += length;
		row.busy_self += poll->self;
		if (length > row.longest_poll)
			row.longest_poll = length;
	}
	row.state = state_of(span);
	return row;
}
