/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "connection.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IDLE_MS = 30000, LINGER_MS = 1000 };

static const char *reason_of(int status)
{
	static const struct {
		int status;
		const char *reason;
	} reasons[] = {
		{ 200, "OK" },
		{ 400, "Bad Request" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 417, "Expectation Failed" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" },
	};
	size_t i;

	for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Unknown";
}

static struct connection *connection_of_idle(struct timer *timer)
{
	return (struct connection *)((char *)timer - offsetof(struct connection, idle));
}

static void close_now(struct connection *c)
{
	struct server *server = c->server;

	if (c->is_closed)
		return;
	c->is_closed = true;
	timers_stop(&server->timers, &c->idle);
	close(c->socket);
	if (c->previous)
		c->previous->next = c->next;
	else
		server->connections = c->next;
	if (c->next)
		c->next->previous = c->previous;
	server->connection_count--;
	c->next = server->closed;
	server->closed = c;
}

/* The client has gone, or its time is over: whatever is under way is given up. */
static void abandon(struct connection *c)
{
	c->last_request = true;
	if (c->answering && !exchange_cancel(&c->exchange)) {
		epoll_ctl(c->server->poll, EPOLL_CTL_DEL, c->socket, NULL);
		return; /* closed when the worker is done with it */
	}
	c->answering = false;
	close_now(c);
}

static void idle_for_too_long(struct timer *timer)
{
	abandon(connection_of_idle(timer));
}

/* Waits for what makes sense now: room in the buffer to read into, output to be written. */
static void wait_for_events(struct connection *c)
{
	struct epoll_event event = { .events = EPOLLRDHUP, .data.ptr = &c->source };

	if (c->input_length < sizeof(c->input))
		event.events |= EPOLLIN;
	if (c->output_sent < c->output_length)
		event.events |= EPOLLOUT;
	if (event.events == c->waits_for)
		return;
	c->waits_for = event.events;
	epoll_ctl(c->server->poll, EPOLL_CTL_MOD, c->socket, &event);
}

/* False if the connection broke. */
static bool write_output(struct connection *c)
{
	while (c->output_sent < c->output_length) {
		ssize_t sent = send(c->socket, c->output + c->output_sent,
				    c->output_length - c->output_sent, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK;
		c->output_sent += (size_t)sent;
	}
	c->output_sent = c->output_length = 0;
	return true;
}

static void add_output(struct connection *c, const char *bytes, size_t length)
{
	if (length > sizeof(c->output) - c->output_length)
		abort(); /* one answer at a time, each much smaller than the buffer */
	memcpy(c->output + c->output_length, bytes, length);
	c->output_length += length;
}

void connection_reply(struct connection *c, const struct reply *reply)
{
	char head[512];
	int length = snprintf(head, sizeof(head),
			      "HTTP/1.1 %d %s\r\n"
			      "Content-Type: application/json\r\n"
			      "Content-Length: %zu\r\n"
			      "%s%s%s"
			      "Connection: %s\r\n\r\n",
			      reply->status, reason_of(reply->status), reply->body_length,
			      reply->allow ? "Allow: " : "", reply->allow ? reply->allow : "",
			      reply->allow ? "\r\n" : "", c->last_request ? "close" : "keep-alive");

	add_output(c, head, (size_t)length);
	if (!http_text_is(c->request.method, "HEAD"))
		add_output(c, reply->body, reply->body_length);
	c->answering = false;
	c->input_length -= c->request_length;
	memmove(c->input, c->input + c->request_length, c->input_length);
	c->request_length = 0;
	c->said_continue = false;
}

/* A request that cannot be understood: where the next one begins is not known either. */
static void refuse(struct connection *c, int status)
{
	char body[32];
	struct reply reply = { status, body, 0, NULL };

	reply.body_length = (size_t)snprintf(body, sizeof(body), "{\"error\":%d}\n", status);
	c->last_request = true;
	c->request_length = c->input_length;
	connection_reply(c, &reply);
}

/* Takes the next request out of the buffer, if it is complete. */
static void next_request(struct connection *c)
{
	int taken = http_request_parse(c->input, c->input_length, &c->request);

	if (taken < 0) {
		refuse(c, -taken);
		return;
	}
	if (taken == 0) {
		if (c->request.expects_continue && !c->said_continue)
			add_output(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
		c->said_continue = c->said_continue || c->request.expects_continue;
		return;
	}
	c->request_length = (size_t)taken;
	c->last_request = c->last_request || !c->request.keep_alive || c->server->stopping;
	c->answering = true;
	exchange_start(&c->exchange);
}

/*
 * To close a socket with unread bytes resets the connection, and the answer may be lost with it:
 * says that it is over, and waits a little for the client to say the same.
 */
static void linger(struct connection *c)
{
	c->is_lingering = true;
	c->input_length = 0;
	shutdown(c->socket, SHUT_WR);
	timers_start(&c->server->timers, &c->idle, LINGER_MS, idle_for_too_long);
	wait_for_events(c);
}

void connection_go_on(struct connection *c)
{
	size_t before;

	if (c->is_closed)
		return;
	if (c->exchange.is_cancelled) {
		close_now(c);
		return;
	}
	do {
		before = c->input_length;
		if (!write_output(c)) {
			abandon(c);
			return;
		}
		if (!c->answering && c->output_length == 0 && !c->last_request)
			next_request(c);
	} while (c->output_length > c->output_sent && c->input_length != before);
	if (!write_output(c)) {
		abandon(c);
		return;
	}
	if (c->last_request && !c->answering && c->output_length == 0) {
		linger(c);
		return;
	}
	if (c->answering)
		timers_stop(&c->server->timers, &c->idle);
	else if (!c->idle.running)
		timers_start(&c->server->timers, &c->idle, IDLE_MS, idle_for_too_long);
	wait_for_events(c);
}

/* False if the client will send no more: for this server it has gone then, as a half-closed
 * connection cannot be told from a closed one. What it sent before is still read. */
static bool read_input(struct connection *c)
{
	while (c->input_length < sizeof(c->input)) {
		ssize_t got = recv(c->socket, c->input + c->input_length,
				   sizeof(c->input) - c->input_length, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK;
		if (got == 0)
			return false;
		c->input_length += (size_t)got;
	}
	return true;
}

static void connection_ready(struct event_source *source, uint32_t events)
{
	struct connection *c = (struct connection *)source;
	bool has_gone = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;

	if (c->is_closed)
		return;
	if ((events & EPOLLIN) && !read_input(c))
		has_gone = true;
	if (has_gone)
		abandon(c);
	else if (c->is_lingering)
		c->input_length = 0;
	else
		connection_go_on(c);
}

static int watch(struct connection *c)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLRDHUP, .data.ptr = &c->source };

	c->waits_for = event.events;
	return epoll_ctl(c->server->poll, EPOLL_CTL_ADD, c->socket, &event) ? -errno : 0;
}

int connection_open(struct server *server, int socket)
{
	struct connection *c = calloc(1, sizeof(*c));
	int error;

	if (!c) {
		close(socket);
		return -ENOMEM;
	}
	c->source.ready = connection_ready;
	c->server = server;
	c->socket = socket;
	error = watch(c);
	if (error) {
		close(socket);
		free(c);
		return error;
	}
	c->next = server->connections;
	if (c->next)
		c->next->previous = c;
	server->connections = c;
	if (++server->connection_count > CONNECTION_MAX)
		refuse(c, 503);
	connection_go_on(c);
	return 0;
}

void connection_stop(struct connection *c, bool force)
{
	if (force || !c->answering)
		abandon(c);
	else
		c->last_request = true;
}

void connection_free_closed(struct server *server)
{
	while (server->closed) {
		struct connection *c = server->closed;

		server->closed = c->next;
		free(c);
	}
}
