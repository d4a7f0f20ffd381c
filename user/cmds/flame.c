/* SPDX-License-Identifier: BSD-2-Clause */
/* asyncspan-trace flame: the call tree as a picture. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "analyze/flame.h"
#include "base/message.h"
#include "cmds/analysis_options.h"
#include "cmds/command.h"
#include "cmds/options.h"

struct flame_command {
	struct analysis_options analysis; /* first: the grammar's callbacks take it */
	const char *output;
	const char *title;
	int value;
};

static const struct option_rule rules[] = {
	OPTION_RULE('o', "output", OPTION_TEXT, offsetof(struct flame_command, output), "FILE",
		    "where to write the SVG (standard output)"),
	OPTION_RULE(0, "value", OPTION_CHOICE, offsetof(struct flame_command, value), "WHAT",
		    "wall, busy-self, idle or count (busy-self)", .choices = flame_value_names),
	OPTION_RULE(0, "title", OPTION_TEXT, offsetof(struct flame_command, title), "TEXT",
		    "title of the picture (DIR)"),
	ANALYSIS_RULES,
};

static const char *const synopsis[] = { "[DIR] [-o FILE.svg] [OPTIONS]", NULL };
static const char *const examples[] = {
	"asyncspan-trace flame -o flame.svg",
	"asyncspan-trace flame ./trace --value wall --filter 'depth < 4' -o wall.svg",
	NULL,
};

static const struct options_grammar grammar = {
	.verb = "flame",
	.synopsis = synopsis,
	.summary = "Draws the call tree of the trace in DIR (asyncspan.data) as a flame graph, an\n"
		   "SVG picture for a browser. Its legend says what the width of a frame means.",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.examples = examples,
	.operand = analysis_take_directory,
};

static int write_picture(const struct flame_command *command, const struct report *report)
{
	const char *directory = analysis_directory(&command->analysis);
	const char *title = command->title ? command->title : directory;
	FILE *out = command->output ? fopen(command->output, "we") : stdout;
	int error = out ? 0 : -errno;

	if (!error)
		error = flame_write(report, (enum flame_value)command->value, title, out);
	if (out && command->output && fclose(out) && !error)
		error = -errno;
	if (!error)
		return COMMAND_EXIT_OK;
	message_error("cannot write %s: %s", command->output ? command->output : "the picture",
		      strerror(-error));
	return OPTIONS_EXIT_USAGE;
}

int flame_run(int argc, char **argv)
{
	struct flame_command command = { .value = FLAME_BUSY_SELF };
	struct report report;
	int status;

	analysis_options_init(&command.analysis);
	status = options_parse(&grammar, argc, argv, &command);
	if (status != OPTIONS_PROCEED)
		goto out;
	status = OPTIONS_EXIT_USAGE;
	if (!command.output && isatty(STDOUT_FILENO)) {
		message_error("flame: the picture is not for a terminal (try -o flame.svg)");
		goto out;
	}
	if (analysis_read(&command.analysis, &report) == 0)
		status = write_picture(&command, &report);
	report_free(&report);
out:
	analysis_options_free(&command.analysis);
	return status;
}
