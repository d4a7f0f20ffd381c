/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * begin_spans(): one span by each of the probes that begin one, each suspended, resumed and ended;
 * returns how many had an id. The function of the second source file has another name.
 */
#ifndef TRACED_SPANS_H
#define TRACED_SPANS_H

#include <asyncspan.h>

typedef long begin_spans_function(void);
extern begin_spans_function begin_spans __attribute__((visibility("default")));
extern begin_spans_function begin_spans_elsewhere __attribute__((visibility("default")));

static long live(asyncspan_t *span)
{
	long begun = asyncspan_id(span) != 0;

	ASYNCSPAN_RESUME(span);
	ASYNCSPAN_SUSPEND(span);
	ASYNCSPAN_END(span);
	return begun;
}

static long live_entered(asyncspan_t *span)
{
	ASYNCSPAN_SUSPEND(span);
	return live(span);
}

long begin_spans(void)
{
	asyncspan_t parent, span;
	long begun = 0;

	ASYNCSPAN_BEGIN(&parent, "begin");
	ASYNCSPAN_BEGIN_NAMED(&span, "begin_named");
	begun += live_entered(&span);
	ASYNCSPAN_BEGIN_CHILD(&span, &parent, "begin_child");
	begun += live_entered(&span);
	ASYNCSPAN_BEGIN_CHILD_NAMED(&span, &parent, "begin_child_named");
	begun += live_entered(&span);
	ASYNCSPAN_SPAWN(&span, "spawn");
	begun += live(&span);
	ASYNCSPAN_SPAWN_NAMED(&span, "spawn_named");
	begun += live(&span);
	ASYNCSPAN_SPAWN_CHILD(&span, &parent, "spawn_child");
	begun += live(&span);
	ASYNCSPAN_SPAWN_CHILD_NAMED(&span, &parent, "spawn_child_named");
	begun += live(&span);
	return begun + live_entered(&parent);
}

#endif
