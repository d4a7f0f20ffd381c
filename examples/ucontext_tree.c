/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * POSIX contexts with asyncspan/ucontext.h: coroutines that size up folders, each going down on a
 * stack of its own and giving way after every folder, run in turn by two threads.
 *
 *	asyncspan-trace -- build/examples/ucontext_tree FOLDER...
 *
 * A folder is a span, below that of the folder it lies in; all that are open in a coroutine are
 * suspended as it gives way, and go on where it goes on, on the other thread.
 */
#include <asyncspan/ucontext.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "story/story.h"

enum { STACK = 256 * 1024, DEEPEST = 3 };

struct coroutine {
	ucontext_t context, scheduler;
	struct asyncspan_ucontext spans;
	char *stack;
	const char *path;
	unsigned long long bytes;
	int finished;
	struct story stories[DEEPEST + 2]; /* of its spans, the outermost first */
	int open;
};

static struct coroutine *coroutines;
static int count, turn, thread_count = 2;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void give_way(struct coroutine *self)
{
	int i;

	asyncspan_swapcontext(&self->spans, &self->context, &self->scheduler);
	for (i = 0; i < self->open; i++)
		story_poll(&self->stories[i]);
}

static int size_up(struct coroutine *self, const char *path, int depth);

static void size_up_entry(struct coroutine *self, const char *path, int depth)
{
	struct stat found;

	if (lstat(path, &found) != 0)
		return;
	if (S_ISREG(found.st_mode))
		self->bytes += (unsigned long long)found.st_size;
	else if (S_ISDIR(found.st_mode) && depth < DEEPEST)
		size_up(self, path, depth + 1);
}

static void begun(struct coroutine *self, const char *name, const char *parent)
{
	struct story *story = &self->stories[self->open++];

	*story = (struct story){ .name = name, .parent = parent };
	story_poll(story);
}

static void ended(struct coroutine *self, int status)
{
	asyncspan_ucontext_set_status(&self->spans, status);
	story_end(&self->stories[--self->open], status);
}

static int size_up(struct coroutine *self, const char *path, int depth)
{
	ASYNCSPAN_UCONTEXT_SCOPE(&self->spans, "folder");
	struct dirent *entry;
	DIR *folder;
	int status;

	begun(self, "folder", depth ? "folder" : "walk");
	give_way(self);
	folder = opendir(path);
	status = folder ? 0 : errno;
	while (folder && (entry = readdir(folder))) {
		char below[PATH_MAX];

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) <
		    (int)sizeof(below))
			size_up_entry(self, below, depth);
	}
	if (folder)
		closedir(folder);
	ended(self, status);
	return status;
}

/* makecontext hands over ints: an address is two of them. */
static void coroutine_main(unsigned low, unsigned high)
{
	struct coroutine *self = (void *)((uintptr_t)high << 32 | low);

	ASYNCSPAN_UCONTEXT_SCOPE(&self->spans, "walk");
	begun(self, "walk", "size up");
	if (!size_up(self, self->path, 0))
		printf("%s: %llu bytes\n", self->path, self->bytes);
	ended(self, 0);
	self->finished = 1;
}

/* Runs a coroutine until it gives way. */
static void run(struct coroutine *coroutine)
{
	swapcontext(&coroutine->scheduler, &coroutine->context);
}

static int all_finished(void)
{
	int i;

	for (i = 0; i < count; i++)
		if (!coroutines[i].finished)
			return 0;
	return 1;
}

/* The threads take turns: each runs every coroutine once, then it is the other's. */
static void *scheduler(void *argument)
{
	int me = (int)(intptr_t)argument, i, done = 0;

	while (!done) {
		pthread_mutex_lock(&lock);
		while (turn != me)
			pthread_cond_wait(&changed, &lock);
		for (i = 0; i < count; i++)
			if (!coroutines[i].finished)
				run(&coroutines[i]);
		done = all_finished();
		turn = (me + 1) % thread_count;
		pthread_cond_broadcast(&changed);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static int prepare(struct coroutine *coroutine, const char *path)
{
	uintptr_t address = (uintptr_t)coroutine;

	coroutine->path = path;
	coroutine->stack = malloc(STACK);
	if (!coroutine->stack || getcontext(&coroutine->context) != 0)
		return -1;
	coroutine->context.uc_stack.ss_sp = coroutine->stack;
	coroutine->context.uc_stack.ss_size = STACK;
	coroutine->context.uc_link = &coroutine->scheduler;
	makecontext(&coroutine->context, (void (*)(void))coroutine_main, 2, (unsigned)address,
		    (unsigned)(address >> 32));
	return 0;
}

/* A coroutine that is begun and never finished: its spans are cancelled with it. */
static void abandon(struct coroutine *coroutine)
{
	run(coroutine);
	asyncspan_ucontext_cancel(&coroutine->spans);
	while (coroutine->open)
		story_end(&coroutine->stories[--coroutine->open], ASYNCSPAN_CANCELLED);
	coroutine->finished = 1;
}

static int run_all(void)
{
	pthread_t other;

	if (pthread_create(&other, NULL, scheduler, (void *)1) != 0)
		return -1;
	scheduler((void *)0);
	return pthread_join(other, NULL);
}

int main(int argc, char **argv)
{
	struct story told = { .name = "size up", .parent = "-" };
	asyncspan_t span;
	int i, error;

	if (argc < 2) {
		fprintf(stderr, "usage: %s FOLDER...\n", argv[0]);
		return 2;
	}
	count = argc;
	coroutines = calloc((size_t)count, sizeof(*coroutines));
	if (!coroutines)
		return 1;
	for (i = 0; i < count; i++)
		if (prepare(&coroutines[i], argv[i ? i : 1]) != 0)
			return 1;
	ASYNCSPAN_BEGIN(&span, "size up");
	story_poll(&told);
	abandon(&coroutines[0]);
	/* Each begins its first span here, below this one; afterwards they run anywhere. */
	for (i = 1; i < count; i++)
		run(&coroutines[i]);
	error = run_all();
	for (i = 0; i < count; i++)
		free(coroutines[i].stack);
	free(coroutines);
	ASYNCSPAN_END(&span);
	story_end(&told, 0);
	return error ? 1 : 0;
}
