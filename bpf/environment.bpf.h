/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the rules of the model rest on, in the kernel: see model/rules.h. */
#ifndef ASYNCSPAN_ENVIRONMENT_BPF_H
#define ASYNCSPAN_ENVIRONMENT_BPF_H

#include "maps.bpf.h"

/* Programs may be preempted, and counters are shared by all CPUs. */
static __always_inline void model_count(enum model_counter counter)
{
	__sync_fetch_and_add(&counters[counter], 1);
	if (counter < MODEL_LOSS_COUNT)
		__sync_fetch_and_add(&losses, 1);
}

static __always_inline struct record_span_slot *slot_of(const struct model_span_key *key)
{
	__u32 index = key->span_id % RECORD_SPAN_SLOTS;

	return bpf_map_lookup_elem(&slots, &index);
}

/* One branch for all: the verifier follows each of the two ways from here. */
static __always_inline bool slot_holds(const struct record_span_slot *slot,
				       const struct model_span_key *key)
{
	return ((*(volatile __u64 *)&slot->state ^ RECORD_SLOT_TAKEN) |
		(slot->span.key.span_id ^ key->span_id) |
		(slot->span.key.process ^ key->process)) == 0;
}

static __always_inline struct model_span *model_lookup(const struct model_span_key *key)
{
	struct record_span_slot *slot = slot_of(key);

	if (slot && slot_holds(slot, key))
		return &slot->span;
	return bpf_map_lookup_elem(&spans, key);
}

/* True where the span's slot was free and has it now. */
static __always_inline bool slot_take(const struct model_span *span)
{
	struct record_span_slot *slot = slot_of(&span->key);

	if (!slot || slot->state != RECORD_SLOT_FREE ||
	    __sync_val_compare_and_swap(&slot->state, RECORD_SLOT_FREE, RECORD_SLOT_FILLING) !=
		    RECORD_SLOT_FREE)
		return false;
	slot->span = *span;
	__sync_lock_test_and_set(&slot->state, RECORD_SLOT_TAKEN);
	return true;
}

static __always_inline int model_insert(const struct model_span *span)
{
	if (__sync_fetch_and_add(&open_spans, 1) < max_spans &&
	    (slot_take(span) || !bpf_map_update_elem(&spans, &span->key, span, BPF_NOEXIST)))
		return 0;
	__sync_fetch_and_add(&open_spans, -1);
	return -1;
}

static __always_inline void model_delete(const struct model_span_key *key)
{
	struct record_span_slot *slot = slot_of(key);

	if (slot && slot_holds(slot, key))
		__sync_lock_test_and_set(&slot->state, RECORD_SLOT_FREE);
	else if (bpf_map_delete_elem(&spans, key))
		return;
	__sync_fetch_and_add(&open_spans, -1);
}

static __always_inline struct model_item *model_spill(__u32 stream, __u32 index)
{
	struct spill_key key = { .stream = stream, .index = index };

	return bpf_map_lookup_elem(&spill, &key);
}

static __always_inline struct model_item *model_spill_add(__u32 stream, __u32 index)
{
	struct spill_key key = { .stream = stream, .index = index };
	struct model_item item = {};

	bpf_map_update_elem(&spill, &key, &item, BPF_ANY);
	return bpf_map_lookup_elem(&spill, &key);
}

static __always_inline void model_spill_drop(__u32 stream, __u32 index)
{
	struct spill_key key = { .stream = stream, .index = index };

	bpf_map_delete_elem(&spill, &key);
}

static __always_inline __u64 model_foreign(void)
{
	return *(volatile __u64 *)&foreign_changes;
}

static __always_inline void model_foreign_change(void)
{
	__sync_fetch_and_add(&foreign_changes, 1);
}

struct model_context;

static void poll_ended(const struct model_context *context, const struct model_span *span);

#define MODEL_POLL_ENDED(context, span) poll_ended(context, span)

/*
 * bpf_loop() came with 5.17. Before, a loop that the verifier can follow to its end: with more
 * steps than these it gives up. There, polls more than so many levels above the span that is
 * suspended or resumed out of order stay open until they are suspended or ended themselves.
 */
#define MODEL_REPEAT_BOUNDED 16

static __always_inline void model_repeat(__u32 limit, long (*step)(__u32 index, void *data),
					 void *data)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop)) {
		bpf_loop(limit, step, data, 0);
		return;
	}
	for (__u32 i = 0; i < MODEL_REPEAT_BOUNDED; i++)
		if (i >= limit || step(i, data))
			break;
}

#endif
