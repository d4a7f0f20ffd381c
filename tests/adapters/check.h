/* SPDX-License-Identifier: BSD-2-Clause */
/* What the programs here stand on: they tell their story, and end at the first thing that is wrong. */
#ifndef CHECK_H
#define CHECK_H

#include <stdlib.h>
#include "story/story.h"

#define CHECK(condition)                                                                        \
	((condition) ? (void)0 :                                                                \
		       (fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition), \
			exit(1)))

/* A span that had so many polls, all on one thread. */
static inline void tell(const char *name, const char *parent, int polls, int status)
{
	struct story story = { name, parent, 0, polls, 0 };

	story_end(&story, status);
}

#endif /* CHECK_H */
