/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * story.h: what an example knows of its own spans, told on stdout, to be compared with a trace.
 *
 *	struct story open = { .name = "uv_fs_open on_open", .parent = "checksum_file" };
 *	story_poll(&open);		wherever code of the span begins to run
 *	story_end(&open, status);	"span", name, parent, polls, migrations, status, by tabs
 *
 * It is no part of instrumenting a program: the spans are there without.
 */
#ifndef STORY_H
#define STORY_H

#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

struct story {
	const char *name;
	const char *parent; /* "-": none */
	long task;	    /* the thread of the last poll */
	int polls;
	int migrations; /* polls on another thread than the poll before */
};

static inline void story_poll(struct story *story)
{
	long task = syscall(SYS_gettid);

	if (story->polls++ && story->task != task)
		story->migrations++;
	story->task = task;
}

static inline void story_end(struct story *story, int status)
{
	printf("span\t%s\t%s\t%d\t%d\t%d\n", story->name, story->parent, story->polls,
	       story->migrations, status);
}

#endif /* STORY_H */
