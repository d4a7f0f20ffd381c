/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libevent with asyncspan/event.h: a service that answers lines in capitals, on a pair of sockets,
 * and beside it timers, a pipe that is watched, one that stays silent, and work handed to the loop.
 *
 *	asyncspan-trace -- build/examples/event_upper LINE...
 */
#include <asyncspan/event.h>
#include <ctype.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>
#include "story/story.h"

enum { RETRIES = 3 };

static struct event_base *base;
static struct event *retry, *reminder, *readable, *silent;
static struct bufferevent *client, *service;
static int lines_left, bytes_left;

static struct story told_client = { .name = "bufferevent_setcb on_answer", .parent = "-" };
static struct story told_service = { .name = "bufferevent_setcb on_line", .parent = "-" };
static struct story told_retry = { .name = "event_add retry", .parent = "-" };
static struct story told_readable = { .name = "event_add readable", .parent = "-" };
static struct story told_silent = { .name = "event_add silent", .parent = "-" };
static struct story told_once = { .name = "event_base_once on_start", .parent = "main" };
static struct story told_answer = { .name = "answer", .parent = "bufferevent_setcb on_line" };

static const struct timeval soon = { 0, 2000 }, in_a_minute = { 60, 0 };

/* The service: a span per line, in the span of its connection. */
static void on_line(struct bufferevent *bev, void *unused)
{
	char *line;

	(void)unused;
	story_poll(&told_service);
	while ((line = evbuffer_readln(bufferevent_get_input(bev), NULL, EVBUFFER_EOL_LF))) {
		struct story told = told_answer;
		char *at;

		ASYNCSPAN_SCOPE("answer");
		story_poll(&told);
		for (at = line; *at; at++)
			*at = (char)toupper((unsigned char)*at);
		evbuffer_add_printf(bufferevent_get_output(bev), "%s\n", line);
		free(line);
		story_end(&told, 0);
	}
}

static void on_service_event(struct bufferevent *bev, short what, void *unused)
{
	(void)unused;
	story_poll(&told_service);
	if (!(what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)))
		return;
	story_end(&told_service, 0);
	asyncspan_bufferevent_free(bev); /* in its own callback */
	service = NULL;
}

static void on_answer(struct bufferevent *bev, void *lines)
{
	char *line;

	story_poll(&told_client);
	if (lines != &lines_left)
		abort();
	while ((line = evbuffer_readln(bufferevent_get_input(bev), NULL, EVBUFFER_EOL_LF))) {
		printf("%s\n", line);
		free(line);
		lines_left--;
	}
	if (lines_left)
		return;
	story_end(&told_client, 0);
	asyncspan_bufferevent_free(bev);
	client = NULL;
}

/* A timer that starts itself again: one span, a poll each time. */
static void on_retry(evutil_socket_t fd, short what, void *argument)
{
	(void)fd, (void)what;
	story_poll(&told_retry);
	if (argument != &told_retry)
		abort();
	if (told_retry.polls < RETRIES)
		asyncspan_event_add(retry, &soon);
	else
		story_end(&told_retry, 0);
}

static void on_reminder(evutil_socket_t fd, short what, void *unused)
{
	(void)fd, (void)what, (void)unused;
	fputs("not done within a minute\n", stderr);
	exit(1);
}

/* A persistent event, deleted by its own callback. */
static void on_readable(evutil_socket_t fd, short what, void *unused)
{
	char byte;

	(void)what, (void)unused;
	story_poll(&told_readable);
	if (read(fd, &byte, 1) == 1 && --bytes_left > 0)
		return;
	story_end(&told_readable, 0);
	asyncspan_event_del(readable);
}

static void on_silent(evutil_socket_t fd, short what, void *unused)
{
	(void)fd, (void)unused;
	story_poll(&told_silent);
	story_end(&told_silent, what == EV_TIMEOUT ? ETIMEDOUT : 0);
}

static void on_start(evutil_socket_t fd, short what, void *unused)
{
	(void)fd, (void)what, (void)unused;
	story_poll(&told_once);
	story_end(&told_once, 0);
}

static int connect_both(void)
{
	evutil_socket_t ends[2];

	if (evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
		return -1;
	evutil_make_socket_nonblocking(ends[0]);
	evutil_make_socket_nonblocking(ends[1]);
	client = bufferevent_socket_new(base, ends[0], BEV_OPT_CLOSE_ON_FREE);
	service = bufferevent_socket_new(base, ends[1], BEV_OPT_CLOSE_ON_FREE);
	asyncspan_bufferevent_setcb(client, on_answer, NULL, NULL, &lines_left);
	asyncspan_bufferevent_setcb(service, on_line, NULL, on_service_event, NULL);
	bufferevent_enable(client, EV_READ | EV_WRITE);
	bufferevent_enable(service, EV_READ | EV_WRITE);
	return 0;
}

int main(int argc, char **argv)
{
	struct story told_main = { .name = "main", .parent = "-" };
	asyncspan_t whole;
	int loud[2], quiet[2], i;

	if (argc < 2) {
		fprintf(stderr, "usage: %s LINE...\n", argv[0]);
		return 2;
	}
	base = event_base_new();
	if (!base || pipe(loud) != 0 || pipe(quiet) != 0 || connect_both() != 0)
		return 1;
	lines_left = argc - 1;
	for (i = 1; i < argc; i++)
		evbuffer_add_printf(bufferevent_get_output(client), "%s\n", argv[i]);

	retry = evtimer_new(base, on_retry, &told_retry);
	reminder = evtimer_new(base, on_reminder, NULL);
	readable = event_new(base, loud[0], EV_READ | EV_PERSIST, on_readable, NULL);
	silent = event_new(base, quiet[0], EV_READ, on_silent, NULL);
	asyncspan_event_add(retry, &soon);
	asyncspan_event_add(reminder, &in_a_minute);
	asyncspan_event_add(readable, NULL);
	asyncspan_event_add(silent, &soon);
	bytes_left = (int)write(loud[1], "abc", 3);

	ASYNCSPAN_BEGIN(&whole, "main"); /* what is begun in here lies below it */
	story_poll(&told_main);
	asyncspan_event_base_once(base, -1, EV_TIMEOUT, on_start, NULL, &soon);
	ASYNCSPAN_SUSPEND(&whole);

	while (client || service || bytes_left || told_retry.polls < RETRIES ||
	       !told_silent.polls || !told_once.polls)
		event_base_loop(base, EVLOOP_ONCE);

	ASYNCSPAN_END(&whole);
	story_end(&told_main, 0);
	asyncspan_event_free(retry);
	asyncspan_event_free(reminder); /* before its time */
	story_end(&(struct story){ .name = "event_add reminder", .parent = "-" },
		  ASYNCSPAN_CANCELLED);
	asyncspan_event_free(readable);
	asyncspan_event_free(silent);
	event_base_free(base);
	for (i = 0; i < 2; i++) {
		close(loud[i]);
		close(quiet[i]);
	}
	return 0;
}
