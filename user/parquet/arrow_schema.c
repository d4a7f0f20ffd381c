/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/arrow_schema.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

/*
 * FlatBuffers, written front to back. A table is preceded by its vtable, which says where each of
 * its fields is; what a field refers to follows later, and the reference is filled in then.
 */

#define SLOTS_MAX 8 /* fields of a table */

struct slot {
	unsigned int size; /* of the field: 8, 4, 2, 1; 0: the field is absent */
	uint64_t value;	   /* 0 for a reference */
	size_t at;	   /* set by put_table(): where the field is */
};

struct flat {
	struct buffer out;
	int error;
};

static void put(struct flat *flat, uint64_t value, unsigned int size)
{
	if (!flat->error)
		flat->error = buffer_append(&flat->out, &value, size);
}

/* Fills up until the length is @remainder modulo @alignment. */
static void align(struct flat *flat, size_t alignment, size_t remainder)
{
	while (!flat->error && flat->out.length % alignment != remainder)
		put(flat, 0, 1);
}

/* Makes the reference at @at point to what comes next. */
static void refer(struct flat *flat, size_t at)
{
	uint32_t distance = flat->out.length - at;

	if (!flat->error)
		memcpy(flat->out.data + at, &distance, sizeof(distance));
}

/* Makes the reference at @at point to a table of these fields, which comes next. */
static void put_table(struct flat *flat, size_t at, struct slot *slots, unsigned int count)
{
	static const unsigned int sizes[] = { 8, 4, 2, 1 };
	uint16_t offsets[SLOTS_MAX] = { 0 };
	size_t vtable_size = 2 * (2 + count), table_size = 4, table;

	for (unsigned int s = 0; s < 4; s++) {
		for (unsigned int i = 0; i < count; i++) {
			if (slots[i].size != sizes[s])
				continue;
			offsets[i] = table_size;
			table_size += sizes[s];
		}
	}
	/* The largest field comes first, behind 4 bytes: at 4 modulo 8 all are aligned. */
	align(flat, 8, (16 + 4 - vtable_size % 8) % 8);
	put(flat, vtable_size, 2);
	put(flat, table_size, 2);
	for (unsigned int i = 0; i < count; i++)
		put(flat, offsets[i], 2);
	refer(flat, at);
	table = flat->out.length;
	put(flat, vtable_size, 4);
	for (unsigned int s = 0; s < 4; s++)
		for (unsigned int i = 0; i < count; i++)
			if (slots[i].size == sizes[s])
				put(flat, slots[i].value, slots[i].size);
	for (unsigned int i = 0; i < count; i++)
		slots[i].at = table + offsets[i];
}

static void put_text(struct flat *flat, size_t at, const char *text)
{
	align(flat, 4, 0);
	refer(flat, at);
	put(flat, strlen(text), 4);
	if (!flat->error)
		flat->error = buffer_append(&flat->out, text, strlen(text) + 1);
}

/* A vector of references, not yet filled in. Returns where the first one is. */
static size_t put_references(struct flat *flat, size_t at, size_t count)
{
	size_t first;

	align(flat, 4, 0);
	refer(flat, at);
	put(flat, count, 4);
	first = flat->out.length;
	for (size_t i = 0; i < count; i++)
		put(flat, 0, 4);
	return first;
}

/* Arrow: numbers of Message.fbs and Schema.fbs, fields in their order there. */

enum {
	METADATA_V5 = 4,
	HEADER_SCHEMA = 1,
	LITTLE_ENDIAN_DATA = 0,
	TYPE_INT = 2,
	TYPE_UTF8 = 5,
	TYPE_BOOL = 6,
	TYPE_TIMESTAMP = 10,
	UNIT_NANOSECOND = 3,
};

static void put_int(struct flat *flat, size_t at, unsigned int bits, bool is_signed)
{
	struct slot slots[] = { { 4, bits, 0 }, { 1, is_signed, 0 } };

	put_table(flat, at, slots, 2);
}

static void put_timestamp(struct flat *flat, size_t at)
{
	struct slot slots[] = { { 2, UNIT_NANOSECOND, 0 }, { 4, 0, 0 } };

	put_table(flat, at, slots, 2);
	put_text(flat, slots[1].at, "+00:00");
}

static void put_dictionary(struct flat *flat, size_t at, size_t id)
{
	struct slot slots[] = { { 8, id, 0 }, { 4, 0, 0 }, { 1, false, 0 } };

	put_table(flat, at, slots, 3);
	put_int(flat, slots[1].at, 32, true);
}

static unsigned int arrow_type(const struct parquet_column *column)
{
	if (column->logical == PARQUET_LOGICAL_STRING)
		return TYPE_UTF8;
	if (column->logical == PARQUET_LOGICAL_TIMESTAMP_NS)
		return TYPE_TIMESTAMP;
	return column->physical == PARQUET_BOOLEAN ? TYPE_BOOL : TYPE_INT;
}

static void put_field(struct flat *flat, size_t at, const struct parquet_column *column, size_t id)
{
	bool text = column->logical == PARQUET_LOGICAL_STRING;
	enum { NAME, NULLABLE, TYPE_TYPE, TYPE, DICTIONARY, CHILDREN, COUNT };
	struct slot slots[COUNT] = {
		[NAME] = { .size = 4 },
		[NULLABLE] = { .size = 1, .value = column->optional },
		[TYPE_TYPE] = { .size = 1, .value = arrow_type(column) },
		[TYPE] = { .size = 4 },
		[DICTIONARY] = { .size = text ? 4 : 0 },
		[CHILDREN] = { .size = 4 },
	};

	put_table(flat, at, slots, COUNT);
	put_text(flat, slots[NAME].at, column->name);
	switch (arrow_type(column)) {
	case TYPE_TIMESTAMP:
		put_timestamp(flat, slots[TYPE].at);
		break;
	case TYPE_INT:
		put_int(flat, slots[TYPE].at, column->physical == PARQUET_INT64 ? 64 : 32,
			column->logical != PARQUET_LOGICAL_UINT32);
		break;
	default: /* types without parameters */
		put_table(flat, slots[TYPE].at, NULL, 0);
	}
	if (text)
		put_dictionary(flat, slots[DICTIONARY].at, id);
	put_references(flat, slots[CHILDREN].at, 0);
}

static void put_message(struct flat *flat, const struct parquet_schema *schema)
{
	struct slot message[] = {
		{ 2, METADATA_V5, 0 }, { 1, HEADER_SCHEMA, 0 }, { 4, 0, 0 }, { 8, 0, 0 }
	};
	struct slot header[] = { { 2, LITTLE_ENDIAN_DATA, 0 }, { 4, 0, 0 } };
	size_t fields;

	put(flat, 0, 4);
	put_table(flat, 0, message, 4);
	put_table(flat, message[2].at, header, 2);
	fields = put_references(flat, header[1].at, schema->column_count);
	for (size_t i = 0; i < schema->column_count; i++)
		put_field(flat, fields + 4 * i, &schema->columns[i], i);
	align(flat, 8, 0);
}

static char *base64(const uint8_t *bytes, size_t length)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = malloc((length + 2) / 3 * 4 + 1), *to = text;

	if (!text)
		return NULL;
	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		uint32_t three = bytes[i] << 16 | (left > 1 ? bytes[i + 1] << 8 : 0) |
				 (left > 2 ? bytes[i + 2] : 0);

		*to++ = digits[three >> 18];
		*to++ = digits[three >> 12 & 63];
		*to++ = left > 1 ? digits[three >> 6 & 63] : '=';
		*to++ = left > 2 ? digits[three & 63] : '=';
	}
	*to = 0;
	return text;
}

int arrow_schema_encode(char **text, const struct parquet_schema *schema)
{
	struct flat flat = { 0 };
	struct buffer message = { 0 };
	int err;

	*text = NULL;
	put_message(&flat, schema);
	/* The frame of an IPC message: a marker and the length. */
	err = flat.error;
	if (!err)
		err = buffer_append_u32(&message, UINT32_MAX);
	if (!err)
		err = buffer_append_u32(&message, flat.out.length);
	if (!err)
		err = buffer_append(&message, flat.out.data, flat.out.length);
	if (!err) {
		*text = base64(message.data, message.length);
		err = *text ? 0 : -ENOMEM;
	}
	buffer_free(&message);
	buffer_free(&flat.out);
	return err;
}
