// SPDX-License-Identifier: BSD-2-Clause
#include "attach/programs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "asyncspan.skel.h"
#include "attach/multi_link.h"

#define SWEEP_BATCH 4096
#define SLOTS_BYTES (RECORD_SPAN_SLOTS * sizeof(struct record_span_slot)) /* whole pages */

/* As bpf/maps.bpf.h has it. */
struct process_state {
	__u64 number;
	__u32 location_generation;
	__u32 follow;
};

/* libbpf says why a load failed through a callback alone: the last lines are kept here. */
static __thread char failure_text[512];

static int keep_failure(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char line[sizeof(failure_text)];
	size_t length;

	if (level > LIBBPF_WARN)
		return 0;
	vsnprintf(line, sizeof(line), format, arguments);
	length = strcspn(line, "\n");
	line[length] = 0;
	/* The first line has the cause; those after it say what failed as a consequence. */
	if (!failure_text[0])
		memcpy(failure_text, line, length + 1);
	return 0;
}

static int open_skeleton(struct programs *programs, const struct programs_options *options)
{
	struct asyncspan_bpf *skeleton;
	int error;

	programs->skeleton = skeleton = asyncspan_bpf__open();
	if (!skeleton)
		return -errno;
	skeleton->rodata->send_polls = options->polls;
	skeleton->rodata->name_limit = options->name_length;
	skeleton->rodata->ring_quarter = options->ring_bytes / 4;
	skeleton->rodata->max_spans = options->max_spans;
	/* Attached by hand, to many files. */
	bpf_program__set_autoattach(skeleton->progs.span_event, false);
	bpf_program__set_autoattach(skeleton->progs.objects_changed, false);
	bpf_program__set_autoattach(skeleton->progs.try_out, false);
	if (programs->multi) {
		multi_link_prepare(skeleton->progs.span_event);
		multi_link_prepare(skeleton->progs.objects_changed);
		multi_link_prepare(skeleton->progs.try_out);
	}
	error = bpf_map__set_max_entries(skeleton->maps.events, options->ring_bytes);
	if (!error)
		error = bpf_map__set_max_entries(skeleton->maps.spans, options->max_spans);
	return error;
}

/* Each position has a page of its own. */
static int map_positions(struct programs *programs)
{
	size_t page = sysconf(_SC_PAGESIZE);
	int fd = programs_events_fd(programs);
	void *consumed, *produced;

	consumed = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, 0);
	if (consumed == MAP_FAILED)
		return -errno;
	programs->consumed = consumed;
	produced = mmap(NULL, page, PROT_READ, MAP_SHARED, fd, page);
	if (produced == MAP_FAILED)
		return -errno;
	programs->produced = produced;
	return 0;
}

static int map_slots(struct programs *programs)
{
	void *slots = mmap(NULL, SLOTS_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
			   bpf_map__fd(programs->skeleton->maps.slots), 0);

	if (slots == MAP_FAILED)
		return -errno;
	programs->slots = slots;
	return 0;
}

/* The step that fails is left in *step. */
static int load_skeleton(struct programs *programs, const struct programs_options *options,
			 const char **step)
{
	int error;

	*step = "open";
	error = open_skeleton(programs, options);
	if (error)
		return error;
	*step = "load";
	error = asyncspan_bpf__load(programs->skeleton);
	if (error)
		return error;
	*step = "attach";
	error = map_positions(programs);
	if (!error)
		error = map_slots(programs);
	return error ? error : asyncspan_bpf__attach(programs->skeleton);
}

/* True where a probe that is attached to one process fires on a thread that is not its first. */
static bool try_out_multi(struct programs *programs)
{
	int link = multi_link_try_out(programs->skeleton->progs.try_out);

	if (link < 0)
		return false;
	programs->tried_out_fd = link;
	return __atomic_load_n(&programs->skeleton->bss->tries, __ATOMIC_RELAXED) == 1;
}

int programs_load(struct programs *programs, const struct programs_options *options,
		  struct programs_failure *failure)
{
	int error;

	*failure = (struct programs_failure){ .step = "" };
	*programs = (struct programs){ .tried_out_fd = -1 };
	failure_text[0] = 0;
	libbpf_set_print(keep_failure);
	programs->multi = multi_link_available();
	error = load_skeleton(programs, options, &failure->step);
	if (!error && programs->multi && !try_out_multi(programs)) {
		programs_free(programs);
		*programs = (struct programs){ .tried_out_fd = -1 };
		error = load_skeleton(programs, options, &failure->step);
	}
	if (error) {
		snprintf(failure->detail, sizeof(failure->detail), "%s", failure_text);
		programs_free(programs);
	}
	return error;
}

void programs_free(struct programs *programs)
{
	if (programs->slots)
		munmap(programs->slots, SLOTS_BYTES);
	programs->slots = NULL;
	if (programs->tried_out_fd >= 0)
		close(programs->tried_out_fd);
	programs->tried_out_fd = -1;
	if (programs->consumed)
		munmap((void *)programs->consumed, sysconf(_SC_PAGESIZE));
	if (programs->produced)
		munmap((void *)programs->produced, sysconf(_SC_PAGESIZE));
	programs->consumed = programs->produced = NULL;
	asyncspan_bpf__destroy(programs->skeleton);
	programs->skeleton = NULL;
}

/* Start time and exec generation in the kernel's own precision: only a BPF program sees them. */
static int find_image(const struct programs *programs, pid_t pid, struct record_image *found)
{
	struct record_image image;
	size_t have = 0;
	ssize_t got;
	int fd, error = -ESRCH;

	fd = bpf_iter_create(bpf_link__fd(programs->skeleton->links.list_processes));
	if (fd < 0)
		return fd;
	for (;;) {
		got = read(fd, (char *)&image + have, sizeof(image) - have);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (got <= 0)
			break;
		have += got;
		if (have < sizeof(image))
			continue;
		have = 0;
		if (image.pid != (__u32)pid)
			continue;
		*found = image;
		error = 0;
		break;
	}
	if (got < 0)
		error = -errno;
	close(fd);
	return error;
}

int programs_register(struct programs *programs, pid_t pid, bool follow, bool pending,
		      uint64_t *image)
{
	struct asyncspan_bpf *skeleton = programs->skeleton;
	struct process_state state = { .follow = follow };
	struct record_image found;
	__u32 key = pid;
	int error = 0;

	*image = 0;
	if (!pending) {
		error = find_image(programs, pid, &found);
		if (error)
			return error;
		found.followed = follow;
		state.number = __atomic_fetch_add(&skeleton->data->next_image_registered, 1,
						  __ATOMIC_RELAXED);
		error = bpf_map__update_elem(skeleton->maps.images, &state.number,
					     sizeof(state.number), &found, sizeof(found), BPF_ANY);
		if (error)
			return error;
	}
	error = bpf_map__update_elem(skeleton->maps.processes, &key, sizeof(key), &state,
				     sizeof(state), BPF_NOEXIST);
	if (error && state.number)
		programs_forget_image(programs, state.number);
	*image = state.number;
	return error;
}

bool programs_any_process(const struct programs *programs)
{
	__u32 none = 0, pid; /* behind a key that is not there comes the first */

	return !bpf_map__get_next_key(programs->skeleton->maps.processes, &none, &pid, sizeof(pid));
}

int programs_image(const struct programs *programs, uint64_t number, struct record_image *image)
{
	return bpf_map__lookup_elem(programs->skeleton->maps.images, &number, sizeof(number), image,
				    sizeof(*image), 0);
}

int programs_stream(const struct programs *programs, uint32_t number, struct record_stream *stream)
{
	return bpf_map__lookup_elem(programs->skeleton->maps.streams, &number, sizeof(number),
				    stream, sizeof(*stream), 0);
}

int programs_location(const struct programs *programs, const struct record_location_key *key,
		      struct record_location *location)
{
	return bpf_map__lookup_elem(programs->skeleton->maps.locations, key, sizeof(*key), location,
				    sizeof(*location), 0);
}

void programs_forget_image(const struct programs *programs, uint64_t number)
{
	bpf_map__delete_elem(programs->skeleton->maps.images, &number, sizeof(number), 0);
}

void programs_forget_stream(const struct programs *programs, uint32_t number)
{
	bpf_map__delete_elem(programs->skeleton->maps.streams, &number, sizeof(number), 0);
}

void programs_forget_location(const struct programs *programs,
			      const struct record_location_key *key)
{
	bpf_map__delete_elem(programs->skeleton->maps.locations, key, sizeof(*key), 0);
}

uint64_t programs_counter(const struct programs *programs, enum model_counter counter)
{
	return __atomic_load_n(&programs->skeleton->bss->counters[counter], __ATOMIC_RELAXED);
}

uint64_t programs_losses(const struct programs *programs)
{
	return __atomic_load_n(&programs->skeleton->bss->losses, __ATOMIC_RELAXED);
}

static void count_closed(const struct programs *programs)
{
	__atomic_fetch_sub(&programs->skeleton->bss->open_spans, 1, __ATOMIC_RELAXED);
}

static void sweep_slots(const struct programs *programs,
			bool (*visit)(const struct model_span *span, void *data), void *data)
{
	struct model_span span;
	size_t i;

	for (i = 0; i < RECORD_SPAN_SLOTS; i++) {
		struct record_span_slot *slot = &programs->slots[i];

		if (__atomic_load_n(&slot->state, __ATOMIC_ACQUIRE) != RECORD_SLOT_TAKEN)
			continue;
		span = slot->span;
		if (!visit(&span, data))
			continue;
		__atomic_store_n(&slot->state, RECORD_SLOT_FREE, __ATOMIC_RELEASE);
		count_closed(programs);
	}
}

struct sweep {
	struct model_span_key keys[SWEEP_BATCH];
	struct model_span spans[SWEEP_BATCH];
};

int programs_sweep(const struct programs *programs,
		   bool (*visit)(const struct model_span *span, void *data), void *data)
{
	LIBBPF_OPTS(bpf_map_batch_opts, options);
	int fd = bpf_map__fd(programs->skeleton->maps.spans), error = 0;
	struct sweep *sweep = calloc(1, sizeof(*sweep));
	__u32 position = 0, next = 0, count, i;
	bool first = true;

	if (!sweep)
		return -ENOMEM;
	sweep_slots(programs, visit, data);
	while (!error) {
		count = SWEEP_BATCH;
		error = bpf_map_lookup_batch(fd, first ? NULL : &position, &next, sweep->keys,
					     sweep->spans, &count, &options);
		if (error && error != -ENOENT)
			break;
		for (i = 0; i < count; i++)
			if (visit(&sweep->spans[i], data) &&
			    !bpf_map_delete_elem(fd, &sweep->keys[i]))
				count_closed(programs);
		position = next;
		first = false;
	}
	free(sweep);
	return error == -ENOENT ? 0 : error;
}

void programs_stop_holding(struct programs *programs)
{
	__atomic_store_n(&programs->skeleton->data->holding, false, __ATOMIC_SEQ_CST);
}

int programs_close_polls(const struct programs *programs)
{
	char none[16];
	ssize_t got;
	int fd;

	fd = bpf_iter_create(bpf_link__fd(programs->skeleton->links.close_polls));
	if (fd < 0)
		return fd;
	do
		got = read(fd, none, sizeof(none));
	while (got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)));
	got = got < 0 ? -errno : 0;
	close(fd);
	return got;
}

void programs_count_loss(struct programs *programs, enum model_counter counter)
{
	__atomic_fetch_add(&programs->skeleton->bss->counters[counter], 1, __ATOMIC_RELAXED);
	__atomic_fetch_add(&programs->skeleton->bss->losses, 1, __ATOMIC_RELAXED);
}

uint64_t programs_ring_produced(const struct programs *programs)
{
	return __atomic_load_n(programs->produced, __ATOMIC_ACQUIRE);
}

uint64_t programs_ring_consumed(const struct programs *programs)
{
	return __atomic_load_n(programs->consumed, __ATOMIC_ACQUIRE);
}

int programs_events_fd(const struct programs *programs)
{
	return bpf_map__fd(programs->skeleton->maps.events);
}

int programs_notices_fd(const struct programs *programs)
{
	return bpf_map__fd(programs->skeleton->maps.notices);
}
