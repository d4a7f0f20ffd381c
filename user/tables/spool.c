/* SPDX-License-Identifier: BSD-2-Clause */
#include "tables/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "tables/journal.h"

#define BUFFER_SIZE (256 * 1024)
#define PADDING_MAX 64
#define READ_ROWS_MAX (4 << 20) /* far more than any batch has */

enum spool_frame {
	SPOOL_LAYOUT = 1, /* fingerprint of the row's layout; the first one of a batch */
	SPOOL_TEXTS = 2,  /* length and bytes of each, numbered on from the frames before */
	SPOOL_ROWS = 3,
};

/* A text of the intern set that has a number in this batch. */
struct known_text {
	uint32_t round; /* of the spool, when it got the number */
	uint32_t number;
};

struct text_column {
	uint32_t offset;
	uint64_t null; /* its bit */
};

struct spool {
	const struct table *table;
	const struct intern *strings;
	const struct part_folder *folder;
	struct journal files[SPOOL_SLOTS]; /* fd -1: not made yet */
	uint64_t batches[SPOOL_SLOTS];	   /* that the files have rows of */
	uint64_t batch;
	bool begun; /* the layout frame of this batch is written */

	uint32_t round; /* batches so far; numbers of texts are by batch */
	struct known_text *known;
	size_t known_capacity;
	uint32_t text_count;

	struct buffer texts; /* not written yet */
	struct buffer rows;
	struct text_column texts_of_row[TABLE_COLUMNS_MAX];
	size_t text_columns;
	uint32_t padding[PADDING_MAX]; /* bytes of a row that belong to no field */
	size_t padding_count;
};

void spool_file_name(char name[SPOOL_NAME_SIZE], const char *trace8, unsigned int slot)
{
	snprintf(name, SPOOL_NAME_SIZE, ".%.8s-%u.spool", trace8, slot % SPOOL_SLOTS);
}

/* Rows can be read back only by who has the same struct. */
static uint64_t fingerprint(const struct table *table)
{
	uint64_t hash = XXH3_64bits_withSeed(table->name, strlen(table->name), table->row_size);

	for (size_t i = 0; i < table->column_count; i++) {
		const struct table_column *column = &table->columns[i];
		uint64_t place[] = { column->type, column->offset, table->nulls_offset };

		hash = XXH3_64bits_withSeed(column->name, strlen(column->name), hash);
		hash = XXH3_64bits_withSeed(place, sizeof(place), hash);
	}
	return hash;
}

/* Where texts are, and what is between the fields: it is never set and must not get into a file. */
static int find_fields(struct spool *spool)
{
	const struct table *table = spool->table;
	uint8_t *covered = calloc(1, table->row_size);

	if (!covered)
		return -ENOMEM;
	for (size_t i = 0; i < table->column_count; i++)
		memset(covered + table->columns[i].offset, 1,
		       table_type_size(table->columns[i].type));
	if (table->nulls_offset != SIZE_MAX)
		memset(covered + table->nulls_offset, 1, sizeof(uint64_t));
	for (size_t i = 0; i < table->column_count; i++)
		if (table->columns[i].type == TABLE_STRING)
			spool->texts_of_row[spool->text_columns++] = (struct text_column){
				.offset = table->columns[i].offset,
				.null = UINT64_C(1) << i,
			};
	for (uint32_t i = 0; i < table->row_size; i++)
		if (!covered[i] && spool->padding_count < PADDING_MAX)
			spool->padding[spool->padding_count++] = i;
	free(covered);
	return 0;
}

int spool_open(struct spool **out, const struct table *table, const struct intern *strings,
	       const struct part_folder *folder)
{
	struct spool *spool = calloc(1, sizeof(*spool));

	*out = spool;
	if (!spool)
		return -ENOMEM;
	spool->table = table;
	spool->strings = strings;
	spool->folder = folder;
	for (int i = 0; i < SPOOL_SLOTS; i++)
		spool->files[i].fd = -1;
	spool->round = 1;
	if (find_fields(spool) || !buffer_reserve(&spool->rows, BUFFER_SIZE + table->row_size)) {
		spool_close(spool);
		*out = NULL;
		return -ENOMEM;
	}
	return 0;
}

void spool_close(struct spool *spool)
{
	if (!spool)
		return;
	for (int i = 0; i < SPOOL_SLOTS; i++)
		if (spool->files[i].fd >= 0)
			close(spool->files[i].fd);
	buffer_free(&spool->rows);
	buffer_free(&spool->texts);
	free(spool->known);
	free(spool);
}

void spool_begin(struct spool *spool, uint64_t batch)
{
	spool->batch = batch;
	spool->begun = false;
	spool->round++;
	spool->text_count = 0;
	buffer_clear(&spool->texts);
	buffer_clear(&spool->rows);
	spool->files[batch % SPOOL_SLOTS].offset = 0;
}

static int grow_known(struct spool *spool, uint32_t id)
{
	size_t capacity = spool->known_capacity ? spool->known_capacity : 1024;
	struct known_text *known;

	while (capacity <= id)
		capacity *= 2;
	known = realloc(spool->known, capacity * sizeof(*known));
	if (!known)
		return -ENOMEM;
	memset(known + spool->known_capacity, 0,
	       (capacity - spool->known_capacity) * sizeof(*known));
	spool->known = known;
	spool->known_capacity = capacity;
	return 0;
}

static int add_text(struct spool *spool, uint32_t id)
{
	const char *text;
	size_t length;
	int error = id < spool->known_capacity ? 0 : grow_known(spool, id);

	if (error)
		return error;
	text = intern_get(spool->strings, id, &length);
	error = buffer_append_u32(&spool->texts, length);
	if (!error)
		error = buffer_append(&spool->texts, text, length);
	if (error)
		return error;
	spool->known[id] = (struct known_text){ spool->round, spool->text_count++ };
	return 0;
}

/* The row's texts by their numbers here; @row is our copy. */
static int number_texts(struct spool *spool, uint8_t *row)
{
	uint64_t nulls = 0;

	if (spool->table->nulls_offset != SIZE_MAX)
		memcpy(&nulls, row + spool->table->nulls_offset, sizeof(nulls));
	for (size_t i = 0; i < spool->text_columns; i++) {
		const struct text_column *column = &spool->texts_of_row[i];
		uint32_t id;

		memcpy(&id, row + column->offset, sizeof(id));
		if (nulls & column->null)
			id = 0;
		if (id >= spool->known_capacity || spool->known[id].round != spool->round) {
			int error = add_text(spool, id);

			if (error)
				return error;
		}
		memcpy(row + column->offset, &spool->known[id].number, sizeof(id));
	}
	return 0;
}

int spool_append(struct spool *spool, const void *row)
{
	uint8_t *copy = spool->rows.data + spool->rows.length;
	int error;

	if (spool->rows.capacity - spool->rows.length < spool->table->row_size)
		copy = buffer_reserve(&spool->rows, spool->table->row_size);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, row, spool->table->row_size);
	for (size_t i = 0; i < spool->padding_count; i++)
		copy[spool->padding[i]] = 0;
	error = number_texts(spool, copy);
	if (!error)
		spool->rows.length += spool->table->row_size;
	return error;
}

bool spool_is_full(const struct spool *spool)
{
	return spool->rows.length >= BUFFER_SIZE || spool->texts.length >= BUFFER_SIZE;
}

bool spool_is_empty(const struct spool *spool)
{
	return !spool->rows.length;
}

static int open_file(struct spool *spool, struct journal *file)
{
	char name[SPOOL_NAME_SIZE];

	if (file->fd >= 0)
		return 0;
	spool_file_name(name, spool->folder->trace8, spool->batch % SPOOL_SLOTS);
	return part_folder_create(spool->folder, name, &file->fd);
}

int spool_write(struct spool *spool)
{
	struct journal *file = &spool->files[spool->batch % SPOOL_SLOTS];
	uint64_t layout = fingerprint(spool->table);
	int error;

	if (spool_is_empty(spool))
		return 0;
	error = open_file(spool, file);
	if (!error)
		spool->batches[spool->batch % SPOOL_SLOTS] = spool->batch;
	if (!error && !spool->begun)
		error = journal_append(file, SPOOL_LAYOUT, spool->batch, &layout, sizeof(layout));
	if (error)
		return error;
	spool->begun = true;
	if (spool->texts.length)
		error = journal_append(file, SPOOL_TEXTS, spool->batch, spool->texts.data,
				       spool->texts.length);
	if (error)
		return error;
	buffer_clear(&spool->texts);
	error = journal_append(file, SPOOL_ROWS, spool->batch, spool->rows.data,
			       spool->rows.length);
	if (!error)
		buffer_clear(&spool->rows);
	return error;
}

int spool_discard_before(struct spool *spool, uint64_t batch)
{
	for (int i = 0; i < SPOOL_SLOTS; i++)
		if (spool->files[i].fd >= 0 && spool->batches[i] < batch &&
		    ftruncate(spool->files[i].fd, 0))
			return -errno;
	return 0;
}

void spool_remove(struct spool *spool)
{
	char name[SPOOL_NAME_SIZE];

	for (int i = 0; i < SPOOL_SLOTS; i++) {
		spool_file_name(name, spool->folder->trace8, i);
		if (spool->files[i].fd >= 0)
			unlinkat(spool->folder->fd, name, 0);
	}
}

/* Reading */

struct reading {
	const struct table *table;
	struct intern *strings;
	struct buffer ids; /* uint32_t: the intern set's id of each text */
	struct spool_contents *contents;
};

static int read_texts(struct reading *reading, const struct buffer *payload)
{
	size_t at = 0;

	while (at < payload->length) {
		uint32_t length, id;
		int error;

		if (payload->length - at < sizeof(length))
			return -EBADMSG;
		memcpy(&length, payload->data + at, sizeof(length));
		at += sizeof(length);
		if (length > payload->length - at)
			return -EBADMSG;
		id = intern_add(reading->strings, payload->data + at, length);
		at += length;
		error = id == INTERN_FAILED ? -ENOMEM :
					      buffer_append(&reading->ids, &id, sizeof(id));
		if (error)
			return error;
	}
	return 0;
}

static int read_row(struct reading *reading, uint8_t *row)
{
	const struct table *table = reading->table;

	for (size_t i = 0; i < table->column_count; i++) {
		uint32_t number;

		if (table->columns[i].type == TABLE_BOOLEAN)
			row[table->columns[i].offset] = row[table->columns[i].offset] != 0;
		if (table->columns[i].type != TABLE_STRING)
			continue;
		memcpy(&number, row + table->columns[i].offset, sizeof(number));
		if (number >= reading->ids.length / sizeof(number))
			return -EBADMSG;
		memcpy(row + table->columns[i].offset, reading->ids.data + number * sizeof(number),
		       sizeof(number));
	}
	return 0;
}

static int read_rows(struct reading *reading, const struct buffer *payload)
{
	struct spool_contents *contents = reading->contents;
	const size_t size = reading->table->row_size;
	size_t start = contents->rows.length;
	int error = 0;

	if (payload->length % size || payload->length / size > READ_ROWS_MAX - contents->row_count)
		error = -EBADMSG;
	if (!error)
		error = buffer_append(&contents->rows, payload->data, payload->length);
	for (size_t at = start; at < contents->rows.length && !error; at += size)
		error = read_row(reading, contents->rows.data + at);
	if (error)
		contents->rows.length = start;
	else
		contents->row_count += payload->length / size;
	return error;
}

static int read_frame(struct reading *reading, const struct journal_reader *frame, bool first)
{
	uint64_t layout;

	if (first != (frame->kind == SPOOL_LAYOUT))
		return -EBADMSG;
	switch (frame->kind) {
	case SPOOL_LAYOUT:
		if (frame->payload.length != sizeof(layout))
			return -EBADMSG;
		memcpy(&layout, frame->payload.data, sizeof(layout));
		reading->contents->foreign = layout != fingerprint(reading->table);
		reading->contents->batch = frame->generation;
		reading->contents->any = true;
		return 0;
	case SPOOL_TEXTS:
		return read_texts(reading, &frame->payload);
	case SPOOL_ROWS:
		return read_rows(reading, &frame->payload);
	default:
		return -EBADMSG;
	}
}

int spool_read(int fd, const struct table *table, struct intern *strings,
	       struct spool_contents *contents)
{
	struct reading reading = { .table = table, .strings = strings, .contents = contents };
	struct journal_reader frames = { .fd = fd };
	int error = 0;

	*contents = (struct spool_contents){ 0 };
	while (!contents->foreign && (error = journal_next(&frames)) > 0) {
		error = read_frame(&reading, &frames, !contents->any);
		if (error)
			break;
	}
	journal_reader_free(&frames);
	buffer_free(&reading.ids);
	return contents->foreign ? 0 : error;
}
