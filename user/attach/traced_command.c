// SPDX-License-Identifier: BSD-2-Clause
#include "attach/traced_command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the tracer blocked or ignores is none of the command's business. */
static void reset_signals(void)
{
	sigset_t none;
	int number;

	for (number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void run_child(const struct traced_command *command, char **arguments,
		      const struct user *user)
{
	char byte;
	int error = user_become(user);
	ssize_t got;

	do
		got = read(command->go, &byte, 1);
	while (got < 0 && errno == EINTR);
	if (got != 1) /* the tracer gave up */
		_exit(0);
	reset_signals();
	if (!error) {
		execvp(arguments[0], arguments);
		error = -errno;
	}
	got = write(command->failure, &error, sizeof(error));
	_exit(got == sizeof(error) ? 127 : 126);
}

int traced_command_prepare(struct traced_command *command, char **arguments,
			   const struct user *user)
{
	int go[2], failure[2];
	struct traced_command child;

	*command = (struct traced_command){ .pid = -1, .go = -1, .failure = -1 };
	if (pipe2(go, O_CLOEXEC))
		return -errno;
	if (pipe2(failure, O_CLOEXEC)) {
		int error = -errno;

		close(go[0]);
		close(go[1]);
		return error;
	}
	command->go = go[1];
	command->failure = failure[0];
	command->pid = fork();
	if (command->pid == 0) {
		close(go[1]);
		child = (struct traced_command){ .go = go[0], .failure = failure[1] };
		run_child(&child, arguments, user);
	}
	close(go[0]);
	close(failure[1]);
	if (command->pid < 0) {
		int error = -errno;

		traced_command_free(command);
		return error;
	}
	return 0;
}

int traced_command_release(struct traced_command *command)
{
	ssize_t written = write(command->go, "g", 1);
	int error = written == 1 ? 0 : -errno;

	close(command->go);
	command->go = -1;
	return error;
}

int traced_command_executed(struct traced_command *command)
{
	int error = 0;
	ssize_t got;

	do
		got = read(command->failure, &error, sizeof(error));
	while (got < 0 && errno == EINTR);
	close(command->failure);
	command->failure = -1;
	return got == sizeof(error) ? error : 0;
}

bool traced_command_reap(struct traced_command *command, bool block)
{
	pid_t pid;

	if (command->ended || command->pid < 0)
		return true;
	do
		pid = waitpid(command->pid, &command->status, block ? 0 : WNOHANG);
	while (pid < 0 && errno == EINTR);
	command->ended = pid == command->pid;
	return command->ended;
}

void traced_command_free(struct traced_command *command)
{
	if (command->go >= 0) {
		close(command->go);
		command->go = -1;
		traced_command_reap(command, true);
	}
	if (command->failure >= 0)
		close(command->failure);
	command->failure = -1;
}
