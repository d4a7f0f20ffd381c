// SPDX-License-Identifier: BSD-2-Clause
#include "cmds/recording_notices.h"

#include <signal.h>

#include "base/message.h"
#include "cmds/recording.h"

/*
 * Attaches what the process has now. A failure is told and the process goes on: its other objects
 * are traced.
 */
static void attach(struct recording *recording, pid_t pid)
{
	struct targets_failure failure;
	const char *path;

	if (targets_update(recording->targets, pid, &failure) && *failure.path)
		message_warning("cannot attach to %s of PID %d: %s", failure.path, pid,
				failure.reason);
	if (!recording->probes_seen && targets_probes(recording->targets, pid, &path))
		recording->probes_seen = true;
}

static void widen(struct recording *recording, pid_t pid)
{
	struct targets_failure failure;

	message_detail("the first thread of PID %d has ended: attaching to its files as such", pid);
	if (targets_widen(recording->targets, pid, &failure))
		message_warning("cannot attach to %s of PID %d: %s", failure.path, pid,
				failure.reason);
	/* From its end until now the kernel took the others for strangers. */
	programs_count_loss(&recording->programs, MODEL_HOLD_LOST);
}

static void handle(struct recording *recording, const struct record_notice *notice)
{
	bool follow = recording->options->follow;

	switch (notice->kind) {
	case RECORD_NOTICE_FORK:
		registry_describe(recording->registry, notice->process);
		break;
	case RECORD_NOTICE_EXEC:
		registry_describe(recording->registry, notice->process);
		/* The old image's probes are of its memory, which is gone. */
		if (!follow)
			targets_forget(recording->targets, notice->pid);
		attach(recording, notice->pid);
		collector_process_ended(recording->collector);
		break;
	case RECORD_NOTICE_OBJECTS:
		attach(recording, notice->pid);
		break;
	case RECORD_NOTICE_EXIT:
		if (!follow)
			targets_forget(recording->targets, notice->pid);
		collector_process_ended(recording->collector);
		break;
	case RECORD_NOTICE_LEADER_EXIT:
		if (!follow)
			widen(recording, notice->pid);
		break;
	}
}

int recording_on_notice(void *context, void *record, size_t size)
{
	struct recording *recording = context;
	const struct record_notice *notice = record;

	if (size < sizeof(*notice))
		return 0;
	if (!recording->finishing)
		handle(recording, notice);
	if (notice->held)
		kill(notice->pid, SIGCONT);
	return 0;
}
