/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/table_recovery.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/intern.h"
#include "tables/folder_scan.h"
#include "tables/footer_journal.h"
#include "tables/keyed_rows.h"
#include "tables/part_recovery.h"
#include "tables/spool.h"
#include "tables/table_writer.h"

/* One trace in the folder. */
struct job {
	const char *directory;
	const struct table *table;
	int folder;
	const struct folder_file *files;
	size_t count;
	struct table_recovery *result;
	struct table_recovery_trace *trace;
	uint64_t sealed;    /* batches that are in parts */
	uint64_t journaled; /* batches that once were: row groups may have been damaged since */
	uint32_t next_sequence;
};

static int fail(struct job *job, const char *name, int error)
{
	const char *cause = error == -EBADMSG ? "is damaged" : strerror(-error);

	snprintf(job->result->message, sizeof(job->result->message), "%s/%s/%s: %s", job->directory,
		 job->table->name, name, cause);
	return error;
}

static bool has_file(const struct job *job, enum folder_kind kind, uint32_t number)
{
	for (size_t i = 0; i < job->count; i++)
		if (job->files[i].kind == kind && job->files[i].number == number)
			return true;
	return false;
}

static int open_file(const struct job *job, const char *name)
{
	int fd = openat(job->folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fd;
}

static int remove_file(struct job *job, const char *name)
{
	if (unlinkat(job->folder, name, 0) && errno != ENOENT)
		return fail(job, name, -errno);
	return 0;
}

/* Parts */

static void add_times(struct table_recovery_trace *trace, int64_t time)
{
	if (!trace->any_time || time > trace->last_time)
		trace->last_time = time;
	trace->any_time = true;
}

static int recover_open_part(struct job *job, uint32_t number,
			     const struct footer_contents *contents, uint64_t *sealed)
{
	struct table_recovery_trace *trace = job->trace;
	struct part_recovery part;
	int error = part_recover(job->folder, job->table, trace->trace8, number, contents, &part);

	if (error)
		return error;
	if (part.groups)
		*sealed = contents->groups[part.groups - 1].batches;
	trace->parts += part.groups != 0;
	trace->row_groups += part.groups;
	trace->rows += part.rows;
	trace->rows_lost += part.rows_cut;
	trace->bytes_lost += part.bytes_cut;
	if (part.any_time)
		add_times(trace, part.last_time);
	return 0;
}

/* The part is complete. Its last row group may have come after the journal's end. */
static int count_sealed(const struct job *job, uint32_t number,
			const struct footer_contents *contents, uint64_t *sealed)
{
	char name[PART_NAME_SIZE];
	size_t groups;
	int error;

	part_final_name(name, job->trace->trace8, number);
	error = part_count_groups(job->folder, name, &groups);
	if (contents->count)
		*sealed = contents->groups[contents->count - 1].batches;
	if (groups > contents->count)
		*sealed += groups - contents->count;
	return error;
}

static int recover_part(struct job *job, uint32_t number)
{
	struct footer_contents contents = { 0 };
	char name[PART_NAME_SIZE];
	uint64_t sealed;
	int fd, error;

	part_footer_name(name, job->trace->trace8, number);
	fd = open_file(job, name);
	if (fd < 0)
		return fail(job, name, fd);
	/* What is damaged ends the journal: the row groups before are as good as any. */
	error = footer_journal_read(fd, &contents);
	close(fd);
	if (error == -EBADMSG)
		error = 0;
	sealed = contents.batches;
	if (contents.count)
		job->journaled = contents.groups[contents.count - 1].batches;
	if (!error && has_file(job, FOLDER_HIDDEN, number))
		error = recover_open_part(job, number, &contents, &sealed);
	else if (!error && has_file(job, FOLDER_PART, number))
		error = count_sealed(job, number, &contents, &sealed);
	if (sealed > job->sealed)
		job->sealed = sealed;
	footer_contents_free(&contents);
	return error ? fail(job, name, error) : 0;
}

/* Nothing is known of a part without a journal: no row group of it was complete. */
static int remove_part(struct job *job, uint32_t number)
{
	char name[PART_NAME_SIZE];
	struct stat status;

	part_hidden_name(name, job->trace->trace8, number);
	/* A small table that was being rewritten loses nothing. */
	if (!keyed_rows_table(job->table) &&
	    !fstatat(job->folder, name, &status, AT_SYMLINK_NOFOLLOW))
		job->trace->bytes_lost += status.st_size;
	return remove_file(job, name);
}

/* Spools */

static int read_spool(struct job *job, unsigned int slot, struct intern *strings,
		      struct spool_contents *contents)
{
	char name[SPOOL_NAME_SIZE];
	int fd, error;

	*contents = (struct spool_contents){ 0 };
	if (!has_file(job, FOLDER_SPOOL, slot))
		return 0;
	spool_file_name(name, job->trace->trace8, slot);
	fd = open_file(job, name);
	if (fd < 0)
		return fail(job, name, fd);
	error = spool_read(fd, job->table, strings, contents);
	close(fd);
	job->trace->foreign_spools += contents->foreign;
	/* Rows before the damage are good. */
	return error && error != -EBADMSG ? fail(job, name, error) : 0;
}

static struct table_writer_options writer_options(const struct job *job)
{
	struct table_writer_options options = TABLE_WRITER_OPTIONS_DEFAULT;
	struct stat status;

	options.directory = job->directory;
	options.trace8 = job->trace->trace8;
	options.recoverable = false;
	options.leave_footers = true;
	options.rotate_bytes = UINT64_MAX;
	options.rotate_ns = UINT64_MAX;
	if (!geteuid() && !fstat(job->folder, &status)) {
		options.owner = status.st_uid;
		options.group = status.st_gid;
	}
	return options;
}

static void count_spool(struct job *job, const struct spool_contents *contents)
{
	struct table_recovery_trace *trace = job->trace;

	trace->rows += contents->row_count;
	trace->rows_from_spool += contents->row_count;
	if (contents->batch >= job->journaled)
		return;
	/* It was in a row group that has been cut off. */
	trace->rows_lost -= contents->row_count < trace->rows_lost ? contents->row_count :
								     trace->rows_lost;
}

static int append_spool(struct job *job, struct table_writer *writer,
			const struct spool_contents *contents)
{
	const struct table *table = job->table;
	int error = 0;

	for (size_t i = 0; i < contents->row_count && !error; i++) {
		const uint8_t *row = contents->rows.data + i * table->row_size;
		int64_t time;

		error = table_writer_append(writer, row);
		if (table->sort_time == TABLE_NO_COLUMN)
			continue;
		memcpy(&time, row + table->columns[table->sort_time].offset, sizeof(time));
		add_times(job->trace, time);
	}
	if (!error)
		error = table_writer_flush(writer);
	if (!error)
		count_spool(job, contents);
	return error;
}

/* One part of the batches that are in no part, in their order. */
static int write_spools(struct job *job, struct intern *strings,
			const struct spool_contents *const spools[], size_t count)
{
	struct table_writer_options options = writer_options(job);
	struct table_writer *writer;
	char name[PART_NAME_SIZE];
	int error, close_error;

	part_final_name(name, job->trace->trace8, job->next_sequence);
	options.first_sequence = job->next_sequence;
	options.first_batch = spools[0]->batch;
	error = table_writer_open(&writer, job->table, strings, &options);
	if (error)
		return fail(job, name, error);
	for (size_t i = 0; i < count && !error; i++)
		error = append_spool(job, writer, spools[i]);
	close_error = table_writer_finish(writer);
	if (!error)
		error = close_error;
	job->trace->row_groups += table_writer_stats(writer)->row_groups;
	job->trace->parts++;
	table_writer_close(writer);
	return error ? fail(job, name, error) : 0;
}

static bool is_missing(const struct job *job, const struct spool_contents *contents)
{
	return contents->row_count && contents->batch >= job->sealed;
}

static int recover_batches(struct job *job, struct intern *strings,
			   const struct spool_contents contents[SPOOL_SLOTS])
{
	const struct spool_contents *spools[SPOOL_SLOTS], *later;
	size_t count = 0;

	for (int i = 0; i < SPOOL_SLOTS; i++)
		if (is_missing(job, &contents[i]))
			spools[count++] = &contents[i];
	if (count == SPOOL_SLOTS && spools[0]->batch > spools[1]->batch) {
		later = spools[0];
		spools[0] = spools[1];
		spools[1] = later;
	}
	return count ? write_spools(job, strings, spools, count) : 0;
}

static int rewrite(struct job *job, struct intern *strings, const struct keyed_rows *rows)
{
	struct table_writer_options options = writer_options(job);
	struct table_writer *writer;
	int error = table_writer_open(&writer, job->table, strings, &options);

	if (error)
		return error;
	error = table_writer_rewrite(writer, rows->rows.data, rows->count);
	table_writer_close(writer);
	return error;
}

/* A small table: its one file, with the rows of the spool added or in place of older ones. */
static int recover_keyed(struct job *job, struct intern *strings,
			 const struct spool_contents contents[SPOOL_SLOTS])
{
	struct keyed_rows rows = { .table = job->table };
	char name[PART_NAME_SIZE], *path = NULL;
	size_t changed = 0;
	int error = 0;

	part_final_name(name, job->trace->trace8, 0);
	if (asprintf(&path, "%s/%s/%s", job->directory, job->table->name, name) < 0)
		return -ENOMEM;
	if (has_file(job, FOLDER_PART, 0))
		error = keyed_rows_read(&rows, path, strings);
	for (int i = 0; i < SPOOL_SLOTS && !error; i++)
		for (size_t j = 0; j < contents[i].row_count && !error; j++)
			error = keyed_rows_put(
				&rows, contents[i].rows.data + j * job->table->row_size, &changed);
	if (!error && (changed || !has_file(job, FOLDER_PART, 0)))
		error = rewrite(job, strings, &rows);
	if (!error && changed) {
		job->trace->parts++;
		job->trace->rows += changed;
		job->trace->rows_from_spool += changed;
	}
	keyed_rows_free(&rows);
	free(path);
	return error ? fail(job, name, error) : 0;
}

static int recover_spools(struct job *job)
{
	struct spool_contents contents[SPOOL_SLOTS] = { 0 };
	struct intern *strings = intern_new();
	int error = strings ? 0 : -ENOMEM;

	for (unsigned int i = 0; i < SPOOL_SLOTS && !error; i++)
		error = read_spool(job, i, strings, &contents[i]);
	if (!error && keyed_rows_table(job->table))
		error = recover_keyed(job, strings, contents);
	else if (!error)
		error = recover_batches(job, strings, contents);
	for (unsigned int i = 0; i < SPOOL_SLOTS; i++)
		buffer_free(&contents[i].rows);
	intern_free(strings);
	return error;
}

/* What recovery was made from: the spools first, as the journals say that they are not needed. */
static int remove_rest(struct job *job)
{
	char name[PART_NAME_SIZE], spool[SPOOL_NAME_SIZE];
	int error = 0;

	for (unsigned int i = 0; i < SPOOL_SLOTS && !error && !job->trace->foreign_spools; i++) {
		spool_file_name(spool, job->trace->trace8, i);
		error = remove_file(job, spool);
	}
	for (size_t i = 0; i < job->count && !error; i++) {
		if (job->files[i].kind != FOLDER_FOOTER)
			continue;
		part_footer_name(name, job->trace->trace8, job->files[i].number);
		error = remove_file(job, name);
	}
	if (!error) {
		part_footer_name(name, job->trace->trace8, job->next_sequence);
		error = remove_file(job, name);
	}
	return error || !fsync(job->folder) ? error : fail(job, "", -errno);
}

static bool needs_recovery(const struct job *job)
{
	for (size_t i = 0; i < job->count; i++)
		if (job->files[i].kind != FOLDER_PART)
			return true;
	return false;
}

static int add_trace(struct job *job)
{
	struct table_recovery *result = job->result;
	struct table_recovery_trace *traces =
		realloc(result->traces, (result->count + 1) * sizeof(*traces));

	if (!traces)
		return -ENOMEM;
	result->traces = traces;
	job->trace = &traces[result->count++];
	*job->trace = (struct table_recovery_trace){ 0 };
	memcpy(job->trace->trace8, job->files[0].trace8, sizeof(job->trace->trace8));
	return 0;
}

static int recover_trace(struct job *job)
{
	int error;

	if (!needs_recovery(job))
		return 0;
	error = add_trace(job);
	for (size_t i = 0; i < job->count; i++)
		if (job->files[i].kind != FOLDER_SPOOL &&
		    job->files[i].number >= job->next_sequence)
			job->next_sequence = job->files[i].number + 1;
	for (size_t i = 0; i < job->count && !error; i++) {
		const struct folder_file *file = &job->files[i];

		if (file->kind == FOLDER_FOOTER)
			error = recover_part(job, file->number);
		else if (file->kind == FOLDER_HIDDEN && !has_file(job, FOLDER_FOOTER, file->number))
			error = remove_part(job, file->number);
	}
	if (!error)
		error = recover_spools(job);
	return error ? error : remove_rest(job);
}

static int recover_folder(const char *directory, const struct table *table, int folder,
			  struct table_recovery *result)
{
	struct folder_scan scan;
	int error = folder_scan(folder, &scan);
	size_t end;

	for (size_t start = 0; !error && start < scan.count; start = end) {
		struct job job = {
			.directory = directory,
			.table = table,
			.folder = folder,
			.files = scan.files + start,
			.result = result,
		};

		for (end = start; end < scan.count; end++)
			if (strcmp(scan.files[end].trace8, scan.files[start].trace8))
				break;
		job.count = end - start;
		error = recover_trace(&job);
	}
	folder_scan_free(&scan);
	return error;
}

int table_recover(const char *directory, const struct table *table, struct table_recovery *result)
{
	char *path;
	int folder, error;

	*result = (struct table_recovery){ 0 };
	if (asprintf(&path, "%s/%s", directory, table->name) < 0)
		return -ENOMEM;
	folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	error = folder < 0 ? -errno : recover_folder(directory, table, folder, result);
	if (error == -ENOENT && folder < 0)
		error = 0;
	if (error && !*result->message)
		snprintf(result->message, sizeof(result->message), "%s: %s", path,
			 strerror(-error));
	if (folder >= 0)
		close(folder);
	free(path);
	return error;
}

void table_recovery_free(struct table_recovery *result)
{
	free(result->traces);
	*result = (struct table_recovery){ 0 };
}
