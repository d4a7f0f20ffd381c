/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table streams: one row per task that sent an event. No column is ever null.
 */
#ifndef TABLES_STREAMS_H
#define TABLES_STREAMS_H

#include "tables/table.h"

enum streams_column {
	STREAMS_STREAM_ID,
	STREAMS_PROCESS_ID,
	STREAMS_TID,
	STREAMS_THREAD_NAME,
	STREAMS_START_TIME,
	STREAMS_UPDATED,
	STREAMS_COLUMNS,
};

struct streams_row {
	uint32_t stream_id;
	uint32_t process_id;
	int32_t tid;
	uint32_t thread_name;
	int64_t start_time;
	int64_t updated;
};

extern const struct table streams_table;

#endif
