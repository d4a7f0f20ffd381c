/* SPDX-License-Identifier: BSD-2-Clause */
/* asyncspan-trace tree: what runs below what, aggregated or span by span. */
#include <errno.h>
#include <string.h>

#include "analyze/span_story.h"
#include "analyze/tree_write.h"
#include "base/message.h"
#include "cmds/analysis_options.h"
#include "cmds/command.h"
#include "cmds/options.h"

#define NOT_GIVEN UINT64_MAX

struct tree_command {
	struct analysis_options analysis; /* first: the grammar's callbacks take it */
	struct tree_limits limits;
	uint64_t span;
	uint64_t slowest;
	bool json;
};

static const struct option_rule rules[] = {
	OPTION_RULE(0, "span", OPTION_NUMBER, offsetof(struct tree_command, span), "ID",
		    "one span with its children, waits and threads", .minimum = 1,
		    .maximum = INT64_MAX),
	OPTION_RULE(0, "slowest", OPTION_NUMBER, offsetof(struct tree_command, slowest), "COUNT",
		    "slowest roots, with their critical paths (3)", .maximum = SPAN_STORY_MAX),
	OPTION_RULE(0, "levels", OPTION_NUMBER, offsetof(struct tree_command, limits.levels), "N",
		    "levels to show, 0 for all (10)"),
	OPTION_RULE('n', "limit", OPTION_NUMBER, offsetof(struct tree_command, limits.rows),
		    "COUNT", "lines to show, 0 for all (60)"),
	ANALYSIS_RULES,
	OPTION_RULE(0, "json", OPTION_FLAG, offsetof(struct tree_command, json), NULL,
		    "print the aggregated tree as one JSON document"),
};

static const char *const synopsis[] = { "[DIR] [OPTIONS]", "[DIR] --span ID [OPTIONS]", NULL };
static const char *const examples[] = {
	"asyncspan-trace tree",
	"asyncspan-trace tree --span 4611686018427388000",
	"asyncspan-trace tree ./trace --slowest 10",
	NULL,
};

static int check(void *target, struct options_error *error)
{
	const struct tree_command *command = target;

	if (command->span != NOT_GIVEN && command->json)
		return options_fail(error, "--json is for the aggregated tree, not for --span");
	return 0;
}

static const struct options_grammar grammar = {
	.verb = "tree",
	.synopsis = synopsis,
	.summary = "Shows what runs below what in the trace in DIR (asyncspan.data), by the names\n"
		   "from the root down, and what the slowest roots waited for.",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.examples = examples,
	.operand = analysis_take_directory,
	.check = check,
};

static int say_unwritten(int error)
{
	if (!error)
		return COMMAND_EXIT_OK;
	message_error("cannot write the tree: %s", strerror(-error));
	return OPTIONS_EXIT_USAGE;
}

/* The span asked for, or the slowest roots behind the tree. */
static int write_story(const struct tree_command *command)
{
	const char *directory = analysis_directory(&command->analysis);
	bool one = command->span != NOT_GIVEN;
	struct span_story story;
	int error = one ? span_story_find(directory, (int64_t)command->span, &story) :
			  span_story_slowest(directory, command->slowest, &story);
	int status = OPTIONS_EXIT_USAGE;

	if (error) {
		message_error("cannot read the trace in %s: %s", directory, story.message);
	} else {
		if (!one && story.count)
			fputs("\nThe slowest roots and what they waited for:\n", stdout);
		error = span_story_write(&story, &command->limits, stdout);
		if (!error && fflush(stdout))
			error = -EIO;
		status = say_unwritten(error);
	}
	span_story_free(&story);
	return status;
}

static int write_tree(struct tree_command *command)
{
	struct report report;
	int status = OPTIONS_EXIT_USAGE;

	if (analysis_read(&command->analysis, &report) == 0) {
		int error = command->json ? tree_write_json(&report, stdout) :
					    tree_write_text(&report, &command->limits, stdout);

		status = say_unwritten(error);
	}
	report_free(&report);
	if (status == COMMAND_EXIT_OK && !command->json)
		status = write_story(command);
	return status;
}

int tree_run(int argc, char **argv)
{
	struct tree_command command = {
		.limits = { .levels = 10, .rows = 60 },
		.span = NOT_GIVEN,
		.slowest = 3,
	};
	int status;

	analysis_options_init(&command.analysis);
	status = options_parse(&grammar, argc, argv, &command);
	if (status == OPTIONS_PROCEED)
		status = command.span != NOT_GIVEN ? write_story(&command) : write_tree(&command);
	analysis_options_free(&command.analysis);
	return status;
}
