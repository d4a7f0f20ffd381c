/* SPDX-License-Identifier: BSD-2-Clause */
/* asyncspan-trace report: where the time of a trace went, by name. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "analyze/report.h"
#include "base/message.h"
#include "cmds/command.h"
#include "cmds/options.h"

struct report_options {
	const char *directory;
	uint64_t limit;
	bool json;
};

static int take_directory(void *target, const char *text, struct options_error *error)
{
	struct report_options *options = target;

	if (options->directory)
		return options_fail(error, "one DIR at a time: '%s' is the second", text);
	if (!*text)
		return options_fail(error, "DIR is empty");
	options->directory = text;
	return 0;
}

static const struct option_rule rules[] = {
	OPTION_RULE('n', "limit", OPTION_NUMBER, offsetof(struct report_options, limit), "COUNT",
		    "names to show, 0 for all (25)", .maximum = UINT32_MAX),
	OPTION_RULE(0, "json", OPTION_FLAG, offsetof(struct report_options, json), NULL,
		    "print one JSON document, with all names"),
};

static const char *const synopsis[] = { "[DIR] [OPTIONS]", NULL };
static const char *const examples[] = {
	"asyncspan-trace report",
	"asyncspan-trace report ./trace --json",
	NULL,
};

static const struct options_grammar grammar = {
	.verb = "report",
	.synopsis = synopsis,
	.summary =
		"Says where the time of the trace in DIR (asyncspan.data) went, by name, from the\n"
		"name with the greatest total wall time down, and what the trace has lost.",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.examples = examples,
	.operand = take_directory,
};

#define LIMIT_DEFAULT 25
#define LIMIT_NOT_GIVEN UINT64_MAX

int report_run(int argc, char **argv)
{
	struct report_options options = { .limit = LIMIT_NOT_GIVEN };
	int status = options_parse(&grammar, argc, argv, &options);
	struct report report;
	int error;

	if (status != OPTIONS_PROCEED)
		return status;
	if (!options.directory)
		options.directory = "asyncspan.data";
	if (options.limit == LIMIT_NOT_GIVEN)
		options.limit = options.json ? 0 : LIMIT_DEFAULT;
	status = COMMAND_EXIT_OK;
	error = report_read(options.directory, &report);
	if (error) {
		message_error(
			"cannot read the trace in %s: %s%s", options.directory, report.message,
			error == -ENOENT ? " (record makes one: asyncspan-trace record)" : "");
		status = OPTIONS_EXIT_USAGE;
		goto out;
	}
	if (options.json)
		error = report_write_json(&report, stdout, options.limit);
	else
		error = report_write_text(&report, stdout, options.limit);
	if (error) {
		message_error("cannot write the report: %s", strerror(-error));
		status = OPTIONS_EXIT_USAGE;
	}
out:
	report_free(&report);
	return status;
}
