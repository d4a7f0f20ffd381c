/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where to draw spans so that none hides another.
 *
 *	for each span, parents before children, by rising begin:
 *		error = lanes_place(lanes, &(struct lane_span){ begin, end, parent }, &place);
 *	lanes_rows(lanes, bases);
 *	row = bases[place.lane] + place.level;
 *
 * A child lies on its parent's lane, one level deeper, if it ends with it at the latest and nothing
 * else of the parent is open there; otherwise it gets a lane of its own. A lane is free again when
 * its last span has ended: at or before the next one's begin. On a lane, spans nest strictly, which
 * is what tracks of trace viewers ask for. Memory: 16 bytes a span, and the lanes.
 */
#ifndef ANALYZE_LANES_H
#define ANALYZE_LANES_H

#include <stddef.h>
#include <stdint.h>

#define LANE_NO_PARENT UINT32_MAX

struct lane_span {
	int64_t begin; /* never less than that of the span placed before */
	int64_t end;
	uint32_t parent; /* number of a span placed before, counted from 0, or LANE_NO_PARENT */
};

struct lane_place {
	uint32_t lane;
	uint32_t level; /* spans above it on its lane */
};

struct lanes;

struct lanes *lanes_new(void); /* NULL without memory */
void lanes_free(struct lanes *lanes);

/* Returns 0, -ENOMEM, or -EINVAL for spans that are not in order. */
int lanes_place(struct lanes *lanes, const struct lane_span *span, struct lane_place *place);

uint32_t lanes_count(const struct lanes *lanes);
uint32_t lanes_height(const struct lanes *lanes, uint32_t lane); /* levels in use */
/* The first row of each lane, if lanes lie below each other; one more: the number of rows. */
void lanes_rows(const struct lanes *lanes, uint32_t *bases);

#endif
