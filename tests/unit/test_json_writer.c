/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON documents: whatever the values hold, another program can read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"

struct document {
	struct json_writer json;
	FILE *out;
	char *text;
	size_t length;
};

static struct json_writer *begin(struct document *document)
{
	document->text = NULL;
	document->out = open_memstream(&document->text, &document->length);
	assert_non_null(document->out);
	json_writer_begin(&document->json, document->out);
	return &document->json;
}

static int end(struct document *document)
{
	int result = json_writer_end(&document->json);

	fclose(document->out);
	return result;
}

static void document_is_indented_text_that_ends_in_a_line_feed(void **state)
{
	struct document document;
	struct json_writer *json = begin(&document);

	(void)state;
	json_writer_object_begin(json, NULL);
	json_writer_string(json, "name", "a");
	json_writer_array_begin(json, "list");
	json_writer_unsigned(json, NULL, UINT64_MAX);
	json_writer_signed(json, NULL, INT64_MIN);
	json_writer_real(json, NULL, 0.5);
	json_writer_array_end(json);
	json_writer_object_begin(json, "empty");
	json_writer_object_end(json);
	json_writer_bool(json, "yes", true);
	json_writer_bool(json, "no", false);
	json_writer_null(json, "nothing");
	json_writer_object_end(json);
	assert_int_equal(end(&document), 0);
	assert_string_equal(document.text, "{\n"
					   "  \"name\": \"a\",\n"
					   "  \"list\": [\n"
					   "    18446744073709551615,\n"
					   "    -9223372036854775808,\n"
					   "    0.5\n"
					   "  ],\n"
					   "  \"empty\": {},\n"
					   "  \"yes\": true,\n"
					   "  \"no\": false,\n"
					   "  \"nothing\": null\n"
					   "}\n");
	free(document.text);
}

static void string_is_escaped_as_the_format_wants(void **state)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *text;
	} cases[] = {
		{ "", 0, "\"\"\n" },
		{ "\"\\/", 3, "\"\\\"\\\\/\"\n" },
		{ "\n\t\r\0\x1b\x7f", 6, "\"\\n\\t\\u000d\\u0000\\u001b\\u007f\"\n" },
		{ "\xc3\xa9\xf0\x9f\x98\x80", 6, "\"\xc3\xa9\xf0\x9f\x98\x80\"\n" },
		{ "a\xff", 2, "\"a\xef\xbf\xbd\"\n" },
		{ "\xc3", 1, "\"\xef\xbf\xbd\"\n" },
		{ "\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct document document;
		struct json_writer *json = begin(&document);

		json_writer_string_n(json, NULL, cases[i].bytes, cases[i].length);
		assert_int_equal(end(&document), 0);
		assert_string_equal(document.text, cases[i].text);
		free(document.text);
	}
}

static void any_byte_sequence_is_read_back_by_another_implementation(void **state)
{
	char bytes[4096];
	uint32_t random = 1;

	(void)state;
	for (int round = 0; round < 200; round++) {
		struct document document;
		struct json_writer *json = begin(&document);
		json_error_t error;
		json_t *read;

		for (size_t i = 0; i < sizeof(bytes); i++) {
			random = random * 1664525 + 1013904223;
			/* Not NUL, which this reader takes only when asked to. */
			bytes[i] = (char)((random >> 24) % 255 + 1);
		}
		json_writer_array_begin(json, NULL);
		json_writer_string_n(json, NULL, bytes, sizeof(bytes));
		json_writer_array_end(json);
		assert_int_equal(end(&document), 0);
		read = json_loadb(document.text, document.length, 0, &error);
		if (!read)
			fail_msg("%s", error.text);
		json_decref(read);
		free(document.text);
	}
}

static void number_that_is_none_becomes_null(void **state)
{
	struct document document;
	struct json_writer *json = begin(&document);

	(void)state;
	json_writer_array_begin(json, NULL);
	json_writer_real(json, NULL, NAN);
	json_writer_real(json, NULL, INFINITY);
	json_writer_array_end(json);
	assert_int_equal(end(&document), 0);
	assert_string_equal(document.text, "[\n  null,\n  null\n]\n");
	free(document.text);
}

static void mistake_of_nesting_is_reported_at_the_end(void **state)
{
	struct document document;
	struct json_writer *json;

	(void)state;
	assert_non_null(begin(&document));
	assert_int_equal(end(&document), -EINVAL); /* nothing written */
	free(document.text);

	json = begin(&document);
	json_writer_object_begin(json, NULL);
	assert_int_equal(end(&document), -EINVAL); /* not closed */
	free(document.text);

	json = begin(&document);
	json_writer_object_begin(json, NULL);
	json_writer_array_end(json);
	json_writer_object_end(json);
	assert_int_equal(end(&document), -EINVAL); /* closed as something else */
	free(document.text);

	json = begin(&document);
	json_writer_array_begin(json, NULL);
	json_writer_null(json, "key");
	json_writer_array_end(json);
	assert_int_equal(end(&document), -EINVAL); /* key in an array */
	free(document.text);

	json = begin(&document);
	for (int i = 0; i <= JSON_DEPTH; i++)
		json_writer_array_begin(json, NULL);
	for (int i = 0; i < JSON_DEPTH; i++)
		json_writer_array_end(json);
	assert_int_equal(end(&document), -E2BIG);
	free(document.text);
}

static void failing_stream_is_reported_at_the_end(void **state)
{
	FILE *full = fopen("/dev/full", "w");
	struct json_writer json;

	(void)state;
	assert_non_null(full);
	json_writer_begin(&json, full);
	json_writer_string(&json, NULL, "text");
	assert_int_equal(json_writer_end(&json), -ENOSPC);
	fclose(full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(document_is_indented_text_that_ends_in_a_line_feed),
		cmocka_unit_test(string_is_escaped_as_the_format_wants),
		cmocka_unit_test(any_byte_sequence_is_read_back_by_another_implementation),
		cmocka_unit_test(number_that_is_none_becomes_null),
		cmocka_unit_test(mistake_of_nesting_is_reported_at_the_end),
		cmocka_unit_test(failing_stream_is_reported_at_the_end),
	};

	return cmocka_run_group_tests_name("json_writer", tests, NULL, NULL);
}
