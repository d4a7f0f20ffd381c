/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reusable locations and names per call, on one page: a small job runner whose jobs, found only at
 * run time, become spans of one location with many names.
 *
 *	asyncspan-trace -- build/examples/named_spans
 */
#define ASYNCSPAN_TARGET "job_runner" /* the module that these spans belong to */
#include <asyncspan.h>
#include <stdio.h>
#include <string.h>

struct job {
	const char *kind;
	unsigned number;
	asyncspan_t span;
};

/* One call site for whoever spawns jobs: wrappers hand it on, the place is this line. */
ASYNCSPAN_LOCATION(run_job, "run_job");

static void queue_job(struct job *job)
{
	char name[64];

	if (asyncspan_enabled()) {
		/* Only while somebody traces is the name worth the work. It is copied at once. */
		snprintf(name, sizeof(name), "%s #%u", job->kind, job->number);
		ASYNCSPAN_SPAWN_NAMED_AT(&job->span, &run_job, name);
	} else {
		ASYNCSPAN_SPAWN_AT(&job->span, &run_job);
	}
}

/* A name that is part of a longer text: by its length, there is no NUL behind it. */
static void do_step(const char *step, size_t length)
{
	asyncspan_t span;

	ASYNCSPAN_BEGIN_NAMED_N(&span, step, length);
	printf("\t%.*s\n", (int)length, step);
	ASYNCSPAN_END(&span);
}

static int run(struct job *job, const char *steps)
{
	size_t length;
	int count = 0;

	ASYNCSPAN_POLL(&job->span) {
		ASYNCSPAN_SCOPE_NAMED(job->kind); /* ends however the block is left */
		printf("%s #%u\n", job->kind, job->number);
		for (; *steps; steps += length + (steps[length] == ',')) {
			length = strcspn(steps, ",");
			do_step(steps, length);
			count++;
		}
	}
	return count;
}

int main(void)
{
	struct job jobs[3] = { { "index", 1, { 0 } },
			       { "compress", 2, { 0 } },
			       { "mail", 3, { 0 } } };
	size_t i;

	for (i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
		queue_job(&jobs[i]);
	for (i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
		int steps = run(&jobs[i], "read,transform,write");

		ASYNCSPAN_END_STATUS(&jobs[i].span, steps == 3 ? 0 : steps);
	}
	return 0;
}
