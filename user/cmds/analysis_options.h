/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The options that report, tree and flame have in common: which trace, which spans of it.
 *
 *	struct x { struct analysis_options analysis; ... };	first member
 *	static const struct option_rule rules[] = { ANALYSIS_RULES, ... };
 *	.operand = analysis_take_directory
 *	analysis_options_init(&x.analysis);
 *	error = analysis_read(&x.analysis, &report);
 *	analysis_options_free(&x.analysis);
 */
#ifndef CMDS_ANALYSIS_OPTIONS_H
#define CMDS_ANALYSIS_OPTIONS_H

#include "analyze/report.h"
#include "cmds/options.h"

struct analysis_options {
	const char *directory; /* NULL: not given */
	struct span_filter filter;
	struct report_options report;
};

#define ANALYSIS_FILTER_HELP "only spans where it holds, e.g. 'wall > 10ms'"

#define ANALYSIS_RULES                                                                       \
	OPTION_RULE('f', "filter", OPTION_CUSTOM, offsetof(struct analysis_options, filter), \
		    "CONDITION", ANALYSIS_FILTER_HELP, .parse = analysis_take_filter),       \
		OPTION_RULE(0, "since", OPTION_DURATION,                                     \
			    offsetof(struct analysis_options, report.since), "TIME",         \
			    "only spans open after this time into the trace"),               \
		OPTION_RULE(0, "until", OPTION_DURATION,                                     \
			    offsetof(struct analysis_options, report.until), "TIME",         \
			    "only spans that began before this time")

void analysis_options_init(struct analysis_options *options);
void analysis_options_free(struct analysis_options *options);

/* Callbacks of the grammar. */
int analysis_take_directory(void *target, const char *text, struct options_error *error);
int analysis_take_filter(void *value, const char *text, struct options_error *error);

const char *analysis_directory(const struct analysis_options *options);

/* Reads, or says why it cannot. */
int analysis_read(struct analysis_options *options, struct report *report);
void analysis_complain(const char *directory, const char *message, int error);

#endif
