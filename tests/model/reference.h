/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The span model a second time, written to be read, not to be fast: what model/rules.h, which the
 * kernel runs, is compared with. Nothing is shared with it but the words of docs/model.md.
 *
 *	struct reference *model = reference_new(&limits);
 *	task = reference_task_start(model, stream, process);
 *	reference_advance(model, 5);
 *	reference_begin(model, task, &(struct reference_begin){ .id = 1, .enter = true });
 *	span = reference_find(model, process, 1);
 *	reference_free(model);
 *
 * A span keeps every one of its polls, and a task's stack is the list of the polls that began on
 * it: one that another task ended is stale. What a span's numbers are follows from its polls.
 * Time passes in reference_advance() alone, and while it does, every poll of a stack but the
 * topmost is covered. Times are nanoseconds. Running out of memory ends the program.
 */
#ifndef TESTS_MODEL_REFERENCE_H
#define TESTS_MODEL_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REFERENCE_COUNTERS(X)             \
	X(UNRECORDED, "unrecorded")       \
	X(STORAGE_BUSY, "storage_busy")   \
	X(PARENT_GONE, "parent_gone")     \
	X(DOUBLE_RESUME, "double_resume") \
	X(NOT_TOP, "not_top")             \
	X(STOLEN, "stolen")               \
	X(FOREIGN, "foreign")             \
	X(NOT_ENTERED, "not_entered")     \
	X(ORPHAN, "orphan")               \
	X(THREAD_EXIT, "thread_exit")

enum reference_counter {
#define REFERENCE_COUNTER_ENUM(symbol, name) REFERENCE_##symbol,
	REFERENCE_COUNTERS(REFERENCE_COUNTER_ENUM)
#undef REFERENCE_COUNTER_ENUM
		REFERENCE_COUNTER_COUNT,
	REFERENCE_UNCOUNTED = REFERENCE_COUNTER_COUNT
};

/*
 * The rows of the table in docs/model.md: X(symbol, operation, situation, counter). An operation
 * meets one of them, a begin or spawn with a given parent one more.
 */
#define REFERENCE_CASES(X)                                                                   \
	X(BEGIN_ROOT, "BEGIN", "nothing entered on this task", UNCOUNTED)                    \
	X(BEGIN_CHILD, "BEGIN", "something entered on this task", UNCOUNTED)                 \
	X(BEGIN_FULL, "BEGIN", "span table full", UNRECORDED)                                \
	X(BEGIN_NO_STORAGE, "BEGIN", "no room for the stack", STORAGE_BUSY)                  \
	X(SPAWN, "SPAWN", "room in the span table", UNCOUNTED)                               \
	X(SPAWN_FULL, "SPAWN", "span table full", UNRECORDED)                                \
	X(PARENT_OPEN, "given parent", "open in this process", UNCOUNTED)                    \
	X(PARENT_NONE, "given parent", "NULL or a zero handle", UNCOUNTED)                   \
	X(PARENT_GONE, "given parent", "ended, unknown, or of another process", PARENT_GONE) \
	X(RESUME, "RESUME", "not entered", UNCOUNTED)                                        \
	X(RESUME_TOP, "RESUME", "on top here", DOUBLE_RESUME)                                \
	X(RESUME_BELOW, "RESUME", "below the top here", NOT_TOP)                             \
	X(RESUME_ELSEWHERE, "RESUME", "entered on another task", STOLEN)                     \
	X(RESUME_NO_STORAGE, "RESUME", "no room for the stack", STORAGE_BUSY)                \
	X(SUSPEND, "SUSPEND", "on top here", UNCOUNTED)                                      \
	X(SUSPEND_BELOW, "SUSPEND", "below the top here", NOT_TOP)                           \
	X(SUSPEND_ELSEWHERE, "SUSPEND", "entered on another task", FOREIGN)                  \
	X(SUSPEND_NOT_ENTERED, "SUSPEND", "not entered", NOT_ENTERED)                        \
	X(END, "END", "on top here", UNCOUNTED)                                              \
	X(END_BELOW, "END", "below the top here", NOT_TOP)                                   \
	X(END_ELSEWHERE, "END", "entered on another task", FOREIGN)                          \
	X(END_SUSPENDED, "END", "suspended", UNCOUNTED)                                      \
	X(END_NEVER_ENTERED, "END", "never entered", UNCOUNTED)                              \
	X(RESUME_UNKNOWN, "RESUME", "unknown or ended", ORPHAN)                              \
	X(SUSPEND_UNKNOWN, "SUSPEND", "unknown or ended", ORPHAN)                            \
	X(END_UNKNOWN, "END", "unknown or ended", ORPHAN)                                    \
	X(THREAD_EXIT, "thread exit", "polls open on it", THREAD_EXIT)                       \
	X(PROCESS_END, "process exit, exec", "spans open", UNCOUNTED)

enum reference_case {
#define REFERENCE_CASE_ENUM(symbol, operation, situation, counter) REFERENCE_CASE_##symbol,
	REFERENCE_CASES(REFERENCE_CASE_ENUM)
#undef REFERENCE_CASE_ENUM
		REFERENCE_CASE_COUNT
};

struct reference_case_text {
	const char *operation;
	const char *situation;
	enum reference_counter counter;
};

extern const struct reference_case_text reference_cases[REFERENCE_CASE_COUNT];
extern const char *const reference_counter_names[REFERENCE_COUNTER_COUNT];

enum reference_state {
	REFERENCE_QUEUED,
	REFERENCE_SUSPENDED,
	REFERENCE_ENTERED,
	REFERENCE_ENDED,
};

/* One interval during which a span is entered. */
struct reference_poll {
	struct reference_poll *next; /* of the span, in the order of time */
	struct reference_span *span;
	uint32_t stream;
	bool open;
	uint64_t begin;
	uint64_t end;
	uint64_t self; /* of a closed one: without what lay above it */
};

struct reference_span {
	struct reference_span *next; /* of all */
	struct reference_span *next_open;
	uint64_t process;
	uint64_t id;
	const struct reference_span *parent; /* NULL: root */
	uint64_t begin_time;
	uint64_t end_time;
	uint64_t last_event_time;
	struct reference_poll *polls, *last_poll;
	uint32_t begin_stream;
	uint32_t end_stream;
	int32_t status;
	bool ended;
	bool unsent;	      /* ended, and still in the table: it takes room and is unknown */
	bool ended_entered;   /* its process ended while it was entered: what `state` tells */
	bool process_is_over; /* unfinished */
};

struct reference_item {
	struct reference_poll *poll;
	uint64_t covered; /* time that other items lay above */
};

struct reference_task {
	struct reference_task *next;
	uint32_t stream;
	uint64_t process;
	struct reference_item *items;
	size_t count;
	size_t room;
};

struct reference_limits {
	size_t spans;	  /* that fit in the table */
	size_t in_place;  /* items of a stack that need no further room */
	size_t elsewhere; /* room for the items beyond, of all stacks */
};

struct reference {
	struct reference_limits limits;
	uint64_t now;
	struct reference_span *spans, **spans_end; /* in the order of their begins */
	struct reference_span *open;
	struct reference_task *tasks;
	size_t in_table;
	uint64_t polls_closed;
	uint64_t counters[REFERENCE_COUNTER_COUNT];
	uint64_t met[REFERENCE_CASE_COUNT];
};

struct reference *reference_new(const struct reference_limits *limits);
void reference_free(struct reference *model);
void reference_advance(struct reference *model, uint64_t nanoseconds);

struct reference_task *reference_task_start(struct reference *model, uint32_t stream,
					    uint64_t process);

struct reference_begin {
	uint64_t id;
	bool enter; /* false: spawned */
	bool given_parent;
	uint64_t parent_id; /* 0: root */
};

/* NULL: not recorded. */
struct reference_span *reference_begin(struct reference *model, struct reference_task *task,
				       const struct reference_begin *begin);
void reference_resume(struct reference *model, struct reference_task *task, uint64_t id);
void reference_suspend(struct reference *model, struct reference_task *task, uint64_t id);
/* The span; it stays in the table if its record is unsent. NULL: unknown. */
struct reference_span *reference_end(struct reference *model, struct reference_task *task,
				     uint64_t id, int32_t status, bool unsent);
/* What is unsent is sent, and leaves the table. */
void reference_sweep(struct reference *model);
/* The task is gone after that. */
void reference_thread_exit(struct reference *model, struct reference_task *task);
/* By exit, a signal or exec: its tasks are gone, what is open leaves the table unfinished. */
void reference_process_end(struct reference *model, uint64_t process);

/* The open span, or NULL. */
struct reference_span *reference_find(const struct reference *model, uint64_t process, uint64_t id);

/* What the rows say of a span. */
struct reference_row {
	uint64_t parent_id, root_id;
	uint32_t depth;
	uint32_t polls;
	uint32_t migrations;
	uint64_t busy, busy_self, longest_poll; /* of closed polls */
	uint64_t queue;				/* UINT64_MAX: never entered */
	enum reference_state state;
};

struct reference_row reference_row(const struct reference_span *span);

#endif
