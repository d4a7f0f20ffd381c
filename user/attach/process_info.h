/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who a process or a task is, from /proc.
 *
 *	struct process_info info;
 *	if (process_info_read(pid, &info) == 0)
 *		puts(info.exe);
 *	process_info_free(&info);
 *
 * Times are those of the clock CLOCK_BOOTTIME, in nanoseconds, rounded down to a clock tick
 * (10 ms): BPF programs see the exact one.
 */
#ifndef ATTACH_PROCESS_INFO_H
#define ATTACH_PROCESS_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* TASK_COMM_LEN of the kernel. */
#define PROCESS_TASK_NAME_SIZE 16

struct process_info {
	pid_t pid;
	pid_t ppid;
	uid_t uid; /* effective */
	uint64_t start_time_ns;
	char name[PROCESS_TASK_NAME_SIZE];
	/* Owned, never NULL; any bytes; empty where they cannot be read or there are none. */
	char *exe;
	char *command_line; /* arguments separated by a space, cut at 32 KiB */
	char *username;	    /* the number as text for a user without name */
};

struct process_task {
	bool ended; /* a zombie: it has no memory any more */
	uint64_t start_time_ns;
	char name[PROCESS_TASK_NAME_SIZE];
};

/* Returns 0, -ESRCH for a process that does not exist, -ENOMEM or another errno of reading. */
int process_info_read(pid_t pid, struct process_info *out);
void process_info_free(struct process_info *info);

/* The same for one task of a process. */
int process_task_read(pid_t pid, pid_t tid, struct process_task *out);

/*
 * A task of the process that has not ended: the first one as a rule. Where that has ended before
 * others, /proc shows the process's memory through them alone. -ESRCH: there is none.
 */
pid_t process_live_task(pid_t pid);

/* The user's name, or the number as text; the caller frees it. NULL without memory. */
char *process_user_name(uid_t uid);

#endif
