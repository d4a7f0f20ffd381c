// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The BPF programs behind the probes of include/asyncspan.h: they keep the async stack of every
 * task and the state of every open span, and send one record as a span begins and one as it
 * ends. Arguments lie in registers, because a site is the entry of a function.
 */
#include "locations.bpf.h"
#include "processes.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define NAME_TO_NUL (~0ULL) /* the length of a name that ends in NUL */
#define RECORDS_BETWEEN_LOOKS 64

/* The consumer wakes by time; only a ring that fills faster than that wakes it. */
static __always_inline __u64 wake_up(struct task_state *state)
{
	if (++state->sent % RECORDS_BETWEEN_LOOKS)
		return BPF_RB_NO_WAKEUP;
	if (bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) < ring_quarter)
		return BPF_RB_NO_WAKEUP;
	return BPF_RB_FORCE_WAKEUP;
}

static __always_inline void read_name(struct task_state *state, __u64 name, __u64 length)
{
	struct record_begin *record = &state->record;
	__u32 limit = name_limit;
	long got;

	if (limit > RECORD_NAME_SIZE - 1)
		limit = RECORD_NAME_SIZE - 1;
	if (length == NAME_TO_NUL) {
		got = bpf_probe_read_user_str(record->name, limit + 1, (const void *)name);
		got = got > 0 ? got - 1 : -1;
	} else {
		if (length < limit)
			limit = length;
		got = bpf_probe_read_user(record->name, limit, (const void *)name);
		got = got < 0 ? -1 : (long)limit;
	}
	record->flags = RECORD_NAMED;
	record->name_length = got;
	if (got < 0) {
		record->flags |= RECORD_NAME_UNREADABLE;
		record->name_length = 0;
		model_count(MODEL_NAME_UNREADABLE);
	}
}

static __always_inline void send_begin(struct task_state *state, const struct model_span *span)
{
	struct record_begin *record = &state->record;
	__u32 size = offsetof(struct record_begin, name) +
		     (record->name_length & (RECORD_NAME_SIZE - 1));
	struct model_span *entry;

	record->kind = RECORD_BEGIN;
	record->stream = span->begin_stream;
	record->key = span->key;
	record->parent_id = span->parent_id;
	record->time = span->begin_time;
	record->location = span->location;
	record->location_generation = span->location_generation;
	record->depth = span->depth;
	record->cpu = span->begin_cpu;
	if (!bpf_ringbuf_output(&events, record, size, wake_up(state)))
		return;
	if (record->flags & RECORD_NAMED)
		model_count(MODEL_NAME_LOST);
	entry = model_find(span->key.process, span->key.span_id);
	if (entry)
		entry->flags |= MODEL_BEGIN_UNSENT;
	model_count(MODEL_DEFERRED);
}

static __always_inline void handle_begin(struct pt_regs *ctx, struct task_state *state,
					 __u64 cookie)
{
	struct model_context context = context_of(state);
	__u32 probe = RECORD_COOKIE_PROBE(cookie);
	struct model_begin begin = {};
	struct model_span span;

	begin.span_id = PT_REGS_PARM1(ctx);
	begin.location = PT_REGS_PARM2(ctx);
	begin.losses = losses;
	begin.enter = !(probe & RECORD_PROBE_SPAWN);
	location_know(state, begin.location, RECORD_COOKIE_OBJECT(cookie));
	begin.location_generation = state->location_generation;
	state->record.flags = 0;
	state->record.name_length = 0;
	if (probe & RECORD_PROBE_CHILD) {
		begin.explicit_parent = 1;
		begin.parent_id = PT_REGS_PARM3(ctx);
	}
	if (probe & RECORD_PROBE_NAMED) {
		begin.flags = MODEL_NAMED;
		if (probe & RECORD_PROBE_CHILD)
			read_name(state, PT_REGS_PARM4(ctx), PT_REGS_PARM5(ctx));
		else
			read_name(state, PT_REGS_PARM3(ctx), PT_REGS_PARM4(ctx));
	}
	if (!model_begin(&context, &begin, &span))
		send_begin(state, &span);
}

/* Sends the end record, or leaves the entry, which is complete, for the loader's sweep. */
static __always_inline void send_end(struct task_state *state, struct model_span *span)
{
	struct model_span_key key = span->key;
	struct record_end *record;

	if (losses != span->losses)
		span->flags |= MODEL_LOSSY;
	record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);
	if (!record) {
		model_count(MODEL_DEFERRED);
		span->flags |= MODEL_END_UNSENT;
		return;
	}
	record->kind = RECORD_END;
	record->padding = 0;
	record->span = *span;
	bpf_ringbuf_submit(record, wake_up(state));
	model_delete(&key);
}

static __always_inline void handle_end(struct pt_regs *ctx, struct task_state *state)
{
	struct model_context context = context_of(state);
	struct model_span *span;

	span = model_end(&context, PT_REGS_PARM1(ctx), (__s32)PT_REGS_PARM2(ctx));
	if (span)
		send_end(state, span);
}

static __always_inline void handle_suspend(struct pt_regs *ctx, struct task_state *state)
{
	struct model_context context = context_of(state);

	model_suspend(&context, PT_REGS_PARM1(ctx));
}

static __always_inline void handle_resume(struct pt_regs *ctx, struct task_state *state)
{
	struct model_context context = context_of(state);

	model_resume(&context, PT_REGS_PARM1(ctx));
}

/* Attached to a site of the loader itself: do probes of one process see all its threads? */
SEC("uprobe")
int try_out(struct pt_regs *ctx)
{
	__sync_fetch_and_add(&tries, 1);
	return 0;
}

/* Every probe of every object: one program, so that one link can hold all sites of an object. */
SEC("uprobe")
int span_event(struct pt_regs *ctx)
{
	struct task_state *state = task_current();
	__u64 cookie;

	if (!state)
		return 0;
	cookie = bpf_get_attach_cookie(ctx);
	switch (RECORD_COOKIE_PROBE(cookie)) {
	case RECORD_PROBE_END:
		handle_end(ctx, state);
		break;
	case RECORD_PROBE_SUSPEND:
		handle_suspend(ctx, state);
		break;
	case RECORD_PROBE_RESUME:
		handle_resume(ctx, state);
		break;
	default:
		handle_begin(ctx, state, cookie);
		break;
	}
	return 0;
}
