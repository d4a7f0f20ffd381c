/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What an event costs, step by step: programs that each do one thing that the tracer does, of the same
 * size, and a program that does nothing: what is left of that is the trap, which no tracer can avoid.
 */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "records.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct task_storage {
	__u64 events;
	__u64 time;
	struct model_task task; /* as large as the tracer's */
	struct model_span span;
	struct record_begin record;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_storage);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__type(key, struct model_span_key);
	__type(value, struct model_span);
} spans SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 32 << 20);
} events SEC(".maps");

__u64 now;
__u64 found;

static __always_inline struct task_storage *storage(void)
{
	return bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), NULL,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
}

static __always_inline struct model_span_key key_of(struct pt_regs *ctx)
{
	struct model_span_key key = { .process = 1, .span_id = PT_REGS_PARM1(ctx) };

	return key;
}

SEC("uprobe")
int empty(struct pt_regs *ctx)
{
	return 0;
}

SEC("uprobe")
int clock(struct pt_regs *ctx)
{
	now = bpf_ktime_get_ns();
	return 0;
}

SEC("uprobe")
int task(struct pt_regs *ctx)
{
	struct task_storage *storage_of_task = storage();

	if (storage_of_task)
		storage_of_task->events++;
	return 0;
}

SEC("uprobe")
int insert_begin(struct pt_regs *ctx)
{
	struct model_span_key key = key_of(ctx);
	struct model_span span = {};

	span.key = key;
	bpf_map_update_elem(&spans, &key, &span, BPF_NOEXIST);
	return 0;
}

SEC("uprobe")
int insert_end(struct pt_regs *ctx)
{
	struct model_span_key key = key_of(ctx);

	bpf_map_delete_elem(&spans, &key);
	return 0;
}

SEC("uprobe")
int find_end(struct pt_regs *ctx)
{
	struct model_span_key key = key_of(ctx);
	struct model_span *span = bpf_map_lookup_elem(&spans, &key);

	if (span)
		found += span->key.span_id;
	bpf_map_delete_elem(&spans, &key);
	return 0;
}

SEC("uprobe")
int record_begin(struct pt_regs *ctx)
{
	const __u32 size = offsetof(struct record_begin, name);
	void *record = bpf_ringbuf_reserve(&events, size, 0);

	if (!record)
		return 0;
	__builtin_memset(record, 0, size);
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("uprobe")
int record_end(struct pt_regs *ctx)
{
	struct record_end *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

	if (!record)
		return 0;
	__builtin_memset(record, 0, sizeof(*record));
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}
