/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Everything that can go wrong with a span, counted: the one list that the BPF programs, the
 * rules, the summary, traces/<trace_id>.json and the documents share.
 *
 * X(symbol, name, kind, meaning). A loss means that the files lack something; an inconsistency
 * that the traced program used spans in a way the rules had to mend, and how often; a note is
 * neither, but worth knowing.
 */
#ifndef MODEL_COUNTERS_H
#define MODEL_COUNTERS_H

#define MODEL_COUNTERS(X)                                                                          \
	X(UNRECORDED, "unrecorded", LOSS, "spans begun while the span table was full")             \
	X(STORAGE_BUSY, "storage_busy", LOSS, "events while a task's storage could not be had")    \
	X(NAME_UNREADABLE, "name_unreadable", LOSS, "run-time names that could not be read")       \
	X(NAME_LOST, "name_lost", LOSS, "run-time names lost because the ring buffer was full")    \
	X(POLL_LOST, "poll_lost", LOSS, "polls lost because the ring buffer was full")             \
	X(LOCATION_LOST, "location_lost", LOSS, "locations that could not be read or kept")        \
	X(STREAM_LOST, "stream_lost", LOSS, "tasks that could not be described")                   \
	X(PROCESS_LOST, "process_lost", LOSS, "processes that could not be followed")              \
	X(HOLD_LOST, "hold_lost", LOSS, "times a process could not be held to attach to it")       \
	X(PARENT_GONE, "parent_gone", INCONSISTENCY, "explicit parents that were not open")        \
	X(DOUBLE_RESUME, "double_resume", INCONSISTENCY, "resumes of a span entered here already") \
	X(NOT_TOP, "not_top", INCONSISTENCY, "operations on a span below the top of its task")     \
	X(STOLEN, "stolen", INCONSISTENCY, "resumes of a span entered on another task")            \
	X(FOREIGN, "foreign", INCONSISTENCY, "suspends and ends of one entered on another task")   \
	X(NOT_ENTERED, "not_entered", INCONSISTENCY, "suspends of a span that was not entered")    \
	X(ORPHAN, "orphan", INCONSISTENCY, "events of a span whose begin was not seen")            \
	X(THREAD_EXIT, "thread_exit", INCONSISTENCY, "polls that the end of their thread closed")  \
	X(DEFERRED, "deferred", NOTE, "records that waited in the span table for ring space")

enum model_counter {
#define MODEL_COUNTER_ENUM(symbol, name, kind, meaning) MODEL_##symbol,
	MODEL_COUNTERS(MODEL_COUNTER_ENUM)
#undef MODEL_COUNTER_ENUM
		MODEL_COUNTER_COUNT,
	MODEL_LOSS_COUNT = MODEL_PARENT_GONE /* the losses come first */
};

enum model_counter_kind {
	MODEL_COUNTER_LOSS,
	MODEL_COUNTER_INCONSISTENCY,
	MODEL_COUNTER_NOTE,
};

#endif
