// SPDX-License-Identifier: BSD-2-Clause
/* The first part of a recording: everything that can be refused, in the order in which nothing is
 * left behind when it is. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "attach/process_info.h"
#include "attach/requirements.h"
#include "base/message.h"
#include "cmds/recording.h"
#include "cmds/recording_notices.h"

#define TICK_NS 200000000

static int find_users(struct recording *recording)
{
	const char *name = recording->options->user;
	int error = user_find(&recording->owner, NULL);

	if (error) {
		message_error("cannot find the user of sudo (SUDO_UID=%s): %s", getenv("SUDO_UID"),
			      strerror(-error));
		return RECORD_EXIT_FAILURE;
	}
	error = user_find(&recording->runner, name);
	if (error == -ENOENT)
		message_error("cannot run the command as user '%s': there is no such user", name);
	else if (error == -EPERM)
		message_error("cannot run the command as user '%s': only root can (try: sudo)",
			      name);
	else if (error)
		message_error("cannot run the command as user '%s': %s", name, strerror(-error));
	return error ? RECORD_EXIT_FAILURE : 0;
}

/* What a shell would say: 127 for a command that is not there, 126 for one that can't be run. */
static int command_status(const char *name, int error)
{
	if (error == -ENOENT) {
		message_error("cannot run '%s': no such command (is its directory in PATH?)", name);
		return 127;
	}
	message_error("cannot run '%s': %s", name, strerror(-error));
	return 126;
}

static int check_file(const char *path)
{
	struct stat status;

	if (stat(path, &status))
		return errno == ENOTDIR ? -ENOENT : -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) ? -errno : 0;
}

/* As execvp(3) will look for it, so that a mistake is told before anything is made. */
static int find_command(const char *name)
{
	const char *path = getenv("PATH"), *end;
	char file[PATH_MAX];
	int found = -ENOENT, error;

	if (strchr(name, '/') || !*name)
		return *name ? check_file(name) : -ENOENT;
	path = path ? path : "/bin:/usr/bin";
	do {
		end = strchrnul(path, ':');
		snprintf(file, sizeof(file), "%.*s%s%s", (int)(end - path), path,
			 end == path ? "" : "/", name);
		error = check_file(file);
		if (!error)
			return 0;
		if (error != -ENOENT)
			found = error;
		path = end + 1;
	} while (*end);
	return found;
}

static int check_command(struct recording *recording)
{
	char **command = recording->options->command;
	int error;

	if (!command)
		return 0;
	error = user_enter(&recording->runner);
	if (!error) {
		error = find_command(command[0]);
		user_leave(&recording->runner);
	}
	return error ? command_status(command[0], error) : 0;
}

static int check_pids(const struct recording *recording)
{
	const struct record_options *options = recording->options;
	char path[64];
	size_t i;

	for (i = 0; i < options->pid_count; i++) {
		snprintf(path, sizeof(path), "/proc/%d", options->pids[i]);
		if (access(path, F_OK) == 0)
			continue;
		message_error("cannot attach to PID %d: there is no such process (see: ps -e)",
			      options->pids[i]);
		return RECORD_EXIT_FAILURE;
	}
	return 0;
}

static int load(struct recording *recording)
{
	struct programs_failure failure;
	char refusal[512];
	int error;

	error = programs_load(&recording->programs, &recording->request.programs, &failure);
	if (!error)
		return 0;
	if (error == -EPERM || error == -EACCES)
		message_error("cannot trace: %s", requirements_refusal(refusal, sizeof(refusal)));
	else if (error == -ENOMEM || error == -E2BIG)
		message_error("cannot %s the BPF programs: %s (try a smaller --ring-size or "
			      "--max-spans)",
			      failure.step, strerror(-error));
	else
		message_error("cannot %s the BPF programs: %s%s%s (try: asyncspan-trace doctor)",
			      failure.step, strerror(-error), *failure.detail ? ": " : "",
			      failure.detail);
	return RECORD_EXIT_FAILURE;
}

/* One whose number is that of a thread: tracing is of whole processes. */
static int explain_no_process(pid_t pid)
{
	struct process_info info;

	if (process_info_read(pid, &info)) {
		message_error("cannot attach to PID %d: it has ended", pid);
		return RECORD_EXIT_FAILURE;
	}
	message_error("cannot attach to PID %d: it is a thread, or in another PID name space "
		      "(give the process: ps -eLo pid,lwp)",
		      pid);
	process_info_free(&info);
	return RECORD_EXIT_FAILURE;
}

static int explain_no_probes(pid_t pid)
{
	struct process_info info;

	if (process_info_read(pid, &info) || !*info.exe) {
		message_error(
			"cannot attach to PID %d: no asyncspan probes in it (a kernel thread, "
			"or a process that has just ended?)",
			pid);
		return RECORD_EXIT_FAILURE;
	}
	message_error("cannot attach to PID %d: no asyncspan probes in %s (was it built with "
		      "asyncspan.h? try: asyncspan-trace list %s)",
		      pid, info.exe, info.exe);
	process_info_free(&info);
	return RECORD_EXIT_FAILURE;
}

static int attach_pid(struct recording *recording, pid_t pid)
{
	struct targets_failure failure;
	const char *path;
	uint64_t number;
	size_t probes;
	int error;

	error = programs_register(&recording->programs, pid, recording->options->follow, false,
				  &number);
	if (error == -ESRCH)
		return explain_no_process(pid);
	if (error) {
		message_error("cannot attach to PID %d: %s", pid, strerror(-error));
		return RECORD_EXIT_FAILURE;
	}
	registry_describe(recording->registry, number);
	error = targets_update(recording->targets, pid, &failure);
	/* Again: what came while the dynamic linker's breakpoint was not attached yet. */
	if (!error)
		error = targets_update(recording->targets, pid, &failure);
	probes = targets_probes(recording->targets, pid, &path);
	if (error && (!probes || error == -ENOTSUP)) {
		message_error("cannot attach to PID %d: %s%s%s", pid, failure.path,
			      *failure.path ? ": " : "", failure.reason);
		return RECORD_EXIT_FAILURE;
	}
	if (!probes)
		return explain_no_probes(pid);
	recording->probes_seen = true;
	message_detail("PID %d: %zu probes, the first in %s", pid, probes, path);
	return 0;
}

static int attach_pids(struct recording *recording)
{
	int status = 0;
	size_t i;

	for (i = 0; i < recording->options->pid_count && !status; i++)
		status = attach_pid(recording, recording->options->pids[i]);
	return status;
}

static int open_directory(struct recording *recording)
{
	const struct record_options *options = recording->options;
	const char *path = options->directory;
	enum trace_directory_how how = TRACE_DIRECTORY_ROTATE;
	int error;

	if (options->force)
		how = TRACE_DIRECTORY_REPLACE;
	else if (options->directory_given)
		how = TRACE_DIRECTORY_NEW;
	error = user_enter(&recording->owner);
	if (!error) {
		error = trace_directory_open(&recording->directory, path, how);
		user_leave(&recording->owner);
	}
	if (error == -EBUSY)
		message_error(
			"cannot write to %s: another recording is writing there (give another "
			"directory: -o DIR)",
			path);
	else if (error == -ENOTEMPTY && how == TRACE_DIRECTORY_NEW)
		message_error(
			"cannot write to %s: the directory is not empty (give another: -o DIR; "
			"or delete the trace in it: --force)",
			path);
	else if (error == -ENOTEMPTY && how == TRACE_DIRECTORY_REPLACE)
		message_error(
			"cannot write to %s: there are files in it that are not of a trace (give "
			"another directory: -o DIR)",
			path);
	else if (error == -ENOTEMPTY)
		message_error(
			"cannot write to %s: there are files in it, or in %s.old, that are not "
			"of a trace (give another directory: -o DIR)",
			path, path);
	else if (error)
		message_error("cannot write to %s: %s (give another directory: -o DIR)", path,
			      strerror(-error));
	return error ? RECORD_EXIT_FAILURE : 0;
}

static int start_command(struct recording *recording)
{
	uint64_t number;
	int error;

	if (!recording->options->command)
		return 0;
	error = traced_command_prepare(&recording->command, recording->options->command,
				       &recording->runner);
	if (!error)
		error = programs_register(&recording->programs, recording->command.pid,
					  recording->options->follow, true, &number);
	if (!error)
		return 0;
	message_error("cannot start '%s': %s", recording->options->command[0], strerror(-error));
	return RECORD_EXIT_FAILURE;
}

static int start_collector(struct recording *recording)
{
	static const enum parquet_codec codecs[] = {
		[RECORD_CODEC_ZSTD] = PARQUET_CODEC_ZSTD,
		[RECORD_CODEC_LZ4_RAW] = PARQUET_CODEC_LZ4_RAW,
		[RECORD_CODEC_GZIP] = PARQUET_CODEC_GZIP,
		[RECORD_CODEC_NONE] = PARQUET_CODEC_NONE,
	};
	const struct record_options *options = recording->options;
	struct collector_options collector = {
		.rows = {
			.directory = options->directory,
			.trace = &recording->trace,
			.programs = &recording->programs,
			.targets = recording->targets,
			.registry = recording->registry,
			.codec = codecs[options->codec],
			.level = options->level,
			.rotate_bytes = options->rotate_bytes,
			.rotate_ns = options->rotate_ns,
			.polls = options->polls,
		},
		.user = &recording->owner,
		.file = &recording->file,
	};
	int error;

	recording->file = (struct trace_file){
		.directory = options->directory,
		.trace = &recording->trace,
		.programs = &recording->programs,
		.request = &recording->request,
	};
	error = collector_start(&recording->collector, &collector);
	if (!error)
		return 0;
	message_error("cannot write to %s: %s", options->directory, strerror(-error));
	return RECORD_EXIT_FAILURE;
}

static void add_to_epoll(struct recording *recording, int fd, int *failed)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0 || epoll_ctl(recording->epoll, EPOLL_CTL_ADD, fd, &event))
		*failed = errno;
}

static int timer(uint64_t first, uint64_t then)
{
	struct itimerspec times = {
		.it_value = { first / 1000000000, first % 1000000000 },
		.it_interval = { then / 1000000000, then % 1000000000 },
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0 && timerfd_settime(fd, 0, &times, NULL)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int open_loop(struct recording *recording)
{
	int failed = 0;

	recording->notices = ring_buffer__new(programs_notices_fd(&recording->programs),
					      recording_on_notice, recording, NULL);
	recording->epoll = epoll_create1(EPOLL_CLOEXEC);
	recording->signal_fd = signalfd(-1, &recording->signals, SFD_CLOEXEC | SFD_NONBLOCK);
	recording->tick_fd = timer(TICK_NS, TICK_NS);
	if (!recording->notices || recording->epoll < 0)
		failed = errno;
	if (!failed) {
		add_to_epoll(recording, ring_buffer__epoll_fd(recording->notices), &failed);
		add_to_epoll(recording, recording->signal_fd, &failed);
		add_to_epoll(recording, recording->tick_fd, &failed);
	}
	if (failed)
		message_error("cannot start: %s", strerror(failed));
	return failed ? RECORD_EXIT_FAILURE : 0;
}

/* Counted from when everything is attached. */
static int start_duration(struct recording *recording)
{
	int failed = 0;

	if (!recording->options->duration_ns)
		return 0;
	recording->duration_fd = timer(recording->options->duration_ns, 0);
	add_to_epoll(recording, recording->duration_fd, &failed);
	if (failed)
		message_error("cannot start the timer: %s", strerror(failed));
	return failed ? RECORD_EXIT_FAILURE : 0;
}

static void block_signals(struct recording *recording)
{
	sigemptyset(&recording->signals);
	sigaddset(&recording->signals, SIGINT);
	sigaddset(&recording->signals, SIGTERM);
	sigaddset(&recording->signals, SIGHUP);
	sigaddset(&recording->signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &recording->signals, &recording->old_signals);
}

/* One descriptor per probe, object and process. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static void fill_request(struct recording *recording)
{
	const struct record_options *options = recording->options;

	recording->request = (struct trace_request){
		.command = options->no_command_line ? NULL : options->command,
		.pids = options->pids,
		.pid_count = options->pid_count,
		.follow = options->follow,
		.command_lines = !options->no_command_line,
		.programs = {
			.ring_bytes = options->ring_bytes,
			.max_spans = options->max_spans,
			.name_length = options->name_length,
			.polls = options->polls,
		},
		.codec = record_codec_name(options->codec),
		.level = options->level,
	};
}

static int make_tables(struct recording *recording)
{
	int error = trace_start(&recording->trace);

	if (error) {
		message_error("cannot start a trace: /proc/sys/kernel/random/boot_id: %s",
			      strerror(-error));
		return RECORD_EXIT_FAILURE;
	}
	recording->targets = targets_new(&recording->programs, recording->options->follow);
	recording->registry = registry_new(&recording->programs, &recording->trace,
					   !recording->options->no_command_line);
	if (recording->targets && recording->registry)
		return 0;
	message_error("cannot start a trace: out of memory");
	return RECORD_EXIT_FAILURE;
}

static int release_command(struct recording *recording)
{
	int error;

	if (!recording->options->command)
		return 0;
	error = traced_command_release(&recording->command);
	if (!error)
		error = traced_command_executed(&recording->command);
	return error ? command_status(recording->options->command[0], error) : 0;
}

int recording_start(struct recording *recording, const struct record_options *options)
{
	static int (*const steps[])(struct recording *) = {
		find_users,  check_command,   load,	      make_tables,
		attach_pids, open_directory,  start_command,  start_collector,
		open_loop,   release_command, start_duration,
	};
	size_t i;
	int status;

	*recording = (struct recording){
		.options = options,
		.command = { .pid = -1, .go = -1, .failure = -1 },
		.directory = { .fd = -1 },
		.epoll = -1,
		.signal_fd = -1,
		.tick_fd = -1,
		.duration_fd = -1,
	};
	fill_request(recording);
	raise_descriptor_limit();
	block_signals(recording);
	status = check_pids(recording);
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]) && !status; i++)
		status = steps[i](recording);
	return status;
}
