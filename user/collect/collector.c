// SPDX-License-Identifier: BSD-2-Clause
#include "collect/collector.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#define POLL_MS 10
#define RECORDS_AT_ONCE 65536
#define END_ATTEMPTS 1000
#define END_PAUSE_US 1000
#define SWEEP_AGAIN UINT64_MAX		   /* as a counter's value: differs from every real one */
#define SWEEP_INTERVAL UINT64_C(100000000) /* ns between sweeps of the span table */
#define TICK_INTERVAL UINT64_C(200000000)  /* ns between looks at what else there is to do */

enum collector_phase {
	COLLECTOR_RUNNING,
	COLLECTOR_FINISH,
	COLLECTOR_DISCARD,
};

struct collector {
	struct collector_options options;
	struct rows *rows;
	struct ring_buffer *ring;
	pthread_t thread;
	bool joined;
	pthread_mutex_t lock;
	pthread_cond_t started;
	int start_error; /* 1: not known yet */
	int phase;	 /* enum collector_phase; atomic */
	int stopped;	 /* the thread is about to end; atomic */
	int ended;	 /* processes ended since the last sweep; atomic */
	uint64_t budget; /* records that may still be taken at once */
	uint64_t until;
	bool drained;	   /* of all that was in the ring when processes were looked at */
	uint64_t deferred; /* value of the counter at the last sweep */
	uint64_t last_sweep, last_tick;
	int finish_error;
};

static int phase_of(const struct collector *collector)
{
	return __atomic_load_n(&collector->phase, __ATOMIC_RELAXED);
}

static int on_record(void *context, void *record, size_t size)
{
	struct collector *collector = context;

	if (phase_of(collector) == COLLECTOR_DISCARD)
		return -ECANCELED;
	rows_record(collector->rows, record, size);
	if (!--collector->budget)
		return -EAGAIN;
	/* Positions are shown to the kernel, and to us, record by record. */
	return programs_ring_consumed(collector->options.rows.programs) < collector->until ?
		       0 :
		       -EAGAIN;
}

#define CAPABILITY_BIT(number) (1ULL << (number))

/*
 * Root's own right to write where it may not look stays with root alone. Table look-ups by
 * descriptor are free to anybody on most kernels; where they are not, CAP_BPF stays.
 */
static int drop_rights(const struct collector_options *options)
{
	unsigned long long keep = 0, bpf = CAPABILITY_BIT(CAP_BPF);
	struct record_image image;
	int error;

	if (!options->user->other)
		keep = CAPABILITY_BIT(CAP_DAC_OVERRIDE);
	error = user_become_in_thread(options->user);
	if (!error)
		error = user_limit_thread(keep | bpf, keep);
	if (error)
		return error;
	if (programs_image(options->rows.programs, 0, &image) == -EPERM)
		keep |= bpf;
	return user_limit_thread(keep, keep);
}

static bool visit_span(const struct model_span *span, void *data)
{
	struct collector *collector = data;
	const struct registry_process *process;

	if (span->state == MODEL_ENDED) {
		if (!(span->flags & MODEL_END_UNSENT))
			return false; /* its record is on the way */
		if (!rows_ready(collector->rows, span)) {
			collector->deferred = SWEEP_AGAIN;
			return false;
		}
		rows_end(collector->rows, span);
		return true;
	}
	process = registry_process(collector->options.rows.registry, span->key.process);
	if (!process || !process->over || !collector->drained)
		return false;
	rows_unfinished(collector->rows, span);
	return true;
}

static void mark_swept(struct registry_process *process, void *data)
{
	(void)data;
	if (process->over)
		process->swept = true;
}

/*
 * Takes what is in the ring, not more than `most` records and not beyond `until`: a program that
 * is faster than we are must not keep us from the sweeps that make room for its spans.
 */
static void drain(struct collector *collector, uint64_t most, uint64_t until)
{
	collector->budget = most;
	collector->until = until;
	ring_buffer__consume(collector->ring);
}

static void sweep(struct collector *collector)
{
	const struct programs *programs = collector->options.rows.programs;
	unsigned int ended;
	uint64_t produced;

	__atomic_store_n(&collector->ended, 0, __ATOMIC_RELAXED);
	collector->deferred = programs_counter(programs, MODEL_DEFERRED);
	ended = registry_refresh(collector->options.rows.registry);
	/* What a process sent before it ended comes before what it left open. */
	produced = programs_ring_produced(programs);
	drain(collector, UINT64_MAX, produced);
	collector->drained = programs_ring_consumed(programs) >= produced;
	programs_sweep(programs, visit_span, collector);
	if (ended && collector->drained) {
		registry_each(collector->options.rows.registry, mark_swept, NULL);
		rows_forget(collector->rows);
	} else if (ended) {
		collector_process_ended(collector); /* once more, soon */
	}
	collector->last_sweep = trace_now();
}

static void sweep_if_due(struct collector *collector)
{
	const struct programs *programs = collector->options.rows.programs;
	bool due = __atomic_load_n(&collector->ended, __ATOMIC_RELAXED) ||
		   programs_counter(programs, MODEL_DEFERRED) != collector->deferred;

	if (due && trace_now() - collector->last_sweep >= SWEEP_INTERVAL)
		sweep(collector);
}

static bool visit_at_end(const struct model_span *span, void *data)
{
	struct collector *collector = data;

	if (span->state != MODEL_ENDED)
		rows_unfinished(collector->rows, span);
	else if (span->flags & MODEL_END_UNSENT)
		rows_end(collector->rows, span);
	return true;
}

/*
 * No probe is attached any more, but a program may have been interrupted while it wrote a record,
 * and the records behind it wait.
 */
static void drain_to_the_end(struct collector *collector)
{
	const struct programs *programs = collector->options.rows.programs;
	uint64_t produced = programs_ring_produced(programs);
	int attempts;

	for (attempts = 0; attempts < END_ATTEMPTS; attempts++) {
		drain(collector, UINT64_MAX, UINT64_MAX);
		if (programs_ring_consumed(programs) >= produced ||
		    phase_of(collector) == COLLECTOR_DISCARD)
			break;
		usleep(END_PAUSE_US);
	}
}

static int finish(struct collector *collector)
{
	struct rows_stats stats;
	int error, file_error;

	registry_refresh(collector->options.rows.registry);
	drain_to_the_end(collector);
	programs_sweep(collector->options.rows.programs, visit_at_end, collector);
	error = rows_finish(collector->rows);
	stats = rows_stats(collector->rows);
	file_error = trace_file_write(collector->options.file, &stats);
	return error ? error : file_error;
}

static void report_start(struct collector *collector, int error)
{
	pthread_mutex_lock(&collector->lock);
	collector->start_error = error;
	pthread_cond_signal(&collector->started);
	pthread_mutex_unlock(&collector->lock);
}

static int prepare(struct collector *collector)
{
	const struct programs *programs = collector->options.rows.programs;
	int error = drop_rights(&collector->options);

	if (error)
		return error;
	error = trace_file_write(collector->options.file, NULL);
	if (!error)
		error = rows_open(&collector->rows, &collector->options.rows);
	if (error)
		return error;
	collector->ring =
		ring_buffer__new(programs_events_fd(programs), on_record, collector, NULL);
	return collector->ring ? 0 : -errno;
}

static void *run(void *data)
{
	struct collector *collector = data;
	int error = prepare(collector);
	uint64_t now;

	report_start(collector, error);
	if (error)
		return NULL;
	while (phase_of(collector) == COLLECTOR_RUNNING) {
		collector->budget = RECORDS_AT_ONCE;
		collector->until = UINT64_MAX;
		ring_buffer__poll(collector->ring, POLL_MS);
		/* Records come without wake-ups: poll alone might never see them. */
		drain(collector, RECORDS_AT_ONCE, UINT64_MAX);
		sweep_if_due(collector);
		now = trace_now();
		if (now - collector->last_tick < TICK_INTERVAL)
			continue;
		collector->last_tick = now;
		rows_tick(collector->rows);
	}
	collector->finish_error = finish(collector);
	__atomic_store_n(&collector->stopped, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* Signals are the business of the thread that waits for them. */
static int start_thread(struct collector *collector)
{
	sigset_t all, old;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&collector->thread, NULL, run, collector);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return -error;
}

int collector_start(struct collector **out, const struct collector_options *options)
{
	struct collector *collector = calloc(1, sizeof(*collector));
	int error;

	if (!collector)
		return -ENOMEM;
	collector->options = *options;
	collector->start_error = 1;
	pthread_mutex_init(&collector->lock, NULL);
	pthread_cond_init(&collector->started, NULL);
	error = start_thread(collector);
	if (error) {
		collector->joined = true;
		collector_free(collector);
		return error;
	}
	pthread_mutex_lock(&collector->lock);
	while (collector->start_error == 1)
		pthread_cond_wait(&collector->started, &collector->lock);
	error = collector->start_error;
	pthread_mutex_unlock(&collector->lock);
	if (error) {
		collector_free(collector);
		return error;
	}
	*out = collector;
	return 0;
}

void collector_process_ended(struct collector *collector)
{
	__atomic_store_n(&collector->ended, 1, __ATOMIC_RELAXED);
}

void collector_stop(struct collector *collector, bool discard)
{
	__atomic_store_n(&collector->phase, discard ? COLLECTOR_DISCARD : COLLECTOR_FINISH,
			 __ATOMIC_RELAXED);
}

bool collector_stopped(const struct collector *collector)
{
	return __atomic_load_n(&collector->stopped, __ATOMIC_ACQUIRE);
}

int collector_wait(struct collector *collector)
{
	if (!collector->joined)
		pthread_join(collector->thread, NULL);
	collector->joined = true;
	return collector->finish_error;
}

void collector_free(struct collector *collector)
{
	if (!collector)
		return;
	if (!collector->joined) {
		collector_stop(collector, true);
		pthread_join(collector->thread, NULL);
	}
	ring_buffer__free(collector->ring);
	rows_close(collector->rows);
	pthread_cond_destroy(&collector->started);
	pthread_mutex_destroy(&collector->lock);
	free(collector);
}

int collector_error(const struct collector *collector)
{
	return rows_error(collector->rows);
}

struct rows_stats collector_stats(const struct collector *collector)
{
	return rows_stats(collector->rows);
}
