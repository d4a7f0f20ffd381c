/* SPDX-License-Identifier: BSD-2-Clause */
/* What reaches the terminal: columns that line up, and no byte that the terminal would obey. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/message.h"
#include "base/printable.h"
#include "base/text_table.h"

static const struct text_column columns[] = {
	{ .title = "name", .shrinks = true },
	{ .title = "count", .align = TEXT_RIGHT },
	{ .title = "errors", .align = TEXT_RIGHT, .hide_if_empty = true },
	{ .title = "note" },
};

static struct text_table *new_table(void)
{
	struct text_table *table = text_table_new(columns, 4);

	assert_non_null(table);
	return table;
}

static void assert_prints(struct text_table *table, size_t width, const char *expected)
{
	size_t length;
	char *text;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	assert_int_equal(text_table_print(table, out, width), 0);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
	text_table_free(table);
}

static void add_row(struct text_table *table, const char *name, uint64_t count, const char *errors,
		    const char *note)
{
	text_table_add_text(table, name);
	text_table_add_number(table, count);
	text_table_add_text(table, errors);
	text_table_add_text(table, note);
}

static void columns_line_up_and_no_line_ends_in_blanks(void **state)
{
	struct text_table *table = new_table();

	(void)state;
	add_row(table, "short", 1234567, "1", "");
	add_row(table, "a longer name", 1, "", "x");
	assert_prints(table, 79,
		      "name               count  errors  note\n"
		      "short          1,234,567       1\n"
		      "a longer name          1          x\n");
}

static void column_without_content_is_hidden_when_it_may(void **state)
{
	struct text_table *table = new_table();

	(void)state;
	add_row(table, "a", 1, "-", "x");
	add_row(table, "b", 2, "", "y");
	assert_prints(table, 79,
		      "name  count  note\n"
		      "a         1  x\n"
		      "b         2  y\n");
}

static void table_without_rows_is_its_title(void **state)
{
	(void)state;
	assert_prints(new_table(), 79, "name  count  note\n");
}

static void wide_table_is_made_narrow_where_it_may(void **state)
{
	struct text_table *table = new_table();

	(void)state;
	add_row(table, "a name that is quite long", 1, "", "x");
	add_row(table, "\xc3\xa4\xc3\xb6\xc3\xbc wide umlauts, many", 2, "", "y");
	assert_prints(table, 31,
		      "name                count  note\n"
		      "a name that is ...      1  x\n"
		      "\xc3\xa4\xc3\xb6\xc3\xbc wide umlaut...      2  y\n");
}

static void wide_and_combining_characters_are_measured_by_columns(void **state)
{
	struct text_table *table = new_table();

	(void)state;
	add_row(table, "\xe6\xbc\xa2\xe5\xad\x97", 1, "", "x"); /* two characters of width 2 */
	add_row(table, "e\xcc\x81", 2, "", "y");		/* e and an accent of width 0 */
	assert_prints(table, 79,
		      "name  count  note\n"
		      "\xe6\xbc\xa2\xe5\xad\x97      1  x\n"
		      "e\xcc\x81         2  y\n");
}

static void durations_are_written_for_people(void **state)
{
	static const struct text_column one[] = { { .title = "wall", .align = TEXT_RIGHT } };
	struct text_table *table = text_table_new(one, 1);

	(void)state;
	text_table_add_duration(table, 1234567);
	text_table_add_duration(table, 17);
	assert_prints(table, 79, "   wall\n1.23 ms\n  17 ns\n");
}

static void failing_output_is_reported(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct text_table *table = new_table();

	(void)state;
	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(text_table_print(table, full, 79), -EIO);
	assert_int_equal(text_table_print(NULL, full, 79), -ENOMEM);
	fclose(full);
	text_table_free(table);
}

/* Not as string literals: whoever reads this file is not to be misled either. */
static const char right_to_left[] = { '\xe2', '\x80', '\xae', 'a', 'b', 'c' };
static const char isolate[] = { '\xe2', '\x81', '\xa6' };

static void what_a_terminal_would_obey_is_escaped(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *text;
	} cases[] = {
		{ "plain \xc3\xa9 \xf0\x9f\x98\x80", 13, "plain \xc3\xa9 \xf0\x9f\x98\x80" },
		{ "\x1b[31mred", 8, "\\x1b[31mred" },
		{ "a\nb\rc\td\0e\x7f", 10, "a\\x0ab\\x0dc\\x09d\\x00e\\x7f" },
		{ "\xc2\x9b"
		  "31m",
		  5, "\\u009b31m" }, /* CSI in one character */
		{ "\x9b"
		  "31m",
		  4, "\\x9b31m" }, /* and in one byte */
		{ right_to_left, sizeof(right_to_left), "\\u202eabc" },
		{ isolate, sizeof(isolate), "\\u2066" },
		{ "\xe2\x80\xa8", 3, "\\u2028" },      /* line separator */
		{ "\xf3\xa0\x81\x81", 4, "\\ue0041" }, /* tag character */
		{ "\xff\xfe", 2, "\\xff\\xfe" },
		{ "\xe2\x80", 2, "\\xe2\\x80" }, /* unfinished */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[64];
		size_t length =
			printable_escape(text, sizeof(text), cases[i].bytes, cases[i].length);

		assert_string_equal(text, cases[i].text);
		assert_int_equal(length, strlen(text));
	}
}

static void escaped_text_is_cut_at_a_whole_character(void **state)
{
	char text[8];

	(void)state;
	assert_int_equal(printable_escape(text, 5, "abc\x1b", 4), 3);
	assert_string_equal(text, "abc");
	assert_int_equal(printable_escape(text, 8, "abc\x1b", 4), 7);
	assert_int_equal(printable_escape(text, 3, "a\xc3\xa9", 3), 1);
	assert_int_equal(printable_escape(text, 1, "a", 1), 0);
	assert_string_equal(text, "");
}

static void any_byte_sequence_fits_the_promised_room(void **state)
{
	uint32_t random = 3;

	(void)state;
	for (int round = 0; round < 2000; round++) {
		char bytes[64];
		char text[sizeof(bytes) * PRINTABLE_EXPANSION + 1];
		size_t length;

		for (size_t i = 0; i < sizeof(bytes); i++) {
			random = random * 1664525 + 1013904223;
			bytes[i] = (char)(random >> 24);
		}
		length = printable_escape(text, sizeof(text), bytes, sizeof(bytes));
		assert_true(length >= sizeof(bytes));
		for (size_t i = 0; i < length; i++)
			assert_true((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
		assert_int_equal(text[length], 0);
	}
}

static void message_is_one_safe_line_on_stderr(void **state)
{
	int saved = dup(STDERR_FILENO);
	int file = memfd_create("stderr", MFD_CLOEXEC);
	char text[256] = "";

	(void)state;
	dup2(file, STDERR_FILENO);
	message_set_level(MESSAGE_QUIET);
	message_note("not shown");
	message_progress("not shown");
	message_error("cannot open %s: %s (next step)", "a\nb\x1b[2J", "cause");
	message_set_level(MESSAGE_NORMAL);
	message_detail("not shown");
	message_warning("beware");
	message_set_color(MESSAGE_COLOR_ALWAYS);
	message_warning("coloured");
	message_set_color(MESSAGE_COLOR_AUTO);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_true(pread(file, text, sizeof(text) - 1, 0) > 0);
	close(file);
	assert_string_equal(text,
			    "asyncspan-trace: cannot open a\\x0ab\\x1b[2J: cause (next step)\n"
			    "asyncspan-trace: warning: beware\n"
			    "asyncspan-trace: \033[33mwarning: \033[0mcoloured\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_line_up_and_no_line_ends_in_blanks),
		cmocka_unit_test(column_without_content_is_hidden_when_it_may),
		cmocka_unit_test(table_without_rows_is_its_title),
		cmocka_unit_test(wide_table_is_made_narrow_where_it_may),
		cmocka_unit_test(wide_and_combining_characters_are_measured_by_columns),
		cmocka_unit_test(durations_are_written_for_people),
		cmocka_unit_test(failing_output_is_reported),
		cmocka_unit_test(what_a_terminal_would_obey_is_escaped),
		cmocka_unit_test(escaped_text_is_cut_at_a_whole_character),
		cmocka_unit_test(any_byte_sequence_fits_the_promised_room),
		cmocka_unit_test(message_is_one_safe_line_on_stderr),
	};

	return cmocka_run_group_tests_name("text_table", tests, NULL, NULL);
}
