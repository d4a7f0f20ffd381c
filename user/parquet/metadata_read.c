/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "parquet/metadata.h"
#include "parquet/metadata_fields.h"

#define COLUMNS_MAX 4096
#define NAME_LENGTH_MAX 1024

/* A column's element of the schema as it is read. */
struct element {
	struct thrift_binary name;
	int32_t physical;
	int32_t repetition;
	int32_t children;
	enum parquet_logical logical;
	bool known; /* physical and logical type are among ours */
};

static bool read_unit(struct thrift_reader *r, const struct thrift_field *field)
{
	struct thrift_field unit = { 0 };
	bool nanoseconds = false;

	if (!thrift_enter_struct(r, field))
		return false;
	while (thrift_next_field(r, &unit)) {
		nanoseconds = unit.id == UNIT_NANOS;
		thrift_skip(r, &unit);
	}
	return nanoseconds;
}

/* A timestamp in nanoseconds, UTC? */
static bool read_timestamp(struct thrift_reader *r, const struct thrift_field *field)
{
	struct thrift_field part = { 0 };
	bool utc = false, nanoseconds = false;

	if (!thrift_enter_struct(r, field))
		return false;
	while (thrift_next_field(r, &part)) {
		if (part.id == TIMESTAMP_IS_ADJUSTED_TO_UTC)
			utc = thrift_read_bool(r, &part);
		else if (part.id == TIMESTAMP_UNIT)
			nanoseconds = read_unit(r, &part);
		else
			thrift_skip(r, &part);
	}
	return utc && nanoseconds;
}

/*
 * An integer: of 32 bits without sign, or of either size with sign, which is no logical type of
 * ours.
 */
static bool read_integer(struct thrift_reader *r, const struct thrift_field *field, bool *is_uint32)
{
	struct thrift_field part = { 0 };
	bool is_signed = true;
	int8_t bits = 0;

	if (!thrift_enter_struct(r, field))
		return false;
	while (thrift_next_field(r, &part)) {
		if (part.id == INTEGER_BIT_WIDTH)
			bits = thrift_read_i8(r, &part);
		else if (part.id == INTEGER_IS_SIGNED)
			is_signed = thrift_read_bool(r, &part);
		else
			thrift_skip(r, &part);
	}
	*is_uint32 = bits == 32 && !is_signed;
	return is_signed || *is_uint32;
}

static void read_logical(struct thrift_reader *r, const struct thrift_field *field,
			 struct element *element)
{
	struct thrift_field kind = { 0 };
	bool is_uint32 = false;

	if (!thrift_enter_struct(r, field))
		return;
	element->known = false;
	while (thrift_next_field(r, &kind)) {
		switch (kind.id) {
		case LOGICAL_STRING:
			element->known = true;
			element->logical = PARQUET_LOGICAL_STRING;
			thrift_skip(r, &kind);
			break;
		case LOGICAL_TIMESTAMP:
			element->known = read_timestamp(r, &kind);
			element->logical = PARQUET_LOGICAL_TIMESTAMP_NS;
			break;
		case LOGICAL_INTEGER:
			element->known = read_integer(r, &kind, &is_uint32);
			element->logical = is_uint32 ? PARQUET_LOGICAL_UINT32 :
						       PARQUET_LOGICAL_NONE;
			break;
		default:
			thrift_skip(r, &kind);
		}
	}
}

static struct element read_element(struct thrift_reader *r)
{
	struct element element = { .known = true, .name.bytes = (const uint8_t *)"" };
	struct thrift_field field = { 0 };

	while (thrift_next_field(r, &field)) {
		switch (field.id) {
		case ELEMENT_TYPE:
			element.physical = thrift_read_i32(r, &field);
			break;
		case ELEMENT_REPETITION:
			element.repetition = thrift_read_i32(r, &field);
			break;
		case ELEMENT_NAME:
			element.name = thrift_read_binary(r, &field);
			break;
		case ELEMENT_NUM_CHILDREN:
			element.children = thrift_read_i32(r, &field);
			break;
		case ELEMENT_LOGICAL_TYPE:
			read_logical(r, &field, &element);
			break;
		default:
			thrift_skip(r, &field);
		}
	}
	return element;
}

/* Physical and logical type belong together and are among ours. */
static bool is_ours(const struct element *element)
{
	if (!element->known)
		return false;
	switch (element->logical) {
	case PARQUET_LOGICAL_STRING:
		return element->physical == PARQUET_BYTE_ARRAY;
	case PARQUET_LOGICAL_UINT32:
		return element->physical == PARQUET_INT32;
	case PARQUET_LOGICAL_TIMESTAMP_NS:
		return element->physical == PARQUET_INT64;
	case PARQUET_LOGICAL_NONE:
		break;
	}
	return element->physical == PARQUET_BOOLEAN || element->physical == PARQUET_INT32 ||
	       element->physical == PARQUET_INT64;
}

/* A column of a type not known here gets an empty name, under which nobody asks for it. */
static int add_column(struct metadata_reader *reader, const struct element *element,
		      struct parquet_column *column)
{
	static const char nul;
	size_t length = is_ours(element) ? element->name.length : 0;
	int err;

	if (element->name.length > NAME_LENGTH_MAX ||
	    memchr(element->name.bytes, 0, element->name.length))
		return -EBADMSG;
	if (element->children || (element->repetition != REPETITION_REQUIRED &&
				  element->repetition != REPETITION_OPTIONAL))
		return -ENOTSUP;
	column->physical = element->physical;
	column->logical = element->logical;
	column->optional = element->repetition == REPETITION_OPTIONAL;
	err = buffer_append(&reader->names, element->name.bytes, length);
	return err ? err : buffer_append(&reader->names, &nul, 1);
}

static int read_schema(struct metadata_reader *reader, struct thrift_reader *r,
		       const struct thrift_field *field)
{
	size_t count = thrift_enter_list(r, field, THRIFT_STRUCT);
	const char *name;
	int err;

	if (r->failed || reader->columns || count < 2)
		return -EBADMSG;
	if (count - 1 > COLUMNS_MAX)
		return -ENOTSUP;
	reader->columns = calloc(count - 1, sizeof(*reader->columns));
	reader->chunks = calloc(count - 1, sizeof(*reader->chunks));
	if (!reader->columns || !reader->chunks)
		return -ENOMEM;
	if (read_element(r).children != (int32_t)count - 1)
		return r->failed ? -EBADMSG : -ENOTSUP;
	for (size_t i = 0; i < count - 1; i++) {
		struct element element = read_element(r);

		if (r->failed)
			return -EBADMSG;
		err = add_column(reader, &element, &reader->columns[i]);
		if (err)
			return err;
	}
	name = (const char *)reader->names.data;
	for (size_t i = 0; i < count - 1; i++, name += strlen(name) + 1)
		reader->columns[i].name = name;
	reader->column_count = count - 1;
	return 0;
}

static void skip_structs(struct thrift_reader *r, size_t count)
{
	const struct thrift_field element = { .type = THRIFT_STRUCT };

	for (size_t i = 0; i < count && !r->failed; i++)
		thrift_skip(r, &element);
}

static int read_file(struct metadata_reader *reader, struct thrift_reader *r)
{
	struct thrift_field field = { 0 };
	int err = 0;

	while (!err && thrift_next_field(r, &field)) {
		switch (field.id) {
		case FILE_SCHEMA:
			err = read_schema(reader, r, &field);
			break;
		case FILE_NUM_ROWS:
			reader->rows = thrift_read_i64(r, &field);
			break;
		case FILE_ROW_GROUPS:
			reader->row_group_count = thrift_enter_list(r, &field, THRIFT_STRUCT);
			reader->row_groups = *r;
			skip_structs(r, reader->row_group_count);
			break;
		case FILE_KEY_VALUES:
			reader->key_values = r->at;
			thrift_skip(r, &field);
			break;
		case FILE_ENCRYPTION_ALGORITHM:
			err = -ENOTSUP;
			break;
		default:
			thrift_skip(r, &field);
		}
	}
	if (!err && (r->failed || !reader->columns))
		err = -EBADMSG;
	return err;
}

int metadata_open(struct metadata_reader *reader, const uint8_t *bytes, size_t length)
{
	struct thrift_reader r = { .at = bytes, .end = bytes + length };
	int err;

	*reader = (struct metadata_reader){ .end = bytes + length };
	err = read_file(reader, &r);
	if (err)
		metadata_close(reader);
	return err;
}

void metadata_close(struct metadata_reader *reader)
{
	buffer_free(&reader->names);
	free(reader->columns);
	free(reader->chunks);
	*reader = (struct metadata_reader){ 0 };
}

static void read_chunk_metadata(struct thrift_reader *r, const struct thrift_field *outer,
				struct metadata_chunk *chunk, int32_t *physical)
{
	struct thrift_field field = { 0 };

	if (!thrift_enter_struct(r, outer))
		return;
	while (thrift_next_field(r, &field)) {
		switch (field.id) {
		case CHUNK_TYPE:
			*physical = thrift_read_i32(r, &field);
			break;
		case CHUNK_CODEC:
			chunk->codec = thrift_read_i32(r, &field);
			break;
		case CHUNK_NUM_VALUES:
			chunk->values = thrift_read_i64(r, &field);
			break;
		case CHUNK_UNCOMPRESSED_SIZE:
			chunk->uncompressed_size = thrift_read_i64(r, &field);
			break;
		case CHUNK_COMPRESSED_SIZE:
			chunk->compressed_size = thrift_read_i64(r, &field);
			break;
		case CHUNK_DATA_PAGE_OFFSET:
			chunk->data_page_offset = thrift_read_i64(r, &field);
			break;
		case CHUNK_DICTIONARY_PAGE_OFFSET:
			chunk->dictionary_page_offset = thrift_read_i64(r, &field);
			chunk->has_dictionary = true;
			break;
		case CHUNK_STATISTICS:
			statistics_read(&chunk->statistics, r, &field);
			break;
		default:
			thrift_skip(r, &field);
		}
	}
}

static int read_chunk(struct thrift_reader *r, const struct parquet_column *column,
		      struct metadata_chunk *chunk)
{
	struct thrift_field field = { 0 };
	int32_t physical = -1;

	*chunk = (struct metadata_chunk){ 0 };
	while (thrift_next_field(r, &field)) {
		switch (field.id) {
		case CHUNK_METADATA:
			read_chunk_metadata(r, &field, chunk, &physical);
			break;
		case CHUNK_OFFSET_INDEX_OFFSET:
			chunk->index.offset_index_offset = thrift_read_i64(r, &field);
			break;
		case CHUNK_OFFSET_INDEX_LENGTH:
			chunk->index.offset_index_length = thrift_read_i32(r, &field);
			break;
		case CHUNK_COLUMN_INDEX_OFFSET:
			chunk->index.column_index_offset = thrift_read_i64(r, &field);
			break;
		case CHUNK_COLUMN_INDEX_LENGTH:
			chunk->index.column_index_length = thrift_read_i32(r, &field);
			break;
		default:
			thrift_skip(r, &field);
		}
	}
	if (r->failed || physical != (int32_t)column->physical)
		return -EBADMSG;
	return 0;
}

int metadata_next_row_group(struct metadata_reader *reader, struct metadata_row_group *group)
{
	struct thrift_reader *r = &reader->row_groups;
	struct thrift_field field = { 0 };
	bool columns_seen = false;
	int err = 0;

	if (reader->row_groups_read == reader->row_group_count)
		return 0;
	*group = (struct metadata_row_group){
		.ordinal = reader->row_groups_read++,
		.chunks = reader->chunks,
	};
	while (!err && thrift_next_field(r, &field)) {
		if (field.id == GROUP_COLUMNS) {
			size_t count = thrift_enter_list(r, &field, THRIFT_STRUCT);

			if (count != reader->column_count)
				return -EBADMSG;
			for (size_t i = 0; i < count && !err; i++)
				err = read_chunk(r, &reader->columns[i], &reader->chunks[i]);
			columns_seen = true;
		} else if (field.id == GROUP_NUM_ROWS) {
			group->rows = thrift_read_i64(r, &field);
		} else if (field.id == GROUP_FILE_OFFSET) {
			group->offset = thrift_read_i64(r, &field);
		} else {
			thrift_skip(r, &field);
		}
	}
	if (err || r->failed || !columns_seen)
		return -EBADMSG;
	return 1;
}

struct thrift_binary metadata_key_value(const struct metadata_reader *reader, const char *key)
{
	struct thrift_reader r = { .at = reader->key_values, .end = reader->end };
	const struct thrift_field list = { .type = THRIFT_LIST };
	size_t count = r.at ? thrift_enter_list(&r, &list, THRIFT_STRUCT) : 0;

	for (size_t i = 0; i < count; i++) {
		struct thrift_binary found = { 0 }, value = { 0 };
		struct thrift_field field = { 0 };

		while (thrift_next_field(&r, &field)) {
			if (field.id == KEY_VALUE_KEY)
				found = thrift_read_binary(&r, &field);
			else if (field.id == KEY_VALUE_VALUE)
				value = thrift_read_binary(&r, &field);
			else
				thrift_skip(&r, &field);
		}
		if (!r.failed && found.bytes && found.length == strlen(key) &&
		    !memcmp(found.bytes, key, found.length))
			return value;
	}
	return (struct thrift_binary){ 0 };
}
