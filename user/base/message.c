/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/message.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/printable.h"

#define PROGRAM "asyncspan-trace: "
#define TEXT_SIZE 2048

static enum message_level message_level = MESSAGE_NORMAL;
static enum message_color message_color = MESSAGE_COLOR_AUTO;
static bool progress_shown;

void message_set_level(enum message_level level)
{
	message_level = level;
}

void message_set_color(enum message_color color)
{
	message_color = color;
}

/* no-color.org: set and not empty, whatever the value. */
static bool set_and_not_empty(const char *variable)
{
	const char *value = getenv(variable);

	return value && *value;
}

bool message_colored(FILE *stream)
{
	const char *terminal = getenv("TERM");

	if (message_color != MESSAGE_COLOR_AUTO)
		return message_color == MESSAGE_COLOR_ALWAYS;
	return isatty(fileno(stream)) && !set_and_not_empty("NO_COLOR") && terminal &&
	       strcmp(terminal, "dumb") != 0;
}

static void write_line(const char *prefix, const char *color, const char *format, va_list arguments)
{
	char text[TEXT_SIZE];
	char safe[TEXT_SIZE * PRINTABLE_EXPANSION];
	char line[sizeof(safe) + 128];
	bool colored = *color && message_colored(stderr);
	int length = vsnprintf(text, sizeof(text), format, arguments);

	if (length < 0)
		return;
	printable_escape(safe, sizeof(safe), text, strlen(text));
	length = snprintf(line, sizeof(line), "%s%s%s%s%s%s\n", progress_shown ? "\r\033[K" : "",
			  PROGRAM, colored ? color : "", prefix, colored ? "\033[0m" : "", safe);
	progress_shown = false;
	fwrite(line, 1, (size_t)length, stderr);
	fflush(stderr);
}

void message_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line("", "", format, arguments);
	va_end(arguments);
}

void message_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	write_line("warning: ", "\033[33m", format, arguments);
	va_end(arguments);
}

void message_note(const char *format, ...)
{
	va_list arguments;

	if (message_level < MESSAGE_NORMAL)
		return;
	va_start(arguments, format);
	write_line("", "", format, arguments);
	va_end(arguments);
}

void message_detail(const char *format, ...)
{
	va_list arguments;

	if (message_level < MESSAGE_VERBOSE)
		return;
	va_start(arguments, format);
	write_line("", "", format, arguments);
	va_end(arguments);
}

void message_progress(const char *format, ...)
{
	char text[TEXT_SIZE];
	char safe[TEXT_SIZE];
	va_list arguments;

	if (message_level < MESSAGE_NORMAL || !isatty(STDERR_FILENO))
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (!*text && !progress_shown)
		return;
	printable_escape(safe, sizeof(safe), text, strlen(text));
	/* A longer line would wrap and could not be rewritten. */
	safe[printable_cut(safe, strlen(safe), 79)] = '\0';
	fprintf(stderr, "\r\033[K%s", safe);
	fflush(stderr);
	progress_shown = *text != '\0';
}
