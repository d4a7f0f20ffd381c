/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmds/analysis_options.h"

#include <errno.h>

#include "base/message.h"

void analysis_options_init(struct analysis_options *options)
{
	*options = (struct analysis_options){ .report = REPORT_OPTIONS_DEFAULT };
}

void analysis_options_free(struct analysis_options *options)
{
	span_filter_free(&options->filter);
}

int analysis_take_directory(void *target, const char *text, struct options_error *error)
{
	struct analysis_options *options = target;

	if (options->directory)
		return options_fail(error, "one DIR at a time: '%s' is the second", text);
	if (!*text)
		return options_fail(error, "DIR is empty");
	options->directory = text;
	return 0;
}

int analysis_take_filter(void *value, const char *text, struct options_error *error)
{
	const char *why;

	if (span_filter_add(value, text, &why))
		return options_fail(error, "--filter: '%s' %s", text, why);
	return 0;
}

const char *analysis_directory(const struct analysis_options *options)
{
	return options->directory ? options->directory : "asyncspan.data";
}

void analysis_complain(const char *directory, const char *message, int error)
{
	message_error("cannot read the trace in %s: %s%s", directory, message,
		      error == -ENOENT ? " (record makes one: asyncspan-trace record)" : "");
}

int analysis_read(struct analysis_options *options, struct report *report)
{
	int error;

	options->report.filter = options->filter.count ? &options->filter : NULL;
	error = report_read_with(analysis_directory(options), &options->report, report);
	if (error)
		analysis_complain(analysis_directory(options), report->message, error);
	return error;
}
