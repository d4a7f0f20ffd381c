/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The BPF programs of asyncspan in the kernel, and the tables they keep there.
 *
 *	struct programs_options options = PROGRAMS_OPTIONS_DEFAULT;
 *	err = programs_load(&programs, &options, &failure);
 *	... attach/uprobes.h attaches probes to them ...
 *	programs_free(programs);
 *
 * Processes are traced once they are registered; a probe that any other process hits is ignored.
 * Calls that read tables may be made from any thread.
 */
#ifndef ATTACH_PROGRAMS_H
#define ATTACH_PROGRAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "counters.h"
#include "records.h"

struct asyncspan_bpf;

struct programs {
	struct asyncspan_bpf *skeleton;
	bool multi;			/* one link holds many probes: see attach/multi_link.h */
	int tried_out_fd;		/* the link that it was tried with, -1 for none */
	struct record_span_slot *slots; /* RECORD_SPAN_SLOTS, the kernel's own; NULL: none */
	/* The ring's two positions, mapped: see kernel/bpf/ringbuf.c, ringbuf_map_mmap_user(). */
	const uint64_t *consumed;
	const uint64_t *produced;
};

struct programs_options {
	uint64_t ring_bytes;  /* a power of two, whole pages */
	uint64_t max_spans;   /* open at a time */
	bool polls;	      /* a record for each poll */
	uint64_t name_length; /* bytes kept of a run-time name, 1 ... 255 */
};

#define PROGRAMS_OPTIONS_DEFAULT                                                \
	{                                                                       \
		.ring_bytes = 32 << 20, .max_spans = 262144, .name_length = 255 \
	}

/* What the library and the kernel say of a failure, the last lines of it. */
struct programs_failure {
	const char *step; /* "open", "load" or "attach": what was being done */
	char detail[512];
};

/*
 * Loads the programs and attaches those of fork, exec and exit. Negative errno: -EPERM without
 * the capabilities, -ENOMEM, or whatever the kernel says; *failure tells more.
 */
int programs_load(struct programs *programs, const struct programs_options *options,
		  struct programs_failure *failure);
void programs_free(struct programs *programs);

/*
 * Traces the process from now on; with `follow` its children too. `pending`: it is ourselves,
 * about to execute the command, and its first image is the one after that. Returns 0 and the
 * number of its image (0 with `pending`), or a negative errno: -ESRCH, -E2BIG: too many.
 */
int programs_register(struct programs *programs, pid_t pid, bool follow, bool pending,
		      uint64_t *image);
/* False once every process that was registered, or followed, has ended. */
bool programs_any_process(const struct programs *programs);

/* Copies of table entries; -ENOENT where there is none. */
int programs_image(const struct programs *programs, uint64_t number, struct record_image *image);
int programs_stream(const struct programs *programs, uint32_t number, struct record_stream *stream);
int programs_location(const struct programs *programs, const struct record_location_key *key,
		      struct record_location *location);

/* Entries no longer needed. */
void programs_forget_image(const struct programs *programs, uint64_t number);
void programs_forget_stream(const struct programs *programs, uint32_t number);
void programs_forget_location(const struct programs *programs,
			      const struct record_location_key *key);

uint64_t programs_counter(const struct programs *programs, enum model_counter counter);
uint64_t programs_losses(const struct programs *programs);

/*
 * Shows every entry of the table of open spans once, in no order; where `visit` returns true the
 * entry is deleted. Spans that begin or end meanwhile may be missed. Negative errno on failure.
 */
int programs_sweep(const struct programs *programs,
		   bool (*visit)(const struct model_span *span, void *data), void *data);

/* From now on no process is held any more. */
void programs_stop_holding(struct programs *programs);

/* Closes all polls that are open, when no probe is attached any more: the end of the trace. */
int programs_close_polls(const struct programs *programs);

/* One more loss that was found on this side. */
void programs_count_loss(struct programs *programs, enum model_counter counter);

/*
 * Bytes that went into the ring of events, and out of it, since the start. A record that a program
 * is still writing holds up those behind it: what comes out may lag.
 */
uint64_t programs_ring_produced(const struct programs *programs);
uint64_t programs_ring_consumed(const struct programs *programs);

int programs_events_fd(const struct programs *programs);
int programs_notices_fd(const struct programs *programs);

#endif
