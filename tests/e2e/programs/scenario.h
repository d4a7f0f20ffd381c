/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * scenario.h: a program that runs one of several scenarios by name.
 *
 *	static const struct scenario scenarios[] = { { "C2", "outer runs inner", nested_two } };
 *	int main(int argc, char **argv) { return SCENARIO_MAIN(argc, argv, scenarios); }
 *
 * The numbers after the scenario's name are its arguments, 0 where left out. A scenario that
 * fails ends the process by ledger_fail().
 */
#ifndef SCENARIO_H
#define SCENARIO_H

#include "ledger.h"
#include <pthread.h>

struct scenario_arguments {
	long number[2];
	const char *program; /* argv[0]: to find or to run again what lies beside it */
};

struct scenario {
	const char *name;
	const char *what;
	void (*run)(const struct scenario_arguments *arguments);
};

static inline void scenario_pause(long microseconds)
{
	struct timespec pause = { microseconds / 1000000, microseconds % 1000000 * 1000 };

	nanosleep(&pause, NULL);
}

/* Runs the function on a thread of its own, to the end. */
static inline void scenario_on_thread(void *(*function)(void *), void *argument)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, function, argument) != 0)
		ledger_fail("cannot create a thread");
	pthread_join(thread, NULL);
}

static inline int scenario_main(int argc, char **argv, const struct scenario *all, size_t count)
{
	struct scenario_arguments arguments = { { 0, 0 }, argv[0] };
	size_t i;

	for (i = 0; argc > 1 && i < count; i++) {
		if (strcmp(argv[1], "--list") == 0)
			printf("%s\t%s\n", all[i].name, all[i].what);
		if (strcmp(argv[1], all[i].name) != 0)
			continue;
		arguments.number[0] = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
		arguments.number[1] = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
		ledger_note("start", ",\"scenario\":\"%s\",\"traced\":%s", all[i].name,
			    asyncspan_enabled() ? "true" : "false");
		all[i].run(&arguments);
		ledger_note("done", "%s", "");
		return 0;
	}
	if (argc > 1 && strcmp(argv[1], "--list") == 0)
		return 0;
	fprintf(stderr, "usage: %s SCENARIO [NUMBER...]; %s --list names them\n", argv[0], argv[0]);
	return 2;
}

#define SCENARIO_MAIN(argc, argv, all) scenario_main(argc, argv, all, sizeof(all) / sizeof(all[0]))

#endif /* SCENARIO_H */
