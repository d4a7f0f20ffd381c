/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/async_polls.h"

#include "tables/table_column.h"

static const struct table_column columns[] = {
	[ASYNC_POLLS_PROCESS_ID] = {
		TABLE_COLUMN(struct async_polls_row, process_id, TABLE_STRING),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "UUID of the process image",
		.since = 1,
	},
	[ASYNC_POLLS_SPAN_ID] = {
		TABLE_COLUMN(struct async_polls_row, span_id, TABLE_INT64),
		.preference = PARQUET_PREFER_PLAIN,
		.unit = "",
		.meaning = "the span that was entered",
		.since = 1,
	},
	[ASYNC_POLLS_STREAM_ID] = {
		TABLE_COLUMN(struct async_polls_row, stream_id, TABLE_STRING),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "UUID of the task it was entered on",
		.since = 1,
	},
	[ASYNC_POLLS_TID] = {
		TABLE_COLUMN(struct async_polls_row, tid, TABLE_INT32),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "kernel's number of that task",
		.since = 1,
	},
	[ASYNC_POLLS_CPU] = {
		TABLE_COLUMN(struct async_polls_row, cpu, TABLE_INT32),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "processor on which the poll ended",
		.since = 1,
	},
	[ASYNC_POLLS_BEGIN_TIME] = {
		TABLE_COLUMN(struct async_polls_row, begin_time, TABLE_TIMESTAMP),
		.preference = PARQUET_PREFER_DELTA,
		.unit = "ns",
		.meaning = "when it was entered",
		.since = 1,
	},
	[ASYNC_POLLS_END_TIME] = {
		TABLE_COLUMN(struct async_polls_row, end_time, TABLE_TIMESTAMP),
		.preference = PARQUET_PREFER_DELTA,
		.unit = "ns",
		.meaning = "when it was left",
		.since = 1,
	},
	[ASYNC_POLLS_DURATION_NS] = {
		TABLE_COLUMN(struct async_polls_row, duration_ns, TABLE_INT64),
		.preference = PARQUET_PREFER_PLAIN,
		.unit = "ns",
		.meaning = "end_time - begin_time",
		.since = 1,
	},
};

const struct table async_polls_table = {
	.name = "async_polls",
	.meaning = "One row per interval during which a span was entered on a task (--polls).",
	.columns = columns,
	.column_count = ASYNC_POLLS_COLUMNS,
	.row_size = sizeof(struct async_polls_row),
	.nulls_offset = SIZE_MAX,
	.sort_text = ASYNC_POLLS_STREAM_ID,
	.sort_time = ASYNC_POLLS_END_TIME,
	.block_column = TABLE_NO_COLUMN,
};
