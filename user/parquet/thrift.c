/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/thrift.h"

#include <errno.h>
#include <string.h>

#include "parquet/varint.h"

#define SHORT_LIST_MAX 15  /* longer lists carry their length apart */
#define SKIP_DEPTH_MAX 32  /* of structs and lists in each other that a reader follows */
#define LIST_IS_LONG 0xF0u /* in a list's header */

/* Writer */

static void put(struct thrift_writer *w, const void *bytes, size_t length)
{
	if (!w->error)
		w->error = buffer_append(w->out, bytes, length);
}

static void put_varint(struct thrift_writer *w, uint64_t value)
{
	uint8_t bytes[VARINT_MAX];

	put(w, bytes, varint_put(bytes, value) - bytes);
}

static void put_zigzag(struct thrift_writer *w, int64_t value)
{
	uint8_t bytes[VARINT_MAX];

	put(w, bytes, varint_put_signed(bytes, value) - bytes);
}

/* Field ids are written as the difference to the one before, where that is 1 to 15. */
static void put_field(struct thrift_writer *w, int16_t field, enum thrift_type type)
{
	int delta = field - w->last_field[w->depth];
	uint8_t header = delta > 0 && delta <= 15 ? delta << 4 | type : type;

	put(w, &header, 1);
	if (header == type)
		put_zigzag(w, field);
	w->last_field[w->depth] = field;
}

void thrift_write_bool(struct thrift_writer *w, int16_t field, bool value)
{
	put_field(w, field, value ? THRIFT_TRUE : THRIFT_FALSE);
}

void thrift_write_i8(struct thrift_writer *w, int16_t field, int8_t value)
{
	put_field(w, field, THRIFT_I8);
	put(w, &value, 1);
}

void thrift_write_i16(struct thrift_writer *w, int16_t field, int16_t value)
{
	put_field(w, field, THRIFT_I16);
	put_zigzag(w, value);
}

void thrift_write_i32(struct thrift_writer *w, int16_t field, int32_t value)
{
	put_field(w, field, THRIFT_I32);
	put_zigzag(w, value);
}

void thrift_write_i64(struct thrift_writer *w, int16_t field, int64_t value)
{
	put_field(w, field, THRIFT_I64);
	put_zigzag(w, value);
}

void thrift_write_binary(struct thrift_writer *w, int16_t field, const void *bytes, size_t length)
{
	put_field(w, field, THRIFT_BINARY);
	put_varint(w, length);
	put(w, bytes, length);
}

void thrift_write_text(struct thrift_writer *w, int16_t field, const char *text)
{
	thrift_write_binary(w, field, text, strlen(text));
}

void thrift_begin_element_struct(struct thrift_writer *w)
{
	if (w->depth + 1 >= THRIFT_DEPTH_MAX) {
		w->error = -EINVAL;
		return;
	}
	w->last_field[++w->depth] = 0;
}

void thrift_begin_struct(struct thrift_writer *w, int16_t field)
{
	put_field(w, field, THRIFT_STRUCT);
	thrift_begin_element_struct(w);
}

void thrift_end_struct(struct thrift_writer *w)
{
	static const uint8_t stop;

	put(w, &stop, 1);
	if (w->depth)
		w->depth--;
}

void thrift_write_empty_struct(struct thrift_writer *w, int16_t field)
{
	thrift_begin_struct(w, field);
	thrift_end_struct(w);
}

void thrift_begin_list(struct thrift_writer *w, int16_t field, enum thrift_type type, size_t count)
{
	uint8_t header = count < SHORT_LIST_MAX ? count << 4 | type : LIST_IS_LONG | type;

	put_field(w, field, THRIFT_LIST);
	put(w, &header, 1);
	if (count >= SHORT_LIST_MAX)
		put_varint(w, count);
}

void thrift_element_i32(struct thrift_writer *w, int32_t value)
{
	put_zigzag(w, value);
}

void thrift_element_bool(struct thrift_writer *w, bool value)
{
	uint8_t byte = value ? THRIFT_TRUE : THRIFT_FALSE;

	put(w, &byte, 1);
}

void thrift_element_i64(struct thrift_writer *w, int64_t value)
{
	put_zigzag(w, value);
}

void thrift_element_binary(struct thrift_writer *w, const void *bytes, size_t length)
{
	put_varint(w, length);
	put(w, bytes, length);
}

void thrift_element_text(struct thrift_writer *w, const char *text)
{
	thrift_element_binary(w, text, strlen(text));
}

/* Reader */

/* Gives up: nothing more is read. */
static void fail(struct thrift_reader *r)
{
	r->failed = true;
	r->at = r->end;
}

static uint8_t get_byte(struct thrift_reader *r)
{
	if (r->at == r->end) {
		fail(r);
		return 0;
	}
	return *r->at++;
}

static uint64_t get_varint(struct thrift_reader *r)
{
	uint64_t value;

	if (!varint_get(&r->at, r->end, &value)) {
		fail(r);
		return 0;
	}
	return value;
}

static int64_t get_zigzag(struct thrift_reader *r)
{
	int64_t value;

	if (!varint_get_signed(&r->at, r->end, &value)) {
		fail(r);
		return 0;
	}
	return value;
}

/* A number that must fit in @bits, signed. */
static int64_t get_number(struct thrift_reader *r, unsigned int bits)
{
	int64_t value = get_zigzag(r);
	int64_t limit = INT64_C(1) << (bits - 1);

	if (value < -limit || value >= limit) {
		fail(r);
		return 0;
	}
	return value;
}

static bool expect(struct thrift_reader *r, const struct thrift_field *field, enum thrift_type type)
{
	if (field->type != type)
		fail(r);
	return !r->failed;
}

bool thrift_next_field(struct thrift_reader *r, struct thrift_field *field)
{
	uint8_t header = get_byte(r);
	int delta = header >> 4;

	if (r->failed || !header)
		return false;
	field->type = header & 0x0F;
	field->id = delta ? field->id + delta : get_number(r, 16);
	return !r->failed;
}

bool thrift_read_bool(struct thrift_reader *r, const struct thrift_field *field)
{
	if (field->type != THRIFT_TRUE && field->type != THRIFT_FALSE)
		fail(r);
	return field->type == THRIFT_TRUE;
}

int8_t thrift_read_i8(struct thrift_reader *r, const struct thrift_field *field)
{
	return expect(r, field, THRIFT_I8) ? (int8_t)get_byte(r) : 0;
}

int32_t thrift_read_i32(struct thrift_reader *r, const struct thrift_field *field)
{
	return expect(r, field, THRIFT_I32) ? get_number(r, 32) : 0;
}

int64_t thrift_read_i64(struct thrift_reader *r, const struct thrift_field *field)
{
	return expect(r, field, THRIFT_I64) ? get_zigzag(r) : 0;
}

struct thrift_binary thrift_read_element_binary(struct thrift_reader *r)
{
	struct thrift_binary binary = { .length = get_varint(r) };

	if (binary.length > (size_t)(r->end - r->at)) {
		fail(r);
		return (struct thrift_binary){ 0 };
	}
	binary.bytes = r->at;
	r->at += binary.length;
	return binary;
}

struct thrift_binary thrift_read_binary(struct thrift_reader *r, const struct thrift_field *field)
{
	if (!expect(r, field, THRIFT_BINARY))
		return (struct thrift_binary){ 0 };
	return thrift_read_element_binary(r);
}

/* Some writers store false as 0. */
bool thrift_read_element_bool(struct thrift_reader *r)
{
	return get_byte(r) == THRIFT_TRUE;
}

int32_t thrift_read_element_i32(struct thrift_reader *r)
{
	return get_number(r, 32);
}

int64_t thrift_read_element_i64(struct thrift_reader *r)
{
	return get_zigzag(r);
}

bool thrift_enter_struct(struct thrift_reader *r, const struct thrift_field *field)
{
	return expect(r, field, THRIFT_STRUCT);
}

/* Every element takes a byte at least. */
static size_t get_list_header(struct thrift_reader *r, uint8_t *type)
{
	uint8_t header = get_byte(r);
	uint64_t count = header >> 4;

	*type = header & 0x0F;
	if (count == SHORT_LIST_MAX)
		count = get_varint(r);
	if (count > (uint64_t)(r->end - r->at))
		fail(r);
	return r->failed ? 0 : count;
}

size_t thrift_enter_list(struct thrift_reader *r, const struct thrift_field *field,
			 enum thrift_type type)
{
	uint8_t found;
	size_t count;

	if (!expect(r, field, THRIFT_LIST))
		return 0;
	count = get_list_header(r, &found);
	if (found == THRIFT_FALSE)
		found = THRIFT_TRUE;
	if (count && found != type)
		fail(r);
	return r->failed ? 0 : count;
}

static void skip_value(struct thrift_reader *r, uint8_t type, unsigned int depth);

static void skip_struct(struct thrift_reader *r, unsigned int depth)
{
	struct thrift_field field = { 0 };

	while (thrift_next_field(r, &field))
		if (field.type != THRIFT_TRUE && field.type != THRIFT_FALSE)
			skip_value(r, field.type, depth);
}

static void skip_list(struct thrift_reader *r, unsigned int depth)
{
	uint8_t type;
	size_t count = get_list_header(r, &type);

	for (size_t i = 0; i < count && !r->failed; i++)
		skip_value(r, type, depth);
}

static void skip_value(struct thrift_reader *r, uint8_t type, unsigned int depth)
{
	if (depth == SKIP_DEPTH_MAX) {
		fail(r);
		return;
	}
	switch (type) {
	case THRIFT_TRUE: /* only of lists: a byte each */
	case THRIFT_FALSE:
	case THRIFT_I8:
		get_byte(r);
		break;
	case THRIFT_I16:
	case THRIFT_I32:
	case THRIFT_I64:
		get_varint(r);
		break;
	case THRIFT_BINARY:
		thrift_read_element_binary(r);
		break;
	case THRIFT_LIST:
		skip_list(r, depth + 1);
		break;
	case THRIFT_STRUCT:
		skip_struct(r, depth + 1);
		break;
	default: /* doubles, maps and sets occur nowhere in Parquet's metadata */
		fail(r);
	}
}

void thrift_skip(struct thrift_reader *r, const struct thrift_field *field)
{
	if (field->type != THRIFT_TRUE && field->type != THRIFT_FALSE)
		skip_value(r, field->type, 0);
}
