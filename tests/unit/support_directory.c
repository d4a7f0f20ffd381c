/* SPDX-License-Identifier: BSD-2-Clause */
#include "support_directory.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define OPEN_FOLDERS_MAX 16

int directory_make(void **state)
{
	const char *where = getenv("TMPDIR");
	char *path;

	if (asprintf(&path, "%s/asyncspan-test-XXXXXX", where ? where : "/tmp") < 0)
		return -1;
	if (!mkdtemp(path)) {
		free(path);
		return -1;
	}
	*state = path;
	return 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *at)
{
	(void)status;
	(void)type;
	(void)at;
	return remove(path);
}

int directory_remove(void **state)
{
	char *path = *state;
	int result = nftw(path, remove_entry, OPEN_FOLDERS_MAX, FTW_DEPTH | FTW_PHYS);

	free(path);
	return result;
}

char *directory_path(const char *directory, const char *name)
{
	char *path;

	assert_true(asprintf(&path, "%s/%s", directory, name) > 0);
	return path;
}

bool directory_has(const char *directory, const char *name)
{
	char *path = directory_path(directory, name);
	bool has = !access(path, F_OK);

	free(path);
	return has;
}

size_t directory_count(const char *directory, const char *name)
{
	char *path = directory_path(directory, name);
	DIR *folder = opendir(path);
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(folder);
	while ((entry = readdir(folder)))
		count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
	closedir(folder);
	free(path);
	return count;
}

uint8_t *directory_read(const char *directory, const char *name, size_t *length)
{
	char *path = directory_path(directory, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	uint8_t *bytes;

	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &status), 0);
	*length = status.st_size;
	bytes = malloc(*length + 1);
	assert_non_null(bytes);
	assert_int_equal(read(fd, bytes, *length), *length);
	close(fd);
	free(path);
	return bytes;
}

void directory_write(const char *directory, const char *name, const void *bytes, size_t length)
{
	char *path = directory_path(directory, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	close(fd);
	free(path);
}
