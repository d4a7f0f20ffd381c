/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * connection.h: one client: reads requests, one at a time, and writes their answers in order.
 *
 *	connection_open(server, socket);	owns the socket from now on, also on failure
 *	connection_reply(connection, &reply);	by the exchange, exactly once per request
 *	connection_go_on(connection);		afterwards: the next request, if there is one
 *	connection_free_closed(server);		when the loop has handled a batch of events
 *
 * Requests may come pipelined: what follows the present one waits in the buffer, and when that is
 * full, in the socket. A connection whose request is on a worker stays until it comes back.
 */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "exchange.h"
#include "request.h"
#include "server.h"

enum {
	CONNECTION_INPUT_SIZE = HTTP_REQUEST_HEAD_SIZE + HTTP_REQUEST_BODY_SIZE + 2,
	CONNECTION_OUTPUT_SIZE = 16384,
	CONNECTION_MAX = 2048, /* open at once; further clients are answered 503 */
};

struct connection {
	struct event_source source;
	struct server *server;
	struct connection *previous, *next;
	int socket;
	uint32_t waits_for; /* epoll events */
	bool answering;	    /* an exchange is under way */
	bool last_request;  /* close when it is answered */
	bool said_continue; /* "100 Continue" of the request being read */
	bool is_lingering;  /* answered for good: what still comes is thrown away */
	bool is_closed;
	struct timer idle;
	struct http_request request;
	size_t request_length;
	struct exchange exchange;
	size_t input_length, output_length, output_sent;
	char input[CONNECTION_INPUT_SIZE];
	char output[CONNECTION_OUTPUT_SIZE];
};

struct reply {
	int status;
	const char *body; /* JSON */
	size_t body_length;
	const char *allow; /* methods, where the status is 405 */
};

/* 0 or a negative errno. */
int connection_open(struct server *server, int socket);
void connection_reply(struct connection *connection, const struct reply *reply);
void connection_go_on(struct connection *connection);

/* The server stops: closes it if nothing is under way, or in any case by force. */
void connection_stop(struct connection *connection, bool force);
void connection_free_closed(struct server *server);

#endif /* HTTP_CONNECTION_H */
