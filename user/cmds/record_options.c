/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmds/record_options.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/number.h"
#include "tables/table_writer.h"

#define DEFAULT_DIRECTORY "asyncspan.data"
#define MEBIBYTE (UINT64_C(1) << 20)

#define GZIP_LEVEL_MAX 9

static const char *const codecs[] = {
	[RECORD_CODEC_ZSTD] = "zstd",
	[RECORD_CODEC_LZ4_RAW] = "lz4_raw",
	[RECORD_CODEC_GZIP] = "gzip",
	[RECORD_CODEC_NONE] = "none",
	NULL,
};
static const char *const colors[] = { "auto", "always", "never", NULL };

static int add_pid(struct record_options *options, pid_t pid, struct options_error *error)
{
	pid_t *pids;

	for (size_t i = 0; i < options->pid_count; i++) {
		if (options->pids[i] == pid)
			return 0;
	}
	pids = realloc(options->pids, (options->pid_count + 1) * sizeof(*pids));
	if (!pids)
		return options_fail(error, "out of memory");
	options->pids = pids;
	options->pids[options->pid_count++] = pid;
	return 0;
}

/* A PID or a comma list of them. */
static int parse_pids(void *target, const char *text, struct options_error *error)
{
	const char *rest = text;

	for (;;) {
		size_t length = strcspn(rest, ",");
		char digits[NUMBER_TEXT_SIZE];
		uint64_t pid = 0;

		if (length < sizeof(digits)) {
			memcpy(digits, rest, length);
			digits[length] = '\0';
			if (number_parse(digits, &pid) || pid > INT_MAX)
				pid = 0;
		}
		if (!pid)
			return options_fail(error, "--pid: '%s' is not a PID or a list of PIDs",
					    text);
		if (add_pid(target, (pid_t)pid, error))
			return -1;
		if (!rest[length])
			return 0;
		rest += length + 1;
	}
}

static int take_command(void *target, char **command, struct options_error *error)
{
	struct record_options *options = target;

	if (!command[0])
		return options_fail(error, "no command after '--'");
	options->command = command;
	return 0;
}

static int refuse_operand(void *target, const char *text, struct options_error *error)
{
	(void)target;
	return options_fail(error, "unexpected '%s' (a command to run needs '--' before it: -- %s)",
			    text, text);
}

static int check(void *target, struct options_error *error)
{
	struct record_options *options = target;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	if (!options->pid_count && !options->command)
		return options_fail(error, "nothing to trace: neither --pid nor '-- COMMAND'");
	if (options->pid_count && options->command)
		return options_fail(error, "--pid and '-- COMMAND' exclude each other");
	if (options->user && !options->command)
		return options_fail(error, "--user is for a command, not for --pid");
	if (options->quiet && options->verbose)
		return options_fail(error, "--quiet and --verbose exclude each other");
	if (options->codec == RECORD_CODEC_GZIP && options->level > GZIP_LEVEL_MAX)
		return options_fail(error, "--level: gzip has levels 1 to %d", GZIP_LEVEL_MAX);
	if (options->ring_bytes < page || (options->ring_bytes & (options->ring_bytes - 1)))
		return options_fail(error, "--ring-size: not a power of two of at least a page");
	if (options->directory)
		options->directory_given = true;
	else
		options->directory = DEFAULT_DIRECTORY;
	return 0;
}

#define FIELD(name) offsetof(struct record_options, name)

static const struct option_rule rules[] = {
	OPTION_RULE('p', "pid", OPTION_CUSTOM, 0, "PID[,PID]",
		    "trace running processes; may be repeated", .parse = parse_pids),
	OPTION_RULE('f', "follow", OPTION_FLAG, FIELD(follow), NULL, "trace children too"),
	OPTION_RULE('u', "user", OPTION_TEXT, FIELD(user), "USER",
		    "run the command as this user (who called sudo)"),
	OPTION_RULE('o', "output", OPTION_TEXT, FIELD(directory), "DIR",
		    "where the files go (asyncspan.data)"),
	OPTION_RULE('d', "duration", OPTION_DURATION, FIELD(duration_ns), "TIME",
		    "stop after this time: 10s, 500ms, 2m", .minimum = 1, .maximum = INT64_MAX),
	OPTION_RULE(0, "force", OPTION_FLAG, FIELD(force), NULL,
		    "delete the files of a trace in DIR"),
	OPTION_RULE(0, "fail-on-loss", OPTION_FLAG, FIELD(fail_on_loss), NULL,
		    "exit with 124 when events were lost"),
	OPTION_RULE(0, "polls", OPTION_FLAG, FIELD(polls), NULL,
		    "write a row for each poll too (async_polls)"),
	OPTION_RULE(0, "no-command-line", OPTION_FLAG, FIELD(no_command_line), NULL,
		    "do not store the processes' arguments"),
	OPTION_RULE(0, "ring-size", OPTION_SIZE, FIELD(ring_bytes), "SIZE",
		    "kernel buffer, a power of two (32M)", .minimum = 4096,
		    .maximum = 1024 * MEBIBYTE),
	OPTION_RULE(0, "max-spans", OPTION_NUMBER, FIELD(max_spans), "COUNT",
		    "spans open at a time (262144)", .minimum = 1, .maximum = UINT64_C(1) << 26),
	OPTION_RULE(0, "name-length", OPTION_NUMBER, FIELD(name_length), "BYTES",
		    "cut run-time names at this (255)", .minimum = 1, .maximum = 255),
	OPTION_RULE(0, "codec", OPTION_CHOICE, FIELD(codec), "CODEC",
		    "compression: zstd (default), lz4_raw, gzip, none", .choices = codecs),
	OPTION_RULE(0, "level", OPTION_NUMBER, FIELD(level), "LEVEL",
		    "1 (fast) to 19 of zstd, to 9 of gzip (1)", .minimum = 1, .maximum = 19),
	OPTION_RULE(0, "rotate-size", OPTION_SIZE, FIELD(rotate_bytes), "SIZE",
		    "complete a file that is this large (256M)", .minimum = 4096,
		    .maximum = UINT64_C(1) << 50),
	OPTION_RULE(0, "rotate-time", OPTION_DURATION, FIELD(rotate_ns), "TIME",
		    "complete a file that is this old (1h)", .minimum = 1000000,
		    .maximum = INT64_MAX),
	OPTION_RULE(0, "json", OPTION_FLAG, FIELD(json), NULL, "print the summary as JSON"),
	OPTION_RULE('q', "quiet", OPTION_FLAG, FIELD(quiet), NULL,
		    "print only errors and warnings"),
	OPTION_RULE('v', "verbose", OPTION_FLAG, FIELD(verbose), NULL,
		    "say what is attached, and more"),
	OPTION_RULE(0, "color", OPTION_CHOICE, FIELD(color), "WHEN",
		    "auto (default), always, never", .choices = colors),
};

static const char *const synopsis[] = {
	"-p PID[,PID]... [OPTIONS]",
	"[OPTIONS] -- COMMAND [ARGUMENT]...",
	NULL,
};

static const char *const examples[] = {
	"sudo asyncspan-trace record -- ./server --port 8080",
	"sudo asyncspan-trace record -p $(pidof server) -d 10s -o ./trace",
	"asyncspan-trace report ./trace",
	NULL,
};

static const struct options_grammar grammar = {
	.verb = "record",
	.synopsis = synopsis,
	.summary = "Traces the spans of processes until they end, the time is over or Ctrl-C is\n"
		   "pressed, and writes them to Parquet files in DIR.",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.examples = examples,
	.operand = refuse_operand,
	.command = take_command,
	.check = check,
	.exit_usage = RECORD_EXIT_FAILURE,
};

int record_options_parse(struct record_options *options, int argc, char **argv)
{
	int status;

	*options = (struct record_options){
		.ring_bytes = 32 * MEBIBYTE,
		.max_spans = 262144,
		.name_length = 255,
		.codec = RECORD_CODEC_ZSTD,
		.level = 1,
		.rotate_bytes = TABLE_WRITER_ROTATE_BYTES,
		.rotate_ns = TABLE_WRITER_ROTATE_NS,
		.color = MESSAGE_COLOR_AUTO,
	};
	status = options_parse(&grammar, argc, argv, options);
	if (status != OPTIONS_PROCEED)
		record_options_free(options);
	return status;
}

const char *record_codec_name(enum record_codec codec)
{
	return codecs[codec];
}

void record_options_free(struct record_options *options)
{
	free(options->pids);
	options->pids = NULL;
	options->pid_count = 0;
}
