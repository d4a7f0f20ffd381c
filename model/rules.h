/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The rules of the span model: what begin, resume, suspend, end, and the end of a thread or of a
 * process do to the open spans and to the async stack of one task. Plain C, compiled into the BPF
 * programs and into native programs alike.
 *
 * Whoever includes this defines before, as static functions:
 *
 *	struct model_span *model_lookup(const struct model_span_key *key);
 *	int model_insert(const struct model_span *span);		0, or < 0: table full
 *	void model_delete(const struct model_span_key *key);
 *	struct model_item *model_spill(__u32 stream, __u32 index);	NULL: not there
 *	struct model_item *model_spill_add(__u32 stream, __u32 index);	NULL: no room
 *	void model_spill_drop(__u32 stream, __u32 index);
 *	void model_count(enum model_counter counter);
 *	__u64 model_foreign(void);			foreign changes so far
 *	void model_foreign_change(void);		one more
 *	void model_repeat(__u32 limit, long (*step)(__u32 index, void *data), void *data);
 *							until the step returns 1
 *
 * and then, for each event on a task:
 *
 *	struct model_context context = { .task = ..., .process = ..., .now = ..., .cpu = ... };
 *	span = model_resume(&context, span_id);		NULL: nothing changed
 *
 * Only its own task changes a stack. What other tasks do to a span on it changes the span's owner;
 * the item is stale then, and dropped when it comes to the top. Looking at the top is free as
 * long as no span of any task was changed from outside: `foreign` counts those changes.
 */
#ifndef MODEL_RULES_H
#define MODEL_RULES_H

#include "counters.h"
#include "span.h"

/* Inline everywhere, for the verifier's sake; measuring coverage redefines it. */
#ifndef MODEL_INLINE
#define MODEL_INLINE static inline __attribute__((always_inline, unused))
#endif
#define MODEL_OUTLINE static __attribute__((noinline, unused))

/* What else is to happen when a poll has ended; span->owner is the task it was on. */
#ifndef MODEL_POLL_ENDED
#define MODEL_POLL_ENDED(context, span) ((void)0)
#endif

/* One level below the parent. Measuring what depth costs redefines it. */
#ifndef MODEL_CHILD_DEPTH
#define MODEL_CHILD_DEPTH(parent_depth) ((parent_depth) + 1)
#endif

struct model_context {
	struct model_task *task;
	__u64 process;
	__u64 now;
	__u32 cpu;
};

struct model_begin {
	__u64 span_id;
	__u64 parent_id; /* with explicit_parent */
	__u64 location;
	__u64 losses;
	__u32 location_generation;
	__u32 flags; /* enum model_span_flags */
	__u8 explicit_parent;
	__u8 enter; /* 0: spawned */
};

/* What an unwinding of the stack does with the items that it meets, top first. */
enum model_unwind_mode {
	MODEL_DROP_STALE,   /* until one is not stale */
	MODEL_CLOSE,	    /* close the polls, down to `keep` items */
	MODEL_CLOSE_THREAD, /* the same, counted: the thread is at its end */
	MODEL_CLOSE_LAST,   /* the same, and the spans stay as they are: the process is */
};

struct model_unwind {
	struct model_context *context;
	__u32 keep;
	__u32 mode;
};

MODEL_INLINE struct model_span *model_find(__u64 process, __u64 span_id)
{
	struct model_span_key key = { .process = process, .span_id = span_id };
	struct model_span *span = model_lookup(&key);

	/* An entry may be given to another span between the look-up and this line. */
	if (!span || span->key.span_id != span_id || span->key.process != process)
		return 0;
	return span->state == MODEL_ENDED ? 0 : span;
}

MODEL_INLINE struct model_item *model_item(struct model_task *task, __u32 index)
{
	if (index < MODEL_STACK_ENTRIES)
		return &task->items[index & (MODEL_STACK_ENTRIES - 1)];
	return model_spill(task->stream, index);
}

MODEL_INLINE int model_push(struct model_context *context, __u64 span_id, __u64 root_id,
			    __u32 depth)
{
	struct model_task *task = context->task;
	__u32 index = task->count;
	struct model_item *item;

	if (index < MODEL_STACK_ENTRIES)
		item = &task->items[index & (MODEL_STACK_ENTRIES - 1)];
	else
		item = model_spill_add(task->stream, index);
	if (!item)
		return -1;
	item->span_id = span_id;
	item->root_id = root_id;
	item->pushed = context->now;
	item->covered = 0;
	item->depth = depth;
	task->count = index + 1;
	return 0;
}

/* Takes the top away; the time it lay there counts as covered for the one below. */
MODEL_INLINE void model_pop(struct model_context *context, const struct model_item *top)
{
	struct model_task *task = context->task;
	__u32 index = task->count - 1;
	struct model_item *below;

	if (index > 0) {
		below = model_item(task, index - 1);
		if (below)
			below->covered += context->now - top->pushed;
	}
	if (index >= MODEL_STACK_ENTRIES)
		model_spill_drop(task->stream, index);
	task->count = index;
}

/* The poll ends; `covered` of it other spans lay above. */
MODEL_INLINE void model_close_poll(struct model_context *context, struct model_span *span,
				   __u64 covered)
{
	__u64 poll = context->now - span->entered_time;

	span->busy += poll;
	span->busy_self += poll - covered;
	if (poll > span->longest_poll)
		span->longest_poll = poll;
	MODEL_POLL_ENDED(context, span);
	span->owner = 0;
}

MODEL_INLINE void model_open_poll(struct model_context *context, struct model_span *span)
{
	__u32 stream = context->task->stream;

	if (span->last_stream && span->last_stream != stream)
		span->migrations++;
	if (span->queue == MODEL_NEVER)
		span->queue = context->now - span->begin_time;
	span->polls++;
	span->last_stream = stream;
	span->entered_time = context->now;
	span->last_event_time = context->now;
	span->owner = stream;
	span->state = MODEL_ENTERED;
}

/* The span of the stack's item at this index, NULL for a stale item. */
MODEL_INLINE struct model_span *model_span_at(struct model_context *context,
					      const struct model_item *item, __u32 index)
{
	struct model_span *span = model_find(context->process, item->span_id);

	if (!span || span->owner != context->task->stream || span->position != index)
		return 0;
	return span;
}

static long model_unwind_step(__u32 step, void *data)
{
	struct model_unwind *unwind = data;
	struct model_context *context = unwind->context;
	struct model_task *task = context->task;
	__u32 index = task->count - 1;
	struct model_item *top;
	struct model_span *span;

	(void)step;
	if (task->count <= unwind->keep)
		return 1;
	top = model_item(task, index);
	if (!top) {
		task->count = index;
		return 0;
	}
	span = model_span_at(context, top, index);
	if (span && unwind->mode == MODEL_DROP_STALE) {
		task->unverified = index;
		return 1;
	}
	if (span) {
		model_close_poll(context, span, top->covered);
		if (unwind->mode != MODEL_CLOSE_LAST) {
			span->state = MODEL_SUSPENDED;
			span->last_event_time = context->now;
		}
		if (unwind->mode == MODEL_CLOSE_THREAD)
			model_count(MODEL_THREAD_EXIT);
	}
	model_pop(context, top);
	return 0;
}

MODEL_OUTLINE void model_unwind(struct model_context *context, __u32 mode, __u32 keep)
{
	struct model_unwind unwind = { .context = context, .keep = keep, .mode = mode };

	model_repeat(context->task->count, model_unwind_step, &unwind);
}

/* Makes sure that the top of the stack, if there is one, is not stale. */
MODEL_INLINE void model_settle(struct model_context *context)
{
	struct model_task *task = context->task;
	__u64 foreign = model_foreign();

	if (task->foreign != foreign) {
		task->foreign = foreign;
		task->unverified = task->count;
	}
	if (task->count && task->count <= task->unverified)
		model_unwind(context, MODEL_DROP_STALE, 0);
}

/* Fills parent, root and depth in. */
MODEL_INLINE void model_choose_parent(struct model_context *context,
				      const struct model_begin *begin, struct model_span *span)
{
	struct model_task *task = context->task;
	struct model_item *top;
	struct model_span *parent;

	span->parent_id = 0;
	span->root_id = begin->span_id;
	span->depth = 0;
	if (begin->explicit_parent) {
		if (!begin->parent_id)
			return;
		parent = model_find(context->process, begin->parent_id);
		if (!parent) {
			model_count(MODEL_PARENT_GONE);
			return;
		}
		span->parent_id = begin->parent_id;
		span->root_id = parent->root_id;
		span->depth = MODEL_CHILD_DEPTH(parent->depth);
		return;
	}
	top = task->count ? model_item(task, task->count - 1) : 0;
	if (!top)
		return;
	span->parent_id = top->span_id;
	span->root_id = top->root_id;
	span->depth = MODEL_CHILD_DEPTH(top->depth);
}

/*
 * Begins a span; *span receives its state. Returns 0, or -1 where it could not be recorded: then
 * it is not there, and its later events are orphans.
 */
MODEL_INLINE int model_begin(struct model_context *context, const struct model_begin *begin,
			     struct model_span *span)
{
	struct model_task *task = context->task;
	__u32 enter = begin->enter;

	model_settle(context);
	model_choose_parent(context, begin, span);
	span->key.process = context->process;
	span->key.span_id = begin->span_id;
	span->location = begin->location;
	span->location_generation = begin->location_generation;
	span->begin_time = context->now;
	span->end_time = 0;
	span->last_event_time = context->now;
	span->entered_time = context->now;
	span->queue = enter ? 0 : MODEL_NEVER;
	span->busy = 0;
	span->busy_self = 0;
	span->longest_poll = 0;
	span->losses = begin->losses;
	span->polls = enter ? 1 : 0;
	span->migrations = 0;
	span->owner = enter ? task->stream : 0;
	span->position = task->count;
	span->last_stream = span->owner;
	span->begin_stream = task->stream;
	span->end_stream = 0;
	span->begin_cpu = context->cpu;
	span->end_cpu = 0;
	span->status = 0;
	span->state = enter ? MODEL_ENTERED : MODEL_QUEUED;
	span->flags = begin->flags;
	if (model_insert(span)) {
		model_count(MODEL_UNRECORDED);
		return -1;
	}
	if (enter && model_push(context, begin->span_id, span->root_id, span->depth)) {
		model_delete(&span->key);
		model_count(MODEL_STORAGE_BUSY);
		return -1;
	}
	return 0;
}

/* A poll that runs on another task ends here; that task finds its item stale later. */
MODEL_INLINE void model_close_foreign(struct model_context *context, struct model_span *span)
{
	/* What lay above it is known to its own task only: all of this poll counts as its own. */
	model_close_poll(context, span, 0);
	model_foreign_change();
}

/* Enters the span on this task. NULL: unknown, or entered here already. */
MODEL_INLINE struct model_span *model_resume(struct model_context *context, __u64 span_id)
{
	struct model_task *task = context->task;
	struct model_span *span = model_find(context->process, span_id);

	if (!span) {
		model_count(MODEL_ORPHAN);
		return 0;
	}
	model_settle(context);
	if (span->owner == task->stream) {
		if (span->position + 1 == task->count) {
			model_count(MODEL_DOUBLE_RESUME);
			return 0;
		}
		model_count(MODEL_NOT_TOP);
		model_unwind(context, MODEL_CLOSE, span->position + 1);
		span->last_event_time = context->now;
		return 0;
	}
	if (span->owner) {
		model_count(MODEL_STOLEN);
		model_close_foreign(context, span);
		span->state = MODEL_SUSPENDED;
		span->last_event_time = context->now;
	}
	if (model_push(context, span_id, span->root_id, span->depth)) {
		model_count(MODEL_STORAGE_BUSY);
		return 0;
	}
	span->position = task->count - 1;
	model_open_poll(context, span);
	return span;
}

/* Leaves the top of this task's stack. */
MODEL_INLINE void model_leave_top(struct model_context *context, struct model_span *span)
{
	struct model_item *top = model_item(context->task, span->position);

	model_close_poll(context, span, top ? top->covered : 0);
	if (top)
		model_pop(context, top);
	else
		context->task->count--;
}

/* Ends the poll of a span, on whatever task it is entered. NULL: unknown, or not entered. */
MODEL_INLINE struct model_span *model_suspend(struct model_context *context, __u64 span_id)
{
	struct model_task *task = context->task;
	struct model_span *span = model_find(context->process, span_id);

	if (!span) {
		model_count(MODEL_ORPHAN);
		return 0;
	}
	model_settle(context);
	if (!span->owner) {
		model_count(MODEL_NOT_ENTERED);
		return 0;
	}
	if (span->owner != task->stream) {
		model_count(MODEL_FOREIGN);
		model_close_foreign(context, span);
	} else {
		if (span->position + 1 != task->count) {
			model_count(MODEL_NOT_TOP);
			model_unwind(context, MODEL_CLOSE, span->position + 1);
		}
		model_leave_top(context, span);
	}
	span->state = MODEL_SUSPENDED;
	span->last_event_time = context->now;
	return span;
}

/* Removes a span from below the top: its item stays, stale; those above stay entered. */
MODEL_INLINE void model_leave_middle(struct model_context *context, struct model_span *span)
{
	struct model_task *task = context->task;
	struct model_item *item = model_item(task, span->position);
	struct model_item *above = model_item(task, span->position + 1);

	__u64 covered = item ? item->covered : 0;

	if (above)
		covered += context->now - above->pushed;
	model_close_poll(context, span, covered);
	if (task->unverified <= span->position)
		task->unverified = span->position + 1;
}

/*
 * Ends a span. Returns it, still in the table and complete: the caller takes what it needs and
 * deletes the entry. NULL: unknown.
 */
MODEL_INLINE struct model_span *model_end(struct model_context *context, __u64 span_id,
					  __s32 status)
{
	struct model_task *task = context->task;
	struct model_span *span = model_find(context->process, span_id);

	if (!span) {
		model_count(MODEL_ORPHAN);
		return 0;
	}
	model_settle(context);
	/* Two tasks may end it at once: one of them does. */
	if (__sync_lock_test_and_set(&span->state, MODEL_ENDED) == MODEL_ENDED) {
		model_count(MODEL_ORPHAN);
		return 0;
	}
	if (span->owner == task->stream) {
		if (span->position + 1 == task->count) {
			model_leave_top(context, span);
		} else {
			model_count(MODEL_NOT_TOP);
			model_leave_middle(context, span);
		}
	} else if (span->owner) {
		model_count(MODEL_FOREIGN);
		model_close_foreign(context, span);
	}
	span->status = status;
	span->end_time = context->now;
	span->last_event_time = context->now;
	span->end_stream = task->stream;
	span->end_cpu = context->cpu;
	return span;
}

/*
 * The task ends, or its process does (by exit or exec): open polls end now. Of a thread that
 * ends alone the spans are suspended, and may be resumed elsewhere.
 */
MODEL_INLINE void model_task_end(struct model_context *context, int whole_process)
{
	model_unwind(context, whole_process ? MODEL_CLOSE_LAST : MODEL_CLOSE_THREAD, 0);
}

#endif
