// SPDX-License-Identifier: BSD-2-Clause
#include "collect/trace_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tables/table.h"

#define DIRECTORY_MODE 0750
#define TRACES_FOLDER "traces"

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), end_length = strlen(end);

	return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

static bool dot_entry(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* A folder that a trace has, by its name. */
static bool trace_folder(const char *name)
{
	return table_find(name) || strcmp(name, TRACES_FOLDER) == 0;
}

static bool trace_file(const char *name)
{
	static const char *const ends[] = { ".parquet", ".inprogress", ".footer", ".spool",
					    ".json" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (ends_with(name, ends[i]))
			return true;
	return false;
}

/*
 * Calls `visit` for each entry but . and ..; its first result that is not 0 ends it. The
 * descriptor is kept.
 */
static int each_entry(int fd, int (*visit)(int fd, const char *name))
{
	struct dirent *entry;
	int copy, result = 0;
	DIR *stream;

	copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	stream = copy < 0 ? NULL : fdopendir(copy);
	if (!stream) {
		result = -errno;
		if (copy >= 0)
			close(copy);
		return result;
	}
	while (!result && (entry = readdir(stream)))
		if (!dot_entry(entry->d_name))
			result = visit(fd, entry->d_name);
	closedir(stream);
	return result;
}

static int refuse(int fd, const char *name)
{
	(void)fd;
	(void)name;
	return -ENOTEMPTY;
}

static int refuse_foreign_file(int fd, const char *name)
{
	struct stat status;

	if (fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW))
		return -errno;
	return trace_file(name) && !S_ISDIR(status.st_mode) ? 0 : -ENOTEMPTY;
}

static int open_folder(int fd, const char *name)
{
	int folder = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (folder < 0)
		return errno == ENOTDIR || errno == ELOOP ? -ENOTEMPTY : -errno;
	return folder;
}

/* Nothing may be deleted, or moved, before it is known that all of it is of a trace. */
static int refuse_foreign(int fd, const char *name)
{
	int folder, error;

	if (!trace_folder(name))
		return -ENOTEMPTY;
	folder = open_folder(fd, name);
	if (folder < 0)
		return folder;
	error = each_entry(folder, refuse_foreign_file);
	close(folder);
	return error;
}

static int remove_file(int fd, const char *name)
{
	return unlinkat(fd, name, 0) ? -errno : 0;
}

static int remove_folder(int fd, const char *name)
{
	int folder = open_folder(fd, name), error;

	if (folder < 0)
		return folder;
	error = each_entry(folder, remove_file);
	close(folder);
	if (!error && unlinkat(fd, name, AT_REMOVEDIR))
		error = -errno;
	return error;
}

static int remove_trace(int fd)
{
	int error = each_entry(fd, refuse_foreign);

	return error ? error : each_entry(fd, remove_folder);
}

static int open_locked(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		error = errno == EWOULDBLOCK ? -EBUSY : -errno;
		close(fd);
		return error;
	}
	return fd;
}

/* PATH becomes PATH.old, in place of what was that before. */
static int rotate(const char *path, int fd)
{
	char old[PATH_MAX];
	size_t length = strlen(path);
	int error, old_fd;

	while (length > 1 && path[length - 1] == '/')
		length--;
	if (length + sizeof(".old") > sizeof(old))
		return -ENAMETOOLONG;
	snprintf(old, sizeof(old), "%.*s.old", (int)length, path);
	error = each_entry(fd, refuse_foreign);
	if (error)
		return error;
	old_fd = open_locked(old);
	if (old_fd >= 0) {
		error = remove_trace(old_fd);
		close(old_fd);
	} else if (old_fd != -ENOENT) {
		error = old_fd;
	}
	if (!error && rename(path, old))
		error = -errno;
	return error;
}

/* The directory is there: makes it empty, or *gone, out of the way. */
static int make_room(const char *path, int fd, enum trace_directory_how how, bool *gone)
{
	int error = each_entry(fd, refuse);

	*gone = false;
	if (error != -ENOTEMPTY || how == TRACE_DIRECTORY_NEW)
		return error;
	if (how == TRACE_DIRECTORY_REPLACE)
		return remove_trace(fd);
	*gone = true;
	return rotate(path, fd);
}

int trace_directory_open(struct trace_directory *directory, const char *path,
			 enum trace_directory_how how)
{
	int fd = open_locked(path), error;
	bool gone = fd == -ENOENT;

	directory->fd = -1;
	if (fd < 0 && !gone)
		return fd;
	if (!gone) {
		error = make_room(path, fd, how, &gone);
		if (!error && !gone) {
			directory->fd = fd;
			return 0;
		}
		close(fd);
		if (error)
			return error;
	}
	if (mkdir(path, DIRECTORY_MODE))
		return -errno;
	fd = open_locked(path);
	if (fd < 0)
		return fd;
	directory->fd = fd;
	return 0;
}

int trace_directory_lock(struct trace_directory *directory, const char *path)
{
	int fd = open_locked(path);

	directory->fd = fd < 0 ? -1 : fd;
	return fd < 0 ? fd : 0;
}

void trace_directory_close(struct trace_directory *directory)
{
	if (directory->fd >= 0)
		close(directory->fd);
	directory->fd = -1;
}
