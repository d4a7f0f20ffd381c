/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "worker_pool.h"
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void queue_clear(struct job_queue *queue)
{
	queue->first = NULL;
	queue->end = &queue->first;
}

static void queue_add(struct job_queue *queue, struct job *job)
{
	job->next = NULL;
	*queue->end = job;
	queue->end = &job->next;
}

static struct job *queue_take(struct job_queue *queue)
{
	struct job *job = queue->first;

	if (job)
		queue->first = job->next;
	if (!queue->first)
		queue->end = &queue->first;
	return job;
}

static void *run_jobs(void *argument)
{
	struct worker_pool *pool = argument;
	struct job *job;

	pthread_mutex_lock(&pool->lock);
	while (!pool->stopping) {
		job = queue_take(&pool->waiting);
		if (!job) {
			pthread_cond_wait(&pool->work_to_do, &pool->lock);
			continue;
		}
		pthread_mutex_unlock(&pool->lock);
		job->work(job);
		pthread_mutex_lock(&pool->lock);
		queue_add(&pool->done, job);
		eventfd_write(pool->file, 1);
	}
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static int start_thread(struct worker_pool *pool)
{
	pthread_t *thread = &pool->threads[pool->thread_count];
	int error = pthread_create(thread, NULL, run_jobs, pool);
	char name[16];

	if (error)
		return -error;
	snprintf(name, sizeof(name), "worker-%u", ++pool->thread_count);
	pthread_setname_np(*thread, name);
	return 0;
}

int worker_pool_open(struct worker_pool *pool, unsigned threads)
{
	int error = 0;

	if (threads < 1 || threads > WORKER_POOL_MAX_THREADS)
		return -EINVAL;
	*pool = (struct worker_pool){ .lock = PTHREAD_MUTEX_INITIALIZER,
				      .work_to_do = PTHREAD_COND_INITIALIZER };
	queue_clear(&pool->waiting);
	queue_clear(&pool->done);
	pool->file = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (pool->file < 0)
		return -errno;
	while (!error && pool->thread_count < threads)
		error = start_thread(pool);
	if (error)
		worker_pool_close(pool);
	return error;
}

void worker_pool_close(struct worker_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->work_to_do);
	pthread_mutex_unlock(&pool->lock);
	while (pool->thread_count > 0)
		pthread_join(pool->threads[--pool->thread_count], NULL);
	close(pool->file);
	pthread_cond_destroy(&pool->work_to_do);
	pthread_mutex_destroy(&pool->lock);
}

void worker_pool_submit(struct worker_pool *pool, struct job *job)
{
	pool->outstanding++;
	pthread_mutex_lock(&pool->lock);
	queue_add(&pool->waiting, job);
	pthread_cond_signal(&pool->work_to_do);
	pthread_mutex_unlock(&pool->lock);
}

void worker_pool_finish(struct worker_pool *pool)
{
	struct job *job, *next;
	eventfd_t count;

	eventfd_read(pool->file, &count);
	pthread_mutex_lock(&pool->lock);
	job = pool->done.first;
	queue_clear(&pool->done);
	pthread_mutex_unlock(&pool->lock);
	for (; job; job = next) {
		next = job->next;
		pool->outstanding--;
		job->finished(job);
	}
}
