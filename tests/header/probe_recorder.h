/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * probe_recorder.h: sees the probes that asyncspan.h fires, without a tracer.
 *
 *	#include "probe_recorder.h"		instead of asyncspan.h, in one source file only
 *	recorder_trace(1);			as if a tracer were attached
 *	ASYNCSPAN_BEGIN(&span, "x");
 *	recorder.events[0].probe		"begin"
 *
 * The header's assembly leaves out a probe whose symbol is there already: here each is a jump into
 * a function that takes its arguments down. Events are kept per thread, the last ones that fit.
 *
 * With RECORDER_BUFFERS defined the probes are not there at all: events come out of the buffer of
 * another back end, switched on by the semaphore of the probe that would hand it over.
 */
#ifndef PROBE_RECORDER_H
#define PROBE_RECORDER_H

#ifdef RECORDER_BUFFERS
#define ASYNCSPAN__BACK_END "../tests/header/buffer_back_end.h"
#else

#ifdef __x86_64__
#define RECORDER_JUMP "jmp "
#else
#define RECORDER_JUMP "b "
#endif
#define RECORDER_REPLACES(probe)                                                                  \
	__asm__(".pushsection .text\nasyncspan_probe_" probe ": " RECORDER_JUMP "recorder_" probe \
		"\n.popsection\n")

RECORDER_REPLACES("begin");
RECORDER_REPLACES("begin_named");
RECORDER_REPLACES("begin_child");
RECORDER_REPLACES("begin_child_named");
RECORDER_REPLACES("spawn");
RECORDER_REPLACES("spawn_named");
RECORDER_REPLACES("spawn_child");
RECORDER_REPLACES("spawn_child_named");
RECORDER_REPLACES("suspend");
RECORDER_REPLACES("resume");
RECORDER_REPLACES("end");

#endif /* RECORDER_BUFFERS */

#include <asyncspan.h>

enum { RECORDER_EVENTS = 64 };

/* What does not belong to the probe is 0 or NULL. */
struct recorder_event {
	const char *probe;
	uint64_t id;
	const struct asyncspan_location *location;
	uint64_t parent;
	const char *name; /* the pointer handed over */
	size_t length;
	int32_t status;
};

struct recorder {
	unsigned count; /* events since recorder_trace() */
	struct recorder_event events[RECORDER_EVENTS];
};

static __thread struct recorder recorder;

/* The header's own semaphores, writable, as the kernel writes them. */
extern volatile uint32_t recorder_semaphores[2] __asm__("asyncspan_semaphores")
	__attribute__((visibility("hidden")));

/* Switches all probes on or off, and forgets this thread's events. */
static inline void recorder_trace(int on)
{
#ifdef RECORDER_BUFFERS
	recorder_semaphores[0] = on ? 1 << 16 : 0;
	buffer.count = 0;
#else
	recorder_semaphores[0] = on ? 1 : 0;
	recorder_semaphores[1] = on ? 1 : 0;
#endif
	recorder.count = 0;
}

static inline struct recorder_event *recorder_add(const char *probe, uint64_t id)
{
	struct recorder_event *event = &recorder.events[recorder.count++ % RECORDER_EVENTS];

	event->probe = probe;
	event->id = id;
	event->location = NULL;
	event->parent = 0;
	event->name = NULL;
	event->length = 0;
	event->status = 0;
	return event;
}

#ifdef RECORDER_BUFFERS

/* In the order of what a begin asks for. */
static const char *const recorder_probes[] = {
	"begin",
	"spawn",
	"begin_child",
	"spawn_child",
	"begin_named",
	"spawn_named",
	"begin_child_named",
	"spawn_child_named",
	"suspend",
	"resume",
	"end",
};

/* The events, with those that lie in the buffer now. */
static inline struct recorder *recorder_take(void)
{
	unsigned i;

	for (i = 0; i < buffer.count && i < BUFFER_RECORDS; i++) {
		const struct buffer_record *record = &buffer.records[i];
		struct recorder_event *event =
			recorder_add(recorder_probes[record->kind], record->event.id);

		event->location = record->event.location;
		event->parent = record->event.parent;
		event->name = record->event.name;
		event->length = record->event.length;
		event->status = record->status;
	}
	buffer.count = 0;
	return &recorder;
}

#define recorder (*recorder_take())

#else

#ifdef __cplusplus
extern "C" {
#endif

#define RECORDER_FUNCTION __attribute__((used)) static void

RECORDER_FUNCTION
recorder_begin(uint64_t id, const struct asyncspan_location *location) __asm__("recorder_begin");
RECORDER_FUNCTION recorder_begin(uint64_t id, const struct asyncspan_location *location)
{
	recorder_add("begin", id)->location = location;
}

RECORDER_FUNCTION
recorder_spawn(uint64_t id, const struct asyncspan_location *location) __asm__("recorder_spawn");
RECORDER_FUNCTION recorder_spawn(uint64_t id, const struct asyncspan_location *location)
{
	recorder_add("spawn", id)->location = location;
}

static inline void recorder_add_named(const char *probe, uint64_t id,
				      const struct asyncspan_location *location, uint64_t parent,
				      const char *name, size_t length)
{
	struct recorder_event *event = recorder_add(probe, id);

	event->location = location;
	event->parent = parent;
	event->name = name;
	event->length = length;
}

RECORDER_FUNCTION recorder_begin_named(uint64_t id, const struct asyncspan_location *location,
				       const char *name,
				       size_t length) __asm__("recorder_begin_named");
RECORDER_FUNCTION recorder_begin_named(uint64_t id, const struct asyncspan_location *location,
				       const char *name, size_t length)
{
	recorder_add_named("begin_named", id, location, 0, name, length);
}

RECORDER_FUNCTION recorder_spawn_named(uint64_t id, const struct asyncspan_location *location,
				       const char *name,
				       size_t length) __asm__("recorder_spawn_named");
RECORDER_FUNCTION recorder_spawn_named(uint64_t id, const struct asyncspan_location *location,
				       const char *name, size_t length)
{
	recorder_add_named("spawn_named", id, location, 0, name, length);
}

RECORDER_FUNCTION recorder_begin_child(uint64_t id, const struct asyncspan_location *location,
				       uint64_t parent) __asm__("recorder_begin_child");
RECORDER_FUNCTION recorder_begin_child(uint64_t id, const struct asyncspan_location *location,
				       uint64_t parent)
{
	recorder_add_named("begin_child", id, location, parent, NULL, 0);
}

RECORDER_FUNCTION recorder_spawn_child(uint64_t id, const struct asyncspan_location *location,
				       uint64_t parent) __asm__("recorder_spawn_child");
RECORDER_FUNCTION recorder_spawn_child(uint64_t id, const struct asyncspan_location *location,
				       uint64_t parent)
{
	recorder_add_named("spawn_child", id, location, parent, NULL, 0);
}

RECORDER_FUNCTION recorder_begin_child_named(uint64_t id, const struct asyncspan_location *location,
					     uint64_t parent, const char *name,
					     size_t length) __asm__("recorder_begin_child_named");
RECORDER_FUNCTION recorder_begin_child_named(uint64_t id, const struct asyncspan_location *location,
					     uint64_t parent, const char *name, size_t length)
{
	recorder_add_named("begin_child_named", id, location, parent, name, length);
}

RECORDER_FUNCTION recorder_spawn_child_named(uint64_t id, const struct asyncspan_location *location,
					     uint64_t parent, const char *name,
					     size_t length) __asm__("recorder_spawn_child_named");
RECORDER_FUNCTION recorder_spawn_child_named(uint64_t id, const struct asyncspan_location *location,
					     uint64_t parent, const char *name, size_t length)
{
	recorder_add_named("spawn_child_named", id, location, parent, name, length);
}

RECORDER_FUNCTION recorder_suspend(uint64_t id) __asm__("recorder_suspend");
RECORDER_FUNCTION recorder_suspend(uint64_t id)
{
	recorder_add("suspend", id);
}

RECORDER_FUNCTION recorder_resume(uint64_t id) __asm__("recorder_resume");
RECORDER_FUNCTION recorder_resume(uint64_t id)
{
	recorder_add("resume", id);
}

RECORDER_FUNCTION recorder_end(uint64_t id, int32_t status) __asm__("recorder_end");
RECORDER_FUNCTION recorder_end(uint64_t id, int32_t status)
{
	recorder_add("end", id)->status = status;
}

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* RECORDER_BUFFERS */

#endif /* PROBE_RECORDER_H */
