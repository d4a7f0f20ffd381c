/* SPDX-License-Identifier: BSD-2-Clause */
#include "attach/process_info.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/number.h"

#define COMMAND_LINE_MAX (32 * 1024)
#define STAT_SIZE 1024

/* Fields of /proc/PID/stat, counted from 1. */
#define FIELD_PARENT 4
#define FIELD_START_TIME 22

/* Reads at most size - 1 bytes of a file of /proc and ends them with NUL. */
static ssize_t read_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t length = 0;
	ssize_t got = 0;

	text[0] = '\0';
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	while (length < size - 1) {
		got = read(fd, text + length, size - 1 - length);
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	if (got < 0)
		got = -errno;
	close(fd);
	text[length] = '\0';
	return got < 0 ? got : (ssize_t)length;
}

/*
 * proc(5), /proc/PID/stat: the name stands in brackets and may hold anything, brackets too, but
 * none follow. After it come the state and numbers.
 */
static int parse_stat(const char *text, struct process_task *task, pid_t *ppid)
{
	const char *name = strchr(text, '(');
	const char *end = strrchr(text, ')');
	const char *rest = end;
	uint64_t fields[FIELD_START_TIME + 1];
	size_t length;

	/* Behind the bracket: a blank, the state, which is a letter, and a blank. */
	if (!name || !end || end < name || strnlen(end, 4) < 4)
		return -EBADMSG;
	task->ended = end[2] == 'Z' || end[2] == 'X';
	rest += 3;
	for (int field = FIELD_PARENT; field <= FIELD_START_TIME; field++) {
		if (!number_take(&rest, 10, &fields[field]))
			return -EBADMSG;
	}
	length = (size_t)(end - name - 1);
	if (length >= sizeof(task->name))
		length = sizeof(task->name) - 1;
	memcpy(task->name, name + 1, length);
	task->name[length] = '\0';
	task->start_time_ns =
		fields[FIELD_START_TIME] * (UINT64_C(1000000000) / (uint64_t)sysconf(_SC_CLK_TCK));
	if (ppid)
		*ppid = (pid_t)fields[FIELD_PARENT];
	return 0;
}

static int read_stat(const char *path, struct process_task *task, pid_t *ppid)
{
	char text[STAT_SIZE];
	ssize_t length = read_text(path, text, sizeof(text));

	return length < 0 ? (int)length : parse_stat(text, task, ppid);
}

int process_task_read(pid_t pid, pid_t tid, struct process_task *out)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)pid, (int)tid);
	return read_stat(path, out, NULL);
}

static char *read_exe(pid_t pid)
{
	char path[64];
	char target[PATH_MAX];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	length = readlink(path, target, sizeof(target));
	return strndup(target, length < 0 ? 0 : (size_t)length);
}

static char *read_command_line(pid_t pid)
{
	char *text = malloc(COMMAND_LINE_MAX + 1);
	char path[64];
	ssize_t length;

	if (!text)
		return NULL;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	length = read_text(path, text, COMMAND_LINE_MAX + 1);
	if (length < 0)
		length = 0;
	while (length && !text[length - 1])
		length--;
	for (ssize_t i = 0; i < length; i++) {
		if (!text[i])
			text[i] = ' ';
	}
	text[length] = '\0';
	return text;
}

pid_t process_live_task(pid_t pid)
{
	struct process_task task;
	struct dirent *entry;
	pid_t found = -ESRCH;
	char path[64];
	DIR *folder;

	if (!process_task_read(pid, pid, &task) && !task.ended)
		return pid;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	folder = opendir(path);
	while (folder && found < 0 && (entry = readdir(folder))) {
		pid_t tid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (tid > 0 && !process_task_read(pid, tid, &task) && !task.ended)
			found = tid;
	}
	if (folder)
		closedir(folder);
	return found;
}

char *process_user_name(uid_t uid)
{
	struct passwd entry;
	struct passwd *found = NULL;
	char buffer[16 * 1024];
	char number[16];

	if (getpwuid_r(uid, &entry, buffer, sizeof(buffer), &found) == 0 && found)
		return strdup(found->pw_name);
	snprintf(number, sizeof(number), "%u", (unsigned int)uid);
	return strdup(number);
}

/* The files of /proc/PID belong to the effective user, but to root when it is not dumpable. */
static int read_uid(pid_t pid, uid_t *uid)
{
	char path[64];
	char text[4096];
	const char *line;
	uint64_t real;
	uint64_t effective;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	length = read_text(path, text, sizeof(text));
	if (length < 0)
		return (int)length;
	line = strstr(text, "\nUid:");
	if (!line)
		return -EBADMSG;
	line += strlen("\nUid:");
	if (!number_take(&line, 10, &real) || !number_take(&line, 10, &effective))
		return -EBADMSG;
	*uid = (uid_t)effective;
	return 0;
}

int process_info_read(pid_t pid, struct process_info *out)
{
	struct process_task task;
	char path[64];
	int error;

	memset(out, 0, sizeof(*out));
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	error = read_stat(path, &task, &out->ppid);
	if (!error)
		error = read_uid(pid, &out->uid);
	if (error)
		return error;
	out->pid = pid;
	out->start_time_ns = task.start_time_ns;
	memcpy(out->name, task.name, sizeof(out->name));
	out->exe = read_exe(pid);
	out->command_line = read_command_line(pid);
	out->username = process_user_name(out->uid);
	if (!out->exe || !out->command_line || !out->username) {
		process_info_free(out);
		return -ENOMEM;
	}
	return 0;
}

void process_info_free(struct process_info *info)
{
	free(info->exe);
	free(info->command_line);
	free(info->username);
	memset(info, 0, sizeof(*info));
}
