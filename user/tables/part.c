/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/part.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MODE 0750
#define FILE_MODE 0640

static int give_away(int fd, uid_t owner, gid_t group)
{
	if (owner == (uid_t)-1 && group == (gid_t)-1)
		return 0;
	return fchown(fd, owner, group) ? -errno : 0;
}

/* Opens the folder below @parent, made by us or there already. A symbolic link is not followed. */
static int open_folder(struct part_folder *folder, int parent, const char *name)
{
	bool made = !mkdirat(parent, name, FOLDER_MODE);

	if (!made && errno != EEXIST)
		return -errno;
	folder->fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder->fd < 0)
		return -errno;
	if (!made)
		return 0;
	if (fsync(parent))
		return -errno;
	return give_away(folder->fd, folder->owner, folder->group);
}

static bool is_trace8(const char *text)
{
	for (size_t i = 0; i < PART_TRACE8_LENGTH; i++)
		if (!isxdigit((unsigned char)text[i]))
			return false;
	return !text[PART_TRACE8_LENGTH];
}

int part_folder_open(struct part_folder *folder, const char *directory, const char *name,
		     const char *trace8, uid_t owner, gid_t group)
{
	int parent, err;

	folder->fd = -1;
	if (!is_trace8(trace8))
		return -EINVAL;
	memcpy(folder->trace8, trace8, sizeof(folder->trace8));
	folder->owner = owner;
	folder->group = group;
	parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (parent < 0)
		return -errno;
	err = open_folder(folder, parent, name);
	close(parent);
	if (err)
		part_folder_close(folder);
	return err;
}

void part_folder_close(struct part_folder *folder)
{
	if (folder->fd >= 0)
		close(folder->fd);
	folder->fd = -1;
}

void part_hidden_name(char name[PART_NAME_SIZE], const char *trace8, uint32_t sequence)
{
	snprintf(name, PART_NAME_SIZE, ".%.8s-%06u.inprogress", trace8, sequence);
}

void part_final_name(char name[PART_NAME_SIZE], const char *trace8, uint32_t sequence)
{
	snprintf(name, PART_NAME_SIZE, "%.8s-%06u.parquet", trace8, sequence);
}

void part_footer_name(char name[PART_NAME_SIZE], const char *trace8, uint32_t sequence)
{
	snprintf(name, PART_NAME_SIZE, ".%.8s-%06u.footer", trace8, sequence);
}

int part_folder_create(const struct part_folder *folder, const char *name, int *fd)
{
	int error;

	*fd = openat(folder->fd, name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
		     FILE_MODE);
	if (*fd < 0)
		return -errno;
	error = give_away(*fd, folder->owner, folder->group);
	if (error) {
		close(*fd);
		*fd = -1;
		unlinkat(folder->fd, name, 0);
	}
	return error;
}

int part_open(struct part *part, const struct part_folder *folder, uint32_t sequence)
{
	char name[PART_NAME_SIZE];
	int err;

	part_hidden_name(name, folder->trace8, sequence);
	part->sequence = sequence;
	part->fd = openat(folder->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			  FILE_MODE);
	if (part->fd < 0)
		return -errno;
	err = give_away(part->fd, folder->owner, folder->group);
	if (err)
		part_remove(part, folder);
	return err;
}

void part_start_writing_back(const struct part *part, uint64_t from, uint64_t length)
{
	sync_file_range(part->fd, from, length, SYNC_FILE_RANGE_WRITE);
}

int part_complete(struct part *part, const struct part_folder *folder)
{
	char hidden[PART_NAME_SIZE], final[PART_NAME_SIZE];

	part_hidden_name(hidden, folder->trace8, part->sequence);
	part_final_name(final, folder->trace8, part->sequence);
	if (fsync(part->fd) || renameat(folder->fd, hidden, folder->fd, final) || fsync(folder->fd))
		return -errno;
	part_leave(part);
	return 0;
}

void part_leave(struct part *part)
{
	if (part->fd >= 0)
		close(part->fd);
	part->fd = -1;
}

void part_remove(struct part *part, const struct part_folder *folder)
{
	char name[PART_NAME_SIZE];

	if (part->fd < 0)
		return;
	part_hidden_name(name, folder->trace8, part->sequence);
	unlinkat(folder->fd, name, 0);
	part_leave(part);
}
