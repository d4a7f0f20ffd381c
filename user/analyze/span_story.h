/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Single spans as they were: one with its children, waits and threads, and the slowest roots with
 * what they waited for.
 *
 *	error = span_story_find(directory, id, &story);
 *	error = span_story_slowest(directory, 3, &story);	instead
 *	if (!error)
 *		error = span_story_write(&story, &limits, stdout);
 *	span_story_free(&story);
 *
 * The file is gone through twice: for the span, then for all of its tree. Errors are those of
 * span_reader, -ENOENT also where no span has this id, with a message.
 */
#ifndef ANALYZE_SPAN_STORY_H
#define ANALYZE_SPAN_STORY_H

#include <stdio.h>

#include "analyze/span_forest.h"
#include "analyze/span_reader.h"
#include "analyze/thread_labels.h"
#include "analyze/tree_write.h"

#define SPAN_STORY_MAX 32
#define SPAN_STORY_SPANS 2000000 /* of the trees together */

struct span_story {
	struct span_reader *reader;
	struct span_forest *forest;
	struct thread_labels *threads;
	int64_t begin;		       /* of the traces */
	uint32_t told[SPAN_STORY_MAX]; /* in the forest, the slowest first */
	size_t count;
	bool whole; /* one span with all below it, not critical paths alone */
	char message[1024];
};

/* Of spans of several processes with this id the one that ended last. */
int span_story_find(const char *directory, int64_t id, struct span_story *out);
/* Roots that ended; fewer where there are not so many. */
int span_story_slowest(const char *directory, size_t count, struct span_story *out);
int span_story_write(const struct span_story *story, const struct tree_limits *limits, FILE *out);
void span_story_free(struct span_story *story);

#endif
