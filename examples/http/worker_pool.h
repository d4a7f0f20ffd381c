/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * worker_pool.h: threads that take jobs from a queue and give them back to the loop.
 *
 *	job.work = on_worker; job.finished = back_on_loop;
 *	worker_pool_submit(&pool, &job);
 *	worker_pool_finish(&pool);	on the loop, when pool.file is readable: calls `finished`
 *
 * A job is a member of what it belongs to and must stay until `finished` is called, which always
 * comes; `finished` may submit it again or free it. All but the work is for the loop's thread.
 */
#ifndef HTTP_WORKER_POOL_H
#define HTTP_WORKER_POOL_H

#include <pthread.h>
#include <stdbool.h>

struct job {
	struct job *next;
	void (*work)(struct job *job);	   /* on a worker */
	void (*finished)(struct job *job); /* on the loop */
};

struct job_queue {
	struct job *first, **end;
};

enum { WORKER_POOL_MAX_THREADS = 64 };

struct worker_pool {
	pthread_mutex_t lock;
	pthread_cond_t work_to_do;
	struct job_queue waiting, done; /* under the lock */
	bool stopping;			/* under the lock */
	int file;			/* an eventfd: readable when jobs are done */
	unsigned outstanding;		/* submitted, not yet finished */
	unsigned thread_count;
	pthread_t threads[WORKER_POOL_MAX_THREADS];
};

/* 0 or a negative errno; on failure nothing is left open. */
int worker_pool_open(struct worker_pool *pool, unsigned threads);

/* Waits for the work under way; what still waits in the queue is not done. */
void worker_pool_close(struct worker_pool *pool);

void worker_pool_submit(struct worker_pool *pool, struct job *job);
void worker_pool_finish(struct worker_pool *pool);

#endif /* HTTP_WORKER_POOL_H */
