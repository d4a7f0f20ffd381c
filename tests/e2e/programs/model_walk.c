/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes a walk that build/tests/model/expect generated: operations on spans by the threads of
 * several processes, one at a time in the order of the file, so that there is one right outcome.
 *
 *	model_walk WALK JOURNAL
 *
 * Threads end and others take their place; processes exit, are killed and replaced by forks of the
 * first one, or execute this program again. The first process's main thread is one of the actors,
 * and hands the steps round; every other one waits for its turn at a semaphore. All of that lies
 * in the file JOURNAL, which every process maps. In its first lines it says per step which span
 * began (its id, 0 for none) and which thread did it: pairs of u64 from byte JOURNAL_STEPS on.
 *
 * Exit status 0: the walk is done. 70: it could not be taken.
 */
#include <asyncspan.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES 3
#define THREADS 3
#define ACTORS (PROCESSES * THREADS)
#define HANDLES 256
#define PARENT_NULL HANDLES /* of a step's parent; above: an unknown id */
#define UNKNOWN_ID ((1ULL << 63) - 1)
#define JOURNAL_STEPS 65536
#define SECONDS 60 /* for one step, a machine may be slow */

/* Beside those of the walk. */
#define LEAVE 'q' /* the process exits, the walk is over */

struct step {
	char operation;
	unsigned actor, handle, parent;
	int status;
};

struct journal {
	asyncspan_t handles[HANDLES];
	sem_t turn[ACTORS];	 /* an actor may do `step` */
	sem_t keeper[PROCESSES]; /* a process is to replace the thread of `step` */
	sem_t done;
	struct step step;
	uint64_t number; /* of the step, from 0 */
};

struct journal_entry {
	uint64_t id;
	uint64_t tid;
};

_Static_assert(sizeof(struct journal) <= JOURNAL_STEPS, "the entries come after it");

static struct journal *journal;
static struct journal_entry *entries;
static const char *journal_path;

struct actor {
	pthread_t thread;
	pid_t tid;
	unsigned number;
};

static struct actor actors[ACTORS]; /* of this process: its own only */

__attribute__((noreturn)) static void fail(const char *what)
{
	fprintf(stderr, "model_walk: %s: %s\n", what, strerror(errno));
	exit(70);
}

static void map_journal(size_t steps)
{
	size_t size = JOURNAL_STEPS + steps * sizeof(struct journal_entry);
	int file = open(journal_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	char *memory;

	if (file < 0 || (steps && ftruncate(file, (off_t)size)))
		fail(journal_path);
	if (!steps)
		size = (size_t)lseek(file, 0, SEEK_END);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	close(file);
	if (memory == MAP_FAILED)
		fail(journal_path);
	journal = (struct journal *)(void *)memory;
	entries = (struct journal_entry *)(void *)(memory + JOURNAL_STEPS);
}

static void wait_for(sem_t *semaphore)
{
	struct timespec limit;

	clock_gettime(CLOCK_REALTIME, &limit);
	limit.tv_sec += SECONDS;
	while (sem_timedwait(semaphore, &limit))
		if (errno != EINTR)
			fail("a step takes too long");
}

static void wait_for_turn(sem_t *semaphore)
{
	while (sem_wait(semaphore))
		;
}

ASYNCSPAN_LOCATION(shared_location, "shared");

/* Every form of begin: tests/e2e/test_model.py knows which name each step gives. */
static void begin(asyncspan_t *span, uint64_t number)
{
	char name[32];

	snprintf(name, sizeof(name), "step %llu", (unsigned long long)number + 1);
	switch (number % 4) {
	case 0:
		ASYNCSPAN_BEGIN(span, "literal");
		break;
	case 1:
		ASYNCSPAN_BEGIN_NAMED(span, name);
		break;
	case 2:
		ASYNCSPAN_BEGIN_AT(span, &shared_location);
		break;
	default:
		ASYNCSPAN_BEGIN_NAMED_AT(span, &shared_location, name);
		break;
	}
}

static void spawn(asyncspan_t *span, uint64_t number)
{
	char name[32];

	snprintf(name, sizeof(name), "step %llu", (unsigned long long)number + 1);
	switch (number % 4) {
	case 0:
		ASYNCSPAN_SPAWN(span, "literal");
		break;
	case 1:
		ASYNCSPAN_SPAWN_NAMED(span, name);
		break;
	case 2:
		ASYNCSPAN_SPAWN_AT(span, &shared_location);
		break;
	default:
		ASYNCSPAN_SPAWN_NAMED_AT(span, &shared_location, name);
		break;
	}
}

static void begin_child(asyncspan_t *span, const struct step *step, uint64_t number)
{
	const asyncspan_t unknown = { UNKNOWN_ID };
	const asyncspan_t *parent = &unknown;
	char name[32];

	snprintf(name, sizeof(name), "step %llu", (unsigned long long)number + 1);
	if (step->parent < HANDLES)
		parent = &journal->handles[step->parent];
	else if (step->parent == PARENT_NULL)
		parent = NULL;
	if (step->operation == 'B' && number % 2)
		ASYNCSPAN_BEGIN_CHILD_NAMED(span, parent, name);
	else if (step->operation == 'B')
		ASYNCSPAN_BEGIN_CHILD(span, parent, "child");
	else if (number % 2)
		ASYNCSPAN_SPAWN_CHILD_NAMED(span, parent, name);
	else
		ASYNCSPAN_SPAWN_CHILD(span, parent, "child");
}

static void execute_itself(unsigned process)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", process);
	execl("/proc/self/exe", "model_walk", "--process", number, journal_path, (char *)NULL);
	fail("cannot execute itself");
}

/* False: the thread is to end. */
static int do_step(void)
{
	const struct step *step = &journal->step;
	asyncspan_t *span = &journal->handles[step->handle];
	struct journal_entry *entry = &entries[journal->number];
	asyncspan_t copy = *span; /* its id stays in the handle after the end */

	if (step->operation != LEAVE)
		entry->tid = (uint64_t)syscall(SYS_gettid);
	switch (step->operation) {
	case 'b':
		begin(span, journal->number);
		entry->id = asyncspan_id(span);
		break;
	case 's':
		spawn(span, journal->number);
		entry->id = asyncspan_id(span);
		break;
	case 'B':
	case 'S':
		begin_child(span, step, journal->number);
		entry->id = asyncspan_id(span);
		break;
	case 'r':
		ASYNCSPAN_RESUME(span);
		break;
	case 'u':
		ASYNCSPAN_SUSPEND(span);
		break;
	case 'e':
		ASYNCSPAN_END_STATUS(&copy, step->status);
		break;
	case 't':
		return 0;
	case 'X':
		execute_itself(step->actor / THREADS);
		break;
	case 'k':
		kill(getpid(), SIGKILL);
		break;
	default: /* x, LEAVE */
		_exit(0);
	}
	return 1;
}

static void *act(void *argument)
{
	struct actor *actor = argument;

	actor->tid = (pid_t)syscall(SYS_gettid);
	sem_post(&journal->done);
	for (;;) {
		wait_for_turn(&journal->turn[actor->number]);
		if (!do_step())
			return NULL;
		sem_post(&journal->done);
	}
}

static void start_thread(unsigned number)
{
	struct actor *actor = &actors[number];

	actor->number = number;
	errno = pthread_create(&actor->thread, NULL, act, actor);
	if (errno)
		fail("cannot create a thread");
}

/* The kernel has finished with a thread when it is not listed any more. */
static void replace_thread(unsigned number)
{
	struct timespec pause = { 0, 100000 };
	char path[64];

	pthread_join(actors[number].thread, NULL);
	snprintf(path, sizeof(path), "/proc/self/task/%d", (int)actors[number].tid);
	while (access(path, F_OK) == 0)
		nanosleep(&pause, NULL);
	start_thread(number);
}

/* The main thread of a process other than the first: it makes threads, and takes no step. */
static void keep(unsigned process)
{
	for (unsigned i = 0; i < THREADS; i++)
		start_thread(process * THREADS + i);
	for (;;) {
		wait_for_turn(&journal->keeper[process]);
		replace_thread(journal->step.actor);
	}
}

static pid_t processes[PROCESSES];

static void wait_for_threads(unsigned count)
{
	while (count--)
		wait_for(&journal->done);
}

static void prepare_semaphores(unsigned process)
{
	if (sem_init(&journal->keeper[process], 1, 0))
		fail("cannot make a semaphore");
	for (unsigned i = process * THREADS; i < (process + 1) * THREADS; i++)
		if (sem_init(&journal->turn[i], 1, 0))
			fail("cannot make a semaphore");
}

static void start_process(unsigned process)
{
	prepare_semaphores(process);
	processes[process] = fork();
	if (processes[process] < 0)
		fail("cannot fork");
	if (processes[process] == 0)
		keep(process);
	wait_for_threads(THREADS);
}

static void wait_for_process(unsigned process)
{
	int status;

	if (waitpid(processes[process], &status, 0) != processes[process])
		fail("cannot wait for a process");
	if (WIFEXITED(status) ? WEXITSTATUS(status) != 0 : WTERMSIG(status) != SIGKILL) {
		errno = 0;
		fail("a process was harmed");
	}
}

/* Has the actor do the step, and sees that there is one again for its next. */
static void hand_over(const struct step *step)
{
	unsigned process = step->actor / THREADS;

	if (step->actor == 0) {
		do_step();
		return;
	}
	sem_post(&journal->turn[step->actor]);
	switch (step->operation) {
	case 't':
		if (process == 0)
			replace_thread(step->actor);
		else
			sem_post(&journal->keeper[process]);
		wait_for_threads(1);
		break;
	case 'x':
	case 'k':
		wait_for_process(process);
		start_process(process);
		break;
	case 'X':
		wait_for_threads(THREADS);
		break;
	case LEAVE:
		wait_for_process(process);
		break;
	default:
		wait_for_threads(1);
		break;
	}
}

static void take_walk(FILE *walk, size_t count)
{
	unsigned pause, unsent;

	for (size_t i = 0; i < count; i++) {
		struct step *step = &journal->step;

		if (fscanf(walk, " %c %u %u %u %d %u %u", &step->operation, &step->actor,
			   &step->handle, &step->parent, &step->status, &pause, &unsent) != 7 ||
		    step->actor >= ACTORS || step->handle >= HANDLES)
			fail("no step of a walk");
		journal->number = i;
		hand_over(step);
	}
}

int main(int argc, char **argv)
{
	size_t count;
	FILE *walk;

	if (argc == 4 && strcmp(argv[1], "--process") == 0) {
		unsigned process = (unsigned)strtoul(argv[2], NULL, 10) % PROCESSES;

		journal_path = argv[3];
		map_journal(0);
		prepare_semaphores(process); /* those who waited there are gone */
		keep(process);
	}
	if (argc != 3) {
		fprintf(stderr, "usage: model_walk WALK JOURNAL\n");
		return 2;
	}
	walk = fopen(argv[1], "re");
	if (!walk || fscanf(walk, "%zu", &count) != 1)
		fail(argv[1]);
	journal_path = argv[2];
	map_journal(count ? count : 1);
	if (sem_init(&journal->done, 1, 0))
		fail("cannot make a semaphore");
	prepare_semaphores(0);
	for (unsigned i = 1; i < THREADS; i++)
		start_thread(i);
	wait_for_threads(THREADS - 1);
	for (unsigned i = 1; i < PROCESSES; i++)
		start_process(i);
	take_walk(walk, count);
	for (unsigned i = 1; i < PROCESSES; i++) {
		journal->step = (struct step){ .operation = LEAVE, .actor = i * THREADS };
		hand_over(&journal->step);
	}
	fclose(walk);
	return 0;
}
