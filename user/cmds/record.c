// SPDX-License-Identifier: BSD-2-Clause
/* asyncspan-trace record: traces running processes, or a command, into a directory of files. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/message.h"
#include "cmds/command.h"
#include "cmds/record_options.h"
#include "cmds/recording.h"

#define EXIT_LOSS 124

/* As if the command had been run without us: whoever started us sees its signal. */
static int raise_again(int number)
{
	const struct rlimit no_core = { 0, 0 };
	sigset_t set;

	setrlimit(RLIMIT_CORE, &no_core); /* the core file, if any, is the command's */
	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	kill(getpid(), number);
	return 128 + number;
}

static int command_status(const struct recording *recording)
{
	int status = recording->command.status;

	if (!recording->options->command || recording->timed_out || !recording->command.ended)
		return 0;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void warn_no_probes(const struct recording *recording)
{
	const struct record_options *options = recording->options;

	if (recording->probes_seen || !options->command)
		return;
	message_warning("no asyncspan probes in '%s'%s (was it built with asyncspan.h? try: "
			"asyncspan-trace list FILE)",
			options->command[0],
			options->follow ? " and its children" :
					  "; children are not traced without -f");
}

int record_run(int argc, char **argv)
{
	struct record_options options;
	struct recording recording;
	int status, raised = 0;

	status = record_options_parse(&options, argc, argv);
	if (status != OPTIONS_PROCEED)
		return status;
	message_set_color(options.color);
	message_set_level(options.quiet	  ? MESSAGE_QUIET :
			  options.verbose ? MESSAGE_VERBOSE :
					    MESSAGE_NORMAL);
	status = recording_start(&recording, &options);
	if (!status) {
		recording_run(&recording);
		status = recording_finish(&recording);
		if (!status) {
			warn_no_probes(&recording);
			record_summary(&recording);
			status = command_status(&recording);
			if (options.fail_on_loss && recording_losses(&recording))
				status = EXIT_LOSS;
			else if (status > 128 && WIFSIGNALED(recording.command.status))
				raised = WTERMSIG(recording.command.status);
		}
	}
	recording_free(&recording);
	record_options_free(&options);
	return raised ? raise_again(raised) : status;
}
