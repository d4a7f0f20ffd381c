/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Command lines from a table: parsing, messages for wrong usage and the text of --help all come
 * from one grammar per verb.
 *
 *	static const struct option_rule rules[] = {
 *		OPTION_RULE('d', "duration", OPTION_DURATION, offsetof(struct x, duration_ns),
 *			    "TIME", "stop after this time", .minimum = 1, .maximum = 1000),
 *	};
 *	static const struct options_grammar grammar = { .verb = "record", .rules = rules, ... };
 *	status = options_parse(&grammar, argc, argv, &x);
 *
 * Options may stand before and after operands; "--" ends them. An option has an argument always or
 * never. --help is understood by every grammar without being listed. The target keeps its values
 * where an option is not given, so it is filled with the defaults before. Texts point into argv.
 */
#ifndef CMDS_OPTIONS_H
#define CMDS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The command line is good: go on. No exit status is negative. */
#define OPTIONS_PROCEED (-1)

/* Exit status for wrong usage of every verb but record. */
#define OPTIONS_EXIT_USAGE 2

enum option_kind {
	OPTION_FLAG,   /* bool: set to true */
	OPTION_TEXT,   /* const char *: not empty */
	OPTION_NUMBER, /* uint64_t, within minimum and maximum */
	OPTION_SIZE,   /* uint64_t bytes, with an optional k, M or G, within minimum and maximum */
	OPTION_DURATION, /* uint64_t nanoseconds: number and unit, a bare number is seconds */
	OPTION_CHOICE,	 /* int: index of the word in choices */
	OPTION_CUSTOM,	 /* whatever the function parse makes of it; may be given several times */
};

struct options_error {
	char text[256]; /* what is wrong, without program name and full stop */
};

struct option_rule {
	char short_name; /* 0: none */
	const char *long_name;
	enum option_kind kind;
	size_t offset;		    /* of the value in the target */
	const char *argument;	    /* its name in the help text; NULL for a flag */
	const char *help;	    /* one line */
	uint64_t minimum, maximum;  /* of numbers, sizes and durations; both 0: any */
	const char *const *choices; /* words of OPTION_CHOICE, ends with NULL */
	/* OPTION_CUSTOM: returns 0, or -1 with the error's text. */
	int (*parse)(void *value, const char *text, struct options_error *error);
};

/* What all rules have; the members from minimum on follow by name where they are needed. */
#define OPTION_RULE(letter, name, kind_of, place, argument_name, help_line, ...)                   \
	{                                                                                          \
		.short_name = (letter), .long_name = (name), .kind = (kind_of), .offset = (place), \
		.argument = (argument_name), .help = (help_line), ##__VA_ARGS__                    \
	}

struct options_grammar {
	const char *verb;
	const char *const *synopsis; /* usage lines without "asyncspan-trace VERB", ends with NULL */
	const char *summary;	     /* a sentence or two on what the verb does */
	const struct option_rule *rules;
	size_t rule_count;
	const char *const *examples; /* complete command lines, ends with NULL */
	/* Takes the operands one by one; NULL: there are none. As parse above. */
	int (*operand)(void *target, const char *text, struct options_error *error);
	/* Takes what follows "--", ends with NULL; NULL: operands again. As parse above. */
	int (*command)(void *target, char **command, struct options_error *error);
	/* Called last to check the whole; may be NULL. As parse above. */
	int (*check)(void *target, struct options_error *error);
	int exit_usage; /* exit status for wrong usage; 0: OPTIONS_EXIT_USAGE */
};

/* Records what is wrong with a command line; always returns -1. */
int options_fail(struct options_error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Parses argv[1] and following. Returns OPTIONS_PROCEED, or the exit status to end with: 0 after
 * --help, which goes to stdout, the grammar's one after wrong usage, said in one line on stderr
 * with a second one that names --help.
 */
int options_parse(const struct options_grammar *grammar, int argc, char **argv, void *target);

/* The same without printing: 0, 1 when help is asked for, or -1 with the error's text. */
int options_scan(const struct options_grammar *grammar, int argc, char **argv, void *target,
		 struct options_error *error);

/* The text of --help; the caller frees it. NULL without memory. */
char *options_help(const struct options_grammar *grammar);

#endif
