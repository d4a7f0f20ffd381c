/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table processes: one row per process image; an exec begins a new one.
 */
#ifndef TABLES_PROCESSES_H
#define TABLES_PROCESSES_H

#include "tables/table.h"

enum processes_column {
	PROCESSES_PROCESS_ID,
	PROCESSES_PARENT_PROCESS_ID,
	PROCESSES_PID,
	PROCESSES_PPID,
	PROCESSES_EXE,
	PROCESSES_COMMAND_LINE,
	PROCESSES_USERNAME,
	PROCESSES_COMPUTER,
	PROCESSES_DISTRO,
	PROCESSES_KERNEL,
	PROCESSES_CPU_BRAND,
	PROCESSES_START_TIME,
	PROCESSES_END_TIME,
	PROCESSES_EXIT_STATUS,
	PROCESSES_EXIT_SIGNAL,
	PROCESSES_UPDATED,
	PROCESSES_COLUMNS,
};

/* Bits of processes_row.nulls: the columns that may be null. */
#define PROCESSES_NULL_PARENT_PROCESS_ID (UINT64_C(1) << PROCESSES_PARENT_PROCESS_ID)
#define PROCESSES_NULL_END_TIME (UINT64_C(1) << PROCESSES_END_TIME)
#define PROCESSES_NULL_EXIT_STATUS (UINT64_C(1) << PROCESSES_EXIT_STATUS)
#define PROCESSES_NULL_EXIT_SIGNAL (UINT64_C(1) << PROCESSES_EXIT_SIGNAL)

struct processes_row {
	uint64_t nulls;
	int64_t start_time;
	int64_t end_time;
	int64_t updated;
	uint32_t process_id;
	uint32_t parent_process_id;
	int32_t pid;
	int32_t ppid;
	uint32_t exe;
	uint32_t command_line;
	uint32_t username;
	uint32_t computer;
	uint32_t distro;
	uint32_t kernel;
	uint32_t cpu_brand;
	int32_t exit_status;
	int32_t exit_signal;
};

extern const struct table processes_table;

#endif
