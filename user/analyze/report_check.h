/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conditions on a report, for machines that judge traces: 'max_depth > 64', 'wall_p99 > 500ms'.
 *
 *	error = report_checks_add(&checks, "findings > 0", &why);
 *	if (report_check_holds(&report, &checks.checks[0], text, sizeof(text)))
 *		complain(text);		"max_depth is 70: max_depth > 64"
 *
 * Numbers: spans, unfinished, errors, cancelled, lossy, lost, max_depth, max_in_flight, findings, and each
 * kind of finding (the spans it is about). Times: duration, and of the groups of the report, each
 * for itself, wall_p50, wall_p90, wall_p99, wall_max, queue_p99, max_poll: one group is enough.
 */
#ifndef ANALYZE_REPORT_CHECK_H
#define ANALYZE_REPORT_CHECK_H

#include "analyze/condition.h"
#include "analyze/report.h"

#define REPORT_CHECKS_MAX 32

struct report_checks {
	struct condition checks[REPORT_CHECKS_MAX];
	size_t count;
};

/* Returns 0, or -EINVAL and why. The text must outlive the checks. */
int report_checks_add(struct report_checks *checks, const char *text, const char **why);

/* If the condition holds, says so in a text that may be shown on a terminal once it is escaped. */
bool report_check_holds(const struct report *report, const struct condition *check, char *text,
			size_t size);

#endif
