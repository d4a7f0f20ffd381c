/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ties a column to the field of its row struct that has the same name: for the files that declare
 * tables.
 *
 *	[STREAMS_TID] = { TABLE_COLUMN(struct streams_row, tid, TABLE_INT32), ... },
 *
 * A field of another size than its type's does not compile.
 */
#ifndef TABLES_TABLE_COLUMN_H
#define TABLES_TABLE_COLUMN_H

#include "tables/table.h"

#define TABLE_TYPE_SIZE(type) \
	((type) == TABLE_TIMESTAMP || (type) == TABLE_INT64 ? 8 : (type) == TABLE_BOOLEAN ? 1 : 4)

/* The array has a negative size where field and type do not agree. */
#define TABLE_COLUMN(row, field, column_type)                                                     \
	.name = #field, .type = (column_type),                                                    \
	.offset = offsetof(row, field) +                                                          \
		  0 * sizeof(char[sizeof(((row *)0)->field) == TABLE_TYPE_SIZE(column_type) ? 1 : \
											      -1])

#endif
