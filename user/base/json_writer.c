/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/json_writer.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/utf8.h"

void json_writer_begin(struct json_writer *json, FILE *out)
{
	memset(json, 0, sizeof(*json));
	json->out = out;
}

static void fail(struct json_writer *json, int error)
{
	if (!json->error)
		json->error = error;
}

static void indent(struct json_writer *json)
{
	fputc('\n', json->out);
	for (unsigned int i = 0; i < json->depth; i++)
		fputs("  ", json->out);
}

/* Bytes of the character at the beginning, 0 where none is. */
static size_t character_length(const char *bytes, size_t length)
{
	for (size_t used = 1; used <= 4 && used <= length; used++) {
		if (utf8_valid(bytes, used))
			return used;
	}
	return 0;
}

static void write_escaped(struct json_writer *json, const char *bytes, size_t length)
{
	static const char replacement[] = "\xef\xbf\xbd";
	size_t position = 0;

	fputc('"', json->out);
	while (position < length) {
		unsigned char c = (unsigned char)bytes[position];
		size_t used = character_length(bytes + position, length - position);

		if (c == '"' || c == '\\')
			fprintf(json->out, "\\%c", c);
		else if (c == '\n')
			fputs("\\n", json->out);
		else if (c == '\t')
			fputs("\\t", json->out);
		else if (c < 0x20 || c == 0x7f)
			fprintf(json->out, "\\u%04x", c);
		else if (used)
			fwrite(bytes + position, 1, used, json->out);
		else
			fputs(replacement, json->out);
		position += used ? used : 1;
	}
	fputc('"', json->out);
}

/* What stands before a value: separator, new line and key. */
static void begin_value(struct json_writer *json, const char *key)
{
	if (json->depth == 0) {
		if (json->filled[0] || key)
			fail(json, -EINVAL);
		json->filled[0] = true;
		return;
	}
	if (json->array[json->depth] == (key != NULL))
		fail(json, -EINVAL);
	if (json->filled[json->depth])
		fputc(',', json->out);
	json->filled[json->depth] = true;
	indent(json);
	if (key) {
		write_escaped(json, key, strlen(key));
		fputs(": ", json->out);
	}
}

static void begin_container(struct json_writer *json, const char *key, bool array)
{
	begin_value(json, key);
	if (json->depth == JSON_DEPTH) {
		fail(json, -E2BIG);
		return;
	}
	json->depth++;
	json->filled[json->depth] = false;
	json->array[json->depth] = array;
	fputc(array ? '[' : '{', json->out);
}

static void end_container(struct json_writer *json, bool array)
{
	bool filled;

	if (json->depth == 0 || json->array[json->depth] != array) {
		fail(json, -EINVAL);
		return;
	}
	filled = json->filled[json->depth];
	json->depth--;
	if (filled)
		indent(json);
	fputc(array ? ']' : '}', json->out);
}

void json_writer_object_begin(struct json_writer *json, const char *key)
{
	begin_container(json, key, false);
}

void json_writer_object_end(struct json_writer *json)
{
	end_container(json, false);
}

void json_writer_array_begin(struct json_writer *json, const char *key)
{
	begin_container(json, key, true);
}

void json_writer_array_end(struct json_writer *json)
{
	end_container(json, true);
}

void json_writer_string_n(struct json_writer *json, const char *key, const char *bytes,
			  size_t length)
{
	begin_value(json, key);
	write_escaped(json, bytes, length);
}

void json_writer_string(struct json_writer *json, const char *key, const char *text)
{
	json_writer_string_n(json, key, text, strlen(text));
}

void json_writer_unsigned(struct json_writer *json, const char *key, uint64_t value)
{
	begin_value(json, key);
	fprintf(json->out, "%" PRIu64, value);
}

void json_writer_signed(struct json_writer *json, const char *key, int64_t value)
{
	begin_value(json, key);
	fprintf(json->out, "%" PRId64, value);
}

void json_writer_real(struct json_writer *json, const char *key, double value)
{
	begin_value(json, key);
	if (isfinite(value))
		fprintf(json->out, "%.15g", value);
	else
		fputs("null", json->out);
}

void json_writer_bool(struct json_writer *json, const char *key, bool value)
{
	begin_value(json, key);
	fputs(value ? "true" : "false", json->out);
}

void json_writer_null(struct json_writer *json, const char *key)
{
	begin_value(json, key);
	fputs("null", json->out);
}

int json_writer_end(struct json_writer *json)
{
	if (json->depth || !json->filled[0])
		fail(json, -EINVAL);
	fputc('\n', json->out);
	errno = 0;
	if (fflush(json->out) || ferror(json->out))
		fail(json, errno ? -errno : -EIO);
	return json->error;
}
