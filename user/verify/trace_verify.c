/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/trace_verify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parquet/file_check.h"
#include "tables/table.h"
#include "verify/cross_check.h"

#define SUFFIX ".parquet"
#define TRACE_FILE_MAX (4 << 20)

/* Files */

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), end_length = strlen(end);

	return length > end_length && !strcmp(name + length - end_length, end);
}

static void check_file(struct verification *verification, const char *path)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC), error;
	struct parquet_file_check result = { 0 };

	error = fd < 0 ? -errno : parquet_file_check(fd, &result);
	if (error)
		verdict_fault(&verification->verdict, path, "%s",
			      *result.why ? result.why : strerror(-error));
	if (fd >= 0)
		close(fd);
	verification->files++;
	verification->rows += result.rows;
}

static int compare_names(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void check_entry(struct verification *verification, FTS *tree, FTSENT *entry)
{
	bool hidden = entry->fts_name[0] == '.' || entry->fts_name[0] == '_';

	switch (entry->fts_info) {
	case FTS_D:
		if (hidden && entry->fts_level > FTS_ROOTLEVEL)
			fts_set(tree, entry, FTS_SKIP);
		break;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		verdict_fault(&verification->verdict, entry->fts_path, "%s",
			      strerror(entry->fts_errno));
		break;
	case FTS_F:
		if (hidden)
			verification->hidden += ends_with(entry->fts_name, ".inprogress") ||
						ends_with(entry->fts_name, ".spool");
		else if (ends_with(entry->fts_name, SUFFIX))
			check_file(verification, entry->fts_path);
		break;
	default:
		break;
	}
}

static int check_files(struct verification *verification, const char *directory,
		       const struct table *table, bool *there)
{
	char *path, *roots[2] = { NULL, NULL };
	FTSENT *entry;
	FTS *tree;

	*there = false;
	if (asprintf(&path, "%s/%s", directory, table->name) < 0)
		return -ENOMEM;
	roots[0] = path;
	*there = !access(path, F_OK);
	tree = *there ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, compare_names) : NULL;
	while (tree && (entry = fts_read(tree)))
		check_entry(verification, tree, entry);
	if (tree)
		fts_close(tree);
	free(path);
	return *there && !tree ? -errno : 0;
}

/* What traces/ says */

static uint64_t count_losses(const json_t *trace)
{
	const json_t *counters = json_object_get(trace, "counters");
	uint64_t losses = 0;

	for (size_t i = 0; i < json_array_size(counters); i++) {
		const json_t *counter = json_array_get(counters, i);
		const char *kind = json_string_value(json_object_get(counter, "kind"));
		json_int_t value = json_integer_value(json_object_get(counter, "value"));

		if (kind && !strcmp(kind, "loss") && value > 0)
			losses += (uint64_t)value;
	}
	return losses;
}

static void take_trace(struct verification *verification, const json_t *trace)
{
	verification->traces++;
	verification->losses += count_losses(trace);
	verification->recoveries += json_array_size(json_object_get(trace, "recoveries"));
	verification->deletions += json_array_size(json_object_get(trace, "deletions"));
	verification->open += !json_is_true(json_object_get(trace, "complete"));
}

static void read_trace(struct verification *verification, const char *path)
{
	json_error_t problem;
	json_t *trace = json_load_file(path, 0, &problem);

	if (json_is_object(trace))
		take_trace(verification, trace);
	else
		verdict_fault(&verification->verdict, path, "%s",
			      trace ? "not an object" : problem.text);
	json_decref(trace);
}

static int read_traces(struct verification *verification, const char *directory)
{
	struct dirent *entry;
	DIR *folder = NULL;
	char *path;

	if (asprintf(&path, "%s/traces", directory) < 0)
		return -ENOMEM;
	folder = opendir(path);
	while (folder && (entry = readdir(folder))) {
		char *file;

		if (entry->d_name[0] == '.' || !ends_with(entry->d_name, ".json"))
			continue;
		if (asprintf(&file, "%s/%s", path, entry->d_name) < 0)
			break;
		read_trace(verification, file);
		free(file);
	}
	if (folder)
		closedir(folder);
	free(path);
	return 0;
}

bool verification_incomplete(const struct verification *verification)
{
	return verification->losses || verification->recoveries || verification->deletions ||
	       verification->open;
}

bool verification_failed(const struct verification *verification)
{
	if (verification->verdict.faults)
		return true;
	for (int i = 0; i < MISSING_KINDS; i++)
		if (verification->verdict.missing[i] && !verification_incomplete(verification))
			return true;
	return false;
}

int trace_verify(const char *directory, struct verification *verification)
{
	bool there, any = false;
	int error = 0;

	*verification = (struct verification){ 0 };
	if (access(directory, F_OK)) {
		snprintf(verification->message, sizeof(verification->message), "%s",
			 strerror(errno));
		return -errno;
	}
	for (size_t i = 0; i < table_count && !error; i++) {
		error = check_files(verification, directory, tables[i], &there);
		any |= there;
	}
	if (!error)
		error = read_traces(verification, directory);
	if (!error && !any && !verification->traces) {
		snprintf(verification->message, sizeof(verification->message),
			 "there is no trace in it");
		return -ENOENT;
	}
	/* Broken files would only be told of again. */
	if (!error && !verification->verdict.faults)
		error = cross_check(directory, &verification->verdict, &verification->spans);
	if (error)
		snprintf(verification->message, sizeof(verification->message), "%s",
			 strerror(-error));
	return error;
}

void verification_free(struct verification *verification)
{
	verdict_free(&verification->verdict);
}
