/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/async_events.h"

#include "tables/table_column.h"

static const struct table_column columns[] = {
	[ASYNC_EVENTS_STREAM_ID] = {
		TABLE_COLUMN(struct async_events_row, stream_id, TABLE_STRING),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "UUID of the task on which the event happened",
		.since = 1,
	},
	[ASYNC_EVENTS_BLOCK_ID] = {
		TABLE_COLUMN(struct async_events_row, block_id, TABLE_STRING),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "UUID of the rows of one stream in one row group",
		.since = 1,
	},
	[ASYNC_EVENTS_TIME] = {
		TABLE_COLUMN(struct async_events_row, time, TABLE_TIMESTAMP),
		.preference = PARQUET_PREFER_DELTA,
		.unit = "ns",
		.meaning = "when the event happened",
		.since = 1,
	},
	[ASYNC_EVENTS_EVENT_TYPE] = {
		TABLE_COLUMN(struct async_events_row, event_type, TABLE_STRING),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "`begin` or `end`",
		.since = 1,
	},
	[ASYNC_EVENTS_SPAN_ID] = {
		TABLE_COLUMN(struct async_events_row, span_id, TABLE_INT64),
		.preference = PARQUET_PREFER_PLAIN,
		.unit = "",
		.meaning = "id of the span, at least 1",
		.since = 1,
	},
	[ASYNC_EVENTS_PARENT_SPAN_ID] = {
		TABLE_COLUMN(struct async_events_row, parent_span_id, TABLE_INT64),
		.preference = PARQUET_PREFER_PLAIN,
		.unit = "",
		.meaning = "id of the span in which it was begun; 0: none",
		.since = 1,
	},
	[ASYNC_EVENTS_DEPTH] = {
		TABLE_COLUMN(struct async_events_row, depth, TABLE_UINT32),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "0 for a span without parent, otherwise the parent's depth + 1",
		.since = 1,
		.not_in_older = true,
	},
	[ASYNC_EVENTS_HASH] = {
		TABLE_COLUMN(struct async_events_row, hash, TABLE_UINT32),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "hash of name, filename, target and line: the call site and its name",
		.since = 1,
		.not_in_older = true,
	},
	[ASYNC_EVENTS_NAME] = {
		TABLE_COLUMN(struct async_events_row, name, TABLE_STRING),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "name of the span",
		.since = 1,
	},
	[ASYNC_EVENTS_FILENAME] = {
		TABLE_COLUMN(struct async_events_row, filename, TABLE_STRING),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "source file of the call site",
		.since = 1,
	},
	[ASYNC_EVENTS_TARGET] = {
		TABLE_COLUMN(struct async_events_row, target, TABLE_STRING),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "module of the call site",
		.since = 1,
	},
	[ASYNC_EVENTS_LINE] = {
		TABLE_COLUMN(struct async_events_row, line, TABLE_UINT32),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "line of the call site in its source file",
		.since = 1,
	},
	[ASYNC_EVENTS_PROCESS_ID] = {
		TABLE_COLUMN(struct async_events_row, process_id, TABLE_STRING),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "UUID of the process image",
		.since = 1,
		.not_in_older = true,
	},
	[ASYNC_EVENTS_TID] = {
		TABLE_COLUMN(struct async_events_row, tid, TABLE_INT32),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "kernel's number of the task",
		.since = 1,
		.not_in_older = true,
	},
	[ASYNC_EVENTS_CPU] = {
		TABLE_COLUMN(struct async_events_row, cpu, TABLE_INT32),
		.preference = PARQUET_PREFER_DICTIONARY,
		.unit = "",
		.meaning = "processor on which the event happened",
		.since = 1,
		.not_in_older = true,
	},
};

const struct table async_events_table = {
	.name = "async_events",
	.meaning = "The begin and the end of every span, one row each.",
	.columns = columns,
	.column_count = ASYNC_EVENTS_COLUMNS,
	.row_size = sizeof(struct async_events_row),
	.nulls_offset = SIZE_MAX,
	.sort_text = ASYNC_EVENTS_STREAM_ID,
	.sort_time = ASYNC_EVENTS_TIME,
	.block_column = ASYNC_EVENTS_BLOCK_ID,
};
