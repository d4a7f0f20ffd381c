/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the commands say to the person at the terminal. Only main.c and cmds/ use it: library code
 * returns a negative errno and stays silent.
 *
 *	message_set_level(MESSAGE_QUIET);
 *	message_error("cannot attach to PID %d: %s (next step)", pid, strerror(-error));
 *
 * Each call writes one line "asyncspan-trace: ..." to stderr, in one write. The text is subject,
 * cause and, in brackets, the next step. Bytes that could drive a terminal or start a line are
 * escaped, so names read from a traced process may be passed as they are.
 */
#ifndef BASE_MESSAGE_H
#define BASE_MESSAGE_H

#include <stdbool.h>
#include <stdio.h>

enum message_level {
	MESSAGE_QUIET,	 /* errors and warnings only */
	MESSAGE_NORMAL,	 /* and notes */
	MESSAGE_VERBOSE, /* and details */
};

enum message_color {
	MESSAGE_COLOR_AUTO, /* on a terminal, unless NO_COLOR is set or TERM is dumb */
	MESSAGE_COLOR_ALWAYS,
	MESSAGE_COLOR_NEVER,
};

void message_set_level(enum message_level level);
void message_set_color(enum message_color color);

/* True when text for this stream may be coloured. */
bool message_colored(FILE *stream);

void message_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_detail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * A line that replaces itself, for progress: written only when stderr is a terminal and the level
 * is not quiet. The other functions clear it first. An empty text clears it.
 */
void message_progress(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
