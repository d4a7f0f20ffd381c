/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "timers.h"
#include <errno.h>
#include <stddef.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Sets the file to the first timer, or to nothing. */
static void arm(struct timers *timers)
{
	struct itimerspec at = { .it_value = { 0, 0 } };

	if (timers->first) {
		at.it_value.tv_sec = (time_t)(timers->first->when / 1000000000u);
		at.it_value.tv_nsec = (long)(timers->first->when % 1000000000u);
	}
	timerfd_settime(timers->file, TFD_TIMER_ABSTIME, &at, NULL);
}

int timers_open(struct timers *timers)
{
	timers->first = timers->last = NULL;
	timers->file = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	return timers->file < 0 ? -errno : 0;
}

void timers_close(struct timers *timers)
{
	close(timers->file);
}

static void insert(struct timers *timers, struct timer *timer)
{
	struct timer *before = timers->last;

	/* From behind: most timers are of similar length. */
	while (before && before->when > timer->when)
		before = before->previous;
	timer->previous = before;
	timer->next = before ? before->next : timers->first;
	if (timer->next)
		timer->next->previous = timer;
	else
		timers->last = timer;
	if (before)
		before->next = timer;
	else
		timers->first = timer;
	timer->running = true;
}

static void take_out(struct timers *timers, struct timer *timer)
{
	if (timer->previous)
		timer->previous->next = timer->next;
	else
		timers->first = timer->next;
	if (timer->next)
		timer->next->previous = timer->previous;
	else
		timers->last = timer->previous;
	timer->running = false;
}

void timers_start(struct timers *timers, struct timer *timer, unsigned milliseconds,
		  void (*fire)(struct timer *timer))
{
	struct timer *first = timers->first;

	if (timer->running)
		take_out(timers, timer);
	timer->when = now() + milliseconds * UINT64_C(1000000);
	timer->fire = fire;
	insert(timers, timer);
	if (timers->first != first || first == timer)
		arm(timers);
}

void timers_stop(struct timers *timers, struct timer *timer)
{
	if (timer->running)
		take_out(timers, timer); /* if it was the first: the file wakes for nothing once */
}

void timers_fire(struct timers *timers)
{
	uint64_t expirations, time = now();
	ssize_t ignored = read(timers->file, &expirations, sizeof(expirations));

	(void)ignored; /* what is due is seen by the time */
	while (timers->first && timers->first->when <= time) {
		struct timer *timer = timers->first;

		take_out(timers, timer);
		timer->fire(timer);
	}
	arm(timers);
}
