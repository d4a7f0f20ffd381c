/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/part_recovery.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parquet/footer_rebuild.h"
#include "parquet/reader.h"
#include "parquet/sink.h"
#include "tables/part.h"

static int write_footer(int fd, const struct footer_contents *contents, size_t groups)
{
	struct buffer descriptions = contents->descriptions, footer = { 0 };
	struct parquet_sink sink = { .fd = fd };
	uint64_t rows = 0;
	int error;

	descriptions.length = 0;
	for (size_t i = 0; i < groups; i++) {
		descriptions.length += contents->groups[i].length;
		rows += contents->groups[i].rows;
	}
	error = footer_rebuild(&footer, contents->empty.data, contents->empty.length, rows, groups,
			       &descriptions);
	if (!error)
		error = parquet_sink_rewind(&sink, contents->groups[groups - 1].end);
	if (!error)
		error = parquet_sink_write(&sink, footer.data, footer.length);
	buffer_free(&footer);
	return error;
}

static void take_times(const struct parquet_data *data, struct part_recovery *result)
{
	const int64_t *times = (const void *)data->values.data;
	size_t count = data->values.length / sizeof(*times);

	for (size_t i = 0; i < count; i++) {
		if (data->any_null && !data->valid.data[i])
			continue;
		if (!result->any_time || times[i] > result->last_time)
			result->last_time = times[i];
		result->any_time = true;
	}
}

static int read_group(struct parquet_reader *reader, const struct table *table,
		      struct part_recovery *result)
{
	struct parquet_data data = { 0 };
	const struct parquet_column *columns;
	const char *why;
	size_t count;
	int error = 0;

	columns = parquet_reader_columns(reader, &count);
	for (size_t i = 0; i < count && !error; i++) {
		error = parquet_reader_column(reader, i, &data, &why);
		if (!error && table->sort_time != TABLE_NO_COLUMN &&
		    columns[i].logical == PARQUET_LOGICAL_TIMESTAMP_NS &&
		    !strcmp(columns[i].name, table->columns[table->sort_time].name))
			take_times(&data, result);
	}
	parquet_data_free(&data);
	return error;
}

static bool is_damage(int error)
{
	return error == -EBADMSG || error == -ENOTSUP;
}

/* How many row groups can be read, from the first on; with a bad footer none. */
static int count_good_groups(int fd, const struct table *table, size_t *good,
			     struct part_recovery *result)
{
	struct parquet_reader *reader;
	const char *why;
	size_t rows;
	int error;

	*good = 0;
	result->any_time = false;
	error = parquet_reader_open(&reader, fd, &why);
	if (error)
		return is_damage(error) ? 0 : error;
	while ((error = parquet_reader_next_group(reader, &rows, &why)) > 0) {
		error = read_group(reader, table, result);
		if (error)
			break;
		++*good;
	}
	parquet_reader_close(reader);
	return is_damage(error) ? 0 : error;
}

/* The row groups that lie within the file, each behind the one before. */
static size_t groups_in_file(const struct footer_contents *contents, uint64_t size)
{
	uint64_t end = 0;
	size_t groups = 0;

	while (groups < contents->count && contents->groups[groups].end > end &&
	       contents->groups[groups].end <= size)
		end = contents->groups[groups++].end;
	return groups;
}

static int keep_good_groups(int fd, const struct table *table,
			    const struct footer_contents *contents, size_t groups,
			    struct part_recovery *result)
{
	size_t good = 0;
	int error = 0;

	/* Ends: each round has fewer row groups than the one before. */
	while (groups && !error) {
		error = write_footer(fd, contents, groups);
		if (!error)
			error = count_good_groups(fd, table, &good, result);
		if (error == -EBADMSG) {
			error = 0;
			good = 0;
		}
		if (error || good >= groups)
			break;
		groups = good;
	}
	result->groups = groups;
	return error;
}

static int finish(int folder, int fd, const char *hidden, const char *final, size_t groups)
{
	int error;

	if (groups)
		error = fsync(fd) || renameat(folder, hidden, folder, final);
	else
		error = unlinkat(folder, hidden, 0);
	return error || fsync(folder) ? -errno : 0;
}

int part_recover(int folder, const struct table *table, const char *trace8, uint32_t sequence,
		 const struct footer_contents *contents, struct part_recovery *result)
{
	char hidden[PART_NAME_SIZE], final[PART_NAME_SIZE];
	struct stat status;
	uint64_t kept = 0;
	int fd, error = 0;

	*result = (struct part_recovery){ 0 };
	part_hidden_name(hidden, trace8, sequence);
	part_final_name(final, trace8, sequence);
	fd = openat(folder, hidden, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &status))
		error = -errno;
	else if (!S_ISREG(status.st_mode))
		error = -EINVAL;
	else
		error = keep_good_groups(fd, table, contents,
					 groups_in_file(contents, status.st_size), result);
	if (!error)
		error = finish(folder, fd, hidden, final, result->groups);
	close(fd);
	if (error)
		return error;
	for (size_t i = 0; i < contents->count; i++)
		*(i < result->groups ? &result->rows : &result->rows_cut) +=
			contents->groups[i].rows;
	if (result->groups)
		kept = contents->groups[result->groups - 1].end;
	result->bytes_cut = (uint64_t)status.st_size - kept;
	return 0;
}

int part_count_groups(int folder, const char *name, size_t *groups)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), error;
	struct parquet_reader *reader;
	const char *why;
	size_t rows;

	*groups = 0;
	if (fd < 0)
		return -errno;
	error = parquet_reader_open(&reader, fd, &why);
	if (!error) {
		while ((error = parquet_reader_next_group(reader, &rows, &why)) > 0)
			++*groups;
		parquet_reader_close(reader);
	}
	close(fd);
	return error;
}
