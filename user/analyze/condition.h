/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conditions as people write them: 'name = query', 'wall > 10ms', 'max_depth > 64'.
 *
 *	struct condition condition;
 *	if (condition_parse(&condition, "wall >= 1.5ms", fields, field_count, &why) == 0)
 *		... condition_number(&condition, span_wall(span)) ...
 *
 * A field, one of = != < <= > >= ~ !~, a value; blanks between them may be left out. ~ means
 * "contains" and is for texts, < and > are for numbers. A time has a unit; without one it is
 * seconds. The texts point into what was parsed.
 */
#ifndef ANALYZE_CONDITION_H
#define ANALYZE_CONDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum condition_type {
	CONDITION_TEXT,
	CONDITION_NUMBER,
	CONDITION_TIME, /* a number of ns */
};

struct condition_field {
	const char *name;
	enum condition_type type;
};

enum condition_comparison {
	CONDITION_EQUAL,
	CONDITION_NOT_EQUAL,
	CONDITION_LESS,
	CONDITION_LESS_OR_EQUAL,
	CONDITION_GREATER,
	CONDITION_GREATER_OR_EQUAL,
	CONDITION_CONTAINS,
	CONDITION_NOT_CONTAINS,
};

struct condition {
	size_t field; /* index in the fields */
	enum condition_comparison comparison;
	const char *text;
	size_t text_length;
	uint64_t number;
};

/* Returns 0, or -EINVAL and in *@why what is wrong, a part of a sentence about the text. */
int condition_parse(struct condition *condition, const char *text,
		    const struct condition_field *fields, size_t field_count, const char **why);
bool condition_number(const struct condition *condition, uint64_t value);
bool condition_text(const struct condition *condition, const char *bytes, size_t length);

#endif
