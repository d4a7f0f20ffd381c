/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asyncspan/event.h: libevent's events, timers and bufferevents as spans.
 *
 *	asyncspan_event_add(event, &timeout);			instead of event_add(...)
 *	asyncspan_event_free(event);				or asyncspan_event_del
 *	asyncspan_bufferevent_setcb(bev, on_read, NULL, on_event, connection);
 *	asyncspan_bufferevent_free(bev);
 *
 * An event is a span from when it is added to its callback's end, one with EV_PERSIST until it is
 * deleted or freed; each call is a poll. Added again by its own callback, it goes on. It is a child
 * of the span entered where it was added. Deleted before the first call it is cancelled; a read or
 * write that timed out ends with ETIMEDOUT. A bufferevent is a span from setcb to free, with the
 * last error that its event callback was told (errno's number) as status.
 *
 * Callbacks get their own argument, and while an event is not pending it is as the application
 * assigned it. While it is pending, event_get_callback() and event_get_callback_arg() give the
 * adapter's. What was added by asyncspan_event_add is deleted and freed by the functions here:
 * event_free alone leaves the span unfinished and a few bytes unfreed. One thread at a time adds
 * and deletes the same event. Signal events without EV_PERSIST are not spans.
 */
#ifndef ASYNCSPAN_EVENT_H
#define ASYNCSPAN_EVENT_H

#include <asyncspan.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/util.h>

#ifdef ASYNCSPAN_DISABLE

#define asyncspan_event_add(event, timeout) event_add(event, timeout)
#define asyncspan_event_del(event) event_del(event)
#define asyncspan_event_free(event) event_free(event)
#define asyncspan_event_base_once(base, fd, what, cb, argument, timeout) \
	event_base_once(base, fd, what, cb, argument, timeout)
#define asyncspan_bufferevent_setcb(bev, readcb, writecb, eventcb, argument) \
	bufferevent_setcb(bev, readcb, writecb, eventcb, argument)
#define asyncspan_bufferevent_free(bev) bufferevent_free(bev)

#else /* !ASYNCSPAN_DISABLE */

#include <errno.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What stands in for an application's callback, as the argument of the adapter's. */
struct asyncspan__event_watch {
	asyncspan_t span;
	struct event *event; /* NULL: event_base_once */
	event_callback_fn callback;
	void *argument;
	struct asyncspan__event_watch *outer; /* the one whose callback this one runs in */
	unsigned long calls;
	unsigned char running;
	unsigned char again;  /* added again by its own callback */
	unsigned char closed; /* given up while running: whoever runs it frees it */
};

ASYNCSPAN__ONE_PER_OBJECT __thread struct asyncspan__event_watch *asyncspan__event_running = NULL;

/* Not inline: it is recognised by its address, which must be one in all of the object's files. */
ASYNCSPAN__ONE_PER_OBJECT void asyncspan__event_call(evutil_socket_t fd, short what,
						     void *argument);

static inline struct asyncspan__event_watch *asyncspan__event_watch_of(const struct event *event)
{
	if (event_get_callback(event) != asyncspan__event_call)
		return NULL;
	return (struct asyncspan__event_watch *)event_get_callback_arg(event);
}

/* Of an event that is not pending; assigning an event resets its priority. */
static inline void asyncspan__event_assign(struct event *event, event_callback_fn callback,
					   void *argument)
{
	int priority = event_get_priority(event);

	event_assign(event, event_get_base(event), event_get_fd(event), event_get_events(event),
		     callback, argument);
	event_priority_set(event, priority);
}

static inline int asyncspan__event_is_pending(const struct event *event)
{
	return event_pending(event, EV_READ | EV_WRITE | EV_SIGNAL | EV_TIMEOUT | EV_CLOSED, NULL);
}

static inline int32_t asyncspan__event_status(const struct asyncspan__event_watch *watch)
{
	return watch->calls ? 0 : ASYNCSPAN_CANCELLED;
}

static inline void asyncspan__event_give_up(struct asyncspan__event_watch *watch, int32_t status)
{
	ASYNCSPAN_END_STATUS(&watch->span, status);
	if (watch->running)
		watch->closed = 1;
	else
		free(watch);
}

/* An event whose time was up before it could be read or written. */
static inline int32_t asyncspan__event_outcome(evutil_socket_t fd, short what)
{
	return fd >= 0 && what == EV_TIMEOUT ? ETIMEDOUT : 0;
}

ASYNCSPAN__ONE_PER_OBJECT void asyncspan__event_call(evutil_socket_t fd, short what, void *argument)
{
	struct asyncspan__event_watch *watch = (struct asyncspan__event_watch *)argument;
	int stays = watch->event && (event_get_events(watch->event) & EV_PERSIST);

	/* Before the callback, which may free the event. */
	if (watch->event && !stays)
		asyncspan__event_assign(watch->event, watch->callback, watch->argument);
	watch->outer = asyncspan__event_running;
	asyncspan__event_running = watch;
	watch->running = 1;
	watch->again = 0;
	watch->calls++;
	ASYNCSPAN_RESUME(&watch->span);
	watch->callback(fd, what, watch->argument);
	watch->running = 0;
	asyncspan__event_running = watch->outer;
	if (watch->closed) {
		free(watch);
		return;
	}
	if (stays || watch->again) {
		ASYNCSPAN_SUSPEND(&watch->span);
		return;
	}
	asyncspan__event_give_up(watch, asyncspan__event_outcome(fd, what));
}

ASYNCSPAN__COLD static struct asyncspan__event_watch *
asyncspan__event_watch_new(struct event *event, event_callback_fn callback, void *argument,
			   const struct asyncspan_location *here)
{
	struct asyncspan__event_watch *watch =
		(struct asyncspan__event_watch *)calloc(1, sizeof(*watch));

	if (!watch)
		return NULL;
	watch->event = event;
	watch->callback = callback;
	watch->argument = argument;
	ASYNCSPAN_SPAWN_AT(&watch->span, here);
	return watch;
}

/* The event's own watch, if it is its callback that runs here now. */
static inline struct asyncspan__event_watch *asyncspan__event_in_callback(const struct event *event)
{
	struct asyncspan__event_watch *watch = asyncspan__event_running;

	while (watch && (watch->event != event || watch->closed))
		watch = watch->outer;
	return watch;
}

/* The watch with which an event that is not pending, and not watched, is to be added. */
ASYNCSPAN__COLD static struct asyncspan__event_watch *
asyncspan__event_begin(struct event *event, const struct asyncspan_location *here)
{
	struct asyncspan__event_watch *watch = asyncspan__event_in_callback(event);
	int kind = event_get_events(event) & (EV_SIGNAL | EV_PERSIST);

	if (watch) {
		watch->again = 1;
		watch->callback = event_get_callback(event);
		watch->argument = event_get_callback_arg(event);
	} else if (asyncspan_enabled() && kind != EV_SIGNAL) {
		watch = asyncspan__event_watch_new(event, event_get_callback(event),
						   event_get_callback_arg(event), here);
	}
	if (watch)
		asyncspan__event_assign(event, asyncspan__event_call, watch);
	return watch;
}

/* Back to what the application assigned; the event is not pending. */
ASYNCSPAN__COLD static void
asyncspan__event_unwatch(struct event *event, struct asyncspan__event_watch *watch, int32_t status)
{
	asyncspan__event_assign(event, watch->callback, watch->argument);
	if (watch->running && watch->again)
		watch->again = 0;
	else
		asyncspan__event_give_up(watch, status);
}

static inline int asyncspan__event_add(struct event *event, const struct timeval *timeout,
				       const struct asyncspan_location *here)
{
	struct asyncspan__event_watch *watch = asyncspan__event_watch_of(event);
	int result;

	if (!watch && !asyncspan_enabled() && !asyncspan__event_running)
		return event_add(event, timeout);
	if (asyncspan__event_is_pending(event))
		return event_add(event, timeout);
	if (watch && !watch->running) {
		asyncspan__event_unwatch(event, watch, asyncspan__event_status(watch));
		watch = NULL;
	}
	if (!watch)
		watch = asyncspan__event_begin(event, here);
	result = event_add(event, timeout);
	if (result != 0 && watch)
		asyncspan__event_unwatch(event, watch, -1);
	return result;
}

/* 0 or -1, as event_add. */
#define asyncspan_event_add(event, timeout)                                 \
	__extension__({                                                     \
		ASYNCSPAN_LOCATION(asyncspan__here, "event_add " #event);   \
		asyncspan__event_add((event), (timeout), &asyncspan__here); \
	})

static inline int asyncspan_event_del(struct event *event)
{
	int result = event_del(event);
	struct asyncspan__event_watch *watch = asyncspan__event_watch_of(event);

	if (watch && result == 0)
		asyncspan__event_unwatch(event, watch, asyncspan__event_status(watch));
	return result;
}

static inline void asyncspan_event_free(struct event *event)
{
	asyncspan_event_del(event);
	event_free(event);
}

static inline int asyncspan__event_base_once(struct event_base *base, evutil_socket_t fd,
					     short what, event_callback_fn callback, void *argument,
					     const struct timeval *timeout,
					     const struct asyncspan_location *here)
{
	struct asyncspan__event_watch *watch = NULL;
	int result;

	if (asyncspan_enabled() && callback)
		watch = asyncspan__event_watch_new(NULL, callback, argument, here);
	if (!watch)
		return event_base_once(base, fd, what, callback, argument, timeout);
	result = event_base_once(base, fd, what, asyncspan__event_call, watch, timeout);
	if (result != 0)
		asyncspan__event_give_up(watch, -1);
	return result;
}

#define asyncspan_event_base_once(base, fd, what, cb, argument, timeout)                      \
	__extension__({                                                                       \
		ASYNCSPAN_LOCATION(asyncspan__here, "event_base_once " #cb);                  \
		asyncspan__event_base_once((base), (fd), (what), (cb), (argument), (timeout), \
					   &asyncspan__here);                                 \
	})

/* Bufferevents: the argument of the adapter's three callbacks. */
struct asyncspan__bufferevent_watch {
	asyncspan_t span;
	bufferevent_data_cb readcb;
	bufferevent_data_cb writecb;
	bufferevent_event_cb eventcb;
	void *argument;
	unsigned long calls;
	int32_t status;	       /* the last error told */
	unsigned char running; /* callbacks, one in the other where one triggers another */
	unsigned char closed;
};

static inline void asyncspan__bufferevent_enter(struct asyncspan__bufferevent_watch *watch)
{
	watch->calls++;
	if (watch->running++ == 0)
		ASYNCSPAN_RESUME(&watch->span);
}

static inline void asyncspan__bufferevent_leave(struct asyncspan__bufferevent_watch *watch)
{
	if (--watch->running)
		return;
	ASYNCSPAN_SUSPEND(&watch->span);
	if (watch->closed)
		free(watch);
}

static inline void asyncspan__bufferevent_read(struct bufferevent *bev, void *argument)
{
	struct asyncspan__bufferevent_watch *watch =
		(struct asyncspan__bufferevent_watch *)argument;

	asyncspan__bufferevent_enter(watch);
	watch->readcb(bev, watch->argument);
	asyncspan__bufferevent_leave(watch);
}

static inline void asyncspan__bufferevent_write(struct bufferevent *bev, void *argument)
{
	struct asyncspan__bufferevent_watch *watch =
		(struct asyncspan__bufferevent_watch *)argument;

	asyncspan__bufferevent_enter(watch);
	watch->writecb(bev, watch->argument);
	asyncspan__bufferevent_leave(watch);
}

/* Not inline: by its address a watched bufferevent is recognised. */
ASYNCSPAN__ONE_PER_OBJECT void asyncspan__bufferevent_event(struct bufferevent *bev, short what,
							    void *argument);

ASYNCSPAN__ONE_PER_OBJECT void asyncspan__bufferevent_event(struct bufferevent *bev, short what,
							    void *argument)
{
	struct asyncspan__bufferevent_watch *watch =
		(struct asyncspan__bufferevent_watch *)argument;
	int error = EVUTIL_SOCKET_ERROR();

	if (what & BEV_EVENT_ERROR)
		watch->status = error ? error : EIO;
	else if (what & BEV_EVENT_TIMEOUT)
		watch->status = ETIMEDOUT;
	asyncspan__bufferevent_enter(watch);
	if (watch->eventcb) {
		EVUTIL_SET_SOCKET_ERROR(error);
		watch->eventcb(bev, what, watch->argument);
	}
	asyncspan__bufferevent_leave(watch);
}

static inline struct asyncspan__bufferevent_watch *
asyncspan__bufferevent_watch_of(struct bufferevent *bev)
{
	bufferevent_data_cb readcb, writecb;
	bufferevent_event_cb eventcb;
	void *argument;

	bufferevent_getcb(bev, &readcb, &writecb, &eventcb, &argument);
	if (eventcb != asyncspan__bufferevent_event)
		return NULL;
	return (struct asyncspan__bufferevent_watch *)argument;
}

static inline void asyncspan__bufferevent_give_up(struct asyncspan__bufferevent_watch *watch)
{
	int32_t status = watch->calls ? watch->status : ASYNCSPAN_CANCELLED;

	ASYNCSPAN_END_STATUS(&watch->span, status);
	if (watch->running)
		watch->closed = 1;
	else
		free(watch);
}

static inline void asyncspan__bufferevent_setcb(struct bufferevent *bev, bufferevent_data_cb readcb,
						bufferevent_data_cb writecb,
						bufferevent_event_cb eventcb, void *argument,
						const struct asyncspan_location *here)
{
	struct asyncspan__bufferevent_watch *watch;
	int any = readcb || writecb || eventcb;

	bufferevent_lock(bev);
	watch = asyncspan__bufferevent_watch_of(bev);
	if (watch && !any) {
		asyncspan__bufferevent_give_up(watch);
		watch = NULL;
	} else if (!watch && any && asyncspan_enabled()) {
		watch = (struct asyncspan__bufferevent_watch *)calloc(1, sizeof(*watch));
		if (watch)
			ASYNCSPAN_SPAWN_AT(&watch->span, here);
	}
	if (watch) {
		watch->readcb = readcb;
		watch->writecb = writecb;
		watch->eventcb = eventcb;
		watch->argument = argument;
		bufferevent_setcb(bev, readcb ? asyncspan__bufferevent_read : NULL,
				  writecb ? asyncspan__bufferevent_write : NULL,
				  asyncspan__bufferevent_event, watch);
	} else {
		bufferevent_setcb(bev, readcb, writecb, eventcb, argument);
	}
	bufferevent_unlock(bev);
}

#define asyncspan_bufferevent_setcb(bev, readcb, writecb, eventcb, argument)                    \
	__extension__({                                                                         \
		ASYNCSPAN_LOCATION(asyncspan__here, "bufferevent_setcb " #readcb);              \
		asyncspan__bufferevent_setcb((bev), (readcb), (writecb), (eventcb), (argument), \
					     &asyncspan__here);                                 \
	})

static inline void asyncspan_bufferevent_free(struct bufferevent *bev)
{
	struct asyncspan__bufferevent_watch *watch;

	bufferevent_lock(bev);
	watch = asyncspan__bufferevent_watch_of(bev);
	if (watch) {
		bufferevent_setcb(bev, NULL, NULL, NULL, NULL);
		asyncspan__bufferevent_give_up(watch);
	}
	bufferevent_unlock(bev);
	bufferevent_free(bev);
}

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ASYNCSPAN_DISABLE */

#endif /* ASYNCSPAN_EVENT_H */
