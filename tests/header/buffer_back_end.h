/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A second back end behind the macros of asyncspan.h, which includes this in place of the probes:
 * events are kept in a buffer of their thread, while a tracer listens at `flush`, and nowhere else.
 * Here nobody takes them but the test: a buffer that is full counts on and keeps what it has.
 */
#ifndef BUFFER_BACK_END_H
#define BUFFER_BACK_END_H

enum {
	BUFFER_RECORDS = 64,
	/* Kinds: what a begin asks for (0 ... 7), and */
	BUFFER_SUSPEND = 8,
	BUFFER_RESUME,
	BUFFER_END,
};

struct buffer_record {
	struct asyncspan__event event; /* of the others the id alone, the rest is 0 */
	uint32_t kind;
	int32_t status;
};

struct buffer {
	unsigned count;
	unsigned handed_over; /* how often */
	struct buffer_record records[BUFFER_RECORDS];
};

static __thread struct buffer buffer;

static inline int buffer_wanted(void)
{
	return asyncspan_semaphores[0] >> 16 != 0;
}

static inline void buffer_add(uint32_t kind, const struct asyncspan__event *event, int32_t status)
{
	struct buffer_record *record = &buffer.records[buffer.count];

	if (!buffer_wanted() || buffer.count++ >= BUFFER_RECORDS)
		return;
	record->event = *event;
	record->kind = kind;
	record->status = status;
}

static inline void buffer_add_id(uint32_t kind, uint64_t id, int32_t status)
{
	struct asyncspan__event event = { id, 0, ASYNCSPAN__NULL, ASYNCSPAN__NULL, 0 };

	buffer_add(kind, &event, status);
}

static inline void asyncspan__emit_begin(unsigned what, const struct asyncspan__event *event)
{
	buffer_add(what, event, 0);
}

static inline void asyncspan__emit_suspend(uint64_t id)
{
	buffer_add_id(BUFFER_SUSPEND, id, 0);
}

static inline void asyncspan__emit_resume(uint64_t id)
{
	buffer_add_id(BUFFER_RESUME, id, 0);
}

static inline void asyncspan__emit_end(uint64_t id, int32_t status)
{
	buffer_add_id(BUFFER_END, id, status);
}

static inline void asyncspan__hand_over(void)
{
	buffer.handed_over++;
}

#endif
