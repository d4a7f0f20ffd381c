/* SPDX-License-Identifier: BSD-2-Clause */
#include "verify/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void verdict_fault(struct verdict *verdict, const char *path, const char *format, ...)
{
	char *what = NULL, *line = NULL;
	va_list arguments;
	int length;

	if (verdict->faults++ >= VERDICT_SHOWN)
		return;
	va_start(arguments, format);
	length = vasprintf(&what, format, arguments);
	va_end(arguments);
	if (length < 0)
		return;
	if (asprintf(&line, "%s: %s", path, what) >= 0)
		verdict->shown[verdict->faults - 1] = line;
	free(what);
}

const char *verdict_missing_text(enum missing kind)
{
	static const char *const texts[MISSING_KINDS] = {
		[MISSING_BEGIN] = "ends without their begin",
		[MISSING_END] = "begins without an end, of spans without a row in async_spans",
		[MISSING_PARENT] = "spans whose parent is not in the files",
		[MISSING_ROW] = "ended spans without a row in async_spans",
		[MISSING_EVENTS] = "rows of async_spans without their events",
		[MISSING_POLLS] = "spans whose polls do not add up",
		[MISSING_STREAM] = "rows whose stream is not in the files",
		[MISSING_PROCESS] = "rows whose process is not in the files",
	};

	return texts[kind];
}

void verdict_free(struct verdict *verdict)
{
	for (size_t i = 0; i < VERDICT_SHOWN; i++)
		free(verdict->shown[i]);
	*verdict = (struct verdict){ 0 };
}
