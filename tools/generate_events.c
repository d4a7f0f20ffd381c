/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * generate_events: writes a made-up but lifelike table async_events, and says how fast and how
 * small.
 *
 *	generate_events [--events N] [--seed N] [--codec zstd|lz4_raw|gzip|none] [--level N]
 *			[--objects N] [--json] DIR
 *
 * The rows are those of a tracer under load: 4 processes of 4 threads, an event every microsecond
 * on average (exponentially distributed, uneven over the threads), 125 tasks in turn on each
 * thread, spans nested up to 8 deep, one event in a hundred delivered up to 5 microseconds late. 50
 * call sites, chosen by Zipf's law with s = 1, each with a name, file and line of its own, in 8
 * modules. Ids as include/asyncspan.h makes them: every object of a process (--objects, 2) counts
 * from a random point, every thread takes blocks of 1,024 of it. The same seed gives the same rows.
 *
 * Making rows is not part of the time: rows per second are those of the table writer alone, from
 * the first append to the close, fsync included, in time by the clock and in time of the processor.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/intern.h"
#include "base/uuid.h"
#include "parquet/codec.h"
#include "parquet/reader.h"
#include "tables/async_events.h"
#include "tables/callsite_hash.h"
#include "tables/table_writer.h"

#define PROCESSES 4
#define THREADS 4 /* of each process */
#define STREAMS (PROCESSES * THREADS)
#define TASKS 125 /* of each thread */
#define DEPTH_MAX 8
#define OBJECTS_MAX 8
#define CALLSITES 50
#define TARGETS 8
#define ID_BLOCK 1024
#define MEAN_GAP_NS 1000
#define LATE_NS 5000
#define LOT 4096 /* rows made at a time */
#define TRACE8 "0123abcd"

struct options {
	uint64_t events;
	uint64_t seed;
	enum parquet_codec codec;
	int level;
	unsigned int objects;
	bool json;
	const char *directory;
};

/* Chance: xoshiro256** seeded by splitmix64, so that a seed means the same rows everywhere. */

static uint64_t state[4];

static uint64_t rotate(uint64_t value, int by)
{
	return value << by | value >> (64 - by);
}

static uint64_t random64(void)
{
	uint64_t result = rotate(state[1] * 5, 7) * 9, shifted = state[1] << 17;

	state[2] ^= state[0];
	state[3] ^= state[1];
	state[1] ^= state[2];
	state[0] ^= state[3];
	state[2] ^= shifted;
	state[3] = rotate(state[3], 45);
	return result;
}

static void seed_random(uint64_t seed)
{
	for (int i = 0; i < 4; i++) {
		uint64_t z = seed += UINT64_C(0x9E3779B97F4A7C15);

		z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
		z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
		state[i] = z ^ z >> 31;
	}
}

/* In [0, 1) */
static double random_fraction(void)
{
	return (random64() >> 11) * 0x1p-53;
}

static uint32_t random_below(uint32_t limit)
{
	return (random64() >> 32) * limit >> 32;
}

/* Exponentially distributed with mean 1, by von Neumann's comparisons: no logarithm is needed. */
static double random_exponential(void)
{
	for (double whole = 0;; whole++) {
		double first = random_fraction(), before = first, next;
		unsigned int falling = 1;

		while ((next = random_fraction()) < before) {
			before = next;
			falling++;
		}
		if (falling % 2)
			return whole + first;
	}
}

/* An index with chances proportional to the weights, given as running sums. */
static unsigned int random_weighted(const double *sums, unsigned int count)
{
	double at = random_fraction() * sums[count - 1];
	unsigned int i = 0;

	while (sums[i] <= at && i < count - 1)
		i++;
	return i;
}

/* The traced world */

struct callsite {
	uint32_t name, filename, target, line, hash;
	unsigned int object;
};

struct open_span {
	int64_t id;
	int64_t begin;
	const struct callsite *callsite;
};

struct task {
	unsigned int depth; /* open spans */
	struct open_span spans[DEPTH_MAX];
};

struct process {
	uint32_t id;
	int64_t next_block[OBJECTS_MAX];
};

struct thread {
	struct process *process;
	uint32_t stream;
	int32_t tid;
	int32_t cpu;
	unsigned int task; /* that runs now */
	struct task tasks[TASKS];
	int64_t next_id[OBJECTS_MAX]; /* a multiple of ID_BLOCK: none left */
};

struct world {
	struct intern *strings;
	struct callsite callsites[CALLSITES];
	double callsite_sums[CALLSITES];
	struct process processes[PROCESSES];
	struct thread threads[STREAMS];
	double thread_sums[STREAMS];
	uint32_t begin, end; /* event types */
	int64_t now;
};

static void make_callsites(struct world *world, unsigned int objects)
{
	double sum = 0;

	for (unsigned int i = 0; i < CALLSITES; i++) {
		struct callsite *c = &world->callsites[i];
		char name[64], filename[64], target[64];
		unsigned int module = i % TARGETS;

		snprintf(name, sizeof(name), "operation_%u_of_module_%u", i, module);
		snprintf(filename, sizeof(filename), "src/module_%u/operation_%u.c", module, i);
		snprintf(target, sizeof(target), "module_%u", module);
		c->name = intern_add_text(world->strings, name);
		c->filename = intern_add_text(world->strings, filename);
		c->target = intern_add_text(world->strings, target);
		c->line = 10 + random_below(2000);
		c->hash = callsite_hash(name, strlen(name), filename, strlen(filename), target,
					strlen(target), c->line);
		/* One module in four lies in another object than the program. */
		c->object = module % 4 == 3 ? 1 + module / 4 : 0;
		c->object %= objects;
		sum += 1.0 / (i + 1);
		world->callsite_sums[i] = sum;
	}
}

static void make_threads(struct world *world)
{
	double sum = 0;
	char process[UUID_TEXT_SIZE], stream[UUID_TEXT_SIZE];
	uint64_t seed = random64();

	for (unsigned int i = 0; i < STREAMS; i++) {
		struct thread *thread = &world->threads[i];
		unsigned int p = i / THREADS;
		uint64_t key[2] = { seed, p };

		thread->process = &world->processes[p];
		thread->tid = 4000 + 100 * p + i % THREADS;
		thread->cpu = random_below(STREAMS);
		uuid_text_v5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", key, sizeof(key), process);
		uuid_text_v5(process, &thread->tid, sizeof(thread->tid), stream);
		thread->process->id = intern_add_text(world->strings, process);
		thread->stream = intern_add_text(world->strings, stream);
		sum += 1.0 / (i + 4);
		world->thread_sums[i] = sum;
	}
	for (unsigned int p = 0; p < PROCESSES; p++)
		for (unsigned int o = 0; o < OBJECTS_MAX; o++)
			world->processes[p].next_block[o] = ((random64() >> 2) | ID_BLOCK) &
							    -(uint64_t)ID_BLOCK;
}

static struct world *make_world(const struct options *options)
{
	struct world *world = calloc(1, sizeof(*world));

	if (!world)
		return NULL;
	world->strings = intern_new();
	if (!world->strings) {
		free(world);
		return NULL;
	}
	seed_random(options->seed);
	world->now = INT64_C(1700000000000000000);
	world->begin = intern_add_text(world->strings, "begin");
	world->end = intern_add_text(world->strings, "end");
	make_callsites(world, options->objects);
	make_threads(world);
	return world;
}

static int64_t next_id(struct thread *thread, unsigned int object)
{
	if (thread->next_id[object] % ID_BLOCK == 0) {
		thread->next_id[object] = thread->process->next_block[object];
		thread->process->next_block[object] += ID_BLOCK;
	}
	return thread->next_id[object]++;
}

static void begin_span(struct world *world, struct thread *thread, struct task *task,
		       struct async_events_row *row)
{
	const struct callsite *callsite =
		&world->callsites[random_weighted(world->callsite_sums, CALLSITES)];
	struct open_span *span = &task->spans[task->depth];

	span->callsite = callsite;
	span->id = next_id(thread, callsite->object);
	span->begin = row->time;
	row->event_type = world->begin;
}

static void fill_row(const struct thread *thread, const struct task *task,
		     struct async_events_row *row)
{
	const struct open_span *span = &task->spans[task->depth];

	row->span_id = span->id;
	row->parent_span_id = task->depth ? task->spans[task->depth - 1].id : 0;
	row->depth = task->depth;
	row->hash = span->callsite->hash;
	row->name = span->callsite->name;
	row->filename = span->callsite->filename;
	row->target = span->callsite->target;
	row->line = span->callsite->line;
	row->stream_id = thread->stream;
	row->process_id = thread->process->id;
	row->tid = thread->tid;
	row->cpu = thread->cpu;
}

static void make_row(struct world *world, struct async_events_row *row)
{
	struct thread *thread = &world->threads[random_weighted(world->thread_sums, STREAMS)];
	struct task *task;

	world->now += (int64_t)(MEAN_GAP_NS * random_exponential());
	if (random_below(1000) == 0)
		thread->cpu = random_below(STREAMS);
	if (random_below(100) < 15)
		thread->task = random_below(TASKS);
	task = &thread->tasks[thread->task];
	row->block_id = 0;
	row->time = world->now - (random_below(100) == 0 ? random_below(LATE_NS) : 0);
	/* The deeper, the sooner back. */
	if (random_below(DEPTH_MAX) >= task->depth && task->depth < DEPTH_MAX) {
		begin_span(world, thread, task, row);
		fill_row(thread, task, row);
		task->depth++;
	} else {
		task->depth--;
		if (row->time < task->spans[task->depth].begin)
			row->time = task->spans[task->depth].begin;
		row->event_type = world->end;
		fill_row(thread, task, row);
	}
}

/* Measuring */

struct result {
	double wall_seconds;
	double processor_seconds;
	struct table_writer_stats stats;
	uint64_t column_bytes[ASYNC_EVENTS_COLUMNS];
};

static double seconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

static void begin_measuring(struct result *result)
{
	result->wall_seconds -= seconds(CLOCK_MONOTONIC);
	result->processor_seconds -= seconds(CLOCK_THREAD_CPUTIME_ID);
}

static void end_measuring(struct result *result)
{
	result->wall_seconds += seconds(CLOCK_MONOTONIC);
	result->processor_seconds += seconds(CLOCK_THREAD_CPUTIME_ID);
}

static int write_rows(struct table_writer *writer, struct world *world, uint64_t events,
		      struct result *result)
{
	struct async_events_row *rows = calloc(LOT, sizeof(*rows));
	int err = rows ? 0 : -ENOMEM;

	while (events && !err) {
		size_t count = events < LOT ? events : LOT;

		for (size_t i = 0; i < count; i++)
			make_row(world, &rows[i]);
		begin_measuring(result);
		for (size_t i = 0; i < count && !err; i++)
			err = table_writer_append(writer, &rows[i]);
		end_measuring(result);
		events -= count;
	}
	free(rows);
	return err;
}

static int write_table(const struct options *options, struct world *world, struct result *result)
{
	struct table_writer_options writer_options = TABLE_WRITER_OPTIONS_DEFAULT;
	struct table_writer *writer;
	int err;

	writer_options.directory = options->directory;
	writer_options.trace8 = TRACE8;
	writer_options.codec = options->codec;
	writer_options.level = options->level;
	err = table_writer_open(&writer, &async_events_table, world->strings, &writer_options);
	if (err)
		return err;
	err = write_rows(writer, world, options->events, result);
	begin_measuring(result);
	if (!err)
		err = table_writer_finish(writer);
	end_measuring(result);
	result->stats = *table_writer_stats(writer);
	table_writer_close(writer);
	return err;
}

static int add_column_bytes(int fd, struct result *result)
{
	struct parquet_reader *reader;
	const char *why;
	size_t rows;
	int err = parquet_reader_open(&reader, fd, &why);

	if (err)
		return err;
	while ((err = parquet_reader_next_group(reader, &rows, &why)) > 0)
		for (size_t i = 0; i < ASYNC_EVENTS_COLUMNS; i++)
			result->column_bytes[i] += parquet_reader_column_size(reader, i);
	parquet_reader_close(reader);
	return err;
}

/* What each column takes, from the footers of the parts. */
static int sum_columns(const struct options *options, struct result *result)
{
	int err = 0;

	for (unsigned int i = 0; i < result->stats.files && !err; i++) {
		char path[4096];
		int fd;

		snprintf(path, sizeof(path), "%s/async_events/%s-%06u.parquet", options->directory,
			 TRACE8, i);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		err = add_column_bytes(fd, result);
		close(fd);
	}
	return err;
}

static void print_text(const struct result *result)
{
	double rows = result->stats.rows;

	printf("%.0f rows in %llu row groups, %llu bytes\n", rows,
	       (unsigned long long)result->stats.row_groups,
	       (unsigned long long)result->stats.bytes);
	printf("%.2f million rows/s by the clock, %.2f million rows/s of processor time\n",
	       rows / result->wall_seconds / 1e6, rows / result->processor_seconds / 1e6);
	printf("%.3f bytes/event\n", result->stats.bytes / rows);
	for (size_t i = 0; i < ASYNC_EVENTS_COLUMNS; i++)
		printf("  %-16s %8.4f  %5.1f %%\n", async_events_table.columns[i].name,
		       result->column_bytes[i] / rows,
		       100.0 * result->column_bytes[i] / result->stats.bytes);
}

static void print_json(const struct result *result)
{
	double rows = result->stats.rows;

	printf("{\"rows\": %.0f, \"bytes\": %llu, \"wall_seconds\": %.6f, "
	       "\"processor_seconds\": %.6f, \"rows_per_second\": %.0f, "
	       "\"rows_per_processor_second\": %.0f, \"bytes_per_event\": %.4f, "
	       "\"column_bytes\": {",
	       rows, (unsigned long long)result->stats.bytes, result->wall_seconds,
	       result->processor_seconds, rows / result->wall_seconds,
	       rows / result->processor_seconds, result->stats.bytes / rows);
	for (size_t i = 0; i < ASYNC_EVENTS_COLUMNS; i++)
		printf("%s\"%s\": %llu", i ? ", " : "", async_events_table.columns[i].name,
		       (unsigned long long)result->column_bytes[i]);
	printf("}}\n");
}

static int usage(const char *program)
{
	fprintf(stderr,
		"usage: %s [--events N] [--seed N] [--codec zstd|lz4_raw|gzip|none] [--level N] "
		"[--objects N] [--json] DIR\n",
		program);
	return 2;
}

static bool parse_number(const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	return !errno && end != text && !*end && *value >= least && *value <= most;
}

static bool parse_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "events", required_argument, NULL, 'e' },
		{ "seed", required_argument, NULL, 's' },
		{ "codec", required_argument, NULL, 'c' },
		{ "level", required_argument, NULL, 'l' },
		{ "objects", required_argument, NULL, 'o' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t number;
	bool ok = true;
	int option;

	while (ok && (option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		switch (option) {
		case 'e':
			ok = parse_number(optarg, 1, UINT64_C(1) << 40, &options->events);
			break;
		case 's':
			ok = parse_number(optarg, 0, UINT64_MAX, &options->seed);
			break;
		case 'l':
			ok = parse_number(optarg, 1, 22, &number);
			options->level = number;
			break;
		case 'o':
			ok = parse_number(optarg, 1, OBJECTS_MAX, &number);
			options->objects = number;
			break;
		case 'c':
			ok = codec_find(optarg, &options->codec);
			break;
		case 'j':
			options->json = true;
			break;
		default:
			ok = false;
		}
	}
	options->directory = argv[optind];
	return ok && optind + 1 == argc;
}

int main(int argc, char **argv)
{
	struct options options = {
		.events = 10000000,
		.seed = 1,
		.codec = PARQUET_CODEC_ZSTD,
		.level = 1,
		.objects = 2,
	};
	struct result result = { 0 };
	struct world *world;
	int err;

	if (!parse_options(argc, argv, &options))
		return usage(argv[0]);
	world = make_world(&options);
	if (!world) {
		fprintf(stderr, "%s: out of memory\n", argv[0]);
		return 1;
	}
	err = write_table(&options, world, &result);
	if (!err)
		err = sum_columns(&options, &result);
	intern_free(world->strings);
	free(world);
	if (err) {
		fprintf(stderr, "%s: %s: %s\n", argv[0], options.directory, strerror(-err));
		return 1;
	}
	if (options.json)
		print_json(&result);
	else
		print_text(&result);
	return 0;
}
