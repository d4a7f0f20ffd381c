/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/condition.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/duration.h"
#include "base/number.h"

static const struct {
	const char *sign;
	enum condition_comparison comparison;
	bool of_texts;
	bool of_numbers;
} comparisons[] = {
	/* Longer ones before those that they begin with. */
	{ "!=", CONDITION_NOT_EQUAL, true, true },
	{ "!~", CONDITION_NOT_CONTAINS, true, false },
	{ "<=", CONDITION_LESS_OR_EQUAL, false, true },
	{ ">=", CONDITION_GREATER_OR_EQUAL, false, true },
	{ "==", CONDITION_EQUAL, true, true },
	{ "=", CONDITION_EQUAL, true, true },
	{ "~", CONDITION_CONTAINS, true, false },
	{ "<", CONDITION_LESS, false, true },
	{ ">", CONDITION_GREATER, false, true },
};

static const char *skip_blanks(const char *text)
{
	while (*text == ' ')
		text++;
	return text;
}

static const char *parse_comparison(struct condition *condition, const char *text, bool is_text)
{
	for (size_t i = 0; i < sizeof(comparisons) / sizeof(comparisons[0]); i++) {
		size_t length = strlen(comparisons[i].sign);

		if (strncmp(text, comparisons[i].sign, length) != 0)
			continue;
		if (!(is_text ? comparisons[i].of_texts : comparisons[i].of_numbers))
			return NULL;
		condition->comparison = comparisons[i].comparison;
		return skip_blanks(text + length);
	}
	return NULL;
}

static int parse_value(struct condition *condition, const char *text, enum condition_type type,
		       const char **why)
{
	condition->text = text;
	condition->text_length = strlen(text);
	if (type == CONDITION_NUMBER && number_parse(text, &condition->number)) {
		*why = "needs a number";
		return -EINVAL;
	}
	if (type == CONDITION_TIME && duration_parse(text, &condition->number)) {
		*why = "needs a duration (number and ns, us, ms, s, m or h: 10ms)";
		return -EINVAL;
	}
	return 0;
}

int condition_parse(struct condition *condition, const char *text,
		    const struct condition_field *fields, size_t field_count, const char **why)
{
	size_t length = 0;
	const char *value;

	text = skip_blanks(text);
	while (islower((unsigned char)text[length]) || isdigit((unsigned char)text[length]) ||
	       text[length] == '_')
		length++;
	for (size_t i = 0; i < field_count; i++) {
		if (strlen(fields[i].name) != length || strncmp(fields[i].name, text, length) != 0)
			continue;
		condition->field = i;
		value = parse_comparison(condition, skip_blanks(text + length),
					 fields[i].type == CONDITION_TEXT);
		if (value)
			return parse_value(condition, value, fields[i].type, why);
		*why = fields[i].type == CONDITION_TEXT ?
			       "needs one of = != ~ !~ behind the field" :
			       "needs one of = != < <= > >= behind the field";
		return -EINVAL;
	}
	*why = "begins with no field that is known";
	return -EINVAL;
}

bool condition_number(const struct condition *condition, uint64_t value)
{
	switch (condition->comparison) {
	case CONDITION_EQUAL:
		return value == condition->number;
	case CONDITION_NOT_EQUAL:
		return value != condition->number;
	case CONDITION_LESS:
		return value < condition->number;
	case CONDITION_LESS_OR_EQUAL:
		return value <= condition->number;
	case CONDITION_GREATER:
		return value > condition->number;
	case CONDITION_GREATER_OR_EQUAL:
		return value >= condition->number;
	case CONDITION_CONTAINS:
	case CONDITION_NOT_CONTAINS:
		break;
	}
	return false;
}

bool condition_text(const struct condition *condition, const char *bytes, size_t length)
{
	bool equal = length == condition->text_length &&
		     memcmp(bytes, condition->text, length) == 0;
	bool contains = !condition->text_length ||
			memmem(bytes, length, condition->text, condition->text_length);

	switch (condition->comparison) {
	case CONDITION_EQUAL:
		return equal;
	case CONDITION_NOT_EQUAL:
		return !equal;
	case CONDITION_CONTAINS:
		return contains;
	case CONDITION_NOT_CONTAINS:
		return !contains;
	default:
		return false;
	}
}
