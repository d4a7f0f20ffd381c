/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table async_spans: one row per span, written when it ends or, unfinished, when its process or
 * the trace does.
 */
#ifndef TABLES_ASYNC_SPANS_H
#define TABLES_ASYNC_SPANS_H

#include "tables/table.h"

enum async_spans_column {
	ASYNC_SPANS_PROCESS_ID,
	ASYNC_SPANS_SPAN_ID,
	ASYNC_SPANS_PARENT_SPAN_ID,
	ASYNC_SPANS_ROOT_SPAN_ID,
	ASYNC_SPANS_DEPTH,
	ASYNC_SPANS_HASH,
	ASYNC_SPANS_NAME,
	ASYNC_SPANS_TARGET,
	ASYNC_SPANS_FILENAME,
	ASYNC_SPANS_LINE,
	ASYNC_SPANS_BEGIN_TIME,
	ASYNC_SPANS_END_TIME,
	ASYNC_SPANS_DURATION_NS,
	ASYNC_SPANS_BUSY_NS,
	ASYNC_SPANS_BUSY_SELF_NS,
	ASYNC_SPANS_QUEUE_NS,
	ASYNC_SPANS_POLLS,
	ASYNC_SPANS_MAX_POLL_NS,
	ASYNC_SPANS_MIGRATIONS,
	ASYNC_SPANS_OFF_CPU_NS,
	ASYNC_SPANS_STATUS,
	ASYNC_SPANS_OUTCOME,
	ASYNC_SPANS_END_REASON,
	ASYNC_SPANS_LAST_EVENT_TIME,
	ASYNC_SPANS_STATE,
	ASYNC_SPANS_BEGIN_STREAM_ID,
	ASYNC_SPANS_END_STREAM_ID,
	ASYNC_SPANS_BEGIN_TID,
	ASYNC_SPANS_END_TID,
	ASYNC_SPANS_LOSSY,
	ASYNC_SPANS_COLUMNS,
};

/* Bits of async_spans_row.nulls: the columns that may be null. */
#define ASYNC_SPANS_NULL_END_TIME (UINT64_C(1) << ASYNC_SPANS_END_TIME)
#define ASYNC_SPANS_NULL_DURATION_NS (UINT64_C(1) << ASYNC_SPANS_DURATION_NS)
#define ASYNC_SPANS_NULL_QUEUE_NS (UINT64_C(1) << ASYNC_SPANS_QUEUE_NS)
#define ASYNC_SPANS_NULL_OFF_CPU_NS (UINT64_C(1) << ASYNC_SPANS_OFF_CPU_NS)
#define ASYNC_SPANS_NULL_STATUS (UINT64_C(1) << ASYNC_SPANS_STATUS)
#define ASYNC_SPANS_NULL_END_STREAM_ID (UINT64_C(1) << ASYNC_SPANS_END_STREAM_ID)

/* All that an unfinished span leaves null. */
#define ASYNC_SPANS_NULL_UNFINISHED                                                           \
	(ASYNC_SPANS_NULL_END_TIME | ASYNC_SPANS_NULL_DURATION_NS | ASYNC_SPANS_NULL_STATUS | \
	 ASYNC_SPANS_NULL_END_STREAM_ID)

struct async_spans_row {
	uint64_t nulls;
	int64_t span_id;
	int64_t parent_span_id; /* 0: none */
	int64_t root_span_id;
	int64_t begin_time;
	int64_t end_time;
	int64_t duration_ns;
	int64_t busy_ns;
	int64_t busy_self_ns;
	int64_t queue_ns;
	int64_t max_poll_ns;
	int64_t off_cpu_ns;
	int64_t last_event_time;
	uint32_t process_id;
	int32_t depth;
	uint32_t hash; /* tables/callsite_hash.h */
	uint32_t name;
	uint32_t target;
	uint32_t filename;
	int32_t line;
	int32_t polls;
	int32_t migrations;
	int32_t status;
	uint32_t outcome;    /* "ok", "error", "cancelled", "unfinished" */
	uint32_t end_reason; /* "end", "open", "exit", "signal", "exec" */
	uint32_t state;	     /* "queued", "suspended", "entered", "ended" */
	uint32_t begin_stream_id;
	uint32_t end_stream_id;
	int32_t begin_tid;
	int32_t end_tid; /* 0: unfinished */
	uint8_t lossy;
};

extern const struct table async_spans_table;

#endif
