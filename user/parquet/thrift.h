/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of Thrift's compact protocol that Parquet's metadata use: writer and reader.
 *
 *	struct thrift_writer w = { .out = &buffer };
 *	thrift_write_i64(&w, 3, rows);			// field 3
 *	thrift_begin_struct(&w, 4); ... thrift_end_struct(&w);
 *	thrift_end_struct(&w);				// of the outermost struct
 *	err = w.error;
 *
 *	struct thrift_reader r = { .at = bytes, .end = bytes + length };
 *	struct thrift_field f = { 0 };
 *	while (thrift_next_field(&r, &f))
 *		if (f.id == 3)
 *			rows = thrift_read_i64(&r, &f);
 *		else
 *			thrift_skip(&r, &f);
 *	ok = !r.failed;
 *
 * Errors stick: a writer's is -ENOMEM; a reader that met anything malformed, or a field of another
 * type than asked for, has .failed set and then gives only zeros and no more fields.
 */
#ifndef PARQUET_THRIFT_H
#define PARQUET_THRIFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

enum thrift_type {
	THRIFT_TRUE = 1, /* a bool field's value is its type; in a list any bool is THRIFT_TRUE */
	THRIFT_FALSE = 2,
	THRIFT_I8 = 3,
	THRIFT_I16 = 4,
	THRIFT_I32 = 5,
	THRIFT_I64 = 6,
	THRIFT_BINARY = 8,
	THRIFT_LIST = 9,
	THRIFT_STRUCT = 12,
};

#define THRIFT_DEPTH_MAX 16

struct thrift_writer {
	struct buffer *out;
	int error;
	unsigned int depth;
	int16_t last_field[THRIFT_DEPTH_MAX]; /* of each struct that is open */
};

void thrift_write_bool(struct thrift_writer *w, int16_t field, bool value);
void thrift_write_i8(struct thrift_writer *w, int16_t field, int8_t value);
void thrift_write_i16(struct thrift_writer *w, int16_t field, int16_t value);
void thrift_write_i32(struct thrift_writer *w, int16_t field, int32_t value);
void thrift_write_i64(struct thrift_writer *w, int16_t field, int64_t value);
void thrift_write_binary(struct thrift_writer *w, int16_t field, const void *bytes, size_t length);
void thrift_write_text(struct thrift_writer *w, int16_t field, const char *text);
void thrift_write_empty_struct(struct thrift_writer *w, int16_t field);

void thrift_begin_struct(struct thrift_writer *w, int16_t field);
void thrift_end_struct(struct thrift_writer *w);

/* A list's header, after which its elements follow, each by one of the functions below. */
void thrift_begin_list(struct thrift_writer *w, int16_t field, enum thrift_type type, size_t count);
void thrift_begin_element_struct(struct thrift_writer *w); /* ends with thrift_end_struct() */
void thrift_element_bool(struct thrift_writer *w, bool value);
void thrift_element_i32(struct thrift_writer *w, int32_t value);
void thrift_element_i64(struct thrift_writer *w, int64_t value);
void thrift_element_binary(struct thrift_writer *w, const void *bytes, size_t length);
void thrift_element_text(struct thrift_writer *w, const char *text);

struct thrift_reader {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

/* Zero it before the first field of each struct. */
struct thrift_field {
	int16_t id;
	uint8_t type;
};

struct thrift_binary {
	const uint8_t *bytes; /* in the reader's input */
	size_t length;
};

/* False at the end of the struct, which is consumed, and on failure. */
bool thrift_next_field(struct thrift_reader *r, struct thrift_field *field);

bool thrift_read_bool(struct thrift_reader *r, const struct thrift_field *field);
int8_t thrift_read_i8(struct thrift_reader *r, const struct thrift_field *field);
int32_t thrift_read_i32(struct thrift_reader *r, const struct thrift_field *field);
int64_t thrift_read_i64(struct thrift_reader *r, const struct thrift_field *field);
struct thrift_binary thrift_read_binary(struct thrift_reader *r, const struct thrift_field *field);
void thrift_skip(struct thrift_reader *r, const struct thrift_field *field);

/* True if the field is a struct: thrift_next_field() with a new field reads it. Fails otherwise. */
bool thrift_enter_struct(struct thrift_reader *r, const struct thrift_field *field);

/* Number of elements of a list of @type; no more than bytes are left. Fails for another type. */
size_t thrift_enter_list(struct thrift_reader *r, const struct thrift_field *field,
			 enum thrift_type type);
bool thrift_read_element_bool(struct thrift_reader *r);
int32_t thrift_read_element_i32(struct thrift_reader *r);
int64_t thrift_read_element_i64(struct thrift_reader *r);
struct thrift_binary thrift_read_element_binary(struct thrift_reader *r);

#endif
