/* SPDX-License-Identifier: BSD-2-Clause */
/* Command lines: what is understood, what is refused and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cmds/options.h"
#include "cmds/record_options.h"
#include "cmds/suggest.h"

#define ARGUMENTS_MAX 32

struct target {
	bool flag;
	const char *text;
	uint64_t number;
	uint64_t size;
	uint64_t duration;
	int choice;
	const char *operands[ARGUMENTS_MAX];
	size_t operand_count;
	char **command;
};

static int take_operand(void *value, const char *text, struct options_error *error)
{
	struct target *target = value;

	if (strcmp(text, "bad") == 0)
		return options_fail(error, "a bad operand");
	target->operands[target->operand_count++] = text;
	return 0;
}

static int take_command(void *value, char **command, struct options_error *error)
{
	struct target *target = value;

	(void)error;
	target->command = command;
	return 0;
}

static const char *const words[] = { "red", "green", NULL };
static const char *const synopsis[] = { "DIR [OPTIONS]", NULL };
static const char *const examples[] = { "asyncspan-trace paint wall", NULL };

#define FIELD(name) offsetof(struct target, name)

static const struct option_rule rules[] = {
	OPTION_RULE('f', "flag", OPTION_FLAG, FIELD(flag), NULL, "a flag"),
	OPTION_RULE('t', "text", OPTION_TEXT, FIELD(text), "TEXT", "a text"),
	OPTION_RULE('n', "number", OPTION_NUMBER, FIELD(number), "N", "a number", .minimum = 2,
		    .maximum = 1000),
	OPTION_RULE('s', "size", OPTION_SIZE, FIELD(size), "SIZE", "a size"),
	OPTION_RULE('d', "duration", OPTION_DURATION, FIELD(duration), "TIME", "a time"),
	OPTION_RULE(0, "choice", OPTION_CHOICE, FIELD(choice), "COLOUR", "a colour",
		    .choices = words),
};

static const struct options_grammar grammar = {
	.verb = "paint",
	.synopsis = synopsis,
	.summary = "Paints a wall.",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.examples = examples,
	.operand = take_operand,
};

static const struct options_grammar command_grammar = {
	.verb = "run",
	.synopsis = synopsis,
	.summary = "Runs a command.",
	.rules = rules,
	.rule_count = sizeof(rules) / sizeof(rules[0]),
	.operand = take_operand,
	.command = take_command,
};

/* The command line as one string, cut at blanks; "''" is the empty argument. */
struct line {
	char text[512];
	char *arguments[ARGUMENTS_MAX + 1];
	int count;
};

static void split(struct line *line, const char *text)
{
	char *save;

	snprintf(line->text, sizeof(line->text), "program %s", text);
	line->count = 0;
	for (char *word = strtok_r(line->text, " ", &save); word; word = strtok_r(NULL, " ", &save))
		line->arguments[line->count++] = strcmp(word, "''") == 0 ? word + 2 : word;
	line->arguments[line->count] = NULL;
}

static int scan(const struct options_grammar *with, const char *text, struct target *target,
		struct options_error *error)
{
	static struct line line;

	split(&line, text);
	memset(target, 0, sizeof(*target));
	error->text[0] = '\0';
	return options_scan(with, line.count, line.arguments, target, error);
}

static void assert_refused(const struct options_grammar *with, const char *text,
			   const char *message)
{
	struct options_error error;
	struct target target;

	assert_int_equal(scan(with, text, &target, &error), -1);
	assert_string_equal(error.text, message);
}

static void options_stand_before_and_after_operands(void **state)
{
	struct options_error error;
	struct target target;

	(void)state;
	assert_int_equal(scan(&grammar, "-f one --text=x two -n 7 three", &target, &error), 0);
	assert_true(target.flag);
	assert_string_equal(target.text, "x");
	assert_int_equal(target.number, 7);
	assert_int_equal(target.operand_count, 3);
	assert_string_equal(target.operands[0], "one");
	assert_string_equal(target.operands[1], "two");
	assert_string_equal(target.operands[2], "three");
}

static void argument_is_given_apart_or_attached(void **state)
{
	static const char *const same[] = { "-t x", "-tx", "--text x", "--text=x", "-ftx" };
	struct options_error error;
	struct target target;

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		assert_int_equal(scan(&grammar, same[i], &target, &error), 0);
		assert_string_equal(target.text, "x");
	}
}

static void value_not_given_keeps_its_default(void **state)
{
	struct target target = { .number = 42, .text = "default" };
	struct options_error error;
	struct line line;

	(void)state;
	split(&line, "-f");
	assert_int_equal(options_scan(&grammar, line.count, line.arguments, &target, &error), 0);
	assert_int_equal(target.number, 42);
	assert_string_equal(target.text, "default");
}

static void values_are_converted_by_kind(void **state)
{
	struct options_error error;
	struct target target;

	(void)state;
	assert_int_equal(scan(&grammar, "-s 32M -d 1.5ms --choice green -n 1000", &target, &error),
			 0);
	assert_int_equal(target.size, 32 << 20);
	assert_int_equal(target.duration, 1500000);
	assert_int_equal(target.choice, 1);
	assert_int_equal(target.number, 1000);
}

static void double_dash_ends_the_options(void **state)
{
	struct options_error error;
	struct target target;

	(void)state;
	assert_int_equal(scan(&grammar, "one -- -f --text", &target, &error), 0);
	assert_false(target.flag);
	assert_int_equal(target.operand_count, 3);
	assert_string_equal(target.operands[1], "-f");
}

static void command_is_all_that_follows_the_double_dash(void **state)
{
	struct options_error error;
	struct target target;

	(void)state;
	assert_int_equal(scan(&command_grammar, "-f dir -- run -n x -- y", &target, &error), 0);
	assert_true(target.flag);
	assert_int_equal(target.operand_count, 1);
	assert_string_equal(target.command[0], "run");
	assert_string_equal(target.command[1], "-n");
	assert_string_equal(target.command[3], "--");
	assert_string_equal(target.command[4], "y");
	assert_null(target.command[5]);

	assert_int_equal(scan(&command_grammar, "dir", &target, &error), 0);
	assert_null(target.command);
	/* "--" as the argument of an option is a text like any other. */
	assert_int_equal(scan(&command_grammar, "-t --", &target, &error), 0);
	assert_null(target.command);
	assert_string_equal(target.text, "--");
}

static void help_is_asked_for_with_h_or_help(void **state)
{
	struct options_error error;
	struct target target;

	(void)state;
	assert_int_equal(scan(&grammar, "-h", &target, &error), 1);
	assert_int_equal(scan(&grammar, "one --help", &target, &error), 1);
	assert_int_equal(scan(&command_grammar, "-- --help", &target, &error), 0);
}

static void wrong_usage_is_said_in_one_line(void **state)
{
	(void)state;
	assert_refused(&grammar, "-x", "unknown option '-x'");
	assert_refused(&grammar, "--nonsense", "unknown option '--nonsense'");
	assert_refused(&grammar, "--tetx x", "unknown option '--tetx' (did you mean '--text'?)");
	assert_refused(&grammar, "--hepl", "unknown option '--hepl' (did you mean '--help'?)");
	assert_refused(&grammar, "--flag=yes", "'--flag=yes': the option takes no argument");
	assert_refused(&grammar, "-t", "option --text needs an argument (TEXT)");
	assert_refused(&grammar, "--text", "option --text needs an argument (TEXT)");
	assert_refused(&grammar, "--text ''", "--text: the argument is empty");
	assert_refused(&grammar, "-n x", "--number: 'x' is not a number");
	assert_refused(&grammar, "-n 1", "--number: '1' is not between 2 and 1,000");
	assert_refused(&grammar, "-n 1001", "--number: '1001' is not between 2 and 1,000");
	assert_refused(&grammar, "-n 99999999999999999999",
		       "--number: '99999999999999999999' is not between 2 and 1,000");
	assert_refused(&grammar, "-s 99999999999G", "--size: '99999999999G' is too large");
	assert_refused(&grammar, "-s many",
		       "--size: 'many' is not a size (bytes, or with k, M, G: 32M)");
	assert_refused(&grammar, "-d soon",
		       "--duration: 'soon' is not a duration "
		       "(number and ns, us, ms, s, m or h: 500ms)");
	assert_refused(&grammar, "--choice blue", "--choice: 'blue' is not one of red, green");
	assert_refused(&grammar, "one bad", "a bad operand");
}

static void assert_narrow(const char *text)
{
	size_t width = 0;

	for (const char *c = text; *c; c++) {
		width = *c == '\n' ? 0 : width + 1;
		assert_true(width < 80);
	}
}

static void help_text_lists_every_option_within_80_columns(void **state)
{
	char *help = options_help(&grammar);

	(void)state;
	assert_non_null(help);
	assert_non_null(strstr(help, "Usage: asyncspan-trace paint DIR [OPTIONS]\n"));
	assert_non_null(strstr(help, "  -n, --number N"));
	assert_non_null(strstr(help, "      --choice COLOUR"));
	assert_non_null(strstr(help, "  -h, --help"));
	assert_non_null(strstr(help, "\n  asyncspan-trace paint wall\n"));
	assert_narrow(help);
	free(help);
}

static void suggestion_is_the_nearest_word_if_any_is_near(void **state)
{
	static const char *const verbs[] = { "record", "report", "list", "doctor" };

	(void)state;
	assert_string_equal(suggest("recrod", verbs, 4), "record");
	assert_string_equal(suggest("reprt", verbs, 4), "report");
	assert_string_equal(suggest("lsit", verbs, 4), "list");
	assert_null(suggest("frobnicate", verbs, 4));
	assert_null(suggest("", verbs, 4));
	assert_null(suggest("an-argument-that-is-longer-than-every-verb-there-is", verbs, 4));
}

/* Parses with stderr out of the way and stdout going to a file of which the text is returned. */
static int record_output(const char *text, struct record_options *options, char *out, size_t size)
{
	static struct line line;
	int saved_out = dup(STDOUT_FILENO);
	int saved_error = dup(STDERR_FILENO);
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int file = memfd_create("stdout", MFD_CLOEXEC);
	ssize_t length;
	int status;

	split(&line, text);
	fflush(stdout);
	dup2(file, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	status = record_options_parse(options, line.count, line.arguments);
	fflush(stdout);
	dup2(saved_out, STDOUT_FILENO);
	dup2(saved_error, STDERR_FILENO);
	length = pread(file, out, size - 1, 0);
	out[length > 0 ? length : 0] = '\0';
	close(saved_out);
	close(saved_error);
	close(null);
	close(file);
	return status;
}

static int record(const char *text, struct record_options *options)
{
	char out[8192];

	return record_output(text, options, out, sizeof(out));
}

static void record_has_the_documented_defaults(void **state)
{
	struct record_options options;

	(void)state;
	assert_int_equal(record("-p 1", &options), OPTIONS_PROCEED);
	assert_string_equal(options.directory, "asyncspan.data");
	assert_false(options.directory_given);
	assert_int_equal(options.ring_bytes, 32 << 20);
	assert_int_equal(options.max_spans, 262144);
	assert_int_equal(options.name_length, 255);
	assert_int_equal(options.codec, RECORD_CODEC_ZSTD);
	assert_int_equal(options.color, MESSAGE_COLOR_AUTO);
	assert_int_equal(options.duration_ns, 0);
	assert_null(options.command);
	record_options_free(&options);
}

static void record_takes_pids_repeated_and_in_lists_each_once(void **state)
{
	struct record_options options;

	(void)state;
	assert_int_equal(record("-p 7,8 --pid=9 -p 8", &options), OPTIONS_PROCEED);
	assert_int_equal(options.pid_count, 3);
	assert_int_equal(options.pids[0], 7);
	assert_int_equal(options.pids[1], 8);
	assert_int_equal(options.pids[2], 9);
	record_options_free(&options);
}

static void record_takes_a_command_with_its_own_options(void **state)
{
	struct record_options options;

	(void)state;
	assert_int_equal(record("-f -o out -d 10s -u me --codec none -v --json --force "
				"--ring-size 64M -- ./server -p 80",
				&options),
			 OPTIONS_PROCEED);
	assert_int_equal(options.pid_count, 0);
	assert_string_equal(options.command[0], "./server");
	assert_string_equal(options.command[2], "80");
	assert_true(options.follow && options.force && options.json && options.verbose);
	assert_true(options.directory_given);
	assert_string_equal(options.directory, "out");
	assert_string_equal(options.user, "me");
	assert_int_equal(options.duration_ns, 10000000000);
	assert_int_equal(options.codec, RECORD_CODEC_NONE);
	assert_int_equal(options.ring_bytes, 64 << 20);
	record_options_free(&options);
}

static void record_refuses_what_makes_no_sense_with_125(void **state)
{
	static const char *const lines[] = {
		"",
		"-f",
		"--",
		"-p 1 --",
		"-p 1 -- true",
		"-p 0",
		"-p -1",
		"-p 1,",
		"-p ,1",
		"-p 1,,2",
		"-p x",
		"-p 2147483648",
		"-p 11111111111111111111111111111111111111111111111111",
		"-p 1 -u root",
		"-p 1 -q -v",
		"-p 1 stray",
		"./server",
		"-p 1 -o ''",
		"-p 1 -d 0",
		"-p 1 -d fast",
		"-p 1 --ring-size 3M",
		"-p 1 --ring-size 2k",
		"-p 1 --ring-size 4G",
		"-p 1 --max-spans 0",
		"-p 1 --name-length 256",
		"-p 1 --name-length 0",
		"-p 1 --level 20",
		"-p 1 --codec lz4",
		"-p 1 --codec gzip --level 10",
		"-p 1 --color sometimes",
		"-p 1 --unknown",
	};
	struct record_options options;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		int status = record(lines[i], &options);

		if (status != RECORD_EXIT_FAILURE)
			fail_msg("record %s: %d", lines[i], status);
	}
}

static void record_help_goes_to_stdout_and_ends_with_0(void **state)
{
	struct record_options options;
	char out[8192];

	(void)state;
	assert_int_equal(record_output("-p 1 --help", &options, out, sizeof(out)), 0);
	assert_non_null(strstr(out, "Usage: asyncspan-trace record -p PID"));
	assert_non_null(strstr(out, "--fail-on-loss"));
	assert_narrow(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_stand_before_and_after_operands),
		cmocka_unit_test(argument_is_given_apart_or_attached),
		cmocka_unit_test(value_not_given_keeps_its_default),
		cmocka_unit_test(values_are_converted_by_kind),
		cmocka_unit_test(double_dash_ends_the_options),
		cmocka_unit_test(command_is_all_that_follows_the_double_dash),
		cmocka_unit_test(help_is_asked_for_with_h_or_help),
		cmocka_unit_test(wrong_usage_is_said_in_one_line),
		cmocka_unit_test(help_text_lists_every_option_within_80_columns),
		cmocka_unit_test(suggestion_is_the_nearest_word_if_any_is_near),
		cmocka_unit_test(record_has_the_documented_defaults),
		cmocka_unit_test(record_takes_pids_repeated_and_in_lists_each_once),
		cmocka_unit_test(record_takes_a_command_with_its_own_options),
		cmocka_unit_test(record_refuses_what_makes_no_sense_with_125),
		cmocka_unit_test(record_help_goes_to_stdout_and_ends_with_0),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
