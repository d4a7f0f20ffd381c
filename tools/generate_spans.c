/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * generate_spans: writes a made-up but lifelike trace: async_spans, processes, streams, traces.
 *
 *	generate_spans [--spans N] [--seed N] [--fault KIND [--times X]] DIR
 *
 * A service answers requests, several at a time, on 4 threads: each is authorized, makes 1 to 6
 * queries that overlap, each with a connection, fetches its rows and is rendered; some fail, some
 * are retried once, some are cancelled; one in ten leaves a job to itself. Nothing in it is a finding of
 * report. --fault plants one of these, X (1) times as bad as the threshold of report:
 * never_ended, recursion, deep_nesting, retry_storm, long_poll, queueing, serial_fan_out, outlived_parent. The
 * same seed gives the same rows. Rows come as a tracer writes them, as they end.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/intern.h"
#include "base/uuid.h"
#include "tables/async_spans.h"
#include "tables/processes.h"
#include "tables/streams.h"
#include "tables/table_writer.h"

#define START INT64_C(1700000000000000000)
#define US INT64_C(1000)
#define MS INT64_C(1000000)
#define SECOND INT64_C(1000000000)
#define THREADS 4
#define TRACE8 "0123abcd"
#define TRACE_ID TRACE8 "-0000-4000-8000-000000000000"
#define CANCELLED INT32_MIN
#define DEPTH_LIMIT 100000

enum fault {
	FAULT_NONE,
	FAULT_NEVER_ENDED,
	FAULT_RECURSION,
	FAULT_DEEP_NESTING,
	FAULT_RETRY_STORM,
	FAULT_LONG_POLL,
	FAULT_QUEUEING,
	FAULT_SERIAL_FAN_OUT,
	FAULT_OUTLIVED_PARENT,
};

static const char *const fault_names[] = {
	"none",	     "never_ended", "recursion",      "deep_nesting",	 "retry_storm",
	"long_poll", "queueing",    "serial_fan_out", "outlived_parent", NULL,
};

struct options {
	uint64_t spans;
	uint64_t seed;
	enum fault fault;
	double times;
	const char *directory;
};

/* Rows that have not been written: a heap, the one that ends first on top. */
struct waiting {
	struct async_spans_row *rows;
	size_t count;
	size_t room;
};

struct world {
	const struct options *options;
	uint64_t chance;
	struct intern *strings;
	struct table_writer *writer;
	struct waiting waiting;
	uint32_t process;
	uint32_t streams[THREADS];
	int64_t next_id;
	uint64_t made;
	int64_t last_end;
	int error;
};

static uint64_t random64(struct world *world)
{
	uint64_t z = world->chance += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

static int64_t between(struct world *world, int64_t low, int64_t high)
{
	return low + (int64_t)(random64(world) % (uint64_t)(high - low + 1));
}

static bool one_in(struct world *world, uint64_t number)
{
	return random64(world) % number == 0;
}

/* A threshold of report made larger or smaller, rounded down. */
static int64_t scaled(const struct world *world, int64_t threshold)
{
	return (int64_t)((double)threshold * world->options->times);
}

/* Rows */

static int64_t order_of(const struct async_spans_row *row)
{
	return row->nulls & ASYNC_SPANS_NULL_END_TIME ? INT64_MAX : row->end_time;
}

static void take_first(struct waiting *waiting, struct async_spans_row *out)
{
	struct async_spans_row *heap = waiting->rows, last = heap[--waiting->count];
	size_t at = 0;

	*out = heap[0];
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= waiting->count)
			break;
		if (child + 1 < waiting->count &&
		    order_of(&heap[child + 1]) < order_of(&heap[child]))
			child++;
		if (order_of(&last) <= order_of(&heap[child]))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = last;
}

/* All that ended before a time. */
static void write_until(struct world *world, int64_t time)
{
	while (!world->error && world->waiting.count && order_of(&world->waiting.rows[0]) <= time) {
		struct async_spans_row row;

		take_first(&world->waiting, &row);
		world->error = table_writer_append(world->writer, &row);
	}
}

static void add_row(struct world *world, const struct async_spans_row *row)
{
	struct waiting *waiting = &world->waiting;
	size_t at = waiting->count;

	if (at == waiting->room) {
		size_t room = at ? at * 2 : 1024;
		struct async_spans_row *rows = realloc(waiting->rows, room * sizeof(*rows));

		if (!rows) {
			world->error = -ENOMEM;
			return;
		}
		waiting->rows = rows;
		waiting->room = room;
	}
	waiting->count++;
	while (at && order_of(row) < order_of(&waiting->rows[(at - 1) / 2])) {
		waiting->rows[at] = waiting->rows[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	waiting->rows[at] = *row;
}

/* Spans */

struct made {
	int64_t id;
	int64_t root;
	int32_t depth;
	int64_t begin;
};

struct plan {
	const char *name;
	const struct made *parent;
	int64_t begin;
	int64_t end;
	int64_t busy;  /* at most what is left of it beside queue */
	int64_t own;   /* of busy */
	int64_t queue; /* 0: entered at its begin */
	int32_t status;
	bool open;
};

static struct made make(struct world *world, const struct plan *plan)
{
	const struct made *parent = plan->parent;
	struct made made = { .id = world->next_id++, .begin = plan->begin };
	unsigned int thread = (unsigned int)(random64(world) % THREADS);
	int64_t wall = plan->end - plan->begin, most = wall - plan->queue;
	int64_t busy = plan->busy < most ? plan->busy : most;
	uint32_t polls = (uint32_t)(1 + random64(world) % 3);
	const char *outcome = plan->status == CANCELLED ? "cancelled" :
			      plan->status		? "error" :
							  "ok";
	struct async_spans_row row = { .nulls = ASYNC_SPANS_NULL_OFF_CPU_NS };

	made.root = parent ? parent->root : made.id;
	made.depth = parent ? parent->depth + 1 : 0;
	row.process_id = world->process;
	row.span_id = made.id;
	row.parent_span_id = parent ? parent->id : 0;
	row.root_span_id = made.root;
	row.depth = made.depth;
	row.name = intern_add_text(world->strings, plan->name);
	row.hash = row.name;
	row.target = intern_add_text(world->strings, parent ? "database" : "service");
	row.filename = intern_add_text(world->strings, "src/service.c");
	row.line = (int32_t)row.name + 10;
	row.begin_time = START + plan->begin;
	row.end_time = START + plan->end;
	row.duration_ns = wall;
	row.busy_ns = busy;
	row.busy_self_ns = plan->own < busy ? plan->own : busy;
	row.queue_ns = plan->queue;
	row.polls = (int32_t)polls;
	row.max_poll_ns = busy;
	row.status = plan->status;
	row.outcome = intern_add_text(world->strings, plan->open ? "unfinished" : outcome);
	row.end_reason = intern_add_text(world->strings, plan->open ? "open" : "end");
	row.last_event_time = START + (plan->open ? plan->begin + busy : plan->end);
	row.state = intern_add_text(world->strings, plan->open ? "suspended" : "ended");
	row.begin_stream_id = row.end_stream_id = world->streams[thread];
	row.begin_tid = 4000 + (int32_t)thread;
	row.end_tid = plan->open ? 0 : row.begin_tid;
	if (plan->open)
		row.nulls |= ASYNC_SPANS_NULL_UNFINISHED;
	if (plan->end > world->last_end)
		world->last_end = plan->end;
	world->made++;
	add_row(world, &row);
	return made;
}

/* The service */

static int64_t query(struct world *world, const struct made *request, int64_t begin, int32_t status)
{
	int64_t end = begin + between(world, 300 * US, 4 * MS);
	struct made made = make(world, &(struct plan){ .name = "query",
						       .parent = request,
						       .begin = begin,
						       .end = end,
						       .busy = between(world, 20 * US, 90 * US),
						       .own = 15 * US,
						       .status = status });

	make(world, &(struct plan){ .name = "connect",
				    .parent = &made,
				    .begin = begin + 2 * US,
				    .end = begin + between(world, 10 * US, 60 * US),
				    .busy = 5 * US,
				    .own = 5 * US });
	make(world, &(struct plan){ .name = "fetch",
				    .parent = &made,
				    .begin = begin + 100 * US,
				    .end = end - between(world, 1 * US, 50 * US),
				    .busy = 12 * US,
				    .own = 12 * US,
				    .status = status });
	return end;
}

static int64_t queries(struct world *world, const struct made *request, int64_t begin)
{
	int64_t count = between(world, 1, 6), last = begin;

	if (one_in(world, 20))
		last = begin = query(world, request, begin, 5); /* fails, is tried again */
	for (int64_t i = 0; i < count; i++) {
		int64_t end = query(world, request, begin + i * 10 * US, 0);

		last = end > last ? end : last;
	}
	return last;
}

static const char *path_of_request(struct world *world)
{
	static const char *const paths[] = { "GET /users", "GET /orders", "POST /orders",
					     "GET /search", "GET /health" };

	return paths[random64(world) % 5];
}

static int64_t request(struct world *world, int64_t begin)
{
	/* The id comes first, the row when the end is known. */
	struct made made = { .id = world->next_id++, .begin = begin };
	int64_t saved, end;
	int32_t status = one_in(world, 50) ? CANCELLED : one_in(world, 30) ? 500 : 0;

	made.root = made.id;
	make(world, &(struct plan){ .name = "authorize",
				    .parent = &made,
				    .begin = begin + US,
				    .end = begin + between(world, 3 * US, 30 * US),
				    .busy = MS,
				    .own = MS });
	end = queries(world, &made, begin + 40 * US) + 5 * US;
	make(world, &(struct plan){ .name = "render",
				    .parent = &made,
				    .begin = end,
				    .end = end + between(world, 200 * US, 900 * US),
				    .busy = between(world, 100 * US, 190 * US),
				    .own = 100 * US,
				    .queue = between(world, 1 * US, 10 * US) });
	end += MS;
	if (one_in(world, 10))
		make(world, &(struct plan){ .name = "write_log",
					    .parent = &made,
					    .begin = end - 10 * US,
					    .end = end + between(world, 500 * US, 3 * MS),
					    .busy = 90 * US,
					    .own = 90 * US,
					    .queue = between(world, 5 * US, 50 * US) });
	saved = world->next_id;
	world->next_id = made.id;
	make(world, &(struct plan){ .name = path_of_request(world),
				    .begin = begin,
				    .end = end,
				    .busy = 300 * US,
				    .own = 60 * US,
				    .status = status });
	world->next_id = saved;
	return end;
}

/* Faults */

static struct made parent_of(struct world *world, int64_t begin, int64_t end)
{
	return make(world, &(struct plan){ .name = "faulty",
					   .begin = begin,
					   .end = end,
					   .busy = 10 * US,
					   .own = 10 * US });
}

/* A chain of spans, each the parent of the next. */
static void nest(struct world *world, int64_t begin, int64_t count, const char *const *names,
		 size_t name_count)
{
	int64_t end = begin + (count + 1) * 2 * US;
	struct made parent = parent_of(world, begin, end);

	for (int64_t i = 0; i < count && i < DEPTH_LIMIT; i++)
		parent = make(world, &(struct plan){ .name = names[(size_t)i % name_count],
						     .parent = &parent,
						     .begin = begin + (i + 1) * US,
						     .end = end - (i + 1) * US,
						     .busy = 2 * US,
						     .own = US });
}

static void fan_out(struct world *world, int64_t begin, int64_t count, int32_t status)
{
	struct made parent = parent_of(world, begin, begin + (count + 1) * MS);

	for (int64_t i = 0; i < count; i++)
		make(world, &(struct plan){ .name = "attempt",
					    .parent = &parent,
					    .begin = begin + i * MS + 10 * US,
					    .end = begin + (i + 1) * MS,
					    .busy = 50 * US,
					    .own = 50 * US,
					    .status = i + 1 < count ? status : 0 });
}

static void plant(struct world *world, int64_t begin)
{
	static const char *const cycle[] = { "resolve", "follow" };
	struct made parent;
	char names[1000][8];
	const char *distinct[1000];

	switch (world->options->fault) {
	case FAULT_NONE:
	case FAULT_NEVER_ENDED: /* begun when the end of the trace is known: see make_trace() */
		return;
	case FAULT_RECURSION:
		nest(world, begin, 2 * scaled(world, 3) + 1, cycle, 2);
		return;
	case FAULT_DEEP_NESTING:
		for (size_t i = 0; i < 1000; i++) {
			snprintf(names[i], sizeof(names[i]), "l%zu", i);
			distinct[i] = names[i];
		}
		nest(world, begin, scaled(world, 64), distinct, 1000);
		return;
	case FAULT_RETRY_STORM:
		fan_out(world, begin, scaled(world, 5), 5);
		return;
	case FAULT_SERIAL_FAN_OUT:
		fan_out(world, begin, scaled(world, 10), 0);
		return;
	case FAULT_LONG_POLL:
		make(world, &(struct plan){ .name = "blocking",
					    .begin = begin,
					    .end = begin + scaled(world, 10 * MS) + MS,
					    .busy = scaled(world, 10 * MS),
					    .own = scaled(world, 10 * MS) });
		return;
	case FAULT_QUEUEING:
		for (int64_t i = 0; i < 100; i++)
			make(world, &(struct plan){ .name = "pool_job",
						    .begin = begin,
						    .end = begin + scaled(world, 10 * MS) + MS,
						    .queue = scaled(world, 10 * MS),
						    .busy = 500 * US,
						    .own = 500 * US });
		return;
	case FAULT_OUTLIVED_PARENT:
		parent = parent_of(world, begin, begin + MS);
		if (world->options->times >= 1)
			make(world, &(struct plan){ .name = "left_behind",
						    .parent = &parent,
						    .begin = begin + 10 * US,
						    .end = begin + MS + scaled(world, MS),
						    .busy = 20 * US,
						    .own = 20 * US });
		return;
	}
}

static void make_trace(struct world *world)
{
	int64_t now = MS, end;

	plant(world, now);
	while (world->made < world->options->spans && !world->error) {
		request(world, now);
		now += between(world, 100 * US, 900 * US);
		write_until(world, START + now);
	}
	end = world->last_end + 5 * MS;
	if (world->options->fault == FAULT_NEVER_ENDED) {
		int64_t age = scaled(world, SECOND);

		/* A trace that is long enough for the age. */
		if (end < age + MS)
			end = age + MS;
		make(world, &(struct plan){ .name = "leaked",
					    .begin = end - age,
					    .end = end,
					    .busy = 10 * US,
					    .own = 10 * US,
					    .open = true });
	}
	world->last_end = end;
	write_until(world, INT64_MAX);
}

/* The other tables */

static int open_writer(struct world *world, const struct table *table, struct table_writer **writer)
{
	struct table_writer_options options = TABLE_WRITER_OPTIONS_DEFAULT;

	options.directory = world->options->directory;
	options.trace8 = TRACE8;
	return table_writer_open(writer, table, world->strings, &options);
}

static int write_rows(struct world *world, const struct table *table, const void *rows,
		      size_t count)
{
	struct table_writer *writer;
	int error = open_writer(world, table, &writer), closed;

	if (error)
		return error;
	error = table_writer_rewrite(writer, rows, count);
	closed = table_writer_close(writer);
	return error ? error : closed;
}

static int write_process(struct world *world)
{
	struct processes_row row = {
		.nulls = PROCESSES_NULL_PARENT_PROCESS_ID | PROCESSES_NULL_END_TIME |
			 PROCESSES_NULL_EXIT_STATUS | PROCESSES_NULL_EXIT_SIGNAL,
		.process_id = world->process,
		.pid = 4000,
		.ppid = 1,
		.exe = intern_add_text(world->strings, "/usr/bin/service"),
		.start_time = START,
		.updated = START + world->last_end,
	};

	return write_rows(world, &processes_table, &row, 1);
}

static int write_streams(struct world *world)
{
	struct streams_row rows[THREADS];

	for (int i = 0; i < THREADS; i++)
		rows[i] = (struct streams_row){
			.stream_id = world->streams[i],
			.process_id = world->process,
			.tid = 4000 + i,
			.thread_name = intern_add_text(world->strings, i ? "worker" : "service"),
			.start_time = START,
			.updated = START,
		};
	return write_rows(world, &streams_table, rows, THREADS);
}

static int write_information(const struct world *world)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/traces", world->options->directory);
	if (mkdir(path, 0750) && errno != EEXIST)
		return -errno;
	snprintf(path, sizeof(path), "%s/traces/" TRACE_ID ".json", world->options->directory);
	file = fopen(path, "w");
	if (!file)
		return -errno;
	fprintf(file,
		"{\"trace_id\": \"" TRACE_ID "\", \"complete\": true, \"start_time_ns\": %" PRId64
		", \"end_time_ns\": %" PRId64 ", \"events\": %" PRIu64 ", \"counters\": [{\"name\":"
		" \"unrecorded\", \"kind\": \"loss\", \"value\": 0, \"meaning\": \"none\"}]}\n",
		START, START + world->last_end, 2 * world->made);
	return fclose(file) ? -errno : 0;
}

static void make_texts(struct world *world)
{
	char process[UUID_TEXT_SIZE], stream[UUID_TEXT_SIZE];
	uint64_t key = world->options->seed;

	uuid_text_v5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", &key, sizeof(key), process);
	world->process = intern_add_text(world->strings, process);
	for (int i = 0; i < THREADS; i++) {
		uuid_text_v5(process, &i, sizeof(i), stream);
		world->streams[i] = intern_add_text(world->strings, stream);
	}
}

static int write_world(struct world *world)
{
	int error, closed;

	if (mkdir(world->options->directory, 0750) && errno != EEXIST)
		return -errno;
	error = open_writer(world, &async_spans_table, &world->writer);
	if (error)
		return error;
	make_texts(world);
	make_trace(world);
	closed = table_writer_close(world->writer);
	error = world->error ? world->error : closed;
	if (!error)
		error = write_process(world);
	if (!error)
		error = write_streams(world);
	return error ? error : write_information(world);
}

static bool parse_fault(const char *text, enum fault *fault)
{
	for (int i = 0; fault_names[i]; i++) {
		*fault = (enum fault)i;
		if (strcmp(text, fault_names[i]) == 0)
			return true;
	}
	return false;
}

static bool parse_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
		{ "spans", required_argument, NULL, 'n' },
		{ "seed", required_argument, NULL, 's' },
		{ "fault", required_argument, NULL, 'f' },
		{ "times", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	bool ok = true;
	int option;

	while (ok && (option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
		char *end = NULL;

		errno = 0;
		if (option == 'n')
			options->spans = strtoull(optarg, &end, 10);
		else if (option == 's')
			options->seed = strtoull(optarg, &end, 10);
		else if (option == 't')
			options->times = strtod(optarg, &end);
		else if (option == 'f')
			ok = parse_fault(optarg, &options->fault);
		else
			ok = false;
		ok = ok && !errno && (!end || (end != optarg && !*end));
	}
	options->directory = argv[optind];
	return ok && optind == argc - 1 && options->times > 0 && options->times <= 100;
}

int main(int argc, char **argv)
{
	struct options options = { .spans = 10000, .times = 1 };
	struct world world = { .options = &options, .next_id = 1 };
	int error;

	if (!parse_options(argc, argv, &options)) {
		fprintf(stderr, "usage: %s [--spans N] [--seed N] [--fault KIND [--times X]] DIR\n",
			argv[0]);
		return 2;
	}
	world.chance = options.seed;
	world.strings = intern_new();
	error = world.strings ? write_world(&world) : -ENOMEM;
	intern_free(world.strings);
	free(world.waiting.rows);
	if (error) {
		fprintf(stderr, "generate_spans: %s: %s\n", options.directory, strerror(-error));
		return 1;
	}
	printf("%" PRIu64 " spans\n", world.made);
	return 0;
}
