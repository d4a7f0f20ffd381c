/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes any bytes valid UTF-8.
 *
 *	length = utf8_cut(name, length, 255);
 *	length = utf8_sanitize(name, length, clean, sizeof(clean));
 *
 * Valid is what RFC 3629 says: no overlong forms, no surrogates, nothing above U+10FFFF. NUL is a
 * character like any other. Nothing here allocates or fails.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

#define UTF8_SANITIZED_MAX(length) ((length)*3) /* a bad byte becomes the 3 of U+FFFD */

bool utf8_valid(const void *bytes, size_t length);

/*
 * Copies, each longest beginning of a character that stays unfinished and each byte that begins
 * none replaced by U+FFFD, as browsers and Python do. Returns the bytes written; whole characters
 * that do not fit in @capacity are left out. UTF8_SANITIZED_MAX(length) always suffices.
 */
size_t utf8_sanitize(const void *bytes, size_t length, char *out, size_t capacity);

/* Length of the longest beginning of at most @most bytes that does not split a character. */
size_t utf8_cut(const void *bytes, size_t length, size_t most);

#endif
