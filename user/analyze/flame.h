/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A flame graph of the call tree, as one SVG picture: a frame is a name below its parents, by parent
 * id, not by the stack of a thread; the wider, the more.
 *
 *	error = flame_write(&report, FLAME_BUSY_SELF, "title", stdout);
 *
 * Busy self and count add up: a frame is its own value and those of its children. Wall and idle do
 * not, as children may run at the same time: there a frame is its own value, and children that
 * together exceed it are narrowed to fit, marked "parallel x k". The legend says so. Frames too
 * narrow to be seen and levels too deep are left out and counted. Names are escaped.
 */
#ifndef ANALYZE_FLAME_H
#define ANALYZE_FLAME_H

#include <stdio.h>

#include "analyze/report.h"

enum flame_value {
	FLAME_WALL,
	FLAME_BUSY_SELF,
	FLAME_IDLE,
	FLAME_COUNT,
};

extern const char *const flame_value_names[]; /* "wall", ..., NULL */

/* Returns 0, -ENOMEM or -EIO. */
int flame_write(const struct report *report, enum flame_value value, const char *title, FILE *out);

#endif
