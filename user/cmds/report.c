/* SPDX-License-Identifier: BSD-2-Clause */
/* asyncspan-trace report: what is wrong with a trace, and where its time went. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "analyze/report.h"
#include "analyze/report_check.h"
#include "base/message.h"
#include "cmds/analysis_options.h"
#include "cmds/command.h"
#include "cmds/options.h"

struct report_command {
	struct analysis_options analysis; /* first: the grammar's callbacks take it */
	struct report_checks checks;
	uint64_t limit;
	int by;
	int sort;
	bool json;
};

static int take_check(void *value, const char *text, struct options_error *error)
{
	const char *why;

	if (report_checks_add(value, text, &why))
		return options_fail(error, "--fail-if: '%s' %s", text, why);
	return 0;
}

#define THRESHOLD(member) offsetof(struct report_command, analysis.report.thresholds.member)

static const struct option_rule rules[] = {
	OPTION_RULE('b', "by", OPTION_CHOICE, offsetof(struct report_command, by), "WHAT",
		    "group by name, depth, target, thread or path (name)",
		    .choices = report_by_names),
	OPTION_RULE('s', "sort", OPTION_CHOICE, offsetof(struct report_command, sort), "WHAT",
		    "by wall (total), count, p50 ... (wall); see above",
		    .choices = report_sort_names),
	OPTION_RULE('n', "limit", OPTION_NUMBER, offsetof(struct report_command, limit), "COUNT",
		    "groups to show, 0 for all (25)", .maximum = UINT32_MAX),
	ANALYSIS_RULES,
	OPTION_RULE(0, "fail-if", OPTION_CUSTOM, offsetof(struct report_command, checks),
		    "CONDITION", "exit 1 if it holds, e.g. 'max_depth > 64'", .parse = take_check),
	OPTION_RULE(0, "json", OPTION_FLAG, offsetof(struct report_command, json), NULL,
		    "print one JSON document, with all groups"),
	OPTION_RULE(0, "never-ended", OPTION_DURATION, THRESHOLD(never_ended), "TIME",
		    "finding: unfinished, older than this (1s) ..."),
	OPTION_RULE(0, "never-ended-factor", OPTION_NUMBER, THRESHOLD(never_ended_factor), "N",
		    "... and than N times the p99 of its name (10)"),
	OPTION_RULE(0, "recursion", OPTION_NUMBER, THRESHOLD(recursion), "N",
		    "finding: a name N times among its ancestors (3)", .minimum = 1,
		    .maximum = UINT32_MAX),
	OPTION_RULE(0, "deep-nesting", OPTION_NUMBER, THRESHOLD(depth), "N",
		    "finding: deeper than N (64)"),
	OPTION_RULE(0, "retries", OPTION_NUMBER, THRESHOLD(retries), "N",
		    "finding: N tries, all but the last failed (5)", .minimum = 2,
		    .maximum = UINT32_MAX),
	OPTION_RULE(0, "long-poll", OPTION_DURATION, THRESHOLD(poll), "TIME",
		    "finding: a poll longer than this (10ms)"),
	OPTION_RULE(0, "queueing", OPTION_DURATION, THRESHOLD(queue), "TIME",
		    "finding: queue p99 over this and the work (10ms)"),
	OPTION_RULE(0, "siblings", OPTION_NUMBER, THRESHOLD(siblings), "N",
		    "finding: N siblings one after the other (10) ...", .minimum = 2,
		    .maximum = UINT32_MAX),
	OPTION_RULE(0, "serial-percent", OPTION_NUMBER, THRESHOLD(serial_percent), "N",
		    "... whose times sum to < N % of their union (110)", .minimum = 100,
		    .maximum = 100000),
};

static const char *const synopsis[] = { "[DIR] [OPTIONS]", NULL };
static const char *const examples[] = {
	"asyncspan-trace report",
	"asyncspan-trace report ./trace --by path --sort busy-self",
	"asyncspan-trace report --filter 'name ~ query' --since 2s --until 4s",
	"asyncspan-trace report --fail-if 'max_depth > 64' --fail-if 'wall_p99 > 500ms'",
	NULL,
};

static const struct options_grammar grammar = {
	.verb = "report",
	.synopsis = synopsis,
	.summary = "Says what looks wrong in the trace in DIR (asyncspan.data), where its time\n"
		   "went, and what the trace has lost. Groups can be sorted by wall (total),\n"
		   "count, p50, p90, p99, max, busy, busy-self, idle, queue, in-flight, errors,\n"
		   "cancelled, unfinished or key.",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.examples = examples,
	.operand = analysis_take_directory,
};

#define LIMIT_DEFAULT 25
#define LIMIT_NOT_GIVEN UINT64_MAX

static int write(const struct report_command *command, const struct report *report)
{
	size_t limit = command->limit;
	int error;

	if (limit == LIMIT_NOT_GIVEN)
		limit = command->json ? 0 : LIMIT_DEFAULT;
	if (command->json)
		error = report_write_json(report, stdout, limit);
	else
		error = report_write_text(report, stdout, limit);
	if (!error)
		return COMMAND_EXIT_OK;
	message_error("cannot write the report: %s", strerror(-error));
	return OPTIONS_EXIT_USAGE;
}

static int check(const struct report_command *command, const struct report *report)
{
	char text[512];
	int status = COMMAND_EXIT_OK;

	for (size_t i = 0; i < command->checks.count; i++) {
		if (!report_check_holds(report, &command->checks.checks[i], text, sizeof(text)))
			continue;
		message_error("report: %s", text);
		status = COMMAND_EXIT_FAILED;
	}
	return status;
}

int report_run(int argc, char **argv)
{
	struct report_command command = { .limit = LIMIT_NOT_GIVEN };
	struct report report;
	int status;

	analysis_options_init(&command.analysis);
	status = options_parse(&grammar, argc, argv, &command);
	if (status != OPTIONS_PROCEED) {
		analysis_options_free(&command.analysis);
		return status;
	}
	command.analysis.report.by = (enum report_by)command.by;
	command.analysis.report.sort = (enum report_sort)command.sort;
	status = OPTIONS_EXIT_USAGE;
	if (analysis_read(&command.analysis, &report) == 0)
		status = write(&command, &report);
	if (status == COMMAND_EXIT_OK)
		status = check(&command, &report);
	report_free(&report);
	analysis_options_free(&command.analysis);
	return status;
}
