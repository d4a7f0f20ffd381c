/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/table_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/uuid.h"
#include "parquet/writer.h"
#include "tables/footer_journal.h"
#include "tables/part.h"
#include "tables/row_batch.h"
#include "tables/spool.h"

#define OWN_KEY_VALUES 2 /* table and schema version */
#define BLOCK_NAME_SIZE 96

struct table_writer {
	const struct table *table;
	struct intern *strings;
	struct intern *blocks; /* block ids of one row group */
	uint32_t *block_ids;
	int (*before_complete)(void *context);
	int (*before_keep)(void *context);
	void *context;
	uint64_t rotate_bytes;
	uint64_t rotate_ns;
	bool recoverable;
	bool leave_footers;

	/* What the parts have in common. */
	struct parquet_column columns[TABLE_COLUMNS_MAX];
	struct parquet_sort sort[2];
	struct parquet_schema schema;
	struct parquet_writer_options parquet_options;
	struct parquet_key_value *key_values;
	char *created_by;
	char version_text[16];

	struct part_folder folder;
	struct part part; /* the open one */
	struct parquet_sink sink;
	struct parquet_writer *parquet; /* NULL: no part is open */
	uint64_t opened_ns;
	uint32_t first_sequence;
	uint32_t next_sequence;
	uint32_t groups_in_part;

	struct footer_journal footer; /* of the open part */
	struct spool *spool;	      /* of the batch; NULL: not wanted */
	uint64_t batches;	      /* sealed so far: the number of the one that fills */

	struct row_batch *batch;
	bool any_time; /* greatest_time is set */
	int64_t greatest_time;
	bool any_file;	/* has been completed */
	bool rewritten; /* or it was tried */
	bool stale;	/* the last time it failed */
	bool finished;
	int error; /* the first one; sticks */
	struct table_writer_stats stats;
	uint64_t bytes_before; /* of the parts before this one */
};

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Life */

static void set_schema(struct table_writer *writer)
{
	const struct table *table = writer->table;

	for (size_t i = 0; i < table->column_count; i++)
		writer->columns[i] = table_parquet_column(&table->columns[i]);
	if (table->sort_text != TABLE_NO_COLUMN)
		writer->sort[writer->schema.sort_count++].column = table->sort_text;
	if (table->sort_time != TABLE_NO_COLUMN)
		writer->sort[writer->schema.sort_count++].column = table->sort_time;
	writer->schema.columns = writer->columns;
	writer->schema.column_count = table->column_count;
	writer->schema.sort = writer->sort;
}

static int copy_options(struct table_writer *writer, const struct table_writer_options *options)
{
	struct parquet_writer_options parquet_options = PARQUET_WRITER_OPTIONS_DEFAULT;
	size_t count = options->metadata_count + OWN_KEY_VALUES;
	struct parquet_key_value *pairs = calloc(count, sizeof(*pairs));

	writer->key_values = pairs;
	if (!pairs)
		return -ENOMEM;
	snprintf(writer->version_text, sizeof(writer->version_text), "%d", TABLE_SCHEMA_VERSION);
	pairs[0] = (struct parquet_key_value){ "asyncspan.table", writer->table->name };
	pairs[1] = (struct parquet_key_value){ "asyncspan.schema_version", writer->version_text };
	writer->parquet_options = parquet_options;
	writer->parquet_options.key_values = pairs;
	writer->parquet_options.key_value_count = OWN_KEY_VALUES;
	for (size_t i = 0; i < options->metadata_count; i++) {
		struct parquet_key_value *pair = &pairs[OWN_KEY_VALUES + i];

		writer->parquet_options.key_value_count++;
		pair->key = strdup(options->metadata[i].key);
		pair->value = strdup(options->metadata[i].value);
		if (!pair->key || !pair->value)
			return -ENOMEM;
	}
	if (options->created_by) {
		writer->created_by = strdup(options->created_by);
		if (!writer->created_by)
			return -ENOMEM;
		writer->parquet_options.created_by = writer->created_by;
	}
	writer->parquet_options.codec = options->codec;
	writer->parquet_options.level = options->level;
	writer->rotate_bytes = options->rotate_bytes;
	writer->rotate_ns = options->rotate_ns;
	writer->before_complete = options->before_complete;
	writer->before_keep = options->before_keep;
	writer->recoverable = options->recoverable || options->leave_footers;
	writer->leave_footers = options->leave_footers;
	writer->next_sequence = writer->first_sequence = options->first_sequence;
	writer->batches = options->first_batch;
	writer->context = options->context;
	return 0;
}

static void free_writer(struct table_writer *writer)
{
	parquet_writer_close(writer->parquet);
	spool_close(writer->spool);
	footer_journal_leave(&writer->footer);
	part_leave(&writer->part);
	part_folder_close(&writer->folder);
	row_batch_close(writer->batch);
	intern_free(writer->blocks);
	free(writer->block_ids);
	for (size_t i = OWN_KEY_VALUES; i < writer->parquet_options.key_value_count; i++) {
		free((char *)writer->key_values[i].key);
		free((char *)writer->key_values[i].value);
	}
	free(writer->key_values);
	free(writer->created_by);
	free(writer);
}

static int open_blocks(struct table_writer *writer)
{
	if (writer->table->block_column == TABLE_NO_COLUMN)
		return 0;
	writer->blocks = intern_new();
	writer->block_ids = malloc(TABLE_WRITER_GROUP_ROWS * sizeof(*writer->block_ids));
	return writer->blocks && writer->block_ids ? 0 : -ENOMEM;
}

int table_writer_open(struct table_writer **out, const struct table *table, struct intern *strings,
		      const struct table_writer_options *options)
{
	struct table_writer *writer = calloc(1, sizeof(*writer));
	struct codec *codec;
	int err;

	*out = NULL;
	if (!writer)
		return -ENOMEM;
	writer->table = table;
	writer->strings = strings;
	writer->folder.fd = -1;
	writer->part.fd = -1;
	writer->footer.file.fd = -1;
	set_schema(writer);
	err = copy_options(writer, options);
	if (err)
		goto fail;
	/* Is told now, not when the first part is opened. */
	err = codec_open(&codec, options->codec, options->level);
	if (err)
		goto fail;
	codec_close(codec);
	err = open_blocks(writer);
	if (!err)
		err = row_batch_open(&writer->batch, table, TABLE_WRITER_GROUP_ROWS);
	if (!err)
		err = part_folder_open(&writer->folder, options->directory, table->name,
				       options->trace8, options->owner, options->group);
	if (!err && options->recoverable)
		err = spool_open(&writer->spool, table, strings, &writer->folder);
	if (err)
		goto fail;
	if (writer->spool)
		spool_begin(writer->spool, writer->batches);
	*out = writer;
	return 0;
fail:
	free_writer(writer);
	return err;
}

/* Parts */

/* A part that is rewritten whole needs none: the one before is there until it is complete. */
static int open_footer(struct table_writer *writer)
{
	struct buffer empty = { 0 };
	int err;

	if (!writer->recoverable || writer->rewritten)
		return 0;
	err = parquet_writer_footer(writer->parquet, &empty);
	if (!err)
		err = footer_journal_open(&writer->footer, &writer->folder, writer->part.sequence,
					  writer->batches, empty.data, empty.length);
	buffer_free(&empty);
	return err;
}

static int open_part(struct table_writer *writer, uint32_t sequence)
{
	int err;

	if (writer->parquet)
		return 0;
	err = part_open(&writer->part, &writer->folder, sequence);
	if (err)
		return err;
	writer->sink = (struct parquet_sink){ .fd = writer->part.fd };
	err = parquet_writer_open(&writer->parquet, &writer->sink, &writer->schema,
				  &writer->parquet_options);
	if (!err)
		err = open_footer(writer);
	if (err) {
		parquet_writer_close(writer->parquet);
		writer->parquet = NULL;
		part_remove(&writer->part, &writer->folder);
		return err;
	}
	writer->opened_ns = now_ns();
	writer->groups_in_part = 0;
	return 0;
}

static int seal_part(struct table_writer *writer)
{
	int err = parquet_writer_finish(writer->parquet);

	if (!err && writer->before_complete)
		err = writer->before_complete(writer->context);
	return err ? err : part_complete(&writer->part, &writer->folder);
}

static void close_part(struct table_writer *writer)
{
	parquet_writer_close(writer->parquet);
	writer->parquet = NULL;
	writer->bytes_before += writer->sink.offset;
	writer->stats.bytes = writer->bytes_before;
	writer->sink = (struct parquet_sink){ .fd = -1 };
	footer_journal_leave(&writer->footer);
	part_leave(&writer->part);
}

/*
 * The journal of the footer tells recovery which batches are in the part: it stays until they are
 * not in the spool any more. On failure the part stays behind under its hidden name.
 */
static int complete_part(struct table_writer *writer)
{
	int err = seal_part(writer);

	if (!err) {
		writer->stats.files++;
		writer->any_file = true;
		if (writer->spool)
			err = spool_discard_before(writer->spool, writer->batches);
		if (!err && !writer->leave_footers)
			footer_journal_remove(&writer->footer, &writer->folder);
	}
	close_part(writer);
	return err;
}

static bool part_is_due(const struct table_writer *writer)
{
	return writer->parquet && (writer->sink.offset >= writer->rotate_bytes ||
				   now_ns() - writer->opened_ns >= writer->rotate_ns);
}

/* Row groups */

/* A block is what one stream has in one row group: a UUID for each run of equal texts. */
static int make_block_ids(struct table_writer *writer, struct parquet_values *values)
{
	const uint32_t *streams;
	char name[BLOCK_NAME_SIZE], uuid[UUID_TEXT_SIZE];
	uint32_t block = 0;
	int err;

	intern_clear(writer->blocks);
	snprintf(name, sizeof(name), "%s/%s/%u/%u", writer->folder.trace8, writer->table->name,
		 writer->part.sequence, writer->groups_in_part);
	row_batch_column(writer->batch, writer->table->sort_text, values);
	streams = values->values;
	for (size_t i = 0; i < values->count; i++) {
		if (!i || streams[i] != streams[i - 1]) {
			err = uuid_text_v5(intern_get(writer->strings, streams[i], NULL), name,
					   strlen(name), uuid);
			if (err)
				return err;
			block = intern_add_text(writer->blocks, uuid);
			if (block == INTERN_FAILED)
				return -ENOMEM;
		}
		writer->block_ids[i] = block;
	}
	values->values = writer->block_ids;
	values->strings = writer->blocks;
	return 0;
}

static int write_columns(struct table_writer *writer)
{
	int err = 0;

	for (size_t i = 0; i < writer->table->column_count && !err; i++) {
		struct parquet_values values = { .strings = writer->strings };

		if (i == writer->table->block_column)
			err = make_block_ids(writer, &values);
		else
			row_batch_column(writer->batch, i, &values);
		if (!err)
			err = parquet_writer_column(writer->parquet, &values);
	}
	return err;
}

/* What was written of a row group that failed is taken back: the ones before it stay good. */
static int write_group(struct table_writer *writer)
{
	int err = parquet_writer_begin_group(writer->parquet, row_batch_count(writer->batch));

	if (err)
		return err;
	err = row_batch_sort(writer->batch, writer->strings);
	if (!err)
		err = write_columns(writer);
	if (!err)
		err = parquet_writer_end_group(writer->parquet);
	if (err)
		parquet_writer_drop_group(writer->parquet);
	return err;
}

/* Rows earlier than the latest of the row groups before. */
static void count_late_rows(struct table_writer *writer)
{
	int64_t greatest = writer->greatest_time;
	bool any = writer->any_time;
	struct parquet_values values;
	const int64_t *times;

	if (writer->table->sort_time == TABLE_NO_COLUMN)
		return;
	row_batch_column(writer->batch, writer->table->sort_time, &values);
	times = values.values;
	for (size_t i = 0; i < values.count; i++) {
		if (values.valid && !values.valid[i])
			continue;
		writer->stats.rows_late += writer->any_time && times[i] < writer->greatest_time;
		greatest = any && greatest > times[i] ? greatest : times[i];
		any = true;
	}
	writer->greatest_time = greatest;
	writer->any_time = any;
}

/* From here on recovery finds the row group in the part, and not the batch in the spool. */
static int seal_batch(struct table_writer *writer)
{
	struct footer_group group = {
		.rows = row_batch_count(writer->batch),
		.end = writer->sink.offset,
		.batches = ++writer->batches,
	};
	int err = 0;

	if (writer->footer.file.fd >= 0) {
		parquet_writer_last_group(writer->parquet, &group.description, &group.length);
		err = footer_journal_add(&writer->footer, &group);
	}
	if (writer->spool)
		spool_begin(writer->spool, writer->batches);
	return err;
}

static int keep_references(struct table_writer *writer)
{
	return writer->before_keep ? writer->before_keep(writer->context) : 0;
}

static int write_batch(struct table_writer *writer, uint32_t sequence)
{
	size_t rows = row_batch_count(writer->batch);
	uint64_t start;
	int err;

	if (!rows)
		return 0;
	err = keep_references(writer);
	/* Encoding takes its time. Without room for the spool there may be some for the part. */
	if (!err && writer->spool)
		spool_write(writer->spool);
	if (!err)
		err = open_part(writer, sequence);
	start = writer->sink.offset;
	if (!err)
		err = write_group(writer);
	if (err) {
		writer->stats.rows_lost += rows;
	} else {
		part_start_writing_back(&writer->part, start, writer->sink.offset - start);
		count_late_rows(writer);
		writer->groups_in_part++;
		writer->stats.row_groups++;
		writer->stats.rows += rows;
		writer->stats.bytes = writer->bytes_before + writer->sink.offset;
		err = seal_batch(writer);
	}
	row_batch_clear(writer->batch);
	return err;
}

int table_writer_keep(struct table_writer *writer)
{
	int err;

	if (!writer->spool || writer->error || spool_is_empty(writer->spool))
		return writer->error;
	err = keep_references(writer);
	return err ? err : spool_write(writer->spool);
}

static int spool_row(struct table_writer *writer, const void *row)
{
	int err;

	if (!writer->spool)
		return 0;
	err = spool_append(writer->spool, row);
	return !err && spool_is_full(writer->spool) ? table_writer_keep(writer) : err;
}

static int fail(struct table_writer *writer, int err)
{
	if (err && !writer->error)
		writer->error = err;
	return err;
}

static int rotate_if_due(struct table_writer *writer)
{
	if (!part_is_due(writer))
		return 0;
	writer->next_sequence++;
	return complete_part(writer);
}

int table_writer_flush(struct table_writer *writer)
{
	int err = writer->error;

	if (!err)
		err = write_batch(writer, writer->next_sequence);
	if (!err)
		err = rotate_if_due(writer);
	return fail(writer, err);
}

/* The spool cannot be written: what is in memory may still find room in the part. */
static int give_up(struct table_writer *writer, int err)
{
	write_batch(writer, writer->next_sequence);
	return fail(writer, err);
}

int table_writer_append(struct table_writer *writer, const void *row)
{
	int err;

	if (writer->error || writer->finished) {
		writer->stats.rows_lost++;
		return writer->error ? writer->error : -EINVAL;
	}
	row_batch_append(writer->batch, row);
	err = spool_row(writer, row);
	if (err)
		return give_up(writer, err);
	if (row_batch_count(writer->batch) < TABLE_WRITER_GROUP_ROWS)
		return 0;
	return table_writer_flush(writer);
}

int table_writer_tick(struct table_writer *writer)
{
	int err;

	if (writer->error || writer->rewritten)
		return writer->error;
	if (part_is_due(writer))
		return table_writer_flush(writer);
	err = table_writer_keep(writer);
	return err ? give_up(writer, err) : 0;
}

int table_writer_note(struct table_writer *writer, const void *row)
{
	return writer->finished ? -EINVAL : spool_row(writer, row);
}

/* The one part of a small table keeps its number: the rename replaces the one before. */
static int rewrite(struct table_writer *writer, const uint8_t *rows, size_t count)
{
	int err = open_part(writer, 0);

	for (size_t i = 0; i < count && !err; i++) {
		row_batch_append(writer->batch, rows + i * writer->table->row_size);
		if (row_batch_count(writer->batch) == TABLE_WRITER_GROUP_ROWS || i + 1 == count)
			err = write_batch(writer, 0);
	}
	return err;
}

int table_writer_rewrite(struct table_writer *writer, const void *rows, size_t count)
{
	int err;

	if (writer->finished || row_batch_count(writer->batch) ||
	    writer->next_sequence != writer->first_sequence)
		return -EINVAL;
	writer->rewritten = true;
	writer->stale = true;
	writer->stats = (struct table_writer_stats){ 0 };
	writer->bytes_before = 0;
	writer->any_time = false;
	err = rewrite(writer, rows, count);
	if (!err)
		err = seal_part(writer);
	if (err)
		part_remove(&writer->part, &writer->folder);
	row_batch_clear(writer->batch);
	close_part(writer);
	if (err)
		return err;
	writer->stats.files = 1;
	writer->any_file = true;
	writer->stale = false;
	/* Should this fail, recovery sees from the rows' times that they are old. */
	if (writer->spool)
		spool_discard_before(writer->spool, writer->batches);
	return 0;
}

static int finish(struct table_writer *writer)
{
	int err = writer->error;

	if (!err)
		err = fail(writer, write_batch(writer, writer->next_sequence));
	if (!err && !writer->any_file && !writer->rewritten)
		fail(writer, open_part(writer, writer->next_sequence));
	if (writer->parquet)
		fail(writer, complete_part(writer));
	if (writer->stale)
		table_writer_keep(writer);
	else if (writer->spool && !writer->error)
		spool_remove(writer->spool);
	return writer->error;
}

int table_writer_finish(struct table_writer *writer)
{
	if (!writer->finished)
		finish(writer);
	writer->finished = true;
	return writer->error;
}

int table_writer_close(struct table_writer *writer)
{
	int err;

	if (!writer)
		return 0;
	err = table_writer_finish(writer);
	free_writer(writer);
	return err;
}

const struct table_writer_stats *table_writer_stats(const struct table_writer *writer)
{
	return &writer->stats;
}
