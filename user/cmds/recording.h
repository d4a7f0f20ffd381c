/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One recording from start to end: what record.c sets up and the event loop works on.
 *
 *	status = recording_start(&recording, &options);
 *	if (!status)
 *		recording_run(&recording);
 *	status = recording_finish(&recording);
 *	recording_free(&recording);
 *
 * These print what went wrong, and return exit statuses, not errnos.
 */
#ifndef CMDS_RECORDING_H
#define CMDS_RECORDING_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "attach/traced_command.h"
#include "attach/programs.h"
#include "attach/targets.h"
#include "attach/user.h"
#include "cmds/record_options.h"
#include "collect/collector.h"
#include "collect/registry.h"
#include "collect/trace.h"
#include "collect/trace_directory.h"
#include "collect/trace_file.h"

struct ring_buffer;

struct recording {
	const struct record_options *options;
	struct user owner;  /* of the files */
	struct user runner; /* of the command */
	struct trace trace;
	struct programs programs;
	struct targets *targets;
	struct registry *registry;
	struct traced_command command; /* pid -1: none */
	struct trace_directory directory;
	struct trace_request request;
	struct trace_file file;
	struct collector *collector;
	struct ring_buffer *notices;
	sigset_t signals, old_signals;
	int epoll, signal_fd, tick_fd, duration_fd;
	bool stop;	 /* the loop is to end */
	bool timed_out;	 /* after the duration that was asked for */
	bool told_quiet; /* that no span has come yet */
	bool probes_seen;
	bool finishing;		 /* nothing is attached any more */
	struct rows_stats stats; /* at the end */
};

/* 0, or the exit status to end with; recording_free() is right in any case. */
int recording_start(struct recording *recording, const struct record_options *options);

/* Until the targets have ended, the time is over, or a signal says stop. */
void recording_run(struct recording *recording);

/* Detaches and completes the files. 0 or an exit status. */
int recording_finish(struct recording *recording);
void recording_free(struct recording *recording);

/* The last words: what was recorded, where it went, what to do next, what was lost. */
void record_summary(const struct recording *recording);

/* How many spans and events were lost, by all causes. */
uint64_t recording_losses(const struct recording *recording);

#endif
