/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The state of the span model: what is kept of every open span and of every task. Times are
 * nanoseconds of CLOCK_MONOTONIC. A process is one image of a process (an exec makes another),
 * numbered in this trace from 1; a stream is one task of a process, numbered likewise.
 */
#ifndef MODEL_SPAN_H
#define MODEL_SPAN_H

#include "types.h"

/* Entries of a task's async stack in its own storage; deeper ones lie in a spill table. */
#define MODEL_STACK_ENTRIES 64

#define MODEL_NEVER (~0ULL)

enum model_state {
	MODEL_QUEUED, /* spawned, not entered yet */
	MODEL_SUSPENDED,
	MODEL_ENTERED,
	MODEL_ENDED, /* about to leave the table, or MODEL_END_UNSENT */
};

enum model_span_flags {
	MODEL_NAMED = 1,	/* the name was given at run time */
	MODEL_BEGIN_UNSENT = 2, /* no begin record was sent: the end record serves for both */
	MODEL_LOSSY = 4,	/* something was lost while it was open */
	MODEL_END_UNSENT = 8,	/* it ended, and waits in the table for ring space */
};

struct model_span_key {
	__u64 process;
	__u64 span_id;
};

/* A span that is open. Also, as it stands at the end, the end record's content. */
struct model_span {
	struct model_span_key key; /* again: entries of a kernel hash are reused */
	__u64 parent_id;	   /* 0: root */
	__u64 root_id;		   /* itself for a root */
	__u64 location;		   /* address in the process */
	__u64 begin_time;
	__u64 end_time;
	__u64 last_event_time;
	__u64 entered_time; /* begin of the open poll */
	__u64 queue;	    /* begin to first entered; MODEL_NEVER */
	__u64 busy;	    /* closed polls */
	__u64 busy_self;
	__u64 longest_poll;
	__u64 losses; /* the count of losses at its begin */
	__u32 depth;
	__u32 polls;
	__u32 migrations;
	__u32 owner;	   /* stream on which it is entered, else 0 */
	__u32 position;	   /* there: its place in the stack */
	__u32 last_stream; /* of the last poll; 0: none yet */
	__u32 begin_stream;
	__u32 end_stream;
	__u32 begin_cpu;
	__u32 end_cpu;
	__u32 location_generation; /* which of the objects that lay at that address in turn */
	__s32 status;
	__u32 state; /* enum model_state */
	__u32 flags; /* enum model_span_flags */
};

/* One place of an async stack. It is stale when its span is gone or entered elsewhere by now. */
struct model_item {
	__u64 span_id;
	__u64 root_id;
	__u64 pushed;  /* when */
	__u64 covered; /* time that other spans lay above it, as far as those are popped */
	__u32 depth;
	__u32 padding;
};

struct model_task {
	__u32 stream;
	__u32 count;	  /* entries of the stack */
	__u32 unverified; /* of these, so many from the bottom may be stale */
	__u32 padding;
	__u64 foreign; /* the count of foreign changes when `unverified` was right */
	struct model_item items[MODEL_STACK_ENTRIES];
};

#ifndef __cplusplus
_Static_assert(sizeof(struct model_span) == 168, "the span is part of a record");
_Static_assert(sizeof(struct model_item) == 40, "the item is a value of a kernel map");
#endif

#endif
