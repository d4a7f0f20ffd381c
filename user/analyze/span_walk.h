/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goes through a trace backwards in time and follows what is open: who is whose child, the call
 * tree by path, critical paths, siblings.
 *
 *	struct span_visitor visitor = { .context = &x, .span = count_it };
 *	error = span_walk(reader, tree, &visitor);	reader: latest first
 *
 * Backwards a parent comes before its children. A child that outlived its parent comes first: its
 * parent is then there but not known (open_span.known), and its path is loose until the parent's
 * row comes. Memory: the spans that are open at a time, the distinct paths.
 *
 * Critical path of a root that ended: from its end back, the span that is followed is the child
 * with the latest end that is not after the time arrived at; between children it is the span
 * itself. All segments sum to the root's wall time. They are added to the critical time of their
 * paths.
 */
#ifndef ANALYZE_SPAN_WALK_H
#define ANALYZE_SPAN_WALK_H

#include "analyze/open_spans.h"
#include "analyze/path_tree.h"
#include "analyze/span.h"
#include "analyze/span_reader.h"

/* All may be NULL, all return 0 or a negative errno, which ends the walk. */
struct span_visitor {
	void *context;
	/* A span ends here. @parent: NULL for a root. Sums of its path have not been added to. */
	int (*span)(void *context, const struct span *span, struct open_span *self,
		    struct open_span *parent);
	/* A span begins here: just before it is not in flight. */
	int (*began)(void *context, struct open_span *self);
	/* All children of a span have been seen; it is forgotten. */
	int (*closed)(void *context, struct open_span *self);
};

/* Returns 0, -ENOMEM, what the reader or the visitor gave. */
int span_walk(struct span_reader *reader, struct path_tree *tree,
	      const struct span_visitor *visitor);

#endif
