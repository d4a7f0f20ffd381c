/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The depths of spans from their parents, for exports of async_events that lack the column.
 *
 *	err = event_depths_open(&depths);
 *	err = event_depths_add(depths, span_id, parent_span_id);	// for every event, in any order
 *	depth = event_depths_of(depths, span_id);
 *	event_depths_close(depths);
 *
 * A span of which a parent, or one further up, is not there has no depth that could be known;
 * neither have spans that are each other's parents. Memory is 24 to 48 bytes per span. The only
 * error is -ENOMEM.
 */
#ifndef TABLES_EVENT_DEPTHS_H
#define TABLES_EVENT_DEPTHS_H

#include <stddef.h>
#include <stdint.h>

#define EVENT_DEPTH_UNKNOWN (-1)

struct event_depths;

int event_depths_open(struct event_depths **depths);
void event_depths_close(struct event_depths *depths); /* NULL is fine */

/* Of several for the same span the first one counts. Span 0 is none: it is passed over. */
int event_depths_add(struct event_depths *depths, int64_t span, int64_t parent);

/* All events of these parts; on failure @message is "PATH: cause". Other errors: of the reader. */
int event_depths_add_parts(struct event_depths *depths, char *const *paths, size_t count,
			   char *message, size_t message_size);

int64_t event_depths_of(struct event_depths *depths, int64_t span);

#endif
