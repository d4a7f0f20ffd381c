/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * What travels from the kernel to the loader. Begin, end and task records come through the ring
 * buffer; notices through a second, small one, with a wake-up each. Locations, streams and
 * images (of processes) lie in tables, read when a record first speaks of them: a full ring
 * cannot lose them.
 */
#ifndef MODEL_RECORDS_H
#define MODEL_RECORDS_H

#include "span.h"

#define RECORD_NAME_SIZE 256 /* bytes of a name, with the NUL where it was cut */
#define RECORD_COMM_SIZE 16

/*
 * What a probe is, in the low byte of its attach cookie; the number of the attached object lies
 * above. Begins are sums of the first three.
 */
enum record_probe {
	RECORD_PROBE_SPAWN = 1, /* without entering */
	RECORD_PROBE_CHILD = 2, /* the parent is given */
	RECORD_PROBE_NAMED = 4, /* the name is given */
	RECORD_PROBE_SUSPEND = 8,
	RECORD_PROBE_RESUME = 9,
	RECORD_PROBE_END = 10,
};

#define RECORD_COOKIE(object, probe) ((__u64)(object) << 8 | (probe))
#define RECORD_COOKIE_OBJECT(cookie) ((cookie) >> 8)
#define RECORD_COOKIE_PROBE(cookie) ((cookie)&0xff)

enum record_kind {
	RECORD_BEGIN = 1,
	RECORD_END,
	RECORD_TASK_EXIT,
	RECORD_POLL,
};

/* A span began. It is sent without the bytes of `name` that are not used. */
struct record_begin {
	__u32 kind;
	__u32 stream;
	struct model_span_key key;
	__u64 parent_id;
	__u64 time;
	__u64 location;
	__u32 location_generation;
	__u32 depth;
	__u32 cpu;
	__u16 flags; /* enum record_begin_flags */
	__u16 name_length;
	char name[RECORD_NAME_SIZE];
};

enum record_begin_flags {
	RECORD_NAMED = 1,
	RECORD_NAME_UNREADABLE = 2,
};

struct record_end {
	__u32 kind;
	__u32 padding;
	struct model_span span;
};

/* A poll ended. */
struct record_poll {
	__u32 kind;
	__u32 stream; /* of the task it was on */
	struct model_span_key key;
	__u64 begin_time;
	__u64 end_time;
	__u32 cpu;
	__u32 padding;
};

/* A traced task ended; its name as it was last. */
struct record_task_exit {
	__u32 kind;
	__u32 stream;
	char comm[RECORD_COMM_SIZE];
};

/* A table's entries: locations by process, generation and address. */
struct record_location_key {
	__u64 process;
	__u64 address;
	__u64 generation;
};

struct record_location {
	char name[RECORD_NAME_SIZE];
	char target[RECORD_NAME_SIZE];
	char file[RECORD_NAME_SIZE];
	__u64 object; /* the attached object that the probe lies in */
	__u32 line;
	__u32 ready;	  /* not 0: everything is filled in */
	__u32 has_target; /* 0: the target is the object's base name */
	__u32 padding;
};

/*
 * The first place of an open span, by its id alone: an array costs a fraction of what a hash does.
 * The ids of a thread follow one another, so that those which are open at a time lie side by side.
 * A span whose slot is taken as it begins goes to the hash.
 */
#define RECORD_SPAN_SLOTS 4096

enum record_slot_state {
	RECORD_SLOT_FREE,
	RECORD_SLOT_FILLING,
	RECORD_SLOT_TAKEN,
};

struct record_span_slot {
	__u64 state; /* enum record_slot_state; atomic */
	struct model_span span;
};

/* A table's entries: tasks by stream number. */
struct record_stream {
	__u64 process;
	__u64 start_time; /* CLOCK_BOOTTIME */
	__u32 tid;
	__u32 padding;
	char comm[RECORD_COMM_SIZE];
};

enum record_image_state {
	RECORD_IMAGE_LIVE,
	RECORD_IMAGE_EXITED,
	RECORD_IMAGE_REPLACED, /* by exec */
};

/* A table's entries: images of processes by number. */
struct record_image {
	__u64 parent;	  /* the image it was forked from, or that it replaced by exec; 0: none */
	__u64 start_time; /* of the process: CLOCK_BOOTTIME */
	__u64 begin_time; /* of the image: CLOCK_MONOTONIC */
	__u64 end_time;
	__u32 pid;
	__u32 parent_pid;
	__u32 exec_generation;
	__u32 state;	 /* enum record_image_state */
	__s32 exit_code; /* as wait(2) gives it */
	__u32 followed;	 /* its children are traced too */
	char comm[RECORD_COMM_SIZE];
};

enum record_notice_kind {
	RECORD_NOTICE_FORK = 1,
	RECORD_NOTICE_EXEC, /* held, if `held` */
	RECORD_NOTICE_EXIT,
	RECORD_NOTICE_OBJECTS,	   /* the dynamic linker changed the set of objects */
	RECORD_NOTICE_LEADER_EXIT, /* the first thread ended, others go on */
};

struct record_notice {
	__u32 kind;
	__u32 pid;
	__u64 process; /* the image's number */
	__u32 held;    /* the process was sent SIGSTOP and waits for SIGCONT */
	__u32 padding;
};

#ifndef __cplusplus
_Static_assert(sizeof(struct record_begin) == 64 + RECORD_NAME_SIZE, "as the BPF programs fill it");
_Static_assert(sizeof(struct record_end) == 176, "as the BPF programs fill it");
_Static_assert(sizeof(struct record_poll) == 48, "as the BPF programs fill it");
_Static_assert(sizeof(struct record_location) == 792, "as the BPF programs fill it");
_Static_assert(sizeof(struct record_span_slot) == 176, "the loader maps an array of them");
_Static_assert(sizeof(struct record_image) == 72, "as the BPF programs fill it");
_Static_assert(sizeof(struct record_notice) == 24, "as the BPF programs fill it");
#endif

#endif
