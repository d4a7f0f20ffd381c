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

static __always_inline struct model_span *model_lookup(const struct model_span_key *key)
{
	return bpf_map_lookup_elem(&spans, key);
}

static __always_inline int model_insert(const struct model_span *span)
{
	return bpf_map_update_elem(&spans, &span->key, span, BPF_NOEXIST);
}

static __always_inline void model_delete(const struct model_span_key *key)
{
	bpf_map_delete_elem(&spans, key);
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

/* bpf_loop() came with 5.17: before, a loop that the verifier can follow to its end. */
#define MODEL_REPEAT_BOUNDED 256

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
