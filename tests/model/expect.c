/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the end-to-end tests ask the reference model:
 *
 *	expect generate PROFILE SEED STEPS	a walk, for tests/e2e/programs/model_walk.c
 *	expect rows TABLE_ROOM <WALK		what a trace of it must show, as JSON
 *	expect cases				the rows of the table of rules, as JSON
 *
 * Spans are called by the step that began them, counted from 1; polls are given as the span, and the
 * steps that began and ended them (one more than there are: at the end of the walk). PROFILE is `processes`, with
 * threads and processes that end, or `threads`, one process whose threads stay.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference.h"
#include "walk.h"

#define ITEMS_IN_PLACE 64
#define ITEMS_ELSEWHERE (1 << 20)

static const struct {
	const char *name;
	struct walk_profile profile;
} profiles[] = {
	{ "processes",
	  { .handles = 24,
	    .actors = WALK_ACTORS,
	    .begin = 600,
	    .spawn = 200,
	    .child = 200,
	    .resume = 900,
	    .suspend = 900,
	    .end = 300,
	    .thread_exit = 6,
	    .overwritten_in_100 = 10,
	    .process_end = 3 } },
	{ "threads",
	  { .handles = 96,
	    .actors = WALK_THREADS,
	    .begin = 600,
	    .spawn = 200,
	    .child = 200,
	    .resume = 900,
	    .suspend = 900,
	    .end = 300 } },
};

static int generate(const char *name, const char *seed, const char *steps)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		struct walk_profile profile = profiles[i].profile;
		struct walk walk;

		if (strcmp(profiles[i].name, name) != 0)
			continue;
		profile.steps = strtoul(steps, NULL, 10);
		walk_generate(&walk, strtoull(seed, NULL, 10), &profile);
		walk_write(&walk, stdout);
		walk_free(&walk);
		return 0;
	}
	fprintf(stderr, "expect: no profile %s\n", name);
	return 2;
}

/* How each process image ended, by its number. */
struct images {
	const char **reasons;
	size_t room;
};

static void image_ends(struct images *images, uint64_t process, const char *reason)
{
	while (process >= images->room) {
		size_t room = images->room ? 2 * images->room : 16;

		images->reasons = realloc(images->reasons, room * sizeof(*images->reasons));
		if (!images->reasons) {
			perror("expect");
			exit(70);
		}
		images->room = room;
	}
	images->reasons[process] = reason;
}

struct expectation {
	struct reference *model;
	struct reference_task *tasks[WALK_ACTORS];
	struct walk_player player;
	struct images images;
	const char *separator; /* of the list of events */
};

static void print_event(struct expectation *expectation, const char *type, uint64_t id)
{
	printf("%s[\"%s\",%" PRIu64 ",%" PRIu64 "]", expectation->separator, type, id,
	       expectation->player.step);
	expectation->separator = ",\n";
}

static void start_tasks(struct expectation *expectation, size_t first, size_t count)
{
	for (size_t i = first; i < first + count; i++) {
		const struct walk_actor *actor = &expectation->player.actors[i];

		expectation->tasks[i] =
			reference_task_start(expectation->model, actor->stream, actor->process);
	}
}

static void begin(struct expectation *expectation, const struct walk_call *call)
{
	const struct reference_begin request = {
		.id = call->id,
		.enter = call->operation == WALK_BEGIN || call->operation == WALK_BEGIN_CHILD,
		.given_parent = call->given_parent,
		.parent_id = call->parent_id,
	};

	if (reference_begin(expectation->model, expectation->tasks[call->actor], &request))
		print_event(expectation, "begin", call->id);
}

static void end_process(struct expectation *expectation, const struct walk_call *call,
			const char *reason)
{
	image_ends(&expectation->images, call->before.process, reason);
	reference_process_end(expectation->model, call->before.process);
	start_tasks(expectation, walk_first_actor(call->actor), WALK_THREADS);
}

static void do_step(struct expectation *expectation, const struct walk_step *step)
{
	struct reference_task *task = expectation->tasks[step->actor];
	struct reference *model = expectation->model;
	struct walk_call call;

	reference_advance(model, 1); /* times are the numbers of steps */
	if (!walk_next(&expectation->player, step, &call))
		return;
	switch (call.operation) {
	case WALK_BEGIN:
	case WALK_SPAWN:
	case WALK_BEGIN_CHILD:
	case WALK_SPAWN_CHILD:
		begin(expectation, &call);
		break;
	case WALK_RESUME:
		reference_resume(model, task, call.id);
		break;
	case WALK_SUSPEND:
		reference_suspend(model, task, call.id);
		break;
	case WALK_END:
		if (reference_end(model, task, call.id, call.status, false))
			print_event(expectation, "end", call.id);
		break;
	case WALK_THREAD_EXIT:
		reference_thread_exit(model, task);
		start_tasks(expectation, call.actor, 1);
		break;
	case WALK_PROCESS_EXIT:
		end_process(expectation, &call, "exit");
		break;
	case WALK_PROCESS_KILL:
		end_process(expectation, &call, "signal");
		break;
	case WALK_EXEC:
		end_process(expectation, &call, "exec");
		break;
	case WALK_SWEEP:
		break;
	}
}

static void print_spans(const struct expectation *expectation)
{
	static const char *const states[] = { "queued", "suspended", "entered", "ended" };
	const char *separator = "";

	for (const struct reference_span *span = expectation->model->spans; span;
	     span = span->next) {
		const struct reference_row row = reference_row(span);

		printf("%s{\"id\":%" PRIu64 ",\"process\":%" PRIu64 ",\"parent\":%" PRIu64
		       ",\"root\":%" PRIu64 ",\"depth\":%u,\"polls\":%u,\"migrations\":%u",
		       separator, span->id, span->process, row.parent_id, row.root_id, row.depth,
		       row.polls, row.migrations);
		printf(",\"state\":\"%s\",\"reason\":\"%s\"", states[row.state],
		       span->ended ? "end" : expectation->images.reasons[span->process]);
		if (span->ended)
			printf(",\"status\":%d}", span->status);
		else
			printf(",\"status\":null}");
		separator = ",\n";
	}
}

static void print_polls(const struct reference *model)
{
	const char *separator = "";

	for (const struct reference_span *span = model->spans; span; span = span->next)
		for (const struct reference_poll *poll = span->polls; poll; poll = poll->next) {
			printf("%s[%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]", separator, span->id,
			       poll->begin, poll->end);
			separator = ",\n";
		}
}

static int rows(const char *table_room)
{
	const struct reference_limits limits = {
		.spans = strtoul(table_room, NULL, 10),
		.in_place = ITEMS_IN_PLACE,
		.elsewhere = ITEMS_ELSEWHERE,
	};
	struct expectation expectation = { .model = reference_new(&limits), .separator = "" };
	struct walk walk;

	if (walk_read(&walk, stdin)) {
		fprintf(stderr, "expect: this is no walk\n");
		reference_free(expectation.model);
		return 2;
	}
	walk_start(&expectation.player, WALK_IDS_UNIQUE);
	start_tasks(&expectation, 0, WALK_ACTORS);
	printf("{\"events\":[");
	for (size_t i = 0; i < walk.count; i++)
		do_step(&expectation, &walk.steps[i]);
	reference_advance(expectation.model, 1);
	for (size_t i = 0; i < WALK_ACTORS; i += WALK_THREADS) {
		image_ends(&expectation.images, expectation.player.actors[i].process, "exit");
		reference_process_end(expectation.model, expectation.player.actors[i].process);
	}
	printf("],\n\"spans\":[");
	print_spans(&expectation);
	printf("],\n\"polls\":[");
	print_polls(expectation.model);
	printf("],\n\"counters\":{");
	for (size_t i = 0; i < REFERENCE_COUNTER_COUNT; i++)
		printf("%s\"%s\":%" PRIu64, i ? "," : "", reference_counter_names[i],
		       expectation.model->counters[i]);
	printf("},\n\"met\":[");
	for (size_t i = 0; i < REFERENCE_CASE_COUNT; i++)
		printf("%s%" PRIu64, i ? "," : "", expectation.model->met[i]);
	printf("]}\n");
	free(expectation.images.reasons);
	walk_free(&walk);
	reference_free(expectation.model);
	return 0;
}

static int cases(void)
{
	const char *separator = "[";

	for (size_t i = 0; i < REFERENCE_CASE_COUNT; i++) {
		const struct reference_case_text *text = &reference_cases[i];

		printf("%s[\"%s\",\"%s\",\"%s\"]", separator, text->operation, text->situation,
		       text->counter == REFERENCE_UNCOUNTED ?
			       "" :
			       reference_counter_names[text->counter]);
		separator = ",\n";
	}
	printf("]\n");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && strcmp(argv[1], "generate") == 0)
		return generate(argv[2], argv[3], argv[4]);
	if (argc == 3 && strcmp(argv[1], "rows") == 0)
		return rows(argv[2]);
	if (argc == 2 && strcmp(argv[1], "cases") == 0)
		return cases();
	fprintf(stderr, "usage: expect generate PROFILE SEED STEPS | rows TABLE_ROOM | cases\n");
	return 2;
}
