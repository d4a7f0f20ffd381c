/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers and sizes as people write and read them.
 *
 *	number_parse("42", &value);			42
 *	number_parse_size("32M", &bytes);		33554432
 *	number_format(1234567, text);			"1,234,567"
 *	number_format_size(1234567, text);		"1.18 MiB"
 *
 * number_parse...() take the whole text or nothing: no sign, no blank, no trailing rest. They return 0,
 * -EINVAL for what is not such a number or -ERANGE for one that does not fit.
 */
#ifndef BASE_NUMBER_H
#define BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

#define NUMBER_TEXT_SIZE 32

int number_parse(const char *text, uint64_t *value);

/* Bytes; k, M and G (in either case) are powers of 1024; a fraction is allowed before them. */
int number_parse_size(const char *text, uint64_t *bytes);

/*
 * The number at *text, after blanks, in base 10 or 16; *text is moved behind it. For what the
 * kernel writes: several numbers in a line.
 */
bool number_take(const char **text, int base, uint64_t *value);

char *number_format(uint64_t value, char text[NUMBER_TEXT_SIZE]);
char *number_format_size(uint64_t bytes, char text[NUMBER_TEXT_SIZE]);

/* part of whole in percent with enough digits to tell it from 0 and from 100: "0.004 %". */
char *number_format_percent(uint64_t part, uint64_t whole, char text[NUMBER_TEXT_SIZE]);

/* A decimal number whose unit is not known yet: whole + fraction / 10^9. */
struct number_decimal {
	uint64_t whole;
	uint32_t fraction;
};

/* Parses the beginning of text; *rest is what follows. */
int number_parse_decimal(const char *text, struct number_decimal *number, const char **rest);

/* number * unit, rounded down. */
int number_scale(const struct number_decimal *number, uint64_t unit, uint64_t *value);

#endif
