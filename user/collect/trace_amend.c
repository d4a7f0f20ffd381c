/* SPDX-License-Identifier: BSD-2-Clause */
#include "collect/trace_amend.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SUFFIX ".json"
#define TRACE8_LENGTH 8
#define FILE_SIZE_MAX (4 << 20) /* a file of ours takes some kilobytes */
#define NAME_SIZE 256

/* TRACE8-....json */
static int find_file(int folder, const char *trace8, char name[NAME_SIZE])
{
	int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);
	int error = -ENOENT;
	struct dirent *entry;

	if (!stream) {
		error = -errno;
		if (copy >= 0)
			close(copy);
		return error;
	}
	while ((entry = readdir(stream))) {
		size_t length = strlen(entry->d_name);

		if (length <= TRACE8_LENGTH + strlen(SUFFIX) || length >= NAME_SIZE - 16 ||
		    strncmp(entry->d_name, trace8, TRACE8_LENGTH) ||
		    strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX))
			continue;
		memcpy(name, entry->d_name, length + 1);
		error = 0;
		break;
	}
	closedir(stream);
	return error;
}

static int load(int folder, const char *name, json_t **trace, struct stat *status)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, status))
		error = -errno;
	else if (!S_ISREG(status->st_mode) || status->st_size > FILE_SIZE_MAX)
		error = -EBADMSG;
	if (!error) {
		*trace = json_loadfd(fd, 0, NULL);
		if (!json_is_object(*trace))
			error = -EBADMSG;
	}
	close(fd);
	return error;
}

static int write_hidden(int folder, const char *hidden, const json_t *trace,
			const struct stat *status)
{
	int fd =
		openat(folder, hidden, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0640);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (!geteuid() && fchown(fd, status->st_uid, status->st_gid))
		error = -errno;
	if (!error && json_dumpfd(trace, fd, JSON_INDENT(2)))
		error = errno ? -errno : -EIO;
	if (!error && (write(fd, "\n", 1) != 1 || fsync(fd)))
		error = -errno;
	if (close(fd) && !error)
		error = -errno;
	return error;
}

static int append(json_t *trace, const char *array, json_t *entry)
{
	json_t *list = json_object_get(trace, array);

	if (!list) {
		list = json_array();
		if (json_object_set_new(trace, array, list))
			return -ENOMEM;
	}
	return json_is_array(list) ? (json_array_append(list, entry) ? -ENOMEM : 0) : -EBADMSG;
}

static int amend(int folder, const char *name, const char *array, json_t *entry)
{
	char hidden[NAME_SIZE + 16];
	json_t *trace = NULL;
	struct stat status;
	int error = load(folder, name, &trace, &status);

	if (!error)
		error = append(trace, array, entry);
	/* The name that the recorder uses too: should it have left one, it goes. */
	snprintf(hidden, sizeof(hidden), ".%.*s.inprogress", (int)(strlen(name) - strlen(SUFFIX)),
		 name);
	if (!error) {
		error = write_hidden(folder, hidden, trace, &status);
		if (!error && (renameat(folder, hidden, folder, name) || fsync(folder)))
			error = -errno;
		if (error)
			unlinkat(folder, hidden, 0);
	}
	json_decref(trace);
	return error;
}

int trace_amend(const char *directory, const char *trace8, const char *array, json_t *entry,
		char *message, size_t message_size)
{
	char *path = NULL, name[NAME_SIZE] = "";
	int folder = -1, error = -ENOMEM;

	if (!entry || asprintf(&path, "%s/traces", directory) < 0)
		goto out;
	folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	error = folder < 0 ? -errno : find_file(folder, trace8, name);
	if (!error)
		error = amend(folder, name, array, entry);
	if (error == -ENOENT)
		snprintf(message, message_size, "%s: there is no file of the trace %s", path,
			 trace8);
	else if (error)
		snprintf(message, message_size, "%s/%s: %s", path, name,
			 error == -EBADMSG ? "is damaged" : strerror(-error));
out:
	if (folder >= 0)
		close(folder);
	free(path);
	json_decref(entry);
	return error;
}
