/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The call tree of a trace, aggregated by path: the names from the root of a span down to it,
 * by parent id, not by who was above it on a thread.
 *
 *	struct path_tree *tree = path_tree_new();
 *	path = path_tree_child(tree, PATH_TOP, name);
 *	path_tree_node(tree, path)->values.count++;
 *	path_tree_free(tree);
 *
 * A path whose beginning is not known yet stands below a loose node; placing the loose node moves
 * all below it and adds its values to what is there. Numbers of paths given before stay good for
 * path_tree_node() and path_tree_resolve(), which follow them. Names are ids of the caller's set of
 * strings. Memory: the distinct paths.
 */
#ifndef ANALYZE_PATH_TREE_H
#define ANALYZE_PATH_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PATH_TOP 0	     /* above the roots; has no name */
#define PATH_NONE UINT32_MAX /* no path; also: out of memory */

/* Sums over the spans of a path. Times, but for age, of those that ended, in ns. */
struct path_values {
	uint64_t count; /* unfinished ones included */
	uint64_t unfinished;
	uint64_t errors;
	uint64_t cancelled;
	uint64_t wall;
	uint64_t busy;
	uint64_t busy_self;
	uint64_t idle;
	uint64_t queue;
	uint64_t critical; /* on the critical path of its root; ended roots only */
};

struct path_node {
	uint32_t parent; /* PATH_NONE: top, or loose */
	uint32_t name;
	uint32_t first_child; /* PATH_NONE: none */
	uint32_t next;	      /* sibling */
	uint32_t moved_to;    /* PATH_NONE: in use */
	bool loose;
	struct path_values values;
	int64_t example; /* id of one span, the one that ended last; 0: none */
	uint32_t example_process;
};

struct path_tree;

struct path_tree *path_tree_new(void); /* NULL without memory */
void path_tree_free(struct path_tree *tree);

/* The path below @parent with this name, made when it is new; PATH_NONE without memory. */
uint32_t path_tree_child(struct path_tree *tree, uint32_t parent, uint32_t name);

/* A new loose node; PATH_NONE without memory. */
uint32_t path_tree_loose(struct path_tree *tree);
/* @loose becomes the path below @parent with this name, which is returned, or PATH_NONE. */
uint32_t path_tree_place(struct path_tree *tree, uint32_t loose, uint32_t parent, uint32_t name);
/* Places what is loose still, as rows of parents are missing, below a root of this name. */
int path_tree_gather(struct path_tree *tree, uint32_t name);

/* All paths, parents before children: from PATH_TOP on, until PATH_NONE. */
uint32_t path_tree_next(const struct path_tree *tree, uint32_t path);

/* Valid until a path is made. */
struct path_node *path_tree_node(struct path_tree *tree, uint32_t path);
/* The number that a path has now. */
uint32_t path_tree_resolve(struct path_tree *tree, uint32_t path);

/* Numbers are below this one, those not in use included. */
uint32_t path_tree_count(const struct path_tree *tree);

void path_values_add(struct path_values *to, const struct path_values *from);

#endif
