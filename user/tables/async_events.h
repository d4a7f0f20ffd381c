/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table async_events: the begin and the end of every span, one row each. No column is ever
 * null.
 */
#ifndef TABLES_ASYNC_EVENTS_H
#define TABLES_ASYNC_EVENTS_H

#include "tables/table.h"

enum async_events_column {
	ASYNC_EVENTS_STREAM_ID,
	ASYNC_EVENTS_BLOCK_ID,
	ASYNC_EVENTS_TIME,
	ASYNC_EVENTS_EVENT_TYPE,
	ASYNC_EVENTS_SPAN_ID,
	ASYNC_EVENTS_PARENT_SPAN_ID,
	ASYNC_EVENTS_DEPTH,
	ASYNC_EVENTS_HASH,
	ASYNC_EVENTS_NAME,
	ASYNC_EVENTS_FILENAME,
	ASYNC_EVENTS_TARGET,
	ASYNC_EVENTS_LINE,
	ASYNC_EVENTS_PROCESS_ID,
	ASYNC_EVENTS_TID,
	ASYNC_EVENTS_CPU,
	ASYNC_EVENTS_COLUMNS,
};

struct async_events_row {
	int64_t time;
	int64_t span_id;
	int64_t parent_span_id; /* 0: none */
	uint32_t stream_id;
	uint32_t block_id;   /* made by the table writer: leave it 0 */
	uint32_t event_type; /* the strings "begin" and "end" */
	uint32_t depth;
	uint32_t hash; /* tables/callsite_hash.h */
	uint32_t name;
	uint32_t filename;
	uint32_t target;
	uint32_t line;
	uint32_t process_id;
	int32_t tid;
	int32_t cpu;
};

extern const struct table async_events_table;

#endif
