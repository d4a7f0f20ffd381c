/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table async_polls: one row per interval during which a span was entered on a task, written as
 * the poll ends. Recorded with --polls only. No column is ever null.
 */
#ifndef TABLES_ASYNC_POLLS_H
#define TABLES_ASYNC_POLLS_H

#include "tables/table.h"

enum async_polls_column {
	ASYNC_POLLS_PROCESS_ID,
	ASYNC_POLLS_SPAN_ID,
	ASYNC_POLLS_STREAM_ID,
	ASYNC_POLLS_TID,
	ASYNC_POLLS_CPU,
	ASYNC_POLLS_BEGIN_TIME,
	ASYNC_POLLS_END_TIME,
	ASYNC_POLLS_DURATION_NS,
	ASYNC_POLLS_COLUMNS,
};

struct async_polls_row {
	int64_t span_id;
	int64_t begin_time;
	int64_t end_time;
	int64_t duration_ns;
	uint32_t process_id;
	uint32_t stream_id;
	int32_t tid;
	int32_t cpu;
};

extern const struct table async_polls_table;

#endif
