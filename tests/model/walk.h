/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Walks: random sequences of operations on spans, by several tasks of several processes.
 *
 *	walk_generate(&walk, seed, &walk_profile);
 *	walk_start(&player, WALK_IDS_OVERLAP);
 *	for (i = 0; i < walk.count; i++)
 *		if (walk_next(&player, &walk.steps[i], &call)) ... do what the call says
 *	walk_free(&walk);
 *
 * A step speaks of handles, as a program does, and of actors: places where one task after another
 * works, WALK_THREADS in each of WALK_PROCESSES processes. So any part of a walk is a walk too. A
 * player keeps which id lies in a handle, and which task and process image an actor is by now. All
 * actors see the same handles: those that another process began are what a forked child inherits.
 */
#ifndef TESTS_MODEL_WALK_H
#define TESTS_MODEL_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define WALK_PROCESSES 3
#define WALK_THREADS 3
#define WALK_ACTORS (WALK_PROCESSES * WALK_THREADS)
#define WALK_HANDLES 256
#define WALK_FIRST_ID ((1ULL << 62) - 100) /* of each process, where ids overlap */

/* Letters, as they stand in a walk's file. */
enum walk_operation {
	WALK_BEGIN = 'b',
	WALK_SPAWN = 's',
	WALK_BEGIN_CHILD = 'B',
	WALK_SPAWN_CHILD = 'S',
	WALK_RESUME = 'r',
	WALK_SUSPEND = 'u',
	WALK_END = 'e',
	WALK_THREAD_EXIT = 't',	 /* another thread takes its place */
	WALK_PROCESS_EXIT = 'x', /* another process, with new threads, takes its place */
	WALK_PROCESS_KILL = 'k', /* the same */
	WALK_EXEC = 'X',	 /* the same, in the same process */
	WALK_SWEEP = 'w',	 /* the loader takes records that found no room in the ring */
};

enum walk_parent {
	WALK_PARENT_NULL = WALK_HANDLES, /* or the number of a handle */
	WALK_PARENT_UNKNOWN,		 /* an id that nobody began */
};

struct walk_step {
	uint8_t operation; /* enum walk_operation */
	uint8_t actor;
	uint8_t unsent;	 /* of an end: its record found no room in the ring */
	uint16_t handle; /* not of the exits, exec and sweep */
	uint16_t parent; /* of the CHILD forms */
	uint16_t pause;	 /* before the step, in ns */
	int32_t status;	 /* of an end */
};

struct walk {
	struct walk_step *steps;
	size_t count;
};

/*
 * What walks are like: how often, in parts of the sum, and how wide. A thread exit needs 2 actors,
 * the end of a process more than WALK_THREADS.
 */
struct walk_profile {
	size_t steps;
	uint16_t handles;
	uint8_t actors; /* the first so many take part */
	uint16_t begin, spawn, child, resume, suspend, end;
	uint16_t thread_exit, process_end, sweep;
	uint16_t unsent_in_100;	     /* ends */
	uint16_t overwritten_in_100; /* begins on a handle in use, instead of its end */
};

void walk_generate(struct walk *walk, uint64_t seed, const struct walk_profile *profile);
/* 0, or a negative errno: -EINVAL for what is no walk. */
int walk_read(struct walk *walk, FILE *file);
void walk_write(const struct walk *walk, FILE *file);
void walk_free(struct walk *walk);

/* The next of a sequence of random numbers: splitmix64. */
uint64_t walk_random(uint64_t *state);

enum walk_ids {
	WALK_IDS_UNIQUE,  /* the number of the step, from 1 */
	WALK_IDS_OVERLAP, /* each process counts for itself: an id means one span in each */
};

struct walk_actor {
	uint64_t process; /* the image's number, from 1 */
	uint32_t stream;  /* from 1 */
};

struct walk_player {
	enum walk_ids ids;
	uint64_t step;
	uint64_t handles[WALK_HANDLES]; /* 0: never begun */
	uint64_t begun[WALK_PROCESSES];
	uint64_t next_process;
	uint32_t next_stream;
	struct walk_actor actors[WALK_ACTORS];
};

/* A step with everything said: ids, task, process. */
struct walk_call {
	enum walk_operation operation;
	size_t actor;
	struct walk_actor before; /* who does it */
	uint64_t id;
	bool given_parent;
	uint64_t parent_id;
	int32_t status;
	bool unsent;
};

void walk_start(struct walk_player *player, enum walk_ids ids);
/* False: the step does nothing, its handle is zero. Afterwards the player's actors are the new ones. */
bool walk_next(struct walk_player *player, const struct walk_step *step, struct walk_call *call);

static inline size_t walk_first_actor(size_t actor)
{
	return actor - actor % WALK_THREADS;
}

#endif
