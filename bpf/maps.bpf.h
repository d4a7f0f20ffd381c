/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The maps and variables of the BPF programs. Sizes of `events` and `spans` are set by the loader
 * before it loads.
 */
#ifndef ASYNCSPAN_MAPS_BPF_H
#define ASYNCSPAN_MAPS_BPF_H

#include "bpf_program.bpf.h"

#include "records.h"

#define LOCATIONS_CACHED 8

/* What a task is known by, and its async stack. */
struct task_state {
	struct model_task model;
	__u64 process; /* 0: not traced (any more) */
	__u64 location_epoch;
	__u32 location_generation;
	__u32 sent;			   /* records, to look at the ring's fill now and then */
	__u64 locations[LOCATIONS_CACHED]; /* addresses known to lie in the table */
	struct record_begin record;	   /* the next record is put together here */
};

/* A process that is traced, by its pid. */
struct process_state {
	__u64 number; /* of its present image; 0: its command is not executed yet */
	__u32 location_generation;
	__u32 follow; /* trace its children too */
};

struct spill_key {
	__u32 stream;
	__u32 index;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 32 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 << 10);
} notices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 262144);
	__type(key, struct model_span_key);
	__type(value, struct model_span);
} spans SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, RECORD_SPAN_SLOTS);
	__type(key, __u32);
	__type(value, struct record_span_slot);
} slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
} tasks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 1 << 20);
	__type(key, struct spill_key);
	__type(value, struct model_item);
} spill SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct process_state);
} processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct record_image);
} images SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct record_stream);
} streams SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 65536);
	__type(key, struct record_location_key);
	__type(value, struct record_location);
} locations SEC(".maps");

/* Never written: what a new location starts as, too large for the stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct record_location);
} empty_location SEC(".maps");

/* Set by the loader. */
const volatile __u32 name_limit = RECORD_NAME_SIZE - 1; /* bytes of a run-time name */
const volatile bool send_polls = false;			/* a record for each poll */
const volatile __u64 max_spans = 262144;
const volatile __u64 ring_quarter = 8 << 20; /* bytes: the consumer is woken from here */

bool holding = true; /* false: processes are not held any more, nobody would let them go */

/* Read by the loader. */
__u64 counters[MODEL_COUNTER_COUNT];
__u64 losses; /* the sum of the losses among them */

__u64 tries; /* of the program try_out */

__u64 open_spans; /* in slots and hash together, not more than max_spans */

__u64 foreign_changes;
__u64 location_epoch; /* how often some process's locations became doubtful */

/* Numbers given out: of images that begin while we trace, from the middle up; the loader numbers
 * those that were there before from 1. */
__u64 next_image = 1ULL << 32;
__u64 next_image_registered = 1;
__u32 next_stream = 1;

#endif
