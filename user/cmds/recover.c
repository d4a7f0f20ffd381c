/* SPDX-License-Identifier: BSD-2-Clause */
/* asyncspan-trace recover: brings back what a recorder that was killed had not completed. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/message.h"
#include "base/number.h"
#include "cmds/command.h"
#include "cmds/options.h"
#include "collect/trace_amend.h"
#include "collect/trace_directory.h"
#include "tables/table.h"
#include "tables/table_recovery.h"

struct recover_options {
	const char *directory;
	bool json;
};

/* What was done for one trace, over all tables. */
struct recovered {
	char trace8[PART_TRACE8_LENGTH + 1];
	struct table_recovery_trace total;
	json_t *tables;
};

struct recovery {
	const char *directory;
	struct recovered *traces;
	size_t count;
	char message[512];
};

static int take_directory(void *target, const char *text, struct options_error *error)
{
	struct recover_options *options = target;

	if (options->directory)
		return options_fail(error, "one DIR at a time: '%s' is the second", text);
	if (!*text)
		return options_fail(error, "DIR is empty");
	options->directory = text;
	return 0;
}

static const struct option_rule rules[] = {
	OPTION_RULE(0, "json", OPTION_FLAG, offsetof(struct recover_options, json), NULL,
		    "print one JSON document"),
};

static const char *const synopsis[] = { "[DIR] [OPTIONS]", NULL };
static const char *const examples[] = {
	"asyncspan-trace recover",
	"asyncspan-trace recover ./trace",
	NULL,
};

static const struct options_grammar grammar = {
	.verb = "recover",
	.synopsis = synopsis,
	.summary =
		"Completes the files in DIR (asyncspan.data) that a recorder has left open because\n"
		"it was killed, or the disk was full, and notes in traces/ what is missing.",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.examples = examples,
	.operand = take_directory,
};

static struct recovered *find_trace(struct recovery *recovery, const char *trace8)
{
	struct recovered *traces;

	for (size_t i = 0; i < recovery->count; i++)
		if (!strcmp(recovery->traces[i].trace8, trace8))
			return &recovery->traces[i];
	traces = realloc(recovery->traces, (recovery->count + 1) * sizeof(*traces));
	if (!traces)
		return NULL;
	recovery->traces = traces;
	traces[recovery->count] = (struct recovered){ .tables = json_array() };
	memcpy(traces[recovery->count].trace8, trace8, sizeof(traces->trace8));
	return &traces[recovery->count++];
}

static json_t *table_json(const struct table *table, const struct table_recovery_trace *part)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "table", table->name, "parts",
			 (json_int_t)part->parts, "row_groups", (json_int_t)part->row_groups,
			 "rows", (json_int_t)part->rows, "rows_from_spool",
			 (json_int_t)part->rows_from_spool, "rows_lost",
			 (json_int_t)part->rows_lost, "bytes_lost", (json_int_t)part->bytes_lost);
}

static int add_table(struct recovery *recovery, const struct table *table,
		     const struct table_recovery_trace *part)
{
	struct recovered *trace = find_trace(recovery, part->trace8);
	struct table_recovery_trace *total;

	if (!trace || json_array_append_new(trace->tables, table_json(table, part)))
		return -ENOMEM;
	total = &trace->total;
	total->parts += part->parts;
	total->rows += part->rows;
	total->rows_from_spool += part->rows_from_spool;
	total->rows_lost += part->rows_lost;
	total->bytes_lost += part->bytes_lost;
	total->foreign_spools += part->foreign_spools;
	if (part->any_time && (!total->any_time || part->last_time > total->last_time))
		total->last_time = part->last_time;
	total->any_time |= part->any_time;
	return 0;
}

/* Who is referred to comes first: whatever is complete then has its processes and streams. */
static const char *const order[] = { "processes", "streams", "async_events", "async_spans",
				     "async_polls" };

static int recover_table(struct recovery *recovery, const struct table *table)
{
	struct table_recovery result;
	int error = table_recover(recovery->directory, table, &result);

	if (error)
		snprintf(recovery->message, sizeof(recovery->message), "%s", result.message);
	for (size_t i = 0; i < result.count && !error; i++)
		error = add_table(recovery, table, &result.traces[i]);
	table_recovery_free(&result);
	return error;
}

/* From gap_begin_ns, the last event that is in the files, to the recorder's death. */
static json_t *entry_of(const struct recovered *trace)
{
	struct timespec now;
	json_t *entry;

	clock_gettime(CLOCK_REALTIME, &now);
	entry = json_pack("{s:I, s:I, s:I, s:I, s:I, s:O}", "time_ns",
			  (json_int_t)now.tv_sec * 1000000000 + now.tv_nsec, "rows",
			  (json_int_t)trace->total.rows, "rows_from_spool",
			  (json_int_t)trace->total.rows_from_spool, "rows_lost",
			  (json_int_t)trace->total.rows_lost, "bytes_lost",
			  (json_int_t)trace->total.bytes_lost, "tables", trace->tables);
	if (entry)
		json_object_set_new(entry, "gap_begin_ns",
				    trace->total.any_time ? json_integer(trace->total.last_time) :
							    json_null());
	return entry;
}

static int record_gaps(struct recovery *recovery)
{
	int error = 0;

	for (size_t i = 0; i < recovery->count && !error; i++) {
		const struct recovered *trace = &recovery->traces[i];

		error = trace_amend(recovery->directory, trace->trace8, "recoveries",
				    entry_of(trace), recovery->message, sizeof(recovery->message));
		if (error != -ENOENT)
			continue;
		message_warning("%s (what is missing can be noted nowhere)", recovery->message);
		error = 0;
	}
	return error;
}

static void print_trace(const struct recovered *trace)
{
	const struct table_recovery_trace *total = &trace->total;
	char rows[NUMBER_TEXT_SIZE], spooled[NUMBER_TEXT_SIZE], lost[NUMBER_TEXT_SIZE];
	char bytes[NUMBER_TEXT_SIZE], parts[NUMBER_TEXT_SIZE];

	printf("trace %s: %s row%s brought back in %s file%s, %s of them from spools\n",
	       trace->trace8, number_format(total->rows, rows), total->rows == 1 ? "" : "s",
	       number_format(total->parts, parts), total->parts == 1 ? "" : "s",
	       number_format(total->rows_from_spool, spooled));
	if (total->rows_lost || total->bytes_lost)
		printf("trace %s: lost: %s rows of damaged row groups, %s of an unfinished one\n",
		       trace->trace8, number_format(total->rows_lost, lost),
		       number_format_size(total->bytes_lost, bytes));
	if (total->foreign_spools)
		message_warning("%s spool%s of another version of asyncspan-trace left alone",
				number_format(total->foreign_spools, parts),
				total->foreign_spools == 1 ? "" : "s");
}

static int print(const struct recovery *recovery, bool json)
{
	json_t *traces = json_array();
	int error = 0;

	for (size_t i = 0; i < recovery->count; i++) {
		json_t *entry;

		if (!json) {
			print_trace(&recovery->traces[i]);
			continue;
		}
		entry = entry_of(&recovery->traces[i]);
		json_object_set_new(entry, "trace", json_string(recovery->traces[i].trace8));
		json_array_append_new(traces, entry);
	}
	if (json) {
		json_t *document = json_pack("{s:O}", "recovered", traces);

		error = json_dumpf(document, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(document);
	} else if (!recovery->count) {
		printf("nothing to recover in %s\n", recovery->directory);
	}
	json_decref(traces);
	return error || fflush(stdout) ? -EIO : 0;
}

static int recover(struct recovery *recovery)
{
	int error = 0;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]) && !error; i++)
		error = recover_table(recovery, table_find(order[i]));
	return error ? error : record_gaps(recovery);
}

int recover_run(int argc, char **argv)
{
	struct recover_options options = { 0 };
	int status = options_parse(&grammar, argc, argv, &options), error;
	struct recovery recovery = { 0 };
	struct trace_directory directory;

	if (status != OPTIONS_PROCEED)
		return status;
	recovery.directory = options.directory ? options.directory : "asyncspan.data";
	error = trace_directory_lock(&directory, recovery.directory);
	if (error == -EBUSY) {
		message_error("cannot recover %s: a recording is writing there",
			      recovery.directory);
		return OPTIONS_EXIT_USAGE;
	}
	if (error) {
		message_error("cannot recover %s: %s", recovery.directory, strerror(-error));
		return OPTIONS_EXIT_USAGE;
	}
	error = recover(&recovery);
	if (!error)
		error = print(&recovery, options.json);
	if (error)
		message_error("cannot recover %s: %s", recovery.directory,
			      *recovery.message ? recovery.message : strerror(-error));
	for (size_t i = 0; i < recovery.count; i++)
		json_decref(recovery.traces[i].tables);
	free(recovery.traces);
	trace_directory_close(&directory);
	return error ? OPTIONS_EXIT_USAGE : COMMAND_EXIT_OK;
}
