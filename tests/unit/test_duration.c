/* SPDX-License-Identifier: BSD-2-Clause */
/* Durations, numbers and sizes: what people may type and what they get to read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "base/duration.h"
#include "base/number.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

struct parsed {
	const char *text;
	int result;
	uint64_t value;
};

static void check_parser(int (*parse)(const char *, uint64_t *), const struct parsed *cases,
			 size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t value = 0;
		int result = parse(cases[i].text, &value);

		if (result != cases[i].result || value != cases[i].value)
			fail_msg("'%s' gives %d and %llu, not %d and %llu", cases[i].text, result,
				 (unsigned long long)value, cases[i].result,
				 (unsigned long long)cases[i].value);
	}
}

static void duration_is_a_number_and_a_unit(void **state)
{
	static const struct parsed cases[] = {
		{ "0", 0, 0 },
		{ "10", 0, 10000000000 },
		{ "1ns", 0, 1 },
		{ "2us", 0, 2000 },
		{ "500ms", 0, 500000000 },
		{ "10s", 0, 10000000000 },
		{ "2m", 0, 120000000000 },
		{ "1h", 0, 3600000000000 },
		{ "1.5ms", 0, 1500000 },
		{ "0.25", 0, 250000000 },
		{ "0.000000001s", 0, 1 },
		{ "1.9ns", 0, 1 },
		{ "1.00000000099999s", 0, 1000000000 },
		{ "0.999999999h", 0, 3599999996400 },
		{ "18446744073s", 0, 18446744073000000000U },
	};

	(void)state;
	check_parser(duration_parse, cases, COUNT(cases));
}

static int parse_duration_and_forget(const char *text, uint64_t *value)
{
	uint64_t ignored;

	*value = 0;
	return duration_parse(text, &ignored);
}

static void duration_of_another_form_is_refused(void **state)
{
	static const struct parsed cases[] = {
		{ "", -EINVAL, 0 },	{ "s", -EINVAL, 0 },	 { "-1s", -EINVAL, 0 },
		{ "+1s", -EINVAL, 0 },	{ " 1s", -EINVAL, 0 },	 { "1 s", -EINVAL, 0 },
		{ "1s ", -EINVAL, 0 },	{ "1x", -EINVAL, 0 },	 { "1S", -EINVAL, 0 },
		{ "1.s", -EINVAL, 0 },	{ ".5s", -EINVAL, 0 },	 { "1,5s", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 }, { "1e3", -EINVAL, 0 },	 { "1h30m", -EINVAL, 0 },
		{ "inf", -EINVAL, 0 },	{ "1.2.3", -EINVAL, 0 },
	};

	(void)state;
	check_parser(parse_duration_and_forget, cases, COUNT(cases));
}

static void duration_beyond_64_bits_is_out_of_range(void **state)
{
	static const struct parsed cases[] = {
		{ "18446744074s", -ERANGE, 0 },
		{ "18446744073.709551616", -ERANGE, 0 },
		{ "5124096h", -ERANGE, 0 },
		{ "18446744073709551616ns", -ERANGE, 0 },
		{ "99999999999999999999999999999", -ERANGE, 0 },
	};

	(void)state;
	check_parser(parse_duration_and_forget, cases, COUNT(cases));
}

static void duration_is_written_in_three_digits_and_the_fitting_unit(void **state)
{
	static const struct {
		uint64_t nanoseconds;
		const char *text;
	} cases[] = {
		{ 0, "0 ns" },
		{ 999, "999 ns" },
		{ 1000, "1.00 us" },
		{ 1234, "1.23 us" },
		{ 9994, "9.99 us" },
		{ 9995, "10.0 us" },
		{ 12345, "12.3 us" },
		{ 99949, "99.9 us" },
		{ 99950, "100 us" },
		{ 123456, "123 us" },
		{ 999499, "999 us" },
		{ 999500, "1.00 ms" },
		{ 1234567, "1.23 ms" },
		{ 999499999, "999 ms" },
		{ 999500000, "1.00 s" },
		{ 59949999999, "59.9 s" },
		{ 59950000000, "1 m 00 s" },
		{ 65400000000, "1 m 05 s" },
		{ 3599499999999, "59 m 59 s" },
		{ 3599500000000, "1 h 00 m" },
		{ 7384000000000, "2 h 03 m" },
		{ UINT64_MAX, "5124095 h 34 m" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[DURATION_TEXT_SIZE];

		assert_string_equal(duration_format(cases[i].nanoseconds, text), cases[i].text);
	}
}

static void number_is_digits_only(void **state)
{
	static const struct parsed good[] = {
		{ "0", 0, 0 },
		{ "007", 0, 7 },
		{ "18446744073709551615", 0, UINT64_MAX },
	};
	static const char *const bad[] = { "", "-1", "+1", " 1", "1 ", "0x1", "1.0", "1k", "one" };
	uint64_t value;

	(void)state;
	check_parser(number_parse, good, COUNT(good));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(number_parse(bad[i], &value), -EINVAL);
	assert_int_equal(number_parse("18446744073709551616", &value), -ERANGE);
}

static void size_takes_powers_of_1024(void **state)
{
	static const struct parsed good[] = {
		{ "0", 0, 0 },
		{ "4096", 0, 4096 },
		{ "64k", 0, 65536 },
		{ "64K", 0, 65536 },
		{ "32M", 0, 33554432 },
		{ "1g", 0, 1073741824 },
		{ "1.5G", 0, 1610612736 },
		{ "0.5k", 0, 512 },
		{ "17179869183G", 0, 18446744072635809792U },
	};
	static const char *const bad[] = { "", "M", "1.5", "1T", "1MB", "1 M", "-1M", "1kk" };
	uint64_t value;

	(void)state;
	check_parser(number_parse_size, good, COUNT(good));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(number_parse_size(bad[i], &value), -EINVAL);
	assert_int_equal(number_parse_size("17179869184G", &value), -ERANGE);
}

static void number_has_a_comma_every_three_digits(void **state)
{
	char text[NUMBER_TEXT_SIZE];

	(void)state;
	assert_string_equal(number_format(0, text), "0");
	assert_string_equal(number_format(999, text), "999");
	assert_string_equal(number_format(1000, text), "1,000");
	assert_string_equal(number_format(1234567, text), "1,234,567");
	assert_string_equal(number_format(UINT64_MAX, text), "18,446,744,073,709,551,615");
}

static void size_is_written_in_three_digits(void **state)
{
	char text[NUMBER_TEXT_SIZE];

	(void)state;
	assert_string_equal(number_format_size(0, text), "0 B");
	assert_string_equal(number_format_size(999, text), "999 B");
	assert_string_equal(number_format_size(1024, text), "1.00 KiB");
	assert_string_equal(number_format_size(1234567, text), "1.18 MiB");
	assert_string_equal(number_format_size(32 << 20, text), "32.0 MiB");
	assert_string_equal(number_format_size(UINT64_C(300) << 30, text), "300 GiB");
	assert_string_equal(number_format_size(UINT64_C(5000) << 40, text), "5000 TiB");
}

static void percentage_tells_little_from_nothing_and_most_from_all(void **state)
{
	static const struct {
		uint64_t part, whole;
		const char *text;
	} cases[] = {
		{ 0, 0, "0.0 %" },
		{ 0, 10, "0.0 %" },
		{ 10, 10, "100.0 %" },
		{ 1, 3, "33.3 %" },
		{ 1, 1000, "0.1 %" },
		{ 1, 1000000, "0.0001 %" },
		{ 999999, 1000000, "99.9999 %" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[NUMBER_TEXT_SIZE];

		assert_string_equal(number_format_percent(cases[i].part, cases[i].whole, text),
				    cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(duration_is_a_number_and_a_unit),
		cmocka_unit_test(duration_of_another_form_is_refused),
		cmocka_unit_test(duration_beyond_64_bits_is_out_of_range),
		cmocka_unit_test(duration_is_written_in_three_digits_and_the_fitting_unit),
		cmocka_unit_test(number_is_digits_only),
		cmocka_unit_test(size_takes_powers_of_1024),
		cmocka_unit_test(number_has_a_comma_every_three_digits),
		cmocka_unit_test(size_is_written_in_three_digits),
		cmocka_unit_test(percentage_tells_little_from_nothing_and_most_from_all),
	};

	return cmocka_run_group_tests_name("duration", tests, NULL, NULL);
}
