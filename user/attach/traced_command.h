/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A command that is started by us, to be traced from its first instruction.
 *
 *	err = traced_command_prepare(&command, argv, &user);	a child that waits
 *	... programs_register(command.pid) ...
 *	err = traced_command_release(&command);		executes it; -ENOENT and so on if it can't
 *	status = traced_command_wait(&command);
 *	traced_command_free(&command);
 */
#ifndef ATTACH_TRACED_COMMAND_H
#define ATTACH_TRACED_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

#include "attach/user.h"

struct traced_command {
	pid_t pid;
	int go;	     /* write end: closing it lets the child execute */
	int failure; /* read end: the errno of a failed execution, or the end of file */
	bool ended;  /* waited for: status is set */
	int status;  /* of wait(2) */
};

/* The child has default signal handling; it dies with us as long as it waits. */
int traced_command_prepare(struct traced_command *command, char **arguments,
			   const struct user *user);

/* Does not wait for the execution: traced_command_executed() tells, once it is over. */
int traced_command_release(struct traced_command *command);

/* 0: the command runs. Otherwise why it could not be executed, as negative errno. Blocks. */
int traced_command_executed(struct traced_command *command);

/* True when it has ended; with `block` waits for that. */
bool traced_command_reap(struct traced_command *command, bool block);

/* Ends a child that was never released. */
void traced_command_free(struct traced_command *command);

#endif
