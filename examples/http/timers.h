/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * timers.h: many timers on one timerfd, for a loop on one thread.
 *
 *	timers_start(&timers, &timer, 20, on_timeout);	in 20 ms; a running timer starts again
 *	timers_stop(&timers, &timer);			a stopped one may be stopped again
 *	timers_fire(&timers);				when timers.file is readable
 *
 * A timer is a member of what it belongs to, zeroed at first; the caller owns it, and stops it
 * before its memory goes. It has stopped when its function is called, which may start it again.
 */
#ifndef HTTP_TIMERS_H
#define HTTP_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

struct timer {
	struct timer *previous, *next;
	uint64_t when; /* ns of CLOCK_MONOTONIC */
	void (*fire)(struct timer *timer);
	bool running;
};

struct timers {
	struct timer *first, *last; /* by time */
	int file;		    /* readable when the first is due */
};

/* 0 or a negative errno. */
int timers_open(struct timers *timers);
void timers_close(struct timers *timers);

void timers_start(struct timers *timers, struct timer *timer, unsigned milliseconds,
		  void (*fire)(struct timer *timer));
void timers_stop(struct timers *timers, struct timer *timer);
void timers_fire(struct timers *timers);

#endif /* HTTP_TIMERS_H */
