/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Locations: read once from the process, kept in a table under process, generation and address.
 * The generation goes up whenever the dynamic linker changes the set of objects, so that what a
 * new object has at an old address is read anew.
 */
#ifndef ASYNCSPAN_LOCATIONS_BPF_H
#define ASYNCSPAN_LOCATIONS_BPF_H

#include "environment.bpf.h"

/* struct asyncspan_location of include/asyncspan.h, as it lies in the process. */
struct user_location {
	__u64 name;
	__u64 target;
	__u64 file;
	__u32 line;
	__u8 version;
	__u8 name_length;
	__u8 target_length;
	__u8 file_length;
};

static __always_inline void location_refresh(struct task_state *state)
{
	__u64 epoch = *(volatile __u64 *)&location_epoch;
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	struct process_state *process;

	if (state->location_epoch == epoch)
		return;
	state->location_epoch = epoch;
	process = bpf_map_lookup_elem(&processes, &pid);
	if (!process || process->location_generation == state->location_generation)
		return;
	state->location_generation = process->location_generation;
	for (int i = 0; i < LOCATIONS_CACHED; i++)
		state->locations[i] = 0;
}

static __always_inline int location_read(struct record_location *location, __u64 address,
					 __u64 object)
{
	struct user_location user;

	if (bpf_probe_read_user(&user, sizeof(user), (const void *)address))
		return -1;
	if (bpf_probe_read_user_str(location->name, RECORD_NAME_SIZE, (const void *)user.name) < 0)
		return -1;
	if (bpf_probe_read_user_str(location->file, RECORD_NAME_SIZE, (const void *)user.file) < 0)
		return -1;
	location->has_target = user.target != 0;
	if (user.target && bpf_probe_read_user_str(location->target, RECORD_NAME_SIZE,
						   (const void *)user.target) < 0)
		return -1;
	location->line = user.line;
	location->object = object;
	location->ready = 1;
	return 0;
}

static __noinline void location_learn(struct task_state *state, __u64 address, __u64 object)
{
	struct record_location_key key = {
		.process = state->process,
		.address = address,
		.generation = state->location_generation,
	};
	struct record_location *location = bpf_map_lookup_elem(&locations, &key);
	__u32 zero = 0;
	void *empty;

	if (!location) {
		empty = bpf_map_lookup_elem(&empty_location, &zero);
		if (!empty)
			return;
		bpf_map_update_elem(&locations, &key, empty, BPF_NOEXIST);
		location = bpf_map_lookup_elem(&locations, &key);
	}
	if (!location || (!location->ready && location_read(location, address, object))) {
		model_count(MODEL_LOCATION_LOST);
		return;
	}
	state->locations[(address >> 5) % LOCATIONS_CACHED] = address;
}

/* Makes sure that the table has this location. */
static __always_inline void location_know(struct task_state *state, __u64 address, __u64 object)
{
	location_refresh(state);
	if (state->locations[(address >> 5) % LOCATIONS_CACHED] != address)
		location_learn(state, address, object);
}

#endif
