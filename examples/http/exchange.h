/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * exchange.h: one request and how it is answered: the part of the server that is traced.
 *
 *	exchange_start(&connection->exchange);	the request is in connection->request
 *	exchange_cancel(&connection->exchange);	the client has gone
 *
 * The span "GET /users" begins on the loop, runs on a worker (authorize), on the loop again, where
 * the database is asked (query, execute, fetch), on a worker (render), and ends on the loop.
 */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "database.h"
#include "timers.h"
#include "worker_pool.h"
#include <asyncspan.h>

enum { EXCHANGE_BODY_SIZE = 4096 };

struct exchange {
	asyncspan_t span;
	asyncspan_t render; /* spawned on the loop, run on a worker */
	const struct route *route;
	struct job job;
	struct timer deadline;
	struct database_query query;
	unsigned next_query;
	unsigned rows;
	uint32_t token; /* what authorize computes */
	bool on_worker;
	bool is_cancelled; /* while it was on a worker */
	bool is_late;	   /* the same */
	size_t body_length;
	char body[EXCHANGE_BODY_SIZE];
};

void exchange_start(struct exchange *exchange);

/* False if it is on a worker: it ends when it comes back, and calls connection_go_on() then. */
bool exchange_cancel(struct exchange *exchange);

#endif /* HTTP_EXCHANGE_H */
