/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmds/self_test.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "asyncspan.h"
#include "attach/programs.h"
#include "attach/requirements.h"
#include "attach/targets.h"

#define ROUNDS 7
#define UNTRACED_PAIRS 200000
#define TRACED_PAIRS 3000

/* What the child tells: nanoseconds of each round. */
struct timing {
	uint64_t rounds[ROUNDS];
};

/* Of this thread alone: the machine may have other work. */
static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static struct timing measure(unsigned int pairs)
{
	struct timing timing;

	for (int round = 0; round < ROUNDS; round++) {
		uint64_t start = now();

		for (unsigned int i = 0; i < pairs; i++) {
			asyncspan_t span;

			ASYNCSPAN_BEGIN(&span, "self_test");
			ASYNCSPAN_END(&span);
		}
		timing.rounds[round] = now() - start;
	}
	return timing;
}

/* The child: measures, waits until it is traced, measures again. Ends also when its parent dies. */
static void run_child(int parent)
{
	struct timing timing = measure(UNTRACED_PAIRS);
	char go;

	if (write(parent, &timing, sizeof(timing)) != sizeof(timing) || read(parent, &go, 1) != 1)
		_exit(1);
	timing = measure(TRACED_PAIRS);
	_exit(write(parent, &timing, sizeof(timing)) == sizeof(timing) ? 0 : 1);
}

static int compare(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a;
	uint64_t right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

static int read_timing(int child, unsigned int pairs, double *event_ns)
{
	const size_t middle = ROUNDS / 2;
	struct timing timing;

	if (recv(child, &timing, sizeof(timing), MSG_WAITALL) != sizeof(timing))
		return -EPIPE;
	qsort(timing.rounds, ROUNDS, sizeof(timing.rounds[0]), compare);
	*event_ns = (double)timing.rounds[middle] / (2.0 * pairs);
	return 0;
}

static int fail(struct self_test *out, const char *what, int error)
{
	char refusal[256];

	snprintf(out->message, sizeof(out->message), "%s: %s", what,
		 error == -EPERM ? requirements_refusal(refusal, sizeof(refusal)) :
				   strerror(-error));
	return error;
}

static int count_event(void *context, void *record, size_t size)
{
	uint64_t *count = context;
	uint32_t kind;

	if (size < sizeof(kind))
		return 0;
	memcpy(&kind, record, sizeof(kind));
	if (kind == RECORD_BEGIN || kind == RECORD_END)
		(*count)++;
	return 0;
}

static int count_events(const struct programs *programs, uint64_t *count)
{
	struct ring_buffer *ring =
		ring_buffer__new(programs_events_fd(programs), count_event, count, NULL);
	int result;

	if (!ring)
		return -errno;
	result = ring_buffer__consume(ring);
	ring_buffer__free(ring);
	return result < 0 ? result : 0;
}

static int trace_child(struct programs *programs, struct targets *targets, pid_t child, int link,
		       struct self_test *out)
{
	struct targets_failure failure = { "", "" };
	uint64_t image;
	int error = programs_register(programs, child, false, false, &image);

	if (error)
		return fail(out, "cannot register a process", error);
	error = targets_update(targets, child, &failure);
	if (error) {
		fail(out, "cannot attach", error);
		if (*failure.reason)
			snprintf(out->message, sizeof(out->message), "cannot attach: %s",
				 failure.reason);
		return error;
	}
	if (write(link, "g", 1) != 1)
		return fail(out, "the traced process", -EPIPE);
	error = read_timing(link, TRACED_PAIRS, &out->traced_ns);
	if (error)
		return fail(out, "the traced process", error);
	out->expected = 2 * (uint64_t)ROUNDS * TRACED_PAIRS;
	error = count_events(programs, &out->arrived);
	return error ? fail(out, "cannot read the ring buffer", error) : 0;
}

static int load_and_trace(pid_t child, int link, struct self_test *out)
{
	struct programs_options options = PROGRAMS_OPTIONS_DEFAULT;
	struct programs_failure failure;
	struct programs programs;
	struct targets *targets;
	int error = programs_load(&programs, &options, &failure);

	if (error) {
		fail(out, "cannot load the BPF programs", error);
		if (*failure.detail && error != -EPERM)
			snprintf(out->message, sizeof(out->message),
				 "cannot %s the BPF programs: %s: %s", failure.step,
				 strerror(-error), failure.detail);
		return error;
	}
	targets = targets_new(&programs, false);
	error = targets ? trace_child(&programs, targets, child, link, out) :
			  fail(out, "cannot attach", -ENOMEM);
	targets_free(targets);
	programs_free(&programs);
	return error;
}

int self_test_run(struct self_test *out)
{
	int link[2];
	pid_t child;
	int error;

	memset(out, 0, sizeof(*out));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, link))
		return fail(out, "cannot start a process", -errno);
	child = fork();
	if (child == 0) {
		close(link[0]);
		run_child(link[1]);
	}
	error = child < 0 ? fail(out, "cannot start a process", -errno) : 0;
	close(link[1]);
	if (child < 0)
		goto out;
	error = read_timing(link[0], UNTRACED_PAIRS, &out->untraced_ns);
	if (error)
		fail(out, "the process to trace", error);
	else
		error = load_and_trace(child, link[0], out);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
out:
	close(link[0]);
	return error;
}
