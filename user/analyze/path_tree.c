/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/path_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 1024 /* a power of two */

struct path_tree {
	struct path_node *nodes;
	uint32_t count;
	uint32_t room;
	uint32_t *slots; /* hash of (parent, name): numbers of nodes; PATH_NONE: free */
	uint32_t slot_mask;
	uint32_t used; /* slots */
};

static uint32_t hash_of(uint32_t parent, uint32_t name)
{
	uint64_t key = ((uint64_t)parent << 32 | name) * UINT64_C(0x9E3779B97F4A7C15);

	return (uint32_t)(key >> 32);
}

static uint32_t add_node(struct path_tree *tree)
{
	struct path_node *nodes;

	if (tree->count == tree->room) {
		uint32_t room = tree->room ? tree->room * 2 : 256;

		nodes = room < PATH_NONE / 2 ? realloc(tree->nodes, room * sizeof(*nodes)) : NULL;
		if (!nodes)
			return PATH_NONE;
		tree->nodes = nodes;
		tree->room = room;
	}
	tree->nodes[tree->count] = (struct path_node){
		.parent = PATH_NONE,
		.first_child = PATH_NONE,
		.next = PATH_NONE,
		.moved_to = PATH_NONE,
	};
	return tree->count++;
}

struct path_tree *path_tree_new(void)
{
	struct path_tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return NULL;
	tree->slots = malloc(FIRST_SLOTS * sizeof(*tree->slots));
	if (!tree->slots || add_node(tree) == PATH_NONE) {
		path_tree_free(tree);
		return NULL;
	}
	memset(tree->slots, 0xff, FIRST_SLOTS * sizeof(*tree->slots));
	tree->slot_mask = FIRST_SLOTS - 1;
	return tree;
}

void path_tree_free(struct path_tree *tree)
{
	if (!tree)
		return;
	free(tree->nodes);
	free(tree->slots);
	free(tree);
}

static bool find_in(const struct path_tree *tree, const uint32_t *slots, size_t mask, uint32_t node)
{
	size_t at = hash_of(tree->nodes[node].parent, tree->nodes[node].name) & mask;

	while (slots[at] != PATH_NONE && slots[at] != node)
		at = (at + 1) & mask;
	return slots[at] == node;
}

/* Nodes that have been moved are in two slots: the new table has each once. */
static bool grow(struct path_tree *tree)
{
	size_t size = ((size_t)tree->slot_mask + 1) * 2;
	uint32_t *slots = malloc(size * sizeof(*slots));

	if (!slots)
		return false;
	memset(slots, 0xff, size * sizeof(*slots));
	tree->used = 0;
	for (uint32_t i = 0; i <= tree->slot_mask; i++) {
		uint32_t node = tree->slots[i], at;

		if (node == PATH_NONE || tree->nodes[node].moved_to != PATH_NONE ||
		    find_in(tree, slots, size - 1, node))
			continue;
		tree->used++;
		at = hash_of(tree->nodes[node].parent, tree->nodes[node].name) & (size - 1);
		while (slots[at] != PATH_NONE)
			at = (at + 1) & (size - 1);
		slots[at] = node;
	}
	free(tree->slots);
	tree->slots = slots;
	tree->slot_mask = (uint32_t)(size - 1);
	return true;
}

static uint32_t find_child(struct path_tree *tree, uint32_t parent, uint32_t name)
{
	for (uint32_t at = hash_of(parent, name) & tree->slot_mask; tree->slots[at] != PATH_NONE;
	     at = (at + 1) & tree->slot_mask) {
		uint32_t node = tree->slots[at];

		if (tree->nodes[node].parent == parent && tree->nodes[node].name == name &&
		    tree->nodes[node].moved_to == PATH_NONE)
			return node;
	}
	return PATH_NONE;
}

/* Where a node was before it is not removed: its key no longer fits there. */
static bool link_child(struct path_tree *tree, uint32_t node, uint32_t parent, uint32_t name)
{
	uint32_t at;

	if (tree->used > tree->slot_mask / 2 && !grow(tree))
		return false;
	tree->nodes[node].parent = parent;
	tree->nodes[node].name = name;
	tree->nodes[node].next = tree->nodes[parent].first_child;
	tree->nodes[parent].first_child = node;
	for (at = hash_of(parent, name) & tree->slot_mask; tree->slots[at] != PATH_NONE;)
		at = (at + 1) & tree->slot_mask;
	tree->slots[at] = node;
	tree->used++;
	return true;
}

uint32_t path_tree_child(struct path_tree *tree, uint32_t parent, uint32_t name)
{
	uint32_t node;

	parent = path_tree_resolve(tree, parent);
	node = find_child(tree, parent, name);
	if (node != PATH_NONE)
		return node;
	node = add_node(tree);
	return node != PATH_NONE && link_child(tree, node, parent, name) ? node : PATH_NONE;
}

uint32_t path_tree_loose(struct path_tree *tree)
{
	uint32_t node = add_node(tree);

	if (node != PATH_NONE)
		tree->nodes[node].loose = true;
	return node;
}

static void add_to(uint64_t *total, uint64_t value)
{
	if (__builtin_add_overflow(*total, value, total))
		*total = UINT64_MAX;
}

void path_values_add(struct path_values *to, const struct path_values *from)
{
	add_to(&to->count, from->count);
	add_to(&to->unfinished, from->unfinished);
	add_to(&to->errors, from->errors);
	add_to(&to->cancelled, from->cancelled);
	add_to(&to->wall, from->wall);
	add_to(&to->busy, from->busy);
	add_to(&to->busy_self, from->busy_self);
	add_to(&to->idle, from->idle);
	add_to(&to->queue, from->queue);
	add_to(&to->critical, from->critical);
}

/* The values of a node; it leads to @to from now on. */
static void move_values(struct path_tree *tree, uint32_t from, uint32_t to)
{
	struct path_node *source = &tree->nodes[from], *target = &tree->nodes[to];

	path_values_add(&target->values, &source->values);
	if (!target->example) {
		target->example = source->example;
		target->example_process = source->example_process;
	}
	source->values = (struct path_values){ 0 };
	source->moved_to = to;
}

/*
 * A child that is new below @to goes there with all that is below it. One that is there already is
 * merged like its parent: those are chained by `next` in @list until it is their turn.
 */
static int move_children(struct path_tree *tree, uint32_t from, uint32_t to, uint32_t *list)
{
	uint32_t child = tree->nodes[from].first_child;

	tree->nodes[from].first_child = PATH_NONE;
	while (child != PATH_NONE) {
		uint32_t next = tree->nodes[child].next, name = tree->nodes[child].name;
		uint32_t same = find_child(tree, to, name);

		if (same == PATH_NONE) {
			if (!link_child(tree, child, to, name))
				return -ENOMEM;
		} else {
			move_values(tree, child, same);
			tree->nodes[child].next = *list;
			*list = child;
		}
		child = next;
	}
	return 0;
}

static int merge(struct path_tree *tree, uint32_t from, uint32_t to)
{
	uint32_t list = from;
	int error = 0;

	move_values(tree, from, to);
	tree->nodes[from].next = PATH_NONE;
	while (list != PATH_NONE && !error) {
		from = list;
		list = tree->nodes[from].next;
		error = move_children(tree, from, tree->nodes[from].moved_to, &list);
	}
	return error;
}

static bool is_below(struct path_tree *tree, uint32_t path, uint32_t above)
{
	while (path != PATH_NONE && path != above)
		path = tree->nodes[path].parent;
	return path == above;
}

uint32_t path_tree_place(struct path_tree *tree, uint32_t loose, uint32_t parent, uint32_t name)
{
	uint32_t path;

	loose = path_tree_resolve(tree, loose);
	parent = path_tree_resolve(tree, parent);
	/* Spans that are each other's parents: only a file that lies has them. */
	if (is_below(tree, parent, loose))
		parent = PATH_TOP;
	tree->nodes[loose].loose = false;
	path = find_child(tree, parent, name);
	if (path == PATH_NONE)
		return link_child(tree, loose, parent, name) ? loose : PATH_NONE;
	return merge(tree, loose, path) ? PATH_NONE : path;
}

uint32_t path_tree_next(const struct path_tree *tree, uint32_t path)
{
	if (tree->nodes[path].first_child != PATH_NONE)
		return tree->nodes[path].first_child;
	while (path != PATH_NONE && tree->nodes[path].next == PATH_NONE)
		path = tree->nodes[path].parent;
	return path == PATH_NONE ? PATH_NONE : tree->nodes[path].next;
}

int path_tree_gather(struct path_tree *tree, uint32_t name)
{
	for (uint32_t i = 1; i < tree->count; i++) {
		if (tree->nodes[i].loose && path_tree_place(tree, i, PATH_TOP, name) == PATH_NONE)
			return -ENOMEM;
	}
	return 0;
}

uint32_t path_tree_resolve(struct path_tree *tree, uint32_t path)
{
	uint32_t end = path;

	while (tree->nodes[end].moved_to != PATH_NONE)
		end = tree->nodes[end].moved_to;
	while (tree->nodes[path].moved_to != PATH_NONE) {
		uint32_t next = tree->nodes[path].moved_to;

		tree->nodes[path].moved_to = end;
		path = next;
	}
	return end;
}

struct path_node *path_tree_node(struct path_tree *tree, uint32_t path)
{
	return &tree->nodes[path_tree_resolve(tree, path)];
}

uint32_t path_tree_count(const struct path_tree *tree)
{
	return tree->count;
}
