/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs to attach to while they run. Both print `ready` when they are, and end by themselves:
 * N12 after a line on stdin or SIGUSR1, X8 at the end of stdin or at SIGTERM. The table at the end
 * says what each does.
 */
#include "scenario.h"
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

static int signals_as_file(void)
{
	sigset_t signals;
	int file;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	file = signalfd(-1, &signals, SFD_CLOEXEC);
	if (file < 0)
		ledger_fail("cannot read signals");
	return file;
}

/* True when there is a line or the end of stdin, or a signal; waits so many milliseconds. */
static int told_to_go_on(int signals, int milliseconds)
{
	struct pollfd files[2] = { { STDIN_FILENO, POLLIN, 0 }, { signals, POLLIN, 0 } };

	return poll(files, 2, milliseconds) > 0;
}

static void say(const char *line)
{
	puts(line);
	fflush(stdout);
}

static void attached_in_mid_life(const struct scenario_arguments *arguments)
{
	struct ledger_span outer, inner, suspended, queued, fresh, child;
	int signals = signals_as_file();

	(void)arguments;
	LEDGER_BEGIN(&suspended, NULL, "before_suspended");
	LEDGER_SUSPEND(&suspended);
	LEDGER_BEGIN(&outer, NULL, "before_outer");
	LEDGER_BEGIN(&inner, &outer, "before_inner");
	LEDGER_SPAWN(&queued, &inner, "before_queued");
	say("ready");
	told_to_go_on(signals, -1);
	LEDGER_BEGIN(&fresh, &inner, "new_outer");
	LEDGER_RESUME(&suspended);
	LEDGER_SUSPEND(&suspended);
	LEDGER_BEGIN(&child, &fresh, "new_inner");
	LEDGER_END(&child);
	LEDGER_RESUME(&queued);
	LEDGER_END(&queued);
	LEDGER_END(&fresh);
	LEDGER_END(&inner);
	LEDGER_SUSPEND(&outer);
	LEDGER_BEGIN(&fresh, NULL, "new_root");
	LEDGER_END(&fresh);
	LEDGER_END(&outer);
	LEDGER_END_STATUS(&suspended, ASYNCSPAN_CANCELLED);
	close(signals);
	say("done");
}

static int stop_working;

/* Begun traced or not, ended traced or not: the handles must always be what the macros left. */
static void one_round(void)
{
	struct ledger_span outer, inner;

	LEDGER_BEGIN(&outer, NULL, "round_outer");
	LEDGER_BEGIN(&inner, &outer, "round_inner");
	LEDGER_SUSPEND(&inner);
	LEDGER_RESUME(&inner);
	if (asyncspan_id(&inner.span) != inner.id || asyncspan_id(&outer.span) != outer.id)
		ledger_fail("suspend or resume changed a handle");
	LEDGER_END(&inner);
	LEDGER_END(&outer);
	if (asyncspan_id(&inner.span) != 0 || asyncspan_id(&outer.span) != 0)
		ledger_fail("end left a handle");
}

static void *work(void *argument)
{
	long *rounds = (long *)argument;

	while (!__atomic_load_n(&stop_working, __ATOMIC_RELAXED)) {
		one_round();
		scenario_pause(200);
		++*rounds;
	}
	return NULL;
}

static void attached_and_detached(const struct scenario_arguments *arguments)
{
	long rounds[2] = { 0, 0 };
	int signals = signals_as_file(), i;
	pthread_t threads[2];

	(void)arguments;
	for (i = 0; i < 2; i++)
		if (pthread_create(&threads[i], NULL, work, &rounds[i]) != 0)
			ledger_fail("cannot create a thread");
	say("ready");
	told_to_go_on(signals, -1);
	__atomic_store_n(&stop_working, 1, __ATOMIC_RELAXED);
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	close(signals);
	ledger_note("note", ",\"rounds\":%ld", rounds[0] + rounds[1]);
	say("done");
}

static const struct scenario scenarios[] = {
	{ "N12", "begins spans, waits to be attached to, goes on with them and with new ones",
	  attached_in_mid_life },
	{ "X8", "two threads work until told to stop, and check their handles",
	  attached_and_detached },
};

int main(int argc, char **argv)
{
	return SCENARIO_MAIN(argc, argv, scenarios);
}
