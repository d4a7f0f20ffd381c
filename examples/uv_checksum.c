/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libuv with asyncspan/uv.h: checksums of files, read by libuv and summed up on its threads, with a
 * timer for progress, a file that is missing and work that is given up.
 *
 *	asyncspan-trace -- build/examples/uv_checksum FILE...
 *
 * A file is a span of this program's own, resumed in every callback, so that the operations lie
 * side by side below it and not each below the one before.
 */
#include <asyncspan/uv.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "story/story.h"

enum { BLOCK = 4096, POOL = 4 };

struct file {
	asyncspan_t span;
	const char *path;
	uv_fs_t request;
	uv_work_t work;
	uv_file descriptor;
	uv_buf_t buffer;
	size_t size;
	uint32_t sum;
	struct story story, operation, summing;
};

static uv_loop_t *loop;
static uv_timer_t progress, watchdog;
static int files_open;
static struct story ticks = { .name = "uv_timer_start on_progress", .parent = "-" };

/* The operation whose callback this is, before its data is used again for the next one. */
static void ended(struct file *file, ssize_t result)
{
	story_poll(&file->operation);
	story_end(&file->operation, result < 0 ? (int)result : 0);
	uv_fs_req_cleanup(&file->request);
}

static void begins(struct file *file, const char *name)
{
	file->operation = (struct story){ .name = name, .parent = "checksum_file" };
}

static void stop_progress(void)
{
	asyncspan_uv_timer_stop(&progress);
	asyncspan_uv_close((uv_handle_t *)&progress, NULL);
	story_end(&ticks, ticks.polls ? 0 : ASYNCSPAN_CANCELLED);
	asyncspan_uv_close((uv_handle_t *)&watchdog, NULL); /* its minute is not over */
	story_end(&(struct story){ .name = "uv_timer_start on_too_late", .parent = "-" },
		  ASYNCSPAN_CANCELLED);
}

static void finished(struct file *file, int status)
{
	if (status)
		printf("%s: %s\n", file->path, uv_strerror(status));
	else
		printf("%s: %zu bytes, sum %08" PRIx32 "\n", file->path, file->size, file->sum);
	ASYNCSPAN_END_STATUS(&file->span, status);
	story_end(&file->story, status);
	free(file->buffer.base);
	if (--files_open == 0)
		stop_progress();
}

static void on_close(uv_fs_t *request)
{
	struct file *file = request->data;

	ended(file, request->result);
	ASYNCSPAN_POLL(&file->span) {
		story_poll(&file->story);
		finished(file, 0);
	}
}

static void sum_up(uv_work_t *work)
{
	struct file *file = work->data;
	uint32_t low = 1, high = 0;
	size_t i;

	story_poll(&file->summing);
	for (i = 0; i < file->size; i++) {
		low = (low + (unsigned char)file->buffer.base[i]) % 65521;
		high = (high + low) % 65521;
	}
	file->sum = high << 16 | low;
}

static void on_sum(uv_work_t *work, int status)
{
	struct file *file = work->data;

	story_poll(&file->summing);
	story_end(&file->summing, status);
	ASYNCSPAN_POLL(&file->span) {
		story_poll(&file->story);
		begins(file, "uv_fs_close on_close");
		asyncspan_uv_fs_close(loop, &file->request, file->descriptor, on_close);
	}
}

static void on_read(uv_fs_t *request);

static void read_more(struct file *file)
{
	char *grown = realloc(file->buffer.base, file->size + BLOCK);
	uv_buf_t rest;

	if (!grown)
		abort();
	file->buffer.base = grown;
	rest = uv_buf_init(grown + file->size, BLOCK);
	begins(file, "uv_fs_read on_read");
	asyncspan_uv_fs_read(loop, &file->request, file->descriptor, &rest, 1, -1, on_read);
}

static void on_read(uv_fs_t *request)
{
	struct file *file = request->data;
	ssize_t got = request->result;

	ended(file, got);
	ASYNCSPAN_POLL(&file->span) {
		story_poll(&file->story);
		if (got > 0) {
			file->size += (size_t)got;
			read_more(file);
			break;
		}
		file->work.data = file;
		file->summing =
			(struct story){ .name = "uv_queue_work sum_up", .parent = "checksum_file" };
		asyncspan_uv_queue_work(loop, &file->work, sum_up, on_sum);
	}
}

static void on_open(uv_fs_t *request)
{
	struct file *file = request->data;
	ssize_t result = request->result;

	ended(file, result);
	ASYNCSPAN_POLL(&file->span) {
		story_poll(&file->story);
		file->descriptor = (uv_file)result;
		if (result < 0)
			finished(file, (int)result);
		else
			read_more(file);
	}
}

static void checksum(struct file *file, const char *path)
{
	file->path = path;
	file->story = (struct story){ .name = "checksum_file", .parent = "-" };
	file->request.data = NULL;
	ASYNCSPAN_BEGIN(&file->span, "checksum_file");
	story_poll(&file->story);
	begins(file, "uv_fs_open on_open");
	asyncspan_uv_fs_open(loop, &file->request, path, O_RDONLY, 0, on_open);
	/* The data of a request may be set when it is under way: it is the application's. */
	file->request.data = file;
	ASYNCSPAN_SUSPEND(&file->span);
}

static void on_progress(uv_timer_t *timer)
{
	(void)timer;
	story_poll(&ticks);
}

static void on_too_late(uv_timer_t *timer)
{
	(void)timer;
	fputs("not done within a minute\n", stderr);
	exit(1);
}

/* Work on all threads of the pool, and some behind it, which is given up while it waits. */
struct guess {
	uv_work_t work;
	struct story story;
};

static struct guess guesses[POOL + 1];
static uv_sem_t answer_known;

static void try_guess(uv_work_t *work)
{
	story_poll(&((struct guess *)work->data)->story);
	uv_sem_wait(&answer_known);
}

static void on_guess(uv_work_t *work, int status)
{
	struct guess *guess = work->data;

	story_poll(&guess->story);
	story_end(&guess->story, status == UV_ECANCELED ? ASYNCSPAN_CANCELLED : status);
}

static void try_guesses(void)
{
	int i;

	uv_sem_init(&answer_known, 0);
	for (i = 0; i < POOL + 1; i++) {
		struct guess *guess = &guesses[i];

		guess->work.data = guess;
		guess->story = (struct story){ .name = "uv_queue_work try_guess", .parent = "-" };
		asyncspan_uv_queue_work(loop, &guess->work, try_guess, on_guess);
	}
	if (uv_cancel((uv_req_t *)&guesses[POOL].work) != 0)
		fputs("the last guess had begun\n", stderr);
	for (i = 0; i < POOL + 1; i++)
		uv_sem_post(&answer_known);
	uv_run(loop, UV_RUN_DEFAULT);
	uv_sem_destroy(&answer_known);
}

int main(int argc, char **argv)
{
	struct file *files;
	int i, left;

	if (argc < 2) {
		fprintf(stderr, "usage: %s FILE...\n", argv[0]);
		return 2;
	}
	setenv("UV_THREADPOOL_SIZE", "4", 1);
	loop = uv_default_loop();
	try_guesses();
	files = calloc((size_t)argc - 1, sizeof(*files));
	if (!files)
		return 1;
	uv_timer_init(loop, &progress);
	uv_timer_init(loop, &watchdog);
	asyncspan_uv_timer_start(&progress, on_progress, 0, 1);
	asyncspan_uv_timer_start(&watchdog, on_too_late, 60000, 0);
	files_open = argc - 1;
	for (i = 1; i < argc; i++)
		checksum(&files[i - 1], argv[i]);
	uv_run(loop, UV_RUN_DEFAULT);
	left = uv_loop_close(loop);
	free(files);
	return left ? 1 : 0;
}
