/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmds/options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/message.h"
#include "base/number.h"
#include "cmds/suggest.h"

/* getopt_long returns these for a rule and for --help; above every character. */
#define VALUE_RULE 1000
#define VALUE_HELP 999

#define RULES_MAX 48

int options_fail(struct options_error *error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return -1;
}

static bool takes_argument(const struct option_rule *rule)
{
	return rule->kind != OPTION_FLAG;
}

static int fail_value(const struct option_rule *rule, const char *text, const char *expected,
		      struct options_error *error)
{
	return options_fail(error, "--%s: '%s' is not %s", rule->long_name, text, expected);
}

static int fail_range(const struct option_rule *rule, const char *text, struct options_error *error)
{
	char low[NUMBER_TEXT_SIZE];
	char high[NUMBER_TEXT_SIZE];

	if (!rule->minimum && !rule->maximum)
		return options_fail(error, "--%s: '%s' is too large", rule->long_name, text);
	switch (rule->kind) {
	case OPTION_SIZE:
		number_format_size(rule->minimum, low);
		number_format_size(rule->maximum, high);
		break;
	case OPTION_DURATION:
		duration_format(rule->minimum, low);
		duration_format(rule->maximum, high);
		break;
	default:
		number_format(rule->minimum, low);
		number_format(rule->maximum, high);
		break;
	}
	return options_fail(error, "--%s: '%s' is not between %s and %s", rule->long_name, text,
			    low, high);
}

static int store_quantity(const struct option_rule *rule, const char *text, uint64_t *value,
			  struct options_error *error)
{
	const char *expected;
	uint64_t parsed;
	int result;

	switch (rule->kind) {
	case OPTION_SIZE:
		expected = "a size (bytes, or with k, M, G: 32M)";
		result = number_parse_size(text, &parsed);
		break;
	case OPTION_DURATION:
		expected = "a duration (number and ns, us, ms, s, m or h: 500ms)";
		result = duration_parse(text, &parsed);
		break;
	default:
		expected = "a number";
		result = number_parse(text, &parsed);
		break;
	}
	if (result == -ERANGE)
		return fail_range(rule, text, error);
	if (result)
		return fail_value(rule, text, expected, error);
	if ((rule->minimum || rule->maximum) && (parsed < rule->minimum || parsed > rule->maximum))
		return fail_range(rule, text, error);
	*value = parsed;
	return 0;
}

static int store_choice(const struct option_rule *rule, const char *text, int *value,
			struct options_error *error)
{
	char words[128] = "one of";
	size_t length = strlen(words);

	for (int i = 0; rule->choices[i]; i++) {
		if (strcmp(text, rule->choices[i]) == 0) {
			*value = i;
			return 0;
		}
		length += (size_t)snprintf(words + length, sizeof(words) - length, "%s %s",
					   i ? "," : "", rule->choices[i]);
	}
	return fail_value(rule, text, words, error);
}

static int store(const struct option_rule *rule, const char *text, void *target,
		 struct options_error *error)
{
	void *value = (char *)target + rule->offset;

	switch (rule->kind) {
	case OPTION_FLAG:
		*(bool *)value = true;
		return 0;
	case OPTION_TEXT:
		if (!*text)
			return options_fail(error, "--%s: the argument is empty", rule->long_name);
		*(const char **)value = text;
		return 0;
	case OPTION_NUMBER:
	case OPTION_SIZE:
	case OPTION_DURATION:
		return store_quantity(rule, text, value, error);
	case OPTION_CHOICE:
		return store_choice(rule, text, value, error);
	case OPTION_CUSTOM:
		return rule->parse(value, text, error);
	}
	return -1;
}

/* What getopt_long wants to know, made from the rules. */
struct getopt_tables {
	struct option long_options[RULES_MAX + 2];
	char short_options[2 * RULES_MAX + 4];
};

static void make_tables(const struct options_grammar *grammar, struct getopt_tables *tables)
{
	/* "-": operands are returned in their order; ":": a missing argument is told apart. */
	char *shorts = stpcpy(tables->short_options, "-:h");
	size_t i;

	memset(tables->long_options, 0, sizeof(tables->long_options));
	for (i = 0; i < grammar->rule_count && i < RULES_MAX; i++) {
		const struct option_rule *rule = &grammar->rules[i];

		tables->long_options[i].name = rule->long_name;
		tables->long_options[i].has_arg = takes_argument(rule) ? required_argument :
									 no_argument;
		tables->long_options[i].val = VALUE_RULE + (int)i;
		if (!rule->short_name)
			continue;
		*shorts++ = rule->short_name;
		if (takes_argument(rule))
			*shorts++ = ':';
	}
	tables->long_options[i].name = "help";
	tables->long_options[i].val = VALUE_HELP;
	*shorts = '\0';
}

static const struct option_rule *find_rule(const struct options_grammar *grammar, int value)
{
	if (value >= VALUE_RULE)
		return &grammar->rules[value - VALUE_RULE];
	for (size_t i = 0; i < grammar->rule_count; i++) {
		if (value && grammar->rules[i].short_name == value)
			return &grammar->rules[i];
	}
	return NULL;
}

static int fail_unknown(const struct options_grammar *grammar, int letter, const char *word,
			struct options_error *error)
{
	const char *names[RULES_MAX + 1];
	const char *suggestion;
	size_t count = 0;

	if (letter > 0 && letter < VALUE_HELP)
		return options_fail(error, "unknown option '-%c'", letter);
	if (letter)
		return options_fail(error, "'%s': the option takes no argument", word);
	for (; count < grammar->rule_count && count < RULES_MAX; count++)
		names[count] = grammar->rules[count].long_name;
	names[count++] = "help";
	suggestion = suggest(word + strspn(word, "-"), names, count);
	if (suggestion)
		return options_fail(error, "unknown option '%s' (did you mean '--%s'?)", word,
				    suggestion);
	return options_fail(error, "unknown option '%s'", word);
}

static int take_operand(const struct options_grammar *grammar, const char *text, void *target,
			struct options_error *error)
{
	if (!grammar->operand)
		return options_fail(error, "unexpected '%s'", text);
	return grammar->operand(target, text, error);
}

int options_scan(const struct options_grammar *grammar, int argc, char **argv, void *target,
		 struct options_error *error)
{
	struct getopt_tables tables;
	const struct option_rule *rule;
	const char *last_argument = NULL;
	int value;

	make_tables(grammar, &tables);
	opterr = 0;
	optind = 0; /* glibc and musl: start anew, with these short options */
	while ((value = getopt_long(argc, argv, tables.short_options, tables.long_options, NULL)) !=
	       -1) {
		int result = 0;

		switch (value) {
		case 'h':
		case VALUE_HELP:
			return 1;
		case 1:
			result = take_operand(grammar, optarg, target, error);
			break;
		case ':':
			rule = find_rule(grammar, optopt);
			result = options_fail(error, "option --%s needs an argument (%s)",
					      rule->long_name, rule->argument);
			break;
		case '?':
			result = fail_unknown(grammar, optopt, argv[optind - 1], error);
			break;
		default:
			rule = find_rule(grammar, value);
			result = store(rule, optarg, target, error);
			break;
		}
		if (result)
			return -1;
		last_argument = optarg;
	}
	/* "--" was met here, unless it was the last argument of an option. */
	if (optind > 1 && strcmp(argv[optind - 1], "--") == 0 &&
	    argv[optind - 1] != last_argument && grammar->command) {
		if (grammar->command(target, argv + optind, error))
			return -1;
	} else {
		for (; optind < argc; optind++) {
			if (take_operand(grammar, argv[optind], target, error))
				return -1;
		}
	}
	return grammar->check ? grammar->check(target, error) : 0;
}

static void write_rule(FILE *out, const struct option_rule *rule)
{
	char left[64];
	char letter[8] = "    ";

	if (rule->short_name)
		snprintf(letter, sizeof(letter), "-%c, ", rule->short_name);
	snprintf(left, sizeof(left), "%s--%s%s%s", letter, rule->long_name,
		 rule->argument ? " " : "", rule->argument ? rule->argument : "");
	fprintf(out, "  %-26s %s\n", left, rule->help);
}

char *options_help(const struct options_grammar *grammar)
{
	static const struct option_rule help = { .short_name = 'h',
						 .long_name = "help",
						 .help = "show this text" };
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		return NULL;
	for (size_t i = 0; grammar->synopsis[i]; i++)
		fprintf(out, "%s asyncspan-trace %s %s\n", i ? "      " : "Usage:", grammar->verb,
			grammar->synopsis[i]);
	fprintf(out, "\n%s\n\nOptions:\n", grammar->summary);
	for (size_t i = 0; i < grammar->rule_count; i++)
		write_rule(out, &grammar->rules[i]);
	write_rule(out, &help);
	if (grammar->examples)
		fputs("\nExamples:\n", out);
	for (size_t i = 0; grammar->examples && grammar->examples[i]; i++)
		fprintf(out, "  %s\n", grammar->examples[i]);
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

static int print_help(const struct options_grammar *grammar)
{
	char *text = options_help(grammar);
	int status = 0;

	if (!text || fputs(text, stdout) == EOF || fflush(stdout)) {
		message_error("cannot print the help text: %s", strerror(errno));
		status = 1;
	}
	free(text);
	return status;
}

int options_parse(const struct options_grammar *grammar, int argc, char **argv, void *target)
{
	struct options_error error = { "" };
	int result = options_scan(grammar, argc, argv, target, &error);

	if (result == 0)
		return OPTIONS_PROCEED;
	if (result > 0)
		return print_help(grammar);
	message_error("%s: %s", grammar->verb, error.text);
	fprintf(stderr, "Try 'asyncspan-trace %s --help'.\n", grammar->verb);
	return grammar->exit_usage ? grammar->exit_usage : OPTIONS_EXIT_USAGE;
}
