/* SPDX-License-Identifier: BSD-2-Clause */
/* UUIDs as text, and UTF-8. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "base/uuid.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define BAD "\xEF\xBF\xBD" /* U+FFFD */

/* RFC 9562, appendix A.4, and Python's uuid.uuid5(). */
static void version_5_is_the_same_everywhere(void **state)
{
	static const struct {
		const char *name_space, *name, *uuid;
	} cases[] = {
		{ "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com",
		  "2ed6657d-e927-568b-95e1-2665a8aea6a2" },
		{ "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "python.org",
		  "886313e1-3b8a-5372-9b90-0c9aee199e5d" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[UUID_TEXT_SIZE];

		assert_int_equal(uuid_text_v5(cases[i].name_space, cases[i].name,
					      strlen(cases[i].name), text),
				 0);
		assert_string_equal(text, cases[i].uuid);
	}
}

static void name_space_that_is_no_uuid_is_refused(void **state)
{
	char text[UUID_TEXT_SIZE];

	(void)state;
	assert_int_equal(uuid_text_v5("stream 1", "a", 1, text), -EINVAL);
	assert_string_equal(text, "00000000-0000-0000-0000-000000000000");
}

static void random_one_is_of_version_4_lower_case_and_never_the_same(void **state)
{
	char a[UUID_TEXT_SIZE], b[UUID_TEXT_SIZE];

	(void)state;
	uuid_text_random(a);
	uuid_text_random(b);
	assert_string_not_equal(a, b);
	assert_int_equal(strlen(a), 36);
	assert_int_equal(a[14], '4');
	assert_int_equal(strspn(a, "0123456789abcdef-"), 36);
}

struct text {
	const char *in;
	const char *out; /* NULL: in is valid and stays as it is */
};

/* Unicode 15, table 3-8 and the text around it; RFC 3629. */
static const struct text texts[] = {
	{ "", NULL },
	{ "plain ASCII of more than eight bytes", NULL },
	{ "h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80", NULL },
	{ "\xEE\x80\x80\xF4\x8F\xBF\xBF", NULL },
	{ "a\x80z", "a" BAD "z" }, /* no character begins so */
	{ "a\xFFz", "a" BAD "z" },
	{ "\xC0\xAF", BAD BAD }, /* overlong */
	{ "\xE0\x80\xAF", BAD BAD BAD },
	{ "\xF0\x80\x80\x80", BAD BAD BAD BAD },
	{ "\xED\xA0\x80", BAD BAD BAD },	 /* a surrogate */
	{ "\xF4\x90\x80\x80", BAD BAD BAD BAD }, /* above U+10FFFF */
	{ "\xF5\x80", BAD BAD },
	{ "a\xE2\x82", "a" BAD }, /* cut off: replaced once */
	{ "a\xF0\x9F\x98z", "a" BAD "z" },
	{ "\xE1\x80\xE2\xF0\x91\x92\xF1\xBFz", BAD BAD BAD BAD "z" },
	{ "eight by\xC3", "eight by" BAD },
};

static void bytes_that_are_no_character_are_replaced(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		const char *expected = texts[i].out ? texts[i].out : texts[i].in;
		size_t length = strlen(texts[i].in), written;
		char out[256];

		assert_int_equal(utf8_valid(texts[i].in, length), !texts[i].out);
		written = utf8_sanitize(texts[i].in, length, out, sizeof(out));
		assert_int_equal(written, strlen(expected));
		assert_memory_equal(out, expected, written);
		assert_true(utf8_valid(out, written));
		assert_true(written <= UTF8_SANITIZED_MAX(length));
	}
}

static void what_does_not_fit_is_left_out_in_whole_characters(void **state)
{
	char out[8];

	(void)state;
	assert_int_equal(utf8_sanitize("ab\xE2\x82\xAC", 5, out, 4), 2);
	assert_int_equal(utf8_sanitize("ab\xE2\x82\xAC", 5, out, 5), 5);
	assert_int_equal(utf8_sanitize("\xFF\xFF", 2, out, 5), 3);
	assert_int_equal(utf8_sanitize("\xFF", 1, out, 2), 0);
}

static void cutting_does_not_split_a_character(void **state)
{
	static const struct {
		const char *text;
		size_t most, length;
	} cases[] = {
		{ "abc", 5, 3 },
		{ "abc", 3, 3 },
		{ "abc", 2, 2 },
		{ "abc", 0, 0 },
		{ "\xE2\x82\xAC", 0, 0 },
		{ "\xE2\x82\xAC", 2, 0 },
		{ "a\xE2\x82\xAC", 3, 1 },
		{ "a\xE2\x82\xACz", 4, 4 },
		{ "ab\xF0\x9F\x98\x80", 5, 2 },
		{ "ab\xF0\x9F\x98\x80", 3, 2 },
		{ "\x80\x80\x80\x80\x80\x80", 4, 4 }, /* no character anyway */
		{ "ab\xE2z", 3, 3 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(utf8_cut(cases[i].text, strlen(cases[i].text), cases[i].most),
				 cases[i].length);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_5_is_the_same_everywhere),
		cmocka_unit_test(name_space_that_is_no_uuid_is_refused),
		cmocka_unit_test(random_one_is_of_version_4_lower_case_and_never_the_same),
		cmocka_unit_test(bytes_that_are_no_character_are_replaced),
		cmocka_unit_test(what_does_not_fit_is_left_out_in_whole_characters),
		cmocka_unit_test(cutting_does_not_split_a_character),
	};

	return cmocka_run_group_tests_name("uuid", tests, NULL, NULL);
}
