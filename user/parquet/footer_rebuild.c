/* SPDX-License-Identifier: BSD-2-Clause */
#include "parquet/footer_rebuild.h"

#include <errno.h>
#include <stdbool.h>

#include "parquet/metadata.h"
#include "parquet/metadata_fields.h"

/* Where in the empty footer the two fields are that change; they follow one another. */
struct change {
	const uint8_t *start;
	const uint8_t *end;
};

/*
 * Fields are numbered by their difference to the one before: what stands around the two can be
 * copied because they are replaced by fields of the same numbers.
 */
static bool find_change(const uint8_t *bytes, const uint8_t *end, struct change *change)
{
	struct thrift_reader r = { .at = bytes, .end = end };
	struct thrift_field field = { 0 };
	int16_t before = 0;

	for (;;) {
		const uint8_t *start = r.at;

		if (!thrift_next_field(&r, &field))
			return false;
		if (field.id == FILE_NUM_ROWS && before == FILE_SCHEMA)
			change->start = start;
		thrift_skip(&r, &field);
		change->end = r.at;
		if (r.failed)
			return false;
		if (field.id == FILE_ROW_GROUPS)
			return before == FILE_NUM_ROWS && change->start;
		before = field.id;
	}
}

int footer_rebuild(struct buffer *out, const uint8_t *empty, size_t length, uint64_t rows,
		   size_t group_count, const struct buffer *groups)
{
	struct thrift_writer w = { .out = out, .last_field = { FILE_SCHEMA } };
	size_t start = out->length;
	struct change change = { 0 };
	const uint8_t *end;

	if (length < METADATA_TAIL_SIZE)
		return -EBADMSG;
	end = empty + length - METADATA_TAIL_SIZE;
	if (!find_change(empty, end, &change))
		return -EBADMSG;
	w.error = buffer_append(out, empty, change.start - empty);
	thrift_write_i64(&w, FILE_NUM_ROWS, rows);
	thrift_begin_list(&w, FILE_ROW_GROUPS, THRIFT_STRUCT, group_count);
	if (!w.error)
		w.error = buffer_append(out, groups->data, groups->length);
	if (!w.error)
		w.error = buffer_append(out, change.end, end - change.end);
	if (!w.error)
		w.error = buffer_append_u32(out, out->length - start);
	if (!w.error)
		w.error = buffer_append(out, METADATA_MAGIC, METADATA_MAGIC_SIZE);
	return w.error;
}
