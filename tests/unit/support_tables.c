/* SPDX-License-Identifier: BSD-2-Clause */
#include "support_tables.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

#include "tables/table_reader.h"

struct table_writer_options tables_options(const char *directory)
{
	struct table_writer_options options = TABLE_WRITER_OPTIONS_DEFAULT;

	options.directory = directory;
	options.trace8 = TRACE8;
	return options;
}

struct table_writer *tables_open_writer(const struct table *table, struct intern *strings,
					const struct table_writer_options *options)
{
	struct table_writer *writer;

	assert_int_equal(table_writer_open(&writer, table, strings, options), 0);
	return writer;
}

struct async_events_row tables_event(struct intern *strings, const char *stream, int64_t time,
				     int64_t span)
{
	return (struct async_events_row){
		.stream_id = intern_add_text(strings, stream),
		.time = time,
		.span_id = span,
		.event_type = intern_add_text(strings, "begin"),
	};
}

static void take_text(char out[40], const struct table_string *text)
{
	assert_in_range(text->length, 0, 39);
	memcpy(out, text->bytes, text->length);
	out[text->length] = 0;
}

size_t tables_read_events(const char *directory, struct tables_seen *rows, size_t most,
			  size_t *count)
{
	static const char *const columns[] = { "stream_id", "block_id", "time", "span_id" };
	struct table_reader *reader;
	struct table_batch batch;
	size_t groups = 0;
	int err;

	*count = 0;
	assert_int_equal(table_reader_open(&reader, directory, &async_events_table, columns, 4), 0);
	while ((err = table_reader_next(reader, &batch)) > 0) {
		for (size_t i = 0; i < batch.rows; i++, (*count)++) {
			struct tables_seen *seen = &rows[*count];

			assert_true(*count < most);
			take_text(seen->stream, table_cell_string(&batch.columns[0], i));
			take_text(seen->block, table_cell_string(&batch.columns[1], i));
			seen->time = batch.columns[2].int64s[i];
			seen->span = batch.columns[3].int64s[i];
			seen->group = groups;
		}
		groups++;
	}
	if (err)
		fail_msg("%s", table_reader_message(reader));
	table_reader_close(reader);
	return groups;
}
