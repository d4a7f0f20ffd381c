/* SPDX-License-Identifier: BSD-2-Clause */
/* asyncspan-trace verify: are the files of a trace whole, and do they agree with one another? */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/message.h"
#include "base/number.h"
#include "cmds/command.h"
#include "cmds/options.h"
#include "verify/trace_verify.h"

struct verify_options {
	const char *directory;
	bool json;
};

static int take_directory(void *target, const char *text, struct options_error *error)
{
	struct verify_options *options = target;

	if (options->directory)
		return options_fail(error, "one DIR at a time: '%s' is the second", text);
	if (!*text)
		return options_fail(error, "DIR is empty");
	options->directory = text;
	return 0;
}

static const struct option_rule rules[] = {
	OPTION_RULE(0, "json", OPTION_FLAG, offsetof(struct verify_options, json), NULL,
		    "print one JSON document"),
};

static const char *const synopsis[] = { "[DIR] [OPTIONS]", NULL };
static const char *const examples[] = {
	"asyncspan-trace verify",
	"asyncspan-trace verify ./trace && cp -r ./trace /archive",
	NULL,
};

static const struct options_grammar grammar = {
	.verb = "verify",
	.synopsis = synopsis,
	.summary =
		"Reads all files of the trace in DIR (asyncspan.data) and checks that they are whole\n"
		"and agree with one another. What is recorded as lost is named, and no failure.",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.examples = examples,
	.operand = take_directory,
};

static void print_cause(uint64_t count, const char *one, const char *many)
{
	char text[NUMBER_TEXT_SIZE];

	if (count)
		printf("  recorded: %s %s\n", number_format(count, text), count == 1 ? one : many);
}

static void print_missing(const struct verification *verification)
{
	const uint64_t *missing = verification->verdict.missing;
	bool incomplete = verification_incomplete(verification);
	char count[NUMBER_TEXT_SIZE];

	for (int i = 0; i < MISSING_KINDS; i++)
		if (missing[i])
			printf("%s: %s %s\n", incomplete ? "missing" : "FAULT",
			       number_format(missing[i], count),
			       verdict_missing_text((enum missing)i));
	print_cause(verification->losses, "event lost", "events lost");
	print_cause(verification->recoveries, "recovery", "recoveries");
	print_cause(verification->deletions, "deletion", "deletions");
	print_cause(verification->open, "trace that is not complete",
		    "traces that are not complete");
	if (verification->hidden)
		printf("  open: %s hidden file%s of a recorder (if it was killed: asyncspan-trace "
		       "recover)\n",
		       number_format(verification->hidden, count),
		       verification->hidden == 1 ? "" : "s");
}

static int print_text(const struct verification *verification, const char *directory)
{
	const struct verdict *verdict = &verification->verdict;
	char files[NUMBER_TEXT_SIZE], rows[NUMBER_TEXT_SIZE], spans[NUMBER_TEXT_SIZE];

	for (size_t i = 0; i < VERDICT_SHOWN && i < verdict->faults; i++)
		printf("FAULT: %s\n", verdict->shown[i] ? verdict->shown[i] : "?");
	if (verdict->faults > VERDICT_SHOWN)
		printf("FAULT: and %s more\n",
		       number_format(verdict->faults - VERDICT_SHOWN, files));
	print_missing(verification);
	printf("%s: %s file%s, %s rows, %s spans: %s\n", directory,
	       number_format(verification->files, files), verification->files == 1 ? "" : "s",
	       number_format(verification->rows, rows), number_format(verification->spans, spans),
	       verification_failed(verification)     ? "BROKEN" :
	       verification_incomplete(verification) ? "good, what is missing is recorded" :
						       "good");
	return fflush(stdout) ? -errno : 0;
}

static int print_json(const struct verification *verification)
{
	json_t *faults = json_array(), *missing = json_object(), *document;
	int error;

	for (size_t i = 0; i < VERDICT_SHOWN && i < verification->verdict.faults; i++)
		json_array_append_new(faults, json_string(verification->verdict.shown[i]));
	for (int i = 0; i < MISSING_KINDS; i++)
		if (verification->verdict.missing[i])
			json_object_set_new(
				missing, verdict_missing_text((enum missing)i),
				json_integer((json_int_t)verification->verdict.missing[i]));
	document = json_pack(
		"{s:b, s:I, s:I, s:I, s:I, s:o, s:o, s:{s:I, s:I, s:I, s:I}}", "good",
		!verification_failed(verification), "files", (json_int_t)verification->files,
		"rows", (json_int_t)verification->rows, "spans", (json_int_t)verification->spans,
		"fault_count", (json_int_t)verification->verdict.faults, "faults", faults,
		"missing", missing, "recorded", "losses", (json_int_t)verification->losses,
		"recoveries", (json_int_t)verification->recoveries, "deletions",
		(json_int_t)verification->deletions, "open_traces", (json_int_t)verification->open);
	error = !document || json_dumpf(document, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(document);
	return error || fflush(stdout) ? -EIO : 0;
}

int verify_run(int argc, char **argv)
{
	struct verify_options options = { 0 };
	int status = options_parse(&grammar, argc, argv, &options), error;
	struct verification verification;
	const char *directory;

	if (status != OPTIONS_PROCEED)
		return status;
	directory = options.directory ? options.directory : "asyncspan.data";
	error = trace_verify(directory, &verification);
	if (error) {
		message_error("cannot verify %s: %s", directory, verification.message);
		status = OPTIONS_EXIT_USAGE;
		goto out;
	}
	error = options.json ? print_json(&verification) : print_text(&verification, directory);
	if (error)
		message_error("cannot write the result: %s", strerror(-error));
	status = error				    ? OPTIONS_EXIT_USAGE :
		 verification_failed(&verification) ? COMMAND_EXIT_FAILED :
						      COMMAND_EXIT_OK;
out:
	verification_free(&verification);
	return status;
}
