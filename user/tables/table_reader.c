/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/table_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parquet/reader.h"
#include "tables/async_events.h"
#include "tables/event_depths.h"

#define SUFFIX ".parquet"
#define MESSAGE_SIZE 512
#define CONDITIONS_MAX 8

/* A column that was asked for. */
struct wanted {
	size_t in_table;
	size_t in_file; /* TABLE_NO_COLUMN: an older file, which does not have it */
	struct parquet_data data;
	struct buffer strings; /* struct table_string */
	struct buffer zeros;   /* values and validity of a column that the file does not have */
};

/* Rows with this column outside of these bounds need not be read. */
struct condition {
	size_t in_table;
	size_t in_file; /* TABLE_NO_COLUMN: it is not there, nothing can be left out */
	int64_t first;
	int64_t last;
};

struct table_reader {
	const struct table *table;
	char *folder;
	char **paths;
	size_t path_count;
	size_t next_path;
	bool listed;

	struct wanted wanted[TABLE_COLUMNS_MAX];
	struct table_batch_column columns[TABLE_COLUMNS_MAX];
	size_t column_count;
	struct condition conditions[CONDITIONS_MAX];
	size_t condition_count;

	struct event_depths *depths; /* of older exports: computed when first needed */
	struct parquet_data span_ids;

	int fd; /* of the open file, the last of those gone through */
	struct parquet_reader *parquet;
	char message[MESSAGE_SIZE];
};

static int new_reader(struct table_reader **out, const struct table *table,
		      const char *const *columns, size_t column_count)
{
	struct table_reader *reader;

	*out = NULL;
	if (column_count > TABLE_COLUMNS_MAX)
		return -EINVAL;
	reader = calloc(1, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	reader->table = table;
	reader->fd = -1;
	reader->column_count = column_count;
	for (size_t i = 0; i < column_count; i++) {
		reader->wanted[i].in_table = table_column_find(table, columns[i]);
		if (reader->wanted[i].in_table == TABLE_NO_COLUMN) {
			table_reader_close(reader);
			return -EINVAL;
		}
		reader->columns[i].column = &table->columns[reader->wanted[i].in_table];
	}
	*out = reader;
	return 0;
}

int table_reader_open(struct table_reader **out, const char *directory, const struct table *table,
		      const char *const *columns, size_t column_count)
{
	int err = new_reader(out, table, columns, column_count);

	if (err)
		return err;
	if (asprintf(&(*out)->folder, "%s/%s", directory, table->name) < 0) {
		(*out)->folder = NULL;
		table_reader_close(*out);
		*out = NULL;
		return -ENOMEM;
	}
	return 0;
}

int table_reader_between(struct table_reader *reader, const char *column, int64_t first,
			 int64_t last)
{
	size_t in_table = table_column_find(reader->table, column);
	enum table_type type;

	if (in_table == TABLE_NO_COLUMN)
		return -EINVAL;
	type = reader->table->columns[in_table].type;
	if (type == TABLE_STRING || type == TABLE_BOOLEAN)
		return -EINVAL;
	if (reader->condition_count == CONDITIONS_MAX)
		return -E2BIG;
	reader->conditions[reader->condition_count++] =
		(struct condition){ in_table, TABLE_NO_COLUMN, first, last };
	return 0;
}

static void close_file(struct table_reader *reader)
{
	parquet_reader_close(reader->parquet);
	reader->parquet = NULL;
	if (reader->fd >= 0)
		close(reader->fd);
	reader->fd = -1;
}

void table_reader_close(struct table_reader *reader)
{
	if (!reader)
		return;
	close_file(reader);
	for (size_t i = 0; i < reader->column_count; i++) {
		parquet_data_free(&reader->wanted[i].data);
		buffer_free(&reader->wanted[i].strings);
		buffer_free(&reader->wanted[i].zeros);
	}
	event_depths_close(reader->depths);
	parquet_data_free(&reader->span_ids);
	for (size_t i = 0; i < reader->path_count; i++)
		free(reader->paths[i]);
	free(reader->paths);
	free(reader->folder);
	free(reader);
}

const char *table_reader_message(const struct table_reader *reader)
{
	return reader ? reader->message : "";
}

/*
 * Keeps what went wrong for the message: @why has the path as its subject; without it, errno's
 * text.
 */
static int fail(struct table_reader *reader, const char *path, const char *why, int err)
{
	if (why)
		snprintf(reader->message, sizeof(reader->message), "%s: %s", path, why);
	else
		snprintf(reader->message, sizeof(reader->message), "%s: %s", path, strerror(-err));
	return err;
}

static int fail_column(struct table_reader *reader, const struct table_column *column,
		       const char *why, int err)
{
	char text[MESSAGE_SIZE / 2];

	if (!why)
		why = strerror(-err);
	snprintf(text, sizeof(text), "column %s: %s", column->name, why);
	return fail(reader, reader->paths[reader->next_path - 1], text, err);
}

/* The parts */

static bool is_part_name(const char *name)
{
	size_t length = strlen(name);

	return length > strlen(SUFFIX) && !strcmp(name + length - strlen(SUFFIX), SUFFIX);
}

static bool is_hidden(const char *name)
{
	return name[0] == '.' || name[0] == '_';
}

static int compare_names(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int add_path(struct table_reader *reader, const char *path)
{
	char **paths = realloc(reader->paths, (reader->path_count + 1) * sizeof(*paths));

	if (!paths)
		return -ENOMEM;
	reader->paths = paths;
	paths[reader->path_count] = strdup(path);
	if (!paths[reader->path_count])
		return -ENOMEM;
	reader->path_count++;
	return 0;
}

int table_reader_open_file(struct table_reader **out, const char *path, const struct table *table,
			   const char *const *columns, size_t column_count)
{
	int err = new_reader(out, table, columns, column_count);

	if (err)
		return err;
	(*out)->listed = true;
	err = add_path(*out, path);
	if (err) {
		table_reader_close(*out);
		*out = NULL;
	}
	return err;
}

static int visit(struct table_reader *reader, FTS *tree, FTSENT *entry)
{
	bool root = entry->fts_level == FTS_ROOTLEVEL;

	switch (entry->fts_info) {
	case FTS_D:
		if (!root && is_hidden(entry->fts_name))
			fts_set(tree, entry, FTS_SKIP);
		return 0;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		return fail(reader, entry->fts_path, NULL, -entry->fts_errno);
	case FTS_F:
	case FTS_SL:
		if (root)
			return fail(reader, entry->fts_path, NULL, -ENOTDIR);
		if (is_hidden(entry->fts_name) || !is_part_name(entry->fts_name))
			return 0;
		return add_path(reader, entry->fts_path);
	default:
		return 0;
	}
}

static int list_parts(struct table_reader *reader)
{
	char *const roots[] = { reader->folder, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, compare_names);
	FTSENT *entry;
	int err = 0;

	if (!tree)
		return fail(reader, reader->folder, NULL, -errno);
	while (!err) {
		errno = 0;
		entry = fts_read(tree);
		if (!entry) {
			err = errno ? fail(reader, reader->folder, NULL, -errno) : 0;
			break;
		}
		err = visit(reader, tree, entry);
	}
	fts_close(tree);
	return err;
}

/* One file */

/* Where a column of the table is in the file; TABLE_NO_COLUMN: it may and does lack it. */
static int find_column(struct table_reader *reader, size_t in_table, size_t *in_file)
{
	const struct table_column *column = &reader->table->columns[in_table];
	struct parquet_column expected = table_parquet_column(column);
	const struct parquet_column *columns;
	size_t count;

	columns = parquet_reader_columns(reader->parquet, &count);
	*in_file = TABLE_NO_COLUMN;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(columns[i].name, column->name))
			continue;
		if (columns[i].physical != expected.physical ||
		    columns[i].logical != expected.logical)
			return fail_column(reader, column, "is of another type", -ENODATA);
		*in_file = i;
		return 0;
	}
	return column->null_when || column->not_in_older ?
		       0 :
		       fail_column(reader, column, "is missing", -ENODATA);
}

static int find_columns(struct table_reader *reader)
{
	int err = 0;

	for (size_t i = 0; i < reader->column_count && !err; i++)
		err = find_column(reader, reader->wanted[i].in_table, &reader->wanted[i].in_file);
	for (size_t i = 0; i < reader->condition_count && !err; i++)
		err = find_column(reader, reader->conditions[i].in_table,
				  &reader->conditions[i].in_file);
	return err;
}

static int open_file(struct table_reader *reader)
{
	const char *path = reader->paths[reader->next_path++], *why;
	struct stat status;
	int err;

	reader->fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (reader->fd < 0 || fstat(reader->fd, &status))
		return fail(reader, path, NULL, -errno);
	if (!S_ISREG(status.st_mode))
		return fail(reader, path, "is not a regular file", -EBADMSG);
	err = parquet_reader_open(&reader->parquet, reader->fd, &why);
	if (err)
		return fail(reader, path, why, err);
	return find_columns(reader);
}

/* Batches */

static int set_strings(struct wanted *wanted, struct table_batch_column *column)
{
	const struct parquet_text *texts = (const void *)wanted->data.texts.data;
	size_t count = wanted->data.text_count;
	struct table_string *strings;

	buffer_clear(&wanted->strings);
	strings = (void *)buffer_reserve(&wanted->strings, count * sizeof(*strings));
	if (!strings)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		strings[i] = (struct table_string){ texts[i].bytes, texts[i].length };
	column->dictionary = strings;
	column->dictionary_count = count;
	return 0;
}

/* A column that came with a later schema version: all null. */
static int set_missing(struct wanted *wanted, struct table_batch_column *column, size_t rows)
{
	static const struct table_string none = { "", 0 };
	size_t size = rows * sizeof(int64_t);
	uint8_t *zeros;

	buffer_clear(&wanted->zeros);
	zeros = buffer_reserve(&wanted->zeros, size + rows);
	if (!zeros)
		return -ENOMEM;
	memset(zeros, 0, size + rows);
	column->int64s = (const void *)zeros;
	column->valid = zeros + size;
	column->dictionary = &none;
	column->dictionary_count = 1;
	return 0;
}

static int load_depths(struct table_reader *reader)
{
	int err;

	if (reader->depths)
		return 0;
	err = event_depths_open(&reader->depths);
	if (!err)
		err = event_depths_add_parts(reader->depths, reader->paths, reader->path_count,
					     reader->message, sizeof(reader->message));
	if (err) {
		event_depths_close(reader->depths);
		reader->depths = NULL;
	}
	return err;
}

/*
 * The depth column of a file that lacks it: from the parents, for which all parts are read once. Null
 * where it cannot be known.
 */
static int compute_depths(struct table_reader *reader, struct wanted *wanted,
			  struct table_batch_column *column, size_t rows, const char **why)
{
	int err = set_missing(wanted, column, rows);
	uint32_t *depths = (void *)wanted->zeros.data;
	uint8_t *valid = wanted->zeros.data + rows * sizeof(int64_t);
	const int64_t *spans;
	size_t in_file;

	if (!err)
		err = load_depths(reader);
	if (!err)
		err = find_column(reader, ASYNC_EVENTS_SPAN_ID, &in_file);
	if (!err)
		err = parquet_reader_column(reader->parquet, in_file, &reader->span_ids, why);
	if (err)
		return err;
	spans = (const void *)reader->span_ids.values.data;
	for (size_t i = 0; i < rows; i++) {
		int64_t depth = event_depths_of(reader->depths, spans[i]);

		valid[i] = depth != EVENT_DEPTH_UNKNOWN;
		depths[i] = valid[i] ? depth : 0;
	}
	return 0;
}

static bool is_event_depth(const struct table_reader *reader, const struct wanted *wanted)
{
	return reader->table == &async_events_table && wanted->in_table == ASYNC_EVENTS_DEPTH;
}

static int read_column(struct table_reader *reader, size_t i, size_t rows)
{
	struct table_batch_column *column = &reader->columns[i];
	struct wanted *wanted = &reader->wanted[i];
	const char *why = NULL;
	int err;

	if (wanted->in_file == TABLE_NO_COLUMN) {
		err = is_event_depth(reader, wanted) ?
			      compute_depths(reader, wanted, column, rows, &why) :
			      set_missing(wanted, column, rows);
	} else {
		err = parquet_reader_column(reader->parquet, wanted->in_file, &wanted->data, &why);
		column->int64s = (const void *)wanted->data.values.data;
		column->valid = wanted->data.any_null ? wanted->data.valid.data : NULL;
		if (!err && column->column->type == TABLE_STRING)
			err = set_strings(wanted, column);
	}
	return err ? fail_column(reader, column->column, why, err) : 0;
}

/* Leaves out what the conditions rule out. */
static int narrow(struct table_reader *reader, size_t *rows, const char **why)
{
	int err = 0;

	for (size_t i = 0; i < reader->condition_count && *rows && !err; i++) {
		const struct condition *condition = &reader->conditions[i];

		if (condition->in_file != TABLE_NO_COLUMN)
			err = parquet_reader_narrow(reader->parquet, condition->in_file,
						    condition->first, condition->last, rows, why);
	}
	return err;
}

/* 1: a row group with rows, 0: the file is at its end. */
static int next_group(struct table_reader *reader, size_t *rows)
{
	const char *why;
	int err;

	do {
		int narrowed = 0;

		err = parquet_reader_next_group(reader->parquet, rows, &why);
		if (err > 0)
			narrowed = narrow(reader, rows, &why);
		if (narrowed)
			err = narrowed;
	} while (err > 0 && !*rows);
	if (err < 0)
		return fail(reader, reader->paths[reader->next_path - 1], why, err);
	return err;
}

static int read_group(struct table_reader *reader, size_t rows, struct table_batch *batch)
{
	int err = 0;

	for (size_t i = 0; i < reader->column_count && !err; i++)
		err = read_column(reader, i, rows);
	if (err)
		return err;
	*batch = (struct table_batch){
		.rows = rows,
		.columns = reader->columns,
		.column_count = reader->column_count,
		.path = reader->paths[reader->next_path - 1],
	};
	return 1;
}

int table_reader_next(struct table_reader *reader, struct table_batch *batch)
{
	size_t rows;
	int err = 0;

	if (!reader->listed) {
		reader->listed = true;
		err = list_parts(reader);
	}
	while (!err) {
		if (!reader->parquet) {
			if (reader->next_path == reader->path_count)
				return 0;
			err = open_file(reader);
			if (err)
				break;
		}
		err = next_group(reader, &rows);
		if (err > 0)
			err = read_group(reader, rows, batch);
		if (!err)
			close_file(reader);
	}
	if (err < 0)
		close_file(reader);
	return err;
}
