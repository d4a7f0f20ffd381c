/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/span_story.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Spans sought, by id and process: ids of texts differ from reader to reader, texts do not. */
struct sought {
	int64_t id;
	int64_t root;
	uint64_t wall;
	char process[64];
};

struct search {
	struct span_reader *reader;
	struct sought found[SPAN_STORY_MAX];
	size_t count;
	size_t wanted; /* slowest roots; 0: the span with the id */
	int64_t id;
};

static int fail(struct span_story *story, const char *message, int error)
{
	snprintf(story->message, sizeof(story->message), "%s", message);
	return error;
}

static void take(struct search *search, size_t at, const struct span *span)
{
	const struct intern *strings = span_reader_strings(search->reader);
	struct sought *sought = &search->found[at];

	*sought = (struct sought){ .id = span->id, .root = span->root, .wall = span_wall(span) };
	snprintf(sought->process, sizeof(sought->process), "%s",
		 intern_get(strings, span->process, NULL));
}

/* The list is sorted, the slowest first. */
static void consider(struct search *search, const struct span *span)
{
	size_t at = search->count;

	if (!search->wanted) {
		if (span->id == search->id && !search->count)
			take(search, search->count++, span);
		return;
	}
	if (span->parent || !span_ended(span) ||
	    (at == search->wanted && search->found[at - 1].wall >= span_wall(span)))
		return;
	if (at < search->wanted)
		search->count++;
	else
		at--;
	for (; at && search->found[at - 1].wall < span_wall(span); at--)
		search->found[at] = search->found[at - 1];
	take(search, at, span);
}

static int run_search(const char *directory, struct search *search, struct span_story *story)
{
	struct span_reader_options options = { .latest_first = !search->wanted,
					       .read = SPAN_READ_ROOT };
	const struct span *span;
	int result = span_reader_open(&search->reader, directory, &options);

	while (!result && (result = span_reader_next(search->reader, &span)) > 0) {
		consider(search, span);
		result = 0;
	}
	if (result)
		fail(story, span_reader_message(search->reader), result);
	story->begin = result ? 0 : span_reader_period(search->reader).begin;
	span_reader_close(search->reader);
	search->reader = NULL;
	return result;
}

static bool same_process(const struct span_reader *reader, const struct span *span,
			 const struct sought *sought)
{
	struct intern *strings = span_reader_strings((struct span_reader *)reader);

	return strcmp(intern_get(strings, span->process, NULL), sought->process) == 0;
}

static bool in_tree(void *context, const struct span *span)
{
	const struct search *search = context;

	for (size_t i = 0; i < search->count; i++) {
		if (span->root == search->found[i].root &&
		    same_process(search->reader, span, &search->found[i]))
			return true;
	}
	return false;
}

static void mark_told(struct span_story *story, const struct search *search)
{
	for (size_t s = 0; s < search->count; s++) {
		for (uint32_t i = 0; i < story->forest->count; i++) {
			const struct span *span = &story->forest->spans[i].span;

			if (span->id != search->found[s].id ||
			    !same_process(story->reader, span, &search->found[s]))
				continue;
			story->told[story->count++] = i;
			break;
		}
	}
}

static int load(const char *directory, struct search *search, struct span_story *story)
{
	struct span_reader_options options = { .latest_first = true, .read = SPAN_READ_ALL };
	int error = span_reader_open(&story->reader, directory, &options);

	if (error)
		return fail(story, span_reader_message(story->reader), error);
	search->reader = story->reader;
	error = span_forest_load(&story->forest, story->reader, in_tree, search, SPAN_STORY_SPANS);
	if (error) {
		const char *message = span_reader_message(story->reader);

		return fail(story, *message ? message : strerror(-error), error);
	}
	mark_told(story, search);
	error = thread_labels_open(&story->threads, directory, span_reader_strings(story->reader));
	return error ? fail(story, thread_labels_message(story->threads), error) : 0;
}

static int tell(const char *directory, struct search *search, struct span_story *out)
{
	int error = run_search(directory, search, out);

	return error ? error : load(directory, search, out);
}

int span_story_find(const char *directory, int64_t id, struct span_story *out)
{
	struct search search = { .id = id };
	int error;

	memset(out, 0, sizeof(*out));
	out->whole = true;
	error = tell(directory, &search, out);
	if (error || out->count)
		return error;
	snprintf(out->message, sizeof(out->message), "no span has the id %" PRId64, id);
	return -ENOENT;
}

int span_story_slowest(const char *directory, size_t count, struct span_story *out)
{
	struct search search = { .wanted = count < SPAN_STORY_MAX ? count : SPAN_STORY_MAX };

	memset(out, 0, sizeof(*out));
	return count ? tell(directory, &search, out) : 0;
}

void span_story_free(struct span_story *story)
{
	thread_labels_close(story->threads);
	span_forest_free(story->forest);
	span_reader_close(story->reader);
	memset(story, 0, sizeof(*story));
}
