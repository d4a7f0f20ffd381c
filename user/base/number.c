/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/number.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRACTION_ONE UINT32_C(1000000000)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool number_take(const char **text, int base, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(*text, &end, base);
	if (end == *text || errno)
		return false;
	*text = end;
	return true;
}

/* The digits at *text, at least one. */
static int parse_digits(const char **text, uint64_t *value)
{
	const char *c = *text;

	if (!is_digit(*c))
		return -EINVAL;
	for (*value = 0; is_digit(*c); c++) {
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(*c - '0'), value))
			return -ERANGE;
	}
	*text = c;
	return 0;
}

int number_parse(const char *text, uint64_t *value)
{
	int error = parse_digits(&text, value);

	if (error)
		return error;
	return *text ? -EINVAL : 0;
}

int number_parse_decimal(const char *text, struct number_decimal *number, const char **rest)
{
	uint32_t place = FRACTION_ONE;
	int error = parse_digits(&text, &number->whole);

	if (error)
		return error;
	number->fraction = 0;
	if (*text == '.') {
		text++;
		if (!is_digit(*text))
			return -EINVAL;
		for (; is_digit(*text); text++) {
			place /= 10;
			number->fraction += place * (uint32_t)(*text - '0');
		}
	}
	*rest = text;
	return 0;
}

int number_scale(const struct number_decimal *number, uint64_t unit, uint64_t *value)
{
	/* 128 bits: the unit may be an hour of nanoseconds, more than 2^41. */
	unsigned __int128 fraction = (unsigned __int128)number->fraction * unit / FRACTION_ONE;

	if (__builtin_mul_overflow(number->whole, unit, value) ||
	    __builtin_add_overflow(*value, (uint64_t)fraction, value))
		return -ERANGE;
	return 0;
}

int number_parse_size(const char *text, uint64_t *bytes)
{
	static const char letters[] = "kKmMgG";
	struct number_decimal number;
	const char *letter;
	const char *rest;
	int error = number_parse_decimal(text, &number, &rest);

	if (error)
		return error;
	if (!*rest)
		return number.fraction ? -EINVAL : number_scale(&number, 1, bytes);
	letter = strchr(letters, *rest);
	if (!letter || rest[1])
		return -EINVAL;
	return number_scale(&number, UINT64_C(1024) << (letter - letters) / 2 * 10, bytes);
}

char *number_format(uint64_t value, char text[NUMBER_TEXT_SIZE])
{
	char digits[NUMBER_TEXT_SIZE];
	int length = snprintf(digits, sizeof(digits), "%" PRIu64, value);
	char *out = text;

	for (int i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	return text;
}

char *number_format_size(uint64_t bytes, char text[NUMBER_TEXT_SIZE])
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double value = (double)bytes;
	unsigned int unit = 0;

	while (value >= 999.5 && unit < sizeof(units) / sizeof(units[0]) - 1) {
		value /= 1024;
		unit++;
	}
	snprintf(text, NUMBER_TEXT_SIZE, "%.*f %s",
		 unit == 0 || value >= 99.95 ? 0 :
		 value >= 9.995		     ? 1 :
					       2,
		 value, units[unit]);
	return text;
}

char *number_format_percent(uint64_t part, uint64_t whole, char text[NUMBER_TEXT_SIZE])
{
	double percent = whole ? 100.0 * (double)part / (double)whole : 0;
	bool extreme = part && part < whole;
	int decimals = 1;

	/* 1 lost of a million is not "0.0 %", and all but one is not "100.0 %". */
	if (extreme) {
		double distance = percent < 50 ? percent : 100 - percent;

		for (double digit = 0.1; distance < digit && decimals < 9; digit /= 10)
			decimals++;
	}
	snprintf(text, NUMBER_TEXT_SIZE, "%.*f %%", decimals, percent);
	return text;
}
