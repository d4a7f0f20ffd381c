/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One row of async_spans as the analyses see it.
 *
 * Times are nanoseconds: begin, end and last_event since 1970 UTC, the others are durations. Texts
 * are ids of the set of strings of the reader that gave the span. A span that has not ended has an
 * end all the same: that of its process image, or of the trace where the image lived on. Ids of
 * spans are unique within a process image, so the two together name a span.
 */
#ifndef ANALYZE_SPAN_H
#define ANALYZE_SPAN_H

#include <stdbool.h>
#include <stdint.h>

enum span_outcome {
	SPAN_OK,
	SPAN_ERROR,
	SPAN_CANCELLED,
	SPAN_UNFINISHED,
};

enum span_end_reason {
	SPAN_REASON_END,
	SPAN_REASON_OPEN, /* the trace ended, the process lived on */
	SPAN_REASON_EXIT,
	SPAN_REASON_SIGNAL,
	SPAN_REASON_EXEC,
};

enum span_state {
	SPAN_STATE_QUEUED,
	SPAN_STATE_SUSPENDED,
	SPAN_STATE_ENTERED,
	SPAN_STATE_ENDED,
};

struct span {
	int64_t id;
	int64_t parent; /* 0: none */
	int64_t root;
	int64_t begin;
	int64_t end; /* never before begin */
	int64_t last_event;
	uint64_t busy;
	uint64_t busy_self;
	uint64_t queue; /* begin until first entered; 0 if never entered */
	uint64_t max_poll;
	uint32_t process; /* text: UUID of the process image */
	uint32_t name;
	uint32_t target;
	uint32_t filename;     /* text; 0 (empty) unless details were asked for */
	uint32_t begin_stream; /* text: UUID of the task */
	uint32_t polls;
	uint32_t migrations;
	int32_t depth;
	int32_t status; /* 0 if unfinished */
	int32_t line;	/* 0 unless details were asked for */
	int32_t begin_tid;
	int32_t end_tid;
	uint8_t outcome;    /* enum span_outcome */
	uint8_t end_reason; /* enum span_end_reason */
	uint8_t state;	    /* enum span_state */
	bool entered;	    /* at least once: queue is known */
	bool lossy;	    /* an event was lost while it was open */
};

static inline bool span_ended(const struct span *span)
{
	return span->outcome != SPAN_UNFINISHED;
}

/* Of an unfinished span: how old it became. */
static inline uint64_t span_wall(const struct span *span)
{
	return (uint64_t)(span->end - span->begin);
}

/* Wall time in which it was not entered; clocks of files that lie do not make it negative. */
static inline uint64_t span_idle(const struct span *span)
{
	return span_wall(span) > span->busy ? span_wall(span) - span->busy : 0;
}

#endif
