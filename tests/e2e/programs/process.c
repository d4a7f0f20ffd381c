/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scenarios of processes that end, fork or become another with spans open. The table at the end
 * says what each does.
 */
#include "scenario.h"
#include <signal.h>
#include <sys/wait.h>

/* Open at the end: two entered here, one suspended, one queued, one entered on another thread. */
struct open_spans {
	struct ledger_span outer, inner, suspended, queued, elsewhere;
	pthread_barrier_t all_open;
};

static struct open_spans spans;

static void *hold_one_entered(void *argument)
{
	(void)argument;
	LEDGER_BEGIN(&spans.elsewhere, NULL, "elsewhere");
	pthread_barrier_wait(&spans.all_open);
	for (;;)
		pause();
	return NULL;
}

static void open_here(void)
{
	LEDGER_BEGIN(&spans.suspended, NULL, "suspended");
	LEDGER_SUSPEND(&spans.suspended);
	LEDGER_BEGIN(&spans.outer, NULL, "outer");
	LEDGER_BEGIN(&spans.inner, &spans.outer, "inner");
	LEDGER_SPAWN(&spans.queued, &spans.inner, "queued");
}

static void open_on_two_threads(void)
{
	pthread_t thread;

	pthread_barrier_init(&spans.all_open, NULL, 2);
	if (pthread_create(&thread, NULL, hold_one_entered, NULL) != 0)
		ledger_fail("cannot create a thread");
	open_here();
	pthread_barrier_wait(&spans.all_open);
}

static void ends_by_exit(const struct scenario_arguments *arguments)
{
	(void)arguments;
	open_on_two_threads();
	ledger_note("note", ",\"last\":\"exit\",\"status\":%d", 7);
	exit(7);
}

static void ends_by_kill(const struct scenario_arguments *arguments)
{
	(void)arguments;
	open_on_two_threads();
	ledger_note("note", ",\"last\":\"signal\",\"signal\":%d", SIGKILL);
	kill(getpid(), SIGKILL);
}

static void ends_by_crash(const struct scenario_arguments *arguments)
{
	volatile int *volatile nowhere = NULL;

	(void)arguments;
	open_on_two_threads();
	ledger_note("note", ",\"last\":\"signal\",\"signal\":%d", SIGSEGV);
	*nowhere = 1;
}

/* What a forked child does with the handles it inherits, and with ones of its own. */
static void go_on_in_child(void)
{
	struct ledger_span root, child;

	LEDGER_BEGIN(&root, NULL, "child_root");
	LEDGER_RESUME_AS(&spans.suspended, "orphan");
	LEDGER_BEGIN(&child, &root, "child_inner");
	LEDGER_END_AS(&spans.inner, "orphan");
	LEDGER_END(&child);
	LEDGER_END_AS(&spans.outer, "orphan");
	LEDGER_END(&root);
	_exit(0);
}

static pid_t fork_or_fail(void)
{
	pid_t child = fork();

	if (child < 0)
		ledger_fail("cannot fork");
	return child;
}

static void wait_for(pid_t child)
{
	int status = -1;

	if (waitpid(child, &status, 0) != child || status != 0)
		ledger_fail("the forked child was harmed");
}

static void fork_with_open_spans(const struct scenario_arguments *arguments)
{
	struct ledger_span after;
	pid_t child;

	(void)arguments;
	open_here();
	child = fork_or_fail();
	if (child == 0)
		go_on_in_child();
	wait_for(child);
	LEDGER_BEGIN(&after, &spans.inner, "after_fork");
	LEDGER_END(&after);
	LEDGER_END(&spans.queued);
	LEDGER_END(&spans.inner);
	LEDGER_END(&spans.outer);
	LEDGER_RESUME(&spans.suspended);
	LEDGER_END(&spans.suspended);
}

static void exec_with_open_spans(const struct scenario_arguments *arguments)
{
	(void)arguments;
	open_here();
	ledger_note("note", ",\"last\":\"%s\"", "exec");
	execl("/bin/true", "true", (char *)NULL);
	ledger_fail("cannot execute /bin/true");
}

static void exec_itself(const struct scenario_arguments *arguments)
{
	open_here();
	ledger_note("note", ",\"last\":\"%s\"", "exec");
	execl("/proc/self/exe", arguments->program, "X10_image", (char *)NULL);
	ledger_fail("cannot execute itself");
}

static void image_after_exec(const struct scenario_arguments *arguments)
{
	struct ledger_span outer, inner;

	(void)arguments;
	LEDGER_BEGIN(&outer, NULL, "image_outer");
	LEDGER_BEGIN(&inner, &outer, "image_inner");
	LEDGER_END(&inner);
	LEDGER_END(&outer);
}

static void many_forks(const struct scenario_arguments *arguments)
{
	long count = arguments->number[0] > 0 ? arguments->number[0] : 1000, i;
	struct ledger_span parent, child;
	pid_t pid;

	for (i = 0; i < count; i++) {
		LEDGER_BEGIN(&parent, NULL, "parent_span");
		pid = fork_or_fail();
		if (pid == 0) {
			LEDGER_BEGIN(&child, NULL, "child_span");
			LEDGER_END(&child);
			_exit(0);
		}
		wait_for(pid);
		LEDGER_END(&parent);
	}
}

static const struct scenario scenarios[] = {
	{ "N11_exit", "exits with status 7, five spans open on two threads", ends_by_exit },
	{ "N11_kill", "the same, killed by SIGKILL", ends_by_kill },
	{ "N11_segv", "the same, ended by SIGSEGV", ends_by_crash },
	{ "X1", "forks with open spans, both go on", fork_with_open_spans },
	{ "X2", "executes /bin/true with open spans", exec_with_open_spans },
	{ "X10", "executes itself with open spans, as X10_image", exec_itself },
	{ "X10_image", "what X10 becomes: two spans", image_after_exec },
	{ "X11", "forks NUMBER (1,000) children, each with a span", many_forks },
};

int main(int argc, char **argv)
{
	return SCENARIO_MAIN(argc, argv, scenarios);
}
