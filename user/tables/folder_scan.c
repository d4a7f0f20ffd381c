/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/folder_scan.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NUMBER_DIGITS_MAX 9

static const struct {
	bool hidden;
	const char *suffix;
} kinds[] = {
	[FOLDER_PART] = { false, ".parquet" },
	[FOLDER_HIDDEN] = { true, ".inprogress" },
	[FOLDER_FOOTER] = { true, ".footer" },
	[FOLDER_SPOOL] = { true, ".spool" },
};

/* TRACE8-NUMBER, with a dot before it or not, and a suffix that goes with that. */
static bool parse_name(const char *name, struct folder_file *file)
{
	bool hidden = name[0] == '.';
	size_t digits = 0;

	name += hidden;
	for (size_t i = 0; i < PART_TRACE8_LENGTH; i++)
		if (!isxdigit((unsigned char)name[i]))
			return false;
	if (name[PART_TRACE8_LENGTH] != '-')
		return false;
	memcpy(file->trace8, name, PART_TRACE8_LENGTH);
	file->trace8[PART_TRACE8_LENGTH] = 0;
	name += PART_TRACE8_LENGTH + 1;
	file->number = 0;
	for (; isdigit((unsigned char)name[digits]) && digits < NUMBER_DIGITS_MAX; digits++)
		file->number = file->number * 10 + (uint32_t)(name[digits] - '0');
	for (size_t i = 0; digits && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		file->kind = (enum folder_kind)i;
		if (kinds[i].hidden == hidden && !strcmp(name + digits, kinds[i].suffix))
			return true;
	}
	return false;
}

static int compare(const void *left, const void *right)
{
	const struct folder_file *a = left, *b = right;
	int order = strcmp(a->trace8, b->trace8);

	if (!order)
		order = (a->kind > b->kind) - (a->kind < b->kind);
	return order ? order : (a->number > b->number) - (a->number < b->number);
}

static int add(struct folder_scan *scan, const struct folder_file *file)
{
	struct folder_file *files = realloc(scan->files, (scan->count + 1) * sizeof(*files));

	if (!files)
		return -ENOMEM;
	scan->files = files;
	files[scan->count++] = *file;
	return 0;
}

int folder_scan(int fd, struct folder_scan *scan)
{
	int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), error = 0;
	DIR *stream = copy < 0 ? NULL : fdopendir(copy);

	*scan = (struct folder_scan){ 0 };
	if (!stream) {
		error = -errno;
		if (copy >= 0)
			close(copy);
		return error;
	}
	while (!error) {
		struct folder_file file;
		struct dirent *entry;

		errno = 0;
		entry = readdir(stream);
		if (!entry) {
			error = -errno;
			break;
		}
		if (parse_name(entry->d_name, &file))
			error = add(scan, &file);
	}
	closedir(stream);
	if (error)
		folder_scan_free(scan);
	else if (scan->count)
		qsort(scan->files, scan->count, sizeof(*scan->files), compare);
	return error;
}

void folder_scan_free(struct folder_scan *scan)
{
	free(scan->files);
	*scan = (struct folder_scan){ 0 };
}
