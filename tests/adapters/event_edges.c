/* SPDX-License-Identifier: BSD-2-Clause */
/* asyncspan/event.h where it is easily wrong: adding again, deleting inside, errors, priorities. */
#include <asyncspan/event.h>
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include "check.h"

static struct event_base *base;
static const struct timeval at_once = { 0, 0 }, soon = { 0, 1000 }, late = { 60, 0 };
static int calls;
static struct event *current;

static void count(evutil_socket_t fd, short what, void *argument)
{
	(void)fd, (void)what;
	CHECK(argument == &calls);
	calls++;
}

static void is_as_assigned(evutil_socket_t fd, short what, void *argument)
{
	(void)fd, (void)what;
	CHECK(argument == &base);
	CHECK(event_get_callback(current) == is_as_assigned);
	CHECK(event_get_callback_arg(current) == &base);
	CHECK(event_get_priority(current) == 2);
	calls++;
}

static void run(void)
{
	calls = 0;
	CHECK(event_base_dispatch(base) >= 0);
}

static void added_again_while_pending(void)
{
	struct event *pending = evtimer_new(base, count, &calls);

	CHECK(asyncspan_event_add(pending, &late) == 0);
	CHECK(asyncspan_event_add(pending, &soon) == 0);
	run();
	CHECK(calls == 1);
	asyncspan_event_free(pending);
	tell("event_add pending", "-", 1, 0);
}

static void deleted_without_the_adapter(void)
{
	struct event *deleted = evtimer_new(base, count, &calls);

	asyncspan_event_add(deleted, &soon);
	CHECK(event_del(deleted) == 0);
	asyncspan_event_add(deleted, &soon);
	run();
	CHECK(calls == 1);
	asyncspan_event_free(deleted);
	tell("event_add deleted", "-", 0, ASYNCSPAN_CANCELLED);
	tell("event_add deleted", "-", 1, 0);
}

static void assignment_and_priority(void)
{
	struct event *prior = evtimer_new(base, is_as_assigned, &base);

	current = prior;
	CHECK(event_priority_set(prior, 2) == 0);
	asyncspan_event_add(prior, &soon);
	CHECK(event_get_priority(prior) == 2);
	run();
	CHECK(calls == 1 && event_get_callback(prior) == is_as_assigned);
	event_free(prior); /* not pending: nothing of the adapter is in it */
	tell("event_add prior", "-", 1, 0);
}

static void free_current(evutil_socket_t fd, short what, void *argument)
{
	(void)fd, (void)what, (void)argument;
	calls++;
	asyncspan_event_free(current);
}

static void freed_by_its_callback(void)
{
	struct event *once = evtimer_new(base, free_current, NULL);
	struct event *always = event_new(base, -1, EV_PERSIST, free_current, NULL);

	current = once;
	asyncspan_event_add(once, &at_once);
	run();
	current = always;
	asyncspan_event_add(always, &soon);
	run();
	CHECK(calls == 1);
	tell("event_add once", "-", 1, 0);
	tell("event_add always", "-", 1, 0);
}

/* The first span ends where the event is deleted: what is added then has no parent. */
static void delete_and_add(evutil_socket_t fd, short what, void *argument)
{
	(void)fd, (void)what, (void)argument;
	asyncspan_event_del(current);
	if (++calls == 1)
		asyncspan_event_add(current, &soon);
}

static void deleted_and_added_by_its_callback(void)
{
	current = event_new(base, -1, EV_PERSIST, delete_and_add, NULL);
	asyncspan_event_add(current, &soon);
	run();
	CHECK(calls == 2);
	asyncspan_event_free(current);
	tell("event_add current", "-", 1, 0);
	tell("event_add current", "-", 1, 0);
}

/* Started again and deleted again: the callback that runs is its only poll. */
static void add_and_delete(evutil_socket_t fd, short what, void *argument)
{
	(void)fd, (void)what, (void)argument;
	calls++;
	asyncspan_event_add(current, &late);
	asyncspan_event_del(current);
}

static void added_and_deleted_by_its_callback(void)
{
	struct event *twice = current = evtimer_new(base, add_and_delete, NULL);

	asyncspan_event_add(twice, &soon);
	run();
	CHECK(calls == 1);
	asyncspan_event_free(twice);
	tell("event_add twice", "-", 1, 0);
}

static void refused(void)
{
	struct event *bad = event_new(base, 1000000, EV_READ, count, &calls);

	CHECK(asyncspan_event_add(bad, NULL) == -1);
	CHECK(event_get_callback(bad) == count && event_get_callback_arg(bad) == &calls);
	asyncspan_event_free(bad);
	tell("event_add bad", "-", 0, -1);
}

static void signalled(evutil_socket_t number, short what, void *argument)
{
	(void)argument;
	CHECK(number == SIGUSR1 && what == EV_SIGNAL);
	if (++calls == 2)
		asyncspan_event_del(current);
	else
		raise(SIGUSR1);
}

static void a_signal(void)
{
	struct event *signal_event = current = evsignal_new(base, SIGUSR1, signalled, NULL);

	asyncspan_event_add(signal_event, NULL);
	raise(SIGUSR1);
	run();
	asyncspan_event_free(signal_event);
	tell("event_add signal_event", "-", 2, 0);
}

static int told;

static void on_event(struct bufferevent *bev, short what, void *argument)
{
	CHECK(argument == &told && (what & BEV_EVENT_ERROR));
	told = EVUTIL_SOCKET_ERROR();
	asyncspan_bufferevent_free(bev);
}

static void on_read(struct bufferevent *bev, void *argument)
{
	(void)bev, (void)argument;
}

/* A port that was bound, and is no more. */
static void a_connection_refused(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	struct bufferevent *bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	int taken = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	CHECK(bind(taken, (struct sockaddr *)&address, size) == 0);
	CHECK(getsockname(taken, (struct sockaddr *)&address, &size) == 0);
	asyncspan_bufferevent_setcb(bev, NULL, NULL, on_event, &told);
	bufferevent_enable(bev, EV_READ);
	bufferevent_socket_connect(bev, (struct sockaddr *)&address, (int)size);
	run();
	CHECK(told == ECONNREFUSED);
	close(taken);
	tell("bufferevent_setcb NULL", "-", 1, ECONNREFUSED);
}

static void callbacks_taken_back(void)
{
	struct bufferevent *bev = bufferevent_socket_new(base, -1, 0);
	bufferevent_data_cb readcb, writecb;
	bufferevent_event_cb eventcb;
	void *argument;

	asyncspan_bufferevent_setcb(bev, on_read, NULL, on_event, &told);
	asyncspan_bufferevent_setcb(bev, on_read, on_read, NULL, &calls);
	asyncspan_bufferevent_setcb(bev, NULL, NULL, NULL, NULL);
	bufferevent_getcb(bev, &readcb, &writecb, &eventcb, &argument);
	CHECK(!readcb && !writecb && !eventcb && !argument);
	asyncspan_bufferevent_free(bev);
	tell("bufferevent_setcb on_read", "-", 0, ASYNCSPAN_CANCELLED);
}

static void quiet(int severity, const char *message)
{
	(void)severity, (void)message;
}

int main(void)
{
	event_set_log_callback(quiet);
	base = event_base_new();
	CHECK(base && event_base_priority_init(base, 3) == 0);
	added_again_while_pending();
	deleted_without_the_adapter();
	assignment_and_priority();
	freed_by_its_callback();
	deleted_and_added_by_its_callback();
	added_and_deleted_by_its_callback();
	refused();
	a_signal();
	a_connection_refused();
	callbacks_taken_back();
	event_base_free(base);
	libevent_global_shutdown();
	return 0;
}
