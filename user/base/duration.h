/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Durations as people write and read them.
 *
 *	duration_parse("1.5ms", &nanoseconds);	1500000
 *	duration_format(1234567, text);		"1.23 ms"
 */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include <stdint.h>

#define DURATION_TEXT_SIZE 24

/*
 * A decimal number, perhaps with a fraction, and a unit: ns us ms s m h; without unit seconds.
 * What is finer than a nanosecond is cut off. Returns 0, -EINVAL for anything else or -ERANGE.
 */
int duration_parse(const char *text, uint64_t *nanoseconds);

/* Three significant digits below a minute, then minutes and seconds or hours and minutes. */
char *duration_format(uint64_t nanoseconds, char text[DURATION_TEXT_SIZE]);

#endif
