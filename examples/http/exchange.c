/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "exchange.h"
#include "connection.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 200, NOT_FOUND = 404, NOT_ALLOWED = 405, FAILED = 500, TIMED_OUT = 504 };

struct route {
	const char *name; /* of the span: few of them, whatever the clients ask for */
	const char *method;
	const char *path;
	unsigned deadline_ms;
	bool leaves_audit_log;
	unsigned query_count;
	struct database_plan queries[2];
};

static const struct route routes[] = {
	{ "GET /health", "GET", "/health", 1000, false, 0, { { 0, 0, 0, 0 } } },
	{ "GET /users", "GET", "/users", 5000, false, 1, { { 3, 2, 20, 0 } } },
	{ "GET /orders", "GET", "/orders", 5000, false, 2, { { 2, 1, 5, 0 }, { 4, 3, 40, 0 } } },
	{ "POST /orders", "POST", "/orders", 5000, true, 1, { { 5, 1, 1, 0 } } },
	{ "GET /error", "GET", "/error", 5000, false, 1, { { 2, 1, 0, EIO } } },
	{ "GET /slow", "GET", "/slow", 5000, false, 1, { { 400, 100, 10, 0 } } },
	{ "GET /cancel", "GET", "/cancel", 50, false, 1, { { 20, 2000, 10, 0 } } },
};

/* One location for all requests; each gives its own name. */
ASYNCSPAN_LOCATION(handle_request, "handle_request");

static struct connection *connection_of(struct exchange *exchange)
{
	return (struct connection *)((char *)exchange - offsetof(struct connection, exchange));
}

static struct exchange *exchange_of_job(struct job *job)
{
	return (struct exchange *)((char *)job - offsetof(struct exchange, job));
}

static const struct route *find_route(const struct http_request *request, const char **allow)
{
	const struct route *found = NULL, *route;
	bool is_get;

	*allow = NULL;
	for (route = routes; route < routes + sizeof(routes) / sizeof(routes[0]); route++) {
		if (!http_text_is(request->path, route->path))
			continue;
		is_get = strcmp(route->method, "GET") == 0;
		if (http_text_is(request->method, route->method) ||
		    (is_get && http_text_is(request->method, "HEAD")))
			found = route;
		*allow = *allow ? "GET, HEAD, POST" : is_get ? "GET, HEAD" : route->method;
	}
	return found;
}

static void reply_with(struct exchange *exchange, const struct reply *reply, int span_status)
{
	timers_stop(&connection_of(exchange)->server->timers, &exchange->deadline);
	{
		ASYNCSPAN_SCOPE("send_reply");
		connection_reply(connection_of(exchange), reply);
	}
	ASYNCSPAN_END_STATUS(&exchange->span, span_status);
}

static void reply_with_error(struct exchange *exchange, int status, const char *allow)
{
	int length = snprintf(exchange->body, sizeof(exchange->body), "{\"error\":%d}\n", status);
	struct reply reply = { status, exchange->body, (size_t)length, allow };

	reply_with(exchange, &reply, status);
}

/* On the way to a worker the span must be left first: the worker may enter it at once. */
static void hand_to_worker(struct exchange *exchange, void (*work)(struct job *job),
			   void (*finished)(struct job *job))
{
	exchange->on_worker = true;
	exchange->job.work = work;
	exchange->job.finished = finished;
	ASYNCSPAN_SUSPEND(&exchange->span);
	worker_pool_submit(&connection_of(exchange)->server->pool, &exchange->job);
}

static void cancelled(struct exchange *exchange)
{
	database_cancel(&exchange->query);
	timers_stop(&connection_of(exchange)->server->timers, &exchange->deadline);
	ASYNCSPAN_END_STATUS(&exchange->span, ASYNCSPAN_CANCELLED);
}

/* Back on the loop; false if the client has gone meanwhile, and the exchange ended with it. */
static bool back_on_loop(struct exchange *exchange)
{
	exchange->on_worker = false;
	if (exchange->is_cancelled) {
		cancelled(exchange);
		connection_go_on(connection_of(exchange));
		return false;
	}
	ASYNCSPAN_RESUME(&exchange->span);
	return true;
}

/* A piece of work that outlives the request: spawned here, run on a worker when it can. */
struct audit {
	struct job job;
	asyncspan_t span;
	uint32_t checksum;
};

static uint32_t checksum_of(const char *bytes, size_t length, unsigned rounds)
{
	uint32_t sum = 2166136261u;
	size_t i;

	while (rounds-- > 0)
		for (i = 0; i < length; i++)
			sum = (sum ^ (unsigned char)bytes[i]) * 16777619u;
	return sum;
}

static void write_audit_log(struct job *job)
{
	struct audit *audit = (struct audit *)job;

	ASYNCSPAN_RESUME(&audit->span);
	audit->checksum = checksum_of("order accepted", 14, 2000);
	ASYNCSPAN_END(&audit->span);
}

static void audit_log_written(struct job *job)
{
	free(job);
}

static void spawn_audit_log(struct exchange *exchange)
{
	struct audit *audit = calloc(1, sizeof(*audit));

	if (!audit)
		return;
	audit->job.work = write_audit_log;
	audit->job.finished = audit_log_written;
	ASYNCSPAN_SPAWN(&audit->span, "write_audit_log");
	worker_pool_submit(&connection_of(exchange)->server->pool, &audit->job);
}

static void render_on_worker(struct job *job)
{
	struct exchange *exchange = exchange_of_job(job);
	size_t length = 0;
	unsigned i;

	ASYNCSPAN_RESUME(&exchange->span);
	ASYNCSPAN_RESUME(&exchange->render);
	length += (size_t)snprintf(exchange->body, sizeof(exchange->body),
				   "{\"path\":\"%s\",\"token\":%u,\"rows\":[",
				   exchange->route->path, exchange->token);
	for (i = 0; i < exchange->rows; i++)
		length += (size_t)snprintf(exchange->body + length, sizeof(exchange->body) - length,
					   "%s{\"id\":%u}", i ? "," : "", i);
	length +=
		(size_t)snprintf(exchange->body + length, sizeof(exchange->body) - length, "]}\n");
	exchange->body_length = length;
	ASYNCSPAN_END(&exchange->render);
	ASYNCSPAN_SUSPEND(&exchange->span);
}

static void rendered(struct job *job)
{
	struct exchange *exchange = exchange_of_job(job);
	struct reply reply = { OK, exchange->body, exchange->body_length, NULL };

	if (!back_on_loop(exchange))
		return;
	if (exchange->route->leaves_audit_log)
		spawn_audit_log(exchange);
	reply_with(exchange, &reply, 0);
	connection_go_on(connection_of(exchange));
}

static void ask_database(struct exchange *exchange);

static void answered_by_database(struct database_query *query, int result)
{
	struct exchange *exchange =
		(struct exchange *)((char *)query - offsetof(struct exchange, query));

	if (result < 0) {
		reply_with_error(exchange, FAILED, NULL);
		connection_go_on(connection_of(exchange));
		return;
	}
	exchange->rows += (unsigned)result;
	ask_database(exchange);
}

/* The next query of the route, or what follows the last one. */
static void ask_database(struct exchange *exchange)
{
	const struct route *route = exchange->route;

	if (exchange->next_query == route->query_count) {
		ASYNCSPAN_SPAWN(&exchange->render, "render");
		hand_to_worker(exchange, render_on_worker, rendered);
		return;
	}
	exchange->query.caller = &exchange->span;
	database_start(&exchange->query, &connection_of(exchange)->server->timers,
		       &route->queries[exchange->next_query++], answered_by_database);
	ASYNCSPAN_SUSPEND(&exchange->span);
}

static void authorize_on_worker(struct job *job)
{
	struct exchange *exchange = exchange_of_job(job);

	ASYNCSPAN_POLL(&exchange->span) {
		ASYNCSPAN_SCOPE("authorize");
		exchange->token =
			checksum_of(exchange->route->path, strlen(exchange->route->path), 500);
	}
}

static void authorized(struct job *job)
{
	struct exchange *exchange = exchange_of_job(job);

	if (!back_on_loop(exchange))
		return;
	if (exchange->is_late) {
		reply_with_error(exchange, TIMED_OUT, NULL);
		connection_go_on(connection_of(exchange));
		return;
	}
	ask_database(exchange);
}

/* Too late: the query is given up. */
static void deadline_passed(struct timer *timer)
{
	struct exchange *exchange =
		(struct exchange *)((char *)timer - offsetof(struct exchange, deadline));

	if (exchange->on_worker) {
		exchange->is_late = true;
		return;
	}
	database_cancel(&exchange->query);
	ASYNCSPAN_RESUME(&exchange->span);
	reply_with_error(exchange, TIMED_OUT, NULL);
	connection_go_on(connection_of(exchange));
}

void exchange_start(struct exchange *exchange)
{
	const struct http_request *request = &connection_of(exchange)->request;
	const char *allow;

	memset(exchange, 0, offsetof(struct exchange, body));
	exchange->route = find_route(request, &allow);
	ASYNCSPAN_BEGIN_NAMED_AT(&exchange->span, &handle_request,
				 exchange->route ? exchange->route->name : "(no such route)");
	if (!exchange->route) {
		reply_with_error(exchange, allow ? NOT_ALLOWED : NOT_FOUND, allow);
		return;
	}
	timers_start(&connection_of(exchange)->server->timers, &exchange->deadline,
		     exchange->route->deadline_ms, deadline_passed);
	hand_to_worker(exchange, authorize_on_worker, authorized);
}

bool exchange_cancel(struct exchange *exchange)
{
	if (exchange->on_worker) {
		exchange->is_cancelled = true;
		return false;
	}
	cancelled(exchange);
	return true;
}
