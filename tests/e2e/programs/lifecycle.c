/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tasks and processes that come and go in unusual ways.
 *
 *	exec_from_thread	a thread that is not the first executes another program
 *	vfork_and_exec		a vforked child executes a program; the parent's spans go on
 *	clone_with_memory	a child process that shares the memory begins spans itself
 *	clone_without_memory	a child process by clone(2), as fork makes it
 *	first_thread_ends	the first thread ends, another goes on for a while
 *	signal_handler		a signal handler that begins and ends spans interrupts others
 *	fork_in_thread		a thread other than the first forks, the child traces
 */
#include "scenario.h"

#include <sched.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

static void expect_success(pid_t pid, const char *what)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		ledger_fail(what);
}

static void *execute_true(void *nothing)
{
	struct ledger_span inner;

	LEDGER_BEGIN(&inner, NULL, "before_exec");
	execl("/bin/true", "true", (char *)NULL);
	ledger_fail("cannot execute /bin/true");
	return nothing;
}

static void exec_from_thread(const struct scenario_arguments *arguments)
{
	struct ledger_span outer;

	(void)arguments;
	LEDGER_BEGIN(&outer, NULL, "of_first_thread");
	scenario_on_thread(execute_true, NULL);
}

static void vfork_and_exec(const struct scenario_arguments *arguments)
{
	struct ledger_span outer, after;
	pid_t pid;

	(void)arguments;
	LEDGER_BEGIN(&outer, NULL, "outer");
	pid = vfork();
	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	expect_success(pid, "the vforked child failed");
	LEDGER_BEGIN(&after, &outer, "after");
	LEDGER_END(&after);
	LEDGER_END(&outer);
}

static int run_child(void *nothing)
{
	struct ledger_span root, inner;

	(void)nothing;
	LEDGER_BEGIN(&root, NULL, "child_root");
	LEDGER_BEGIN(&inner, &root, "child_inner");
	LEDGER_END(&inner);
	LEDGER_END(&root);
	return 0;
}

static void clone_child(int flags)
{
	static char stack[256 * 1024] __attribute__((aligned(16)));
	struct ledger_span outer;
	pid_t pid;

	LEDGER_BEGIN(&outer, NULL, "outer");
	pid = clone(run_child, stack + sizeof(stack), flags | SIGCHLD, NULL);
	expect_success(pid, "the cloned child failed");
	LEDGER_END(&outer);
}

static void clone_with_memory(const struct scenario_arguments *arguments)
{
	(void)arguments;
	clone_child(CLONE_VM | CLONE_VFORK);
}

static void clone_without_memory(const struct scenario_arguments *arguments)
{
	(void)arguments;
	clone_child(0);
}

static void *outlive_the_first_thread(void *nothing)
{
	struct ledger_span early, late;

	LEDGER_BEGIN(&early, NULL, "early");
	scenario_pause(1500000);
	LEDGER_BEGIN(&late, &early, "late");
	LEDGER_END(&late);
	LEDGER_END(&early);
	ledger_note("done", "%s", "");
	exit(0);
	return nothing;
}

static void first_thread_ends(const struct scenario_arguments *arguments)
{
	pthread_t thread;

	(void)arguments;
	if (pthread_create(&thread, NULL, outlive_the_first_thread, NULL) != 0)
		ledger_fail("cannot create a thread");
	scenario_pause(200000);
	pthread_exit(NULL);
}

static volatile sig_atomic_t signals_taken;

/* Begins spans of its own at whatever place of the macros it interrupts. */
static void on_timer(int number)
{
	asyncspan_t span;

	(void)number;
	ASYNCSPAN_BEGIN(&span, "in_handler");
	ASYNCSPAN_END(&span);
	signals_taken++;
}

static void signal_handler(const struct scenario_arguments *arguments)
{
	struct itimerval often = { { 0, 50 }, { 0, 50 } }, never = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = on_timer, .sa_flags = SA_RESTART };
	long begun = 0, wanted = arguments->number[0] ? arguments->number[0] : 1000;
	asyncspan_t span;

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	while (signals_taken < wanted) {
		ASYNCSPAN_BEGIN(&span, "interrupted");
		ASYNCSPAN_END(&span);
		begun++;
	}
	setitimer(ITIMER_REAL, &never, NULL);
	ledger_note("counted", ",\"interrupted\":%ld,\"in_handler\":%ld", begun,
		    (long)signals_taken);
}

static void *fork_here(void *nothing)
{
	struct ledger_span outer;
	pid_t pid;

	LEDGER_BEGIN(&outer, NULL, "outer");
	pid = fork();
	if (pid == 0)
		_exit(run_child(NULL));
	expect_success(pid, "the forked child failed");
	LEDGER_END(&outer);
	return nothing;
}

static void fork_in_thread(const struct scenario_arguments *arguments)
{
	(void)arguments;
	scenario_on_thread(fork_here, NULL);
}

static const struct scenario scenarios[] = {
	{ "exec_from_thread", "another thread than the first executes", exec_from_thread },
	{ "vfork_and_exec", "a vforked child executes", vfork_and_exec },
	{ "clone_with_memory", "a child that shares the memory", clone_with_memory },
	{ "clone_without_memory", "a child with memory of its own", clone_without_memory },
	{ "first_thread_ends", "the first thread ends before others", first_thread_ends },
	{ "signal_handler", "[1000] signals whose handler has spans", signal_handler },
	{ "fork_in_thread", "another thread than the first forks", fork_in_thread },
};

int main(int argc, char **argv)
{
	return SCENARIO_MAIN(argc, argv, scenarios);
}
