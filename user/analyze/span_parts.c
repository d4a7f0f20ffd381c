/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/span_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parquet/reader.h"

#define SUFFIX ".parquet"
#define NO_GROUP SIZE_MAX

struct group {
	uint32_t part;
	uint32_t index; /* within the part */
};

struct span_parts {
	char *folder;
	char **paths;
	size_t path_count;
	struct group *groups;
	size_t group_count;

	/* The part that is open, and the group it stands at. */
	int fd;
	size_t part;
	struct parquet_reader *reader;
	size_t next_index;
	size_t in_file[ASYNC_SPANS_COLUMNS]; /* TABLE_NO_COLUMN: an older file without it */

	struct parquet_data data[ASYNC_SPANS_COLUMNS];
	char message[512];
};

static int fail(struct span_parts *parts, const char *path, const char *why, int error)
{
	snprintf(parts->message, sizeof(parts->message), "%s: %s", path,
		 why ? why : strerror(-error));
	return error;
}

static int fail_column(struct span_parts *parts, size_t column, const char *why, int error)
{
	char text[256];

	snprintf(text, sizeof(text), "column %s: %s", async_spans_table.columns[column].name,
		 why ? why : strerror(-error));
	return fail(parts, parts->paths[parts->part], text, error);
}

static bool is_part_name(const char *name)
{
	size_t length = strlen(name);

	return name[0] != '.' && name[0] != '_' && length > strlen(SUFFIX) &&
	       strcmp(name + length - strlen(SUFFIX), SUFFIX) == 0;
}

static int compare_names(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int add_path(struct span_parts *parts, const char *path)
{
	char **paths = realloc(parts->paths, (parts->path_count + 1) * sizeof(*paths));

	if (!paths)
		return -ENOMEM;
	parts->paths = paths;
	paths[parts->path_count] = strdup(path);
	if (!paths[parts->path_count])
		return -ENOMEM;
	parts->path_count++;
	return 0;
}

static int visit(struct span_parts *parts, FTS *tree, FTSENT *entry)
{
	bool root = entry->fts_level == FTS_ROOTLEVEL;

	switch (entry->fts_info) {
	case FTS_D:
		if (!root && (entry->fts_name[0] == '.' || entry->fts_name[0] == '_'))
			fts_set(tree, entry, FTS_SKIP);
		return 0;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return fail(parts, entry->fts_path, NULL, -entry->fts_errno);
	case FTS_F:
	case FTS_SL:
		if (root)
			return fail(parts, entry->fts_path, NULL, -ENOTDIR);
		return is_part_name(entry->fts_name) ? add_path(parts, entry->fts_path) : 0;
	default:
		return 0;
	}
}

static int list_paths(struct span_parts *parts)
{
	char *const roots[] = { parts->folder, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, compare_names);
	int error = 0;

	if (!tree)
		return fail(parts, parts->folder, NULL, -errno);
	while (!error) {
		FTSENT *entry;

		errno = 0;
		entry = fts_read(tree);
		if (!entry) {
			error = errno ? fail(parts, parts->folder, NULL, -errno) : 0;
			break;
		}
		error = visit(parts, tree, entry);
	}
	fts_close(tree);
	return error;
}

static void close_part(struct span_parts *parts)
{
	parquet_reader_close(parts->reader);
	parts->reader = NULL;
	if (parts->fd >= 0)
		close(parts->fd);
	parts->fd = -1;
}

static int find_columns(struct span_parts *parts)
{
	size_t count;
	const struct parquet_column *columns = parquet_reader_columns(parts->reader, &count);

	for (size_t c = 0; c < ASYNC_SPANS_COLUMNS; c++) {
		const struct table_column *column = &async_spans_table.columns[c];
		struct parquet_column expected = table_parquet_column(column);

		parts->in_file[c] = TABLE_NO_COLUMN;
		for (size_t i = 0; i < count; i++) {
			if (strcmp(columns[i].name, column->name) != 0)
				continue;
			if (columns[i].physical != expected.physical ||
			    columns[i].logical != expected.logical)
				return fail_column(parts, c, "is of another type", -ENODATA);
			parts->in_file[c] = i;
		}
	}
	return 0;
}

static int open_part(struct span_parts *parts, size_t part)
{
	const char *why = NULL;
	struct stat status;
	int error;

	close_part(parts);
	parts->part = part;
	parts->next_index = 0;
	parts->fd = open(parts->paths[part], O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (parts->fd < 0 || fstat(parts->fd, &status))
		return fail(parts, parts->paths[part], NULL, -errno);
	if (!S_ISREG(status.st_mode))
		return fail(parts, parts->paths[part], "is not a regular file", -EBADMSG);
	error = parquet_reader_open(&parts->reader, parts->fd, &why);
	return error ? fail(parts, parts->paths[part], why, error) : find_columns(parts);
}

static int next_group(struct span_parts *parts, size_t *rows)
{
	const char *why = NULL;
	int result = parquet_reader_next_group(parts->reader, rows, &why);

	parts->next_index++;
	return result < 0 ? fail(parts, parts->paths[parts->part], why, result) : result;
}

static int add_group(struct span_parts *parts, uint32_t index)
{
	struct group *groups =
		realloc(parts->groups, (parts->group_count + 1) * sizeof(*parts->groups));

	if (!groups)
		return -ENOMEM;
	parts->groups = groups;
	groups[parts->group_count++] = (struct group){ (uint32_t)parts->part, index };
	return 0;
}

static int list_groups(struct span_parts *parts)
{
	size_t rows = 0;
	int result = 0;

	for (size_t part = 0; part < parts->path_count && !result; part++) {
		result = open_part(parts, part);
		while (!result && (result = next_group(parts, &rows)) > 0)
			result = rows ? add_group(parts, (uint32_t)parts->next_index - 1) : 0;
	}
	close_part(parts);
	return result;
}

int span_parts_open(struct span_parts **out, const char *directory)
{
	struct span_parts *parts = calloc(1, sizeof(*parts));
	int error;

	*out = parts;
	if (!parts)
		return -ENOMEM;
	parts->fd = -1;
	if (asprintf(&parts->folder, "%s/%s", directory, async_spans_table.name) < 0) {
		parts->folder = NULL;
		return fail(parts, directory, NULL, -ENOMEM);
	}
	error = list_paths(parts);
	if (!error)
		error = list_groups(parts);
	if (error == -ENOMEM)
		fail(parts, parts->folder, NULL, error);
	return error;
}

void span_parts_close(struct span_parts *parts)
{
	if (!parts)
		return;
	close_part(parts);
	for (size_t i = 0; i < ASYNC_SPANS_COLUMNS; i++)
		parquet_data_free(&parts->data[i]);
	for (size_t i = 0; i < parts->path_count; i++)
		free(parts->paths[i]);
	free(parts->paths);
	free(parts->groups);
	free(parts->folder);
	free(parts);
}

const char *span_parts_message(const struct span_parts *parts)
{
	return parts ? parts->message : strerror(ENOMEM);
}

size_t span_parts_count(const struct span_parts *parts)
{
	return parts->group_count;
}

const char *span_parts_path(const struct span_parts *parts, size_t group)
{
	return parts->paths[parts->groups[group].part];
}

/* A column that came with a later version of the schema: all null. */
static int read_missing(struct span_parts *parts, size_t column, size_t rows)
{
	static const struct parquet_text none = { "", 0 };
	struct parquet_data *data = &parts->data[column];

	if (!async_spans_table.columns[column].null_when)
		return fail_column(parts, column, "is missing", -ENODATA);
	buffer_clear(&data->values);
	buffer_clear(&data->valid);
	buffer_clear(&data->texts);
	if (!buffer_reserve(&data->values, rows * sizeof(int64_t)) ||
	    !buffer_reserve(&data->valid, rows) || buffer_append(&data->texts, &none, sizeof(none)))
		return fail_column(parts, column, NULL, -ENOMEM);
	memset(data->values.data, 0, rows * sizeof(int64_t));
	memset(data->valid.data, 0, rows);
	data->any_null = true;
	data->text_count = 1;
	return 0;
}

/* The parts are read backwards by some: what lies before a group is only counted. */
static int seek(struct span_parts *parts, const struct group *group, size_t *rows)
{
	int result = 0;

	if (!parts->reader || parts->part != group->part || parts->next_index > group->index)
		result = open_part(parts, group->part);
	if (result)
		return result;
	result = 1;
	while (result > 0 && parts->next_index <= group->index)
		result = next_group(parts, rows);
	if (result == 0)
		return fail(parts, parts->paths[group->part], "changed while it was read",
			    -EBADMSG);
	return result < 0 ? result : 0;
}

int span_parts_read(struct span_parts *parts, size_t group, uint64_t columns, size_t *rows)
{
	int error = seek(parts, &parts->groups[group], rows);

	for (size_t c = 0; c < ASYNC_SPANS_COLUMNS && !error; c++) {
		const char *why = NULL;

		if (!(columns & SPAN_COLUMN(c)))
			continue;
		if (parts->in_file[c] == TABLE_NO_COLUMN) {
			error = read_missing(parts, c, *rows);
			continue;
		}
		error = parquet_reader_column(parts->reader, parts->in_file[c], &parts->data[c],
					      &why);
		if (error)
			fail_column(parts, c, why, error);
	}
	return error;
}

const void *span_parts_values(const struct span_parts *parts, enum async_spans_column column)
{
	return parts->data[column].values.data;
}

const uint8_t *span_parts_valid(const struct span_parts *parts, enum async_spans_column column)
{
	return parts->data[column].any_null ? parts->data[column].valid.data : NULL;
}

const struct parquet_text *span_parts_texts(const struct span_parts *parts,
					    enum async_spans_column column, size_t *count)
{
	*count = parts->data[column].text_count;
	return (const void *)parts->data[column].texts.data;
}
