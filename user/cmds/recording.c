// SPDX-License-Identifier: BSD-2-Clause
#include "cmds/recording.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/message.h"
#include "base/number.h"

#define QUIET_AFTER UINT64_C(5000000000) /* ns without a span until that is told */
#define STOP_POLL_MS 20

static void read_timer(int fd)
{
	uint64_t expirations;

	if (read(fd, &expirations, sizeof(expirations)) < 0)
		return; /* it was another's event */
}

/* A signal from the terminal has reached the command as well: it is in our process group. */
static void pass_on(struct recording *recording, const struct signalfd_siginfo *signal)
{
	if (signal->ssi_code != SI_KERNEL)
		kill(recording->command.pid, signal->ssi_signo);
}

static void on_signal(struct recording *recording)
{
	struct signalfd_siginfo signal;

	while (read(recording->signal_fd, &signal, sizeof(signal)) == sizeof(signal)) {
		if (signal.ssi_signo == SIGCHLD) {
			if (recording->options->command &&
			    traced_command_reap(&recording->command, false))
				recording->stop = true;
		} else if (recording->options->command) {
			pass_on(recording, &signal);
		} else {
			recording->stop = true;
		}
	}
}

static void show_progress(struct recording *recording)
{
	struct rows_stats stats = collector_stats(recording->collector);
	char begins[NUMBER_TEXT_SIZE], bytes[NUMBER_TEXT_SIZE];
	uint64_t losses = programs_losses(&recording->programs);

	message_progress("%s spans, %s written%s", number_format(stats.begins, begins),
			 number_format_size(stats.bytes, bytes), losses ? ", with losses" : "");
}

static void tell_quiet(struct recording *recording)
{
	struct rows_stats stats = collector_stats(recording->collector);
	pid_t pid = recording->command.pid;
	const char *path;
	size_t probes;

	if (recording->told_quiet || stats.begins) {
		recording->told_quiet = true;
		return;
	}
	if (trace_now() - recording->trace.start < QUIET_AFTER)
		return;
	recording->told_quiet = true;
	if (recording->options->pid_count)
		pid = recording->options->pids[0];
	probes = targets_probes(recording->targets, pid, &path);
	if (probes)
		message_note("attached, no span yet (%zu probes in %s)", probes, path);
	else
		message_note("no asyncspan probes in PID %d yet%s", pid,
			     recording->options->follow ? "" : " (in a child of it? try: -f)");
}

static void on_tick(struct recording *recording)
{
	read_timer(recording->tick_fd);
	show_progress(recording);
	tell_quiet(recording);
	if (collector_error(recording->collector))
		recording->stop = true;
	if (!recording->options->command && !programs_any_process(&recording->programs))
		recording->stop = true;
}

static void on_notices(struct recording *recording)
{
	ring_buffer__consume(recording->notices);
	if (!recording->options->command && !programs_any_process(&recording->programs))
		recording->stop = true;
}

void recording_run(struct recording *recording)
{
	struct epoll_event events[4];
	int count, i;

	message_detail("recording to %s", recording->options->directory);
	while (!recording->stop) {
		count = epoll_wait(recording->epoll, events, 4, -1);
		for (i = 0; i < count; i++) {
			if (events[i].data.fd == recording->signal_fd) {
				on_signal(recording);
			} else if (events[i].data.fd == recording->tick_fd) {
				on_tick(recording);
			} else if (events[i].data.fd == recording->duration_fd) {
				recording->timed_out = true;
				recording->stop = true;
			} else {
				on_notices(recording);
			}
		}
	}
	message_progress("%s", "");
}

/* Waits for the collector; one more signal from the person makes it give up what is in the ring. */
static int wait_for_collector(struct recording *recording)
{
	struct pollfd poll_fd = { .fd = recording->signal_fd, .events = POLLIN };
	struct signalfd_siginfo signal;

	collector_stop(recording->collector, false);
	while (!collector_stopped(recording->collector)) {
		if (poll(&poll_fd, 1, STOP_POLL_MS) <= 0)
			continue;
		while (read(recording->signal_fd, &signal, sizeof(signal)) == sizeof(signal))
			if (signal.ssi_signo != SIGCHLD)
				collector_stop(recording->collector, true);
	}
	return collector_wait(recording->collector);
}

int recording_finish(struct recording *recording)
{
	int error;

	if (!recording->collector)
		return 0;
	recording->finishing = true;
	programs_stop_holding(&recording->programs);
	targets_detach_begins(recording->targets);
	targets_detach(recording->targets);
	/* A process that was held when we stopped must not stay so. */
	ring_buffer__consume(recording->notices);
	error = programs_close_polls(&recording->programs);
	if (error)
		message_warning("cannot close the open polls: %s", strerror(-error));
	error = wait_for_collector(recording);
	recording->stats = collector_stats(recording->collector);
	if (!error)
		return 0;
	message_error("cannot write to %s: %s (what was written before is good; to complete it: "
		      "asyncspan-trace recover %s)",
		      recording->options->directory, strerror(-error),
		      recording->options->directory);
	return RECORD_EXIT_FAILURE;
}

void recording_free(struct recording *recording)
{
	if (recording->notices)
		ring_buffer__consume(recording->notices);
	ring_buffer__free(recording->notices);
	collector_free(recording->collector);
	targets_free(recording->targets);
	registry_free(recording->registry);
	traced_command_free(&recording->command);
	if (recording->programs.skeleton)
		programs_free(&recording->programs);
	trace_directory_close(&recording->directory);
	trace_free(&recording->trace);
	user_free(&recording->owner);
	user_free(&recording->runner);
	if (recording->epoll >= 0)
		close(recording->epoll);
	if (recording->signal_fd >= 0)
		close(recording->signal_fd);
	if (recording->tick_fd >= 0)
		close(recording->tick_fd);
	if (recording->duration_fd >= 0)
		close(recording->duration_fd);
	sigprocmask(SIG_SETMASK, &recording->old_signals, NULL);
}

uint64_t recording_losses(const struct recording *recording)
{
	return programs_losses(&recording->programs) + recording->stats.lost;
}
