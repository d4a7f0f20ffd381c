/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A command that is started by us, to be traced from its first instruction.
 *
 *	err = command_prepare(&command, argv, &user);	a child that waits
 *	... programs_register(command.pid) ...
 *	err = command_release(&command);		executes it; -ENOENT and so on if it can't
 *	status = command_wait(&command);
 *	command_free(&command);
 */
#ifndef ATTACH_COMMAND_H
#define ATTACH_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

#include "attach/user.h"

struct command {
	pid_t pid;
	int go;	     /* write end: closing it lets the child execute */
	int failure; /* read end: the errno of a failed execution, or the end of file */
	bool ended;  /* waited for: status is set */
	int status;  /* of wait(2) */
};

/* The child has default signal handling; it dies with us as long as it waits. */
int command_prepare(struct command *command, char **arguments, const struct user *user);

/* Does not wait for the execution: command_executed() tells, once it is over. */
int command_release(struct command *command);

/* 0: the command runs. Otherwise why it could not be executed, as negative errno. Blocks. */
int command_executed(struct command *command);

/* True when it has ended; with `block` waits for that. */
bool command_reap(struct command *command, bool block);

/* Ends a child that was never released. */
void command_free(struct command *command);

#endif
