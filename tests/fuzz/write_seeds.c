/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * write_seeds FOLDER: small Parquet files for fuzz_reader to begin with, one per codec and
 * encoding.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parquet/writer.h"

#define ROWS 40

enum { TEXT, NUMBER, TIME, SMALL, FLAG, COLUMNS };

static const struct parquet_column columns[COLUMNS] = {
	[TEXT] = { "text", PARQUET_BYTE_ARRAY, PARQUET_LOGICAL_STRING, PARQUET_PREFER_DICTIONARY,
		   true },
	[NUMBER] = { "number", PARQUET_INT64, PARQUET_LOGICAL_NONE, PARQUET_PREFER_PLAIN, true },
	[TIME] = { "time", PARQUET_INT64, PARQUET_LOGICAL_TIMESTAMP_NS, PARQUET_PREFER_DELTA,
		   false },
	[SMALL] = { "small", PARQUET_INT32, PARQUET_LOGICAL_UINT32, PARQUET_PREFER_DICTIONARY,
		    false },
	[FLAG] = { "flag", PARQUET_BOOLEAN, PARQUET_LOGICAL_NONE, PARQUET_PREFER_RLE, true },
};
static const struct parquet_schema schema = { columns, COLUMNS, NULL, 0 };

static int write_group(struct parquet_writer *writer, struct intern *strings)
{
	uint32_t texts[ROWS], smalls[ROWS];
	uint8_t flags[ROWS], valid[ROWS];
	int64_t numbers[ROWS];
	const void *values[COLUMNS] = { texts, numbers, numbers, smalls, flags };
	int err = parquet_writer_begin_group(writer, ROWS);

	for (size_t i = 0; i < ROWS; i++) {
		char text[16];

		snprintf(text, sizeof(text), "text %zu", i % 11);
		texts[i] = intern_add_text(strings, text);
		numbers[i] = 37 * i;
		smalls[i] = i % 3;
		flags[i] = i % 2;
		valid[i] = i % 5 != 2;
	}
	for (size_t i = 0; i < COLUMNS && !err; i++) {
		const struct parquet_values column = {
			.values = values[i],
			.valid = columns[i].optional ? valid : NULL,
			.count = ROWS,
			.strings = strings,
		};

		err = parquet_writer_column(writer, &column);
	}
	return err ? err : parquet_writer_end_group(writer);
}

static int write_seed(const char *folder, enum parquet_codec codec, uint32_t dictionary_entries)
{
	struct parquet_writer_options options = PARQUET_WRITER_OPTIONS_DEFAULT;
	struct intern *strings = intern_new();
	struct parquet_writer *writer = NULL;
	struct parquet_sink sink = { 0 };
	char path[4096];
	int err;

	snprintf(path, sizeof(path), "%s/codec%d-dictionary%u.parquet", folder, codec,
		 dictionary_entries);
	sink.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	options.codec = codec;
	options.page_rows = 16;
	options.dictionary_entries = dictionary_entries;
	err = sink.fd < 0 || !strings || parquet_writer_open(&writer, &sink, &schema, &options);
	for (int i = 0; i < 2 && !err; i++)
		err = write_group(writer, strings);
	if (!err)
		err = parquet_writer_finish(writer);
	parquet_writer_close(writer);
	intern_free(strings);
	if (sink.fd >= 0)
		close(sink.fd);
	return err;
}

int main(int argc, char **argv)
{
	static const enum parquet_codec codecs[] = { PARQUET_CODEC_NONE, PARQUET_CODEC_ZSTD,
						     PARQUET_CODEC_GZIP, PARQUET_CODEC_LZ4_RAW };
	int err = argc != 2;

	for (size_t i = 0; i < sizeof(codecs) / sizeof(*codecs) && !err; i++) {
		err = write_seed(argv[1], codecs[i], 1000);
		if (!err)
			err = write_seed(argv[1], codecs[i], 1);
	}
	if (err)
		fprintf(stderr, "write_seeds: cannot write seeds to %s\n",
			argc == 2 ? argv[1] : "?");
	return !!err;
}
