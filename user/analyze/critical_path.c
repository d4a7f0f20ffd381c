/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/critical_path.h"

#include <errno.h>
#include <stdlib.h>

/* A span that is followed: back to which time, and which of its children is looked at next. */
struct step {
	uint32_t span;
	uint32_t child;
	int64_t time;
};

struct steps {
	struct step *steps;
	size_t count;
	size_t room;
};

static int add_segment(struct critical_path *path, uint32_t span, int64_t begin, int64_t end)
{
	if (begin >= end)
		return 0;
	if (path->count == path->room) {
		size_t room = path->room ? path->room * 2 : 64;
		struct critical_segment *segments =
			realloc(path->segments, room * sizeof(*segments));

		if (!segments)
			return -ENOMEM;
		path->segments = segments;
		path->room = room;
	}
	path->segments[path->count++] = (struct critical_segment){ span, begin, end };
	return 0;
}

static int push(struct steps *steps, const struct span_forest *forest, uint32_t span, int64_t time)
{
	if (steps->count == steps->room) {
		size_t room = steps->room ? steps->room * 2 : 64;
		struct step *grown = realloc(steps->steps, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		steps->steps = grown;
		steps->room = room;
	}
	steps->steps[steps->count++] = (struct step){ span, forest->spans[span].first_child, time };
	return 0;
}

static bool is_followed(const struct span *child, int64_t time)
{
	return span_ended(child) && child->end <= time && child->begin < time;
}

/* The next step down, or back to the parent. */
static int advance(struct steps *steps, const struct span_forest *forest,
		   struct critical_path *path)
{
	struct step *step = &steps->steps[steps->count - 1];
	const struct span *span = &forest->spans[step->span].span;
	int error;

	while (step->child != FOREST_NONE) {
		uint32_t child = step->child;
		const struct span *candidate = &forest->spans[child].span;

		step->child = forest->spans[child].next;
		if (!is_followed(candidate, step->time))
			continue;
		error = add_segment(path, step->span, candidate->end, step->time);
		/* Never before its own begin, whatever a child says of its own. */
		step->time = candidate->begin > span->begin ? candidate->begin : span->begin;
		return error ? error : push(steps, forest, child, candidate->end);
	}
	error = add_segment(path, step->span, span->begin, step->time);
	steps->count--;
	return error;
}

int critical_path_find(const struct span_forest *forest, uint32_t root, struct critical_path *path)
{
	struct steps steps = { 0 };
	int error = push(&steps, forest, root, forest->spans[root].span.end);

	while (!error && steps.count)
		error = advance(&steps, forest, path);
	free(steps.steps);
	return error;
}

void critical_path_free(struct critical_path *path)
{
	free(path->segments);
	*path = (struct critical_path){ 0 };
}
