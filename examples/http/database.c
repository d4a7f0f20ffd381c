/* SPDX-License-Identifier: BSD-2-Clause */
#define ASYNCSPAN_TARGET "database"
#include "database.h"
#include <stddef.h>

static struct database_query *query_of(struct timer *timer)
{
	return (struct database_query *)((char *)timer - offsetof(struct database_query, timer));
}

/* The spans that are entered while this query's code runs, outermost first. */
static void enter(struct database_query *query)
{
	ASYNCSPAN_RESUME(query->caller);
	ASYNCSPAN_RESUME(&query->query);
	ASYNCSPAN_RESUME(&query->execute);
	ASYNCSPAN_RESUME(&query->fetch);
}

static void finish(struct database_query *query, int result)
{
	query->running = false;
	ASYNCSPAN_END_STATUS(&query->fetch, result < 0 ? -result : 0);
	ASYNCSPAN_END_STATUS(&query->execute, result < 0 ? -result : 0);
	ASYNCSPAN_END_STATUS(&query->query, result < 0 ? -result : 0);
	query->done(query, result);
}

static void fetched(struct timer *timer)
{
	struct database_query *query = query_of(timer);

	enter(query);
	finish(query, (int)query->plan->rows);
}

static void executed(struct timer *timer)
{
	struct database_query *query = query_of(timer);

	enter(query);
	if (query->plan->error) {
		finish(query, -query->plan->error);
		return;
	}
	ASYNCSPAN_BEGIN(&query->fetch, "fetch");
	timers_start(query->timers, timer, query->plan->fetch_ms, fetched);
	ASYNCSPAN_SUSPEND(&query->fetch);
	ASYNCSPAN_SUSPEND(&query->execute);
	ASYNCSPAN_SUSPEND(&query->query);
	ASYNCSPAN_SUSPEND(query->caller);
}

void database_start(struct database_query *query, struct timers *timers,
		    const struct database_plan *plan,
		    void (*done)(struct database_query *query, int result))
{
	query->timers = timers;
	query->plan = plan;
	query->done = done;
	query->running = true;
	query->fetch.id = 0; /* there is none yet: to resume or end it does nothing */
	ASYNCSPAN_BEGIN(&query->query, "query");
	ASYNCSPAN_BEGIN(&query->execute, "execute");
	timers_start(timers, &query->timer, plan->execute_ms, executed);
	ASYNCSPAN_SUSPEND(&query->execute);
	ASYNCSPAN_SUSPEND(&query->query);
}

void database_cancel(struct database_query *query)
{
	if (!query->running)
		return;
	query->running = false;
	timers_stop(query->timers, &query->timer);
	ASYNCSPAN_END_STATUS(&query->fetch, ASYNCSPAN_CANCELLED);
	ASYNCSPAN_END_STATUS(&query->execute, ASYNCSPAN_CANCELLED);
	ASYNCSPAN_END_STATUS(&query->query, ASYNCSPAN_CANCELLED);
}
