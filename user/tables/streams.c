/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/streams.h"

#include "tables/table_column.h"

static const struct table_column columns[] = {
	[STREAMS_STREAM_ID] = {
		TABLE_COLUMN(struct streams_row, stream_id, TABLE_STRING),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "UUID of the task",
		.since = 1,
	},
	[STREAMS_PROCESS_ID] = {
		TABLE_COLUMN(struct streams_row, process_id, TABLE_STRING),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "UUID of its process image",
		.since = 1,
	},
	[STREAMS_TID] = {
		TABLE_COLUMN(struct streams_row, tid, TABLE_INT32),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "kernel's number of the task",
		.since = 1,
	},
	[STREAMS_THREAD_NAME] = {
		TABLE_COLUMN(struct streams_row, thread_name, TABLE_STRING),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "name of the task",
		.since = 1,
	},
	[STREAMS_START_TIME] = {
		TABLE_COLUMN(struct streams_row, start_time, TABLE_TIMESTAMP),
		.preference = PARQUET_PREFER_DELTA,
		.unit = "ns",
		.meaning = "when the task started",
		.since = 1,
	},
	[STREAMS_UPDATED] = {
		TABLE_COLUMN(struct streams_row, updated, TABLE_TIMESTAMP),
		.preference = PARQUET_PREFER_DELTA,
		.unit = "ns",
		.meaning = "when this row was written",
		.since = 1,
	},
};

const struct table streams_table = {
	.name = "streams",
	.meaning = "One row per task that sent an event.",
	.columns = columns,
	.column_count = STREAMS_COLUMNS,
	.row_size = sizeof(struct streams_row),
	.nulls_offset = SIZE_MAX,
	.sort_text = TABLE_NO_COLUMN,
	.sort_time = TABLE_NO_COLUMN,
	.block_column = TABLE_NO_COLUMN,
};
