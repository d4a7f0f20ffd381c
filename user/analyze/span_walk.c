/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/span_walk.h"

#include <errno.h>
#include <stdlib.h>

struct walk {
	struct open_spans *open;
	struct path_tree *tree;
	const struct span_visitor *visitor;
	/* Begin where the walk is now: children without duration may still come. */
	struct open_span **begun;
	size_t begun_count;
	size_t begun_room;
};

static void add_critical(struct walk *walk, const struct open_span *span, int64_t from, int64_t to)
{
	if (to > from)
		path_tree_node(walk->tree, span->path)->values.critical += (uint64_t)(to - from);
}

/* The lowest span of a chain is gone through; its parent is followed again from its begin on. */
static void pop_chain(struct walk *walk, struct open_span *root)
{
	struct open_span *top = root->top;

	add_critical(walk, top, top->begin, top->cursor);
	top->on_chain = false;
	root->top = top->below;
	if (root->top && root->top->cursor > top->begin)
		root->top->cursor = top->begin;
}

static void start_chain(struct open_span *root)
{
	root->root = root;
	root->top = root;
	root->on_chain = true;
	root->cursor = root->end;
}

/* Makes a child the lowest of the chain if it is what its parent waited for. */
static void follow_child(struct walk *walk, struct open_span *child, struct open_span *parent)
{
	struct open_span *root = parent->root;

	child->root = root;
	if (!root || !parent->on_chain || !child->ended)
		return;
	while (root->top != parent && root->top->begin >= child->end)
		pop_chain(walk, root);
	if (root->top != parent || child->end > parent->cursor || child->begin >= parent->cursor)
		return;
	add_critical(walk, parent, child->end, parent->cursor);
	parent->cursor = child->end;
	child->below = parent;
	child->on_chain = true;
	child->cursor = child->end;
	root->top = child;
}

static int add_sibling(struct open_span *parent, const struct span *span)
{
	struct sibling_group *group = open_span_children(parent, span->name);
	bool first, sequential;

	if (!group)
		return 0;
	first = !group->count;
	sequential = !first && span->end <= group->run_begin;
	group->count++;
	group->wall += span_wall(span);
	if (first || span->end <= group->reached)
		group->union_wall += span_wall(span);
	else if (span->begin < group->reached)
		group->union_wall += (uint64_t)(group->reached - span->begin);
	if (first || span->begin < group->reached)
		group->reached = span->begin;
	group->run = sequential && span->outcome == SPAN_ERROR ? group->run + 1 : 1;
	group->run_begin = span->begin;
	if (group->run > group->longest_run)
		group->longest_run = group->run;
	return 0;
}

static int add_outliving(struct open_span *parent, const struct span *span)
{
	struct outliving *child = malloc(sizeof(*child));

	if (!child)
		return -ENOMEM;
	*child = (struct outliving){
		.next = parent->outliving,
		.id = span->id,
		.end = span->end,
		.name = span->name,
		.spawned = !span->entered || span->queue > 0,
	};
	parent->outliving = child;
	return 0;
}

/* The span's own entry: made, or until now known from a child only. */
static struct open_span *make_known(struct walk *walk, const struct span *span)
{
	struct open_span *self = open_spans_find(walk->open, span->process, span->id);

	if (!self || self->known) {
		self = open_spans_add(walk->open, span->process, span->id);
		if (!self)
			return NULL;
		self->path = PATH_NONE;
	}
	self->known = true;
	self->name = span->name;
	self->depth = span->depth;
	self->begin = span->begin;
	self->end = span->end;
	self->ended = span_ended(span);
	return self;
}

static struct open_span *find_parent(struct walk *walk, const struct span *span)
{
	struct open_span *parent = open_spans_find(walk->open, span->process, span->parent);

	if (parent)
		return parent;
	parent = open_spans_add(walk->open, span->process, span->parent);
	if (parent)
		parent->path = path_tree_loose(walk->tree);
	return parent;
}

/* What hung below the span before its place was known goes there now. */
static int set_path(struct walk *walk, struct open_span *self, uint32_t above)
{
	if (self->path == PATH_NONE)
		self->path = path_tree_child(walk->tree, above, self->name);
	else
		self->path = path_tree_place(walk->tree, self->path, above, self->name);
	return self->path == PATH_NONE ? -ENOMEM : 0;
}

static int enter(struct walk *walk, const struct span *span)
{
	struct open_span *self = make_known(walk, span), *parent = NULL;
	int error;

	if (!self)
		return -ENOMEM;
	if (span->parent && span->parent != span->id) {
		parent = find_parent(walk, span);
		if (!parent)
			return -ENOMEM;
		/* A child never begins before its parent; what says so must not outlive it here. */
		if (parent->known && self->begin < parent->begin)
			self->begin = parent->begin < self->end ? parent->begin : self->end;
	}
	error = set_path(walk, self, parent ? parent->path : PATH_TOP);
	if (error)
		return error;
	if (!parent && self->ended)
		start_chain(self);
	if (parent && parent->known)
		follow_child(walk, self, parent);
	if (parent && !parent->known)
		error = add_outliving(parent, span);
	if (!error && parent && self->ended)
		error = add_sibling(parent, span);
	if (!error && walk->visitor->span)
		error = walk->visitor->span(walk->visitor->context, span, self, parent);
	return error ? error : open_spans_began(walk->open, self, self->begin);
}

static int close_span(struct walk *walk, struct open_span *self)
{
	int error = 0;

	if (self->on_chain) {
		struct open_span *root = self->root;

		while (self->on_chain)
			pop_chain(walk, root);
	}
	if (walk->visitor->closed)
		error = walk->visitor->closed(walk->visitor->context, self);
	open_spans_remove(walk->open, self);
	return error;
}

static int close_begun(struct walk *walk)
{
	int error = 0;

	for (size_t i = 0; i < walk->begun_count && !error; i++)
		error = close_span(walk, walk->begun[i]);
	walk->begun_count = 0;
	return error;
}

static int add_begun(struct walk *walk, struct open_span *self)
{
	if (walk->begun_count == walk->begun_room) {
		size_t room = walk->begun_room ? walk->begun_room * 2 : 64;
		struct open_span **begun = realloc(walk->begun, room * sizeof(struct open_span *));

		if (!begun)
			return -ENOMEM;
		walk->begun = begun;
		walk->begun_room = room;
	}
	walk->begun[walk->begun_count++] = self;
	return 0;
}

/* Everything down to a time, which is the end of the next span. */
static int go_back(struct walk *walk, int64_t now)
{
	struct open_span *self;
	int error = 0;

	if (walk->begun_count && walk->begun[0]->begin > now)
		error = close_begun(walk);
	while (!error && (self = open_spans_latest(walk->open)) && self->begin >= now) {
		open_spans_leave(walk->open);
		if (walk->visitor->began)
			error = walk->visitor->began(walk->visitor->context, self);
		if (!error)
			error = self->begin > now ? close_span(walk, self) : add_begun(walk, self);
	}
	return error;
}

/* Parents whose rows never came. */
static int close_unknown(struct walk *walk)
{
	struct open_span *self;
	int error = 0;

	while (!error && (self = open_spans_any(walk->open)))
		error = close_span(walk, self);
	return error;
}

int span_walk(struct span_reader *reader, struct path_tree *tree,
	      const struct span_visitor *visitor)
{
	struct walk walk = { .open = open_spans_new(), .tree = tree, .visitor = visitor };
	const struct span *span;
	int result;

	if (!walk.open)
		return -ENOMEM;
	while ((result = span_reader_next(reader, &span)) > 0) {
		result = go_back(&walk, span->end);
		if (!result)
			result = enter(&walk, span);
		if (result)
			break;
	}
	if (!result)
		result = go_back(&walk, INT64_MIN);
	if (!result)
		result = close_begun(&walk);
	if (!result)
		result = close_unknown(&walk);
	free(walk.begun);
	open_spans_free(walk.open);
	return result;
}
