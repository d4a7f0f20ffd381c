/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text of unknown origin made fit for a terminal: control characters, escape sequences, characters
 * that turn the direction of writing or break a line, and bytes that are not UTF-8 are written as
 * \x1b or \u202e. Everything else stays as it is.
 *
 *	char safe[256];
 *	printable_escape(safe, sizeof(safe), name, name_length);
 *	columns = printable_width(safe, strlen(safe));
 */
#ifndef BASE_PRINTABLE_H
#define BASE_PRINTABLE_H

#include <stddef.h>

/* No byte becomes longer than this. */
#define PRINTABLE_EXPANSION 4

/*
 * Writes at most size - 1 bytes and a NUL, cut at a whole character or escape; size > 0. Returns
 * the number of bytes written.
 */
size_t printable_escape(char *out, size_t size, const char *bytes, size_t length);

/* Columns that text which has gone through printable_escape takes on a terminal. */
size_t printable_width(const char *text, size_t length);

/* Bytes of the longest beginning of such a text that is not wider than this. */
size_t printable_cut(const char *text, size_t length, size_t columns);

#endif
