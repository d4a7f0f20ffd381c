/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The call tree of a report, aggregated by path, as text and as JSON.
 *
 *	error = tree_write_text(&report, &(struct tree_limits){ 8, 60 }, stdout);
 *
 * Children are sorted by wall time. The critical share of a path is the part of the wall time of all
 * roots in which it was what its root waited for: if it were 0, the roots would be so much shorter.
 */
#ifndef ANALYZE_TREE_WRITE_H
#define ANALYZE_TREE_WRITE_H

#include <stdio.h>

#include "analyze/report.h"

struct tree_limits {
	uint64_t levels; /* 0: all */
	uint64_t rows;	 /* 0: all */
};

/* Both return 0, -ENOMEM or -EIO. JSON has all paths, as a list in the same order. */
int tree_write_text(const struct report *report, const struct tree_limits *limits, FILE *out);
int tree_write_json(const struct report *report, FILE *out);

#endif
