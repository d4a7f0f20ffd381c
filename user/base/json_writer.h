/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes one JSON document (RFC 8259) as a stream.
 *
 *	json_writer_begin(&json, stdout);
 *	json_writer_object_begin(&json, NULL);
 *	json_writer_string(&json, "name", name);
 *	json_writer_object_end(&json);
 *	error = json_writer_end(&json);
 *
 * The key is NULL for the outermost value and for the elements of an array. Strings may hold any
 * bytes: what is not UTF-8 becomes the replacement character. The caller keeps the stream, which
 * is flushed by json_writer_end; the first failure, of the stream or of the nesting, is kept until then.
 */
#ifndef BASE_JSON_WRITER_H
#define BASE_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH 32

struct json_writer {
	FILE *out;
	unsigned int depth;
	int error;
	bool filled[JSON_DEPTH + 1]; /* the object or array of this depth has an element already */
	bool array[JSON_DEPTH + 1];
};

void json_writer_begin(struct json_writer *json, FILE *out);

void json_writer_object_begin(struct json_writer *json, const char *key);
void json_writer_object_end(struct json_writer *json);
void json_writer_array_begin(struct json_writer *json, const char *key);
void json_writer_array_end(struct json_writer *json);

void json_writer_string(struct json_writer *json, const char *key, const char *text);
void json_writer_string_n(struct json_writer *json, const char *key, const char *bytes,
			  size_t length);
void json_writer_unsigned(struct json_writer *json, const char *key, uint64_t value);
void json_writer_signed(struct json_writer *json, const char *key, int64_t value);
void json_writer_real(struct json_writer *json, const char *key,
		      double value); /* null unless finite */
void json_writer_bool(struct json_writer *json, const char *key, bool value);
void json_writer_null(struct json_writer *json, const char *key);

/* Ends the document with a line feed. Returns 0 or -errno; -EINVAL: objects not closed or closed
 * twice, -E2BIG: nested deeper than JSON_DEPTH. */
int json_writer_end(struct json_writer *json);

#endif
