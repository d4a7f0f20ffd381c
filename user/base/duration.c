/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/duration.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

#define NS_PER_SECOND UINT64_C(1000000000)

struct unit {
	const char *name;
	uint64_t nanoseconds;
};

static const struct unit units[] = {
	{ "", NS_PER_SECOND },
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", NS_PER_SECOND },
	{ "m", 60 * NS_PER_SECOND },
	{ "h", 3600 * NS_PER_SECOND },
};

int duration_parse(const char *text, uint64_t *nanoseconds)
{
	struct number_decimal number;
	const char *name;
	int error = number_parse_decimal(text, &number, &name);

	if (error)
		return error;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(name, units[i].name) == 0)
			return number_scale(&number, units[i].nanoseconds, nanoseconds);
	}
	return -EINVAL;
}

/* value / unit in three significant digits; below 1000 after rounding, which the caller sees to. */
static void format_digits(char *text, uint64_t value, uint64_t unit, const char *name)
{
	unsigned int decimals = value >= 100 * unit ? 0 : value >= 10 * unit ? 1 : 2;
	uint64_t scale = decimals == 2 ? 100 : decimals == 1 ? 10 : 1;
	uint64_t rounded = (value * scale + unit / 2) / unit;

	/* 9.999 rounds up to 10.0, which has a digit less behind the point. */
	if (decimals && rounded >= 1000) {
		rounded /= 10;
		scale /= 10;
		decimals--;
	}
	if (!decimals)
		snprintf(text, DURATION_TEXT_SIZE, "%" PRIu64 " %s", rounded, name);
	else
		snprintf(text, DURATION_TEXT_SIZE, "%" PRIu64 ".%0*" PRIu64 " %s", rounded / scale,
			 (int)decimals, rounded % scale, name);
}

char *duration_format(uint64_t nanoseconds, char text[DURATION_TEXT_SIZE])
{
	uint64_t seconds;

	if (nanoseconds < 1000) {
		snprintf(text, DURATION_TEXT_SIZE, "%" PRIu64 " ns", nanoseconds);
	} else if (nanoseconds < 999500) {
		format_digits(text, nanoseconds, 1000, "us");
	} else if (nanoseconds < 999500000) {
		format_digits(text, nanoseconds, 1000000, "ms");
	} else if (nanoseconds < 59950000000) {
		format_digits(text, nanoseconds, NS_PER_SECOND, "s");
	} else {
		seconds = nanoseconds / NS_PER_SECOND + (nanoseconds % NS_PER_SECOND >= 500000000);
		if (seconds < 3600)
			snprintf(text, DURATION_TEXT_SIZE, "%u m %02u s",
				 (unsigned int)(seconds / 60), (unsigned int)(seconds % 60));
		else
			snprintf(text, DURATION_TEXT_SIZE, "%" PRIu64 " h %02u m", seconds / 3600,
				 (unsigned int)(seconds % 3600 / 60));
	}
	return text;
}
