/* SPDX-License-Identifier: BSD-2-Clause */
#include "walk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define UNKNOWN_ID ((1ULL << 63) - 1)
#define LONGEST_PAUSE 1000
#define LONGEST_WALK 10000000

uint64_t walk_random(uint64_t *state)
{
	uint64_t value = *state += 0x9e3779b97f4a7c15ULL;

	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
	return value ^ (value >> 31);
}

static unsigned below(uint64_t *state, unsigned limit)
{
	return (unsigned)(walk_random(state) % limit);
}

static enum walk_operation choose_operation(const struct walk_profile *profile, uint64_t *state)
{
	const struct {
		unsigned weight;
		enum walk_operation operation;
	} all[] = {
		{ profile->begin, WALK_BEGIN },
		{ profile->spawn, WALK_SPAWN },
		{ profile->child, WALK_BEGIN_CHILD },
		{ profile->child, WALK_SPAWN_CHILD },
		{ profile->resume, WALK_RESUME },
		{ profile->suspend, WALK_SUSPEND },
		{ profile->end, WALK_END },
		{ profile->thread_exit, WALK_THREAD_EXIT },
		{ profile->process_end, WALK_PROCESS_EXIT },
		{ profile->process_end, WALK_PROCESS_KILL },
		{ profile->process_end, WALK_EXEC },
		{ profile->sweep, WALK_SWEEP },
	};
	unsigned sum = 0, chosen;
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		sum += all[i].weight;
	chosen = below(state, sum);
	for (i = 0; chosen >= all[i].weight; i++)
		chosen -= all[i].weight;
	return all[i].operation;
}

/* Mostly one that the actor's own process uses. */
static uint16_t choose_handle(const struct walk_profile *profile, unsigned actor, uint64_t *state)
{
	unsigned handle = below(state, profile->handles), own;

	own = handle - handle % WALK_PROCESSES + actor / WALK_THREADS;
	return (uint16_t)(below(state, 8) && own < profile->handles ? own : handle);
}

static uint16_t choose_parent(const struct walk_profile *profile, unsigned actor, uint64_t *state)
{
	unsigned chosen = below(state, profile->handles + 2U);

	if (chosen < profile->handles)
		return choose_handle(profile, actor, state);
	return (uint16_t)(WALK_PARENT_NULL + chosen - profile->handles);
}

static int32_t choose_status(uint64_t *state)
{
	static const int32_t all[] = { 0, 0, 0, 1, -5, INT32_MIN, INT32_MAX };

	return all[below(state, sizeof(all) / sizeof(all[0]))];
}

/* The first actor is there from beginning to end, and its process with it. */
static uint8_t choose_actor(enum walk_operation operation, const struct walk_profile *profile,
			    uint64_t *state)
{
	unsigned first = 0;

	if (operation == WALK_THREAD_EXIT)
		first = 1;
	else if (operation == WALK_PROCESS_EXIT || operation == WALK_PROCESS_KILL ||
		 operation == WALK_EXEC)
		first = WALK_THREADS;
	return (uint8_t)(first + below(state, profile->actors - first));
}

static bool is_begin(enum walk_operation operation)
{
	return operation == WALK_BEGIN || operation == WALK_SPAWN ||
	       operation == WALK_BEGIN_CHILD || operation == WALK_SPAWN_CHILD;
}

/* used: the handles on which a span was begun and not ended since. */
static struct walk_step random_step(const struct walk_profile *profile, bool *used, uint64_t *state)
{
	struct walk_step step = { 0 };
	enum walk_operation operation = choose_operation(profile, state);

	step.actor = choose_actor(operation, profile, state);
	step.handle = choose_handle(profile, step.actor, state);
	if (is_begin(operation) && used[step.handle] &&
	    below(state, 100) >= profile->overwritten_in_100)
		operation = WALK_END;
	if (is_begin(operation))
		used[step.handle] = true;
	if (operation == WALK_END)
		used[step.handle] = false;
	step.operation = (uint8_t)operation;
	step.pause = (uint16_t)(below(state, 4) ? below(state, LONGEST_PAUSE) : 0);
	if (operation == WALK_BEGIN_CHILD || operation == WALK_SPAWN_CHILD)
		step.parent = choose_parent(profile, step.actor, state);
	if (operation == WALK_END) {
		step.status = choose_status(state);
		step.unsent = below(state, 100) < profile->unsent_in_100;
	}
	return step;
}

static void allocate(struct walk *walk, size_t count)
{
	walk->count = count;
	walk->steps = calloc(count ? count : 1, sizeof(*walk->steps));
	if (!walk->steps) {
		perror("walk");
		exit(70);
	}
}

void walk_generate(struct walk *walk, uint64_t seed, const struct walk_profile *profile)
{
	bool used[WALK_HANDLES] = { false };
	uint64_t state = seed;

	allocate(walk, profile->steps);
	for (size_t i = 0; i < walk->count; i++)
		walk->steps[i] = random_step(profile, used, &state);
}

void walk_write(const struct walk *walk, FILE *file)
{
	fprintf(file, "%zu\n", walk->count);
	for (size_t i = 0; i < walk->count; i++) {
		const struct walk_step *step = &walk->steps[i];

		fprintf(file, "%c %u %u %u %d %u %u\n", step->operation, step->actor, step->handle,
			step->parent, step->status, step->pause, step->unsent);
	}
}

static bool read_step(struct walk_step *step, FILE *file)
{
	unsigned actor, handle, parent, pause, unsent;
	char operation;
	int status;

	if (fscanf(file, " %c %u %u %u %d %u %u", &operation, &actor, &handle, &parent, &status,
		   &pause, &unsent) != 7)
		return false;
	if (!strchr("bsBSruetxkXw", operation) || actor >= WALK_ACTORS || handle >= WALK_HANDLES ||
	    parent > WALK_PARENT_UNKNOWN || pause >= LONGEST_PAUSE || unsent > 1)
		return false;
	*step = (struct walk_step){
		.operation = (uint8_t)operation,
		.actor = (uint8_t)actor,
		.handle = (uint16_t)handle,
		.parent = (uint16_t)parent,
		.pause = (uint16_t)pause,
		.unsent = (uint8_t)unsent,
		.status = status,
	};
	return true;
}

int walk_read(struct walk *walk, FILE *file)
{
	size_t count;

	if (fscanf(file, "%zu", &count) != 1 || count > LONGEST_WALK)
		return -EINVAL;
	allocate(walk, count);
	for (size_t i = 0; i < count; i++) {
		if (read_step(&walk->steps[i], file))
			continue;
		walk_free(walk);
		return -EINVAL;
	}
	return 0;
}

void walk_free(struct walk *walk)
{
	free(walk->steps);
	walk->steps = NULL;
	walk->count = 0;
}

static void new_task(struct walk_player *player, size_t actor, uint64_t process)
{
	player->actors[actor].process = process;
	player->actors[actor].stream = player->next_stream++;
}

static void new_process(struct walk_player *player, size_t first_actor)
{
	uint64_t process = player->next_process++;

	for (size_t i = 0; i < WALK_THREADS; i++)
		new_task(player, first_actor + i, process);
	player->begun[first_actor / WALK_THREADS] = 0;
}

void walk_start(struct walk_player *player, enum walk_ids ids)
{
	memset(player, 0, sizeof(*player));
	player->ids = ids;
	player->next_process = 1;
	player->next_stream = 1;
	for (size_t i = 0; i < WALK_ACTORS; i += WALK_THREADS)
		new_process(player, i);
}

static uint64_t new_id(struct walk_player *player, size_t actor)
{
	if (player->ids == WALK_IDS_UNIQUE)
		return player->step;
	return WALK_FIRST_ID + player->begun[actor / WALK_THREADS]++;
}

static uint64_t parent_of(const struct walk_player *player, const struct walk_step *step)
{
	if (step->parent == WALK_PARENT_NULL)
		return 0;
	if (step->parent == WALK_PARENT_UNKNOWN)
		return UNKNOWN_ID;
	return player->handles[step->parent];
}

bool walk_next(struct walk_player *player, const struct walk_step *step, struct walk_call *call)
{
	size_t first_actor = walk_first_actor(step->actor);
	uint64_t *handle = &player->handles[step->handle];

	player->step++;
	*call = (struct walk_call){
		.operation = step->operation,
		.actor = step->actor,
		.before = player->actors[step->actor],
		.status = step->status,
		.unsent = step->unsent,
	};
	switch (call->operation) {
	case WALK_BEGIN_CHILD:
	case WALK_SPAWN_CHILD:
		call->given_parent = true;
		call->parent_id = parent_of(player, step);
		/* fall through */
	case WALK_BEGIN:
	case WALK_SPAWN:
		*handle = new_id(player, step->actor);
		break;
	case WALK_RESUME:
	case WALK_SUSPEND:
	case WALK_END:
		if (!*handle)
			return false;
		break;
	case WALK_THREAD_EXIT:
		new_task(player, step->actor, call->before.process);
		return true;
	case WALK_PROCESS_EXIT:
	case WALK_PROCESS_KILL:
	case WALK_EXEC:
		new_process(player, first_actor);
		return true;
	case WALK_SWEEP:
		return true;
	}
	call->id = *handle;
	return true;
}
