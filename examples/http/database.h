/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * database.h: a simulated database, whose answers take their time without blocking the loop.
 *
 *	query.caller = &request->span;
 *	database_start(&query, &timers, &plan, on_rows);	with the caller's span entered
 *	database_cancel(&query);				no callback comes any more
 *
 * Three spans, one inside the other: query, execute, fetch. While it waits, all of them are
 * suspended; the caller suspends its own after database_start. The callback comes on the loop,
 * with the caller's span entered, when the query has ended.
 */
#ifndef HTTP_DATABASE_H
#define HTTP_DATABASE_H

#include "timers.h"
#include <asyncspan.h>
#include <stdbool.h>

struct database_plan {
	unsigned execute_ms, fetch_ms;
	unsigned rows;
	int error; /* an errno that execute fails with; 0: none */
};

struct database_query {
	asyncspan_t *caller;
	asyncspan_t query, execute, fetch;
	struct timer timer;
	struct timers *timers;
	const struct database_plan *plan;
	/* rows, or a negative errno */
	void (*done)(struct database_query *query, int result);
	bool running;
};

void database_start(struct database_query *query, struct timers *timers,
		    const struct database_plan *plan,
		    void (*done)(struct database_query *query, int result));
void database_cancel(struct database_query *query);

#endif /* HTTP_DATABASE_H */
