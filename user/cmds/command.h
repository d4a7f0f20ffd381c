/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The verbs of asyncspan-trace: what main.c chooses from. A new verb is a function here and a row
 * in main.c's table.
 *
 * Each function is called with argv[0] being the verb (or the program, where the verb is left out)
 * and returns the exit status.
 */
#ifndef CMDS_COMMAND_H
#define CMDS_COMMAND_H

struct command {
	const char *name;
	const char *group;   /* the heading that it is listed under */
	const char *summary; /* one line */
	int (*run)(int argc, char **argv);
};

/* Exit status of all verbs but record, beside OPTIONS_EXIT_USAGE for unreadable input. */
#define COMMAND_EXIT_OK 0
#define COMMAND_EXIT_FAILED 1

int record_run(int argc, char **argv);
int report_run(int argc, char **argv);
int tree_run(int argc, char **argv);
int flame_run(int argc, char **argv);
int list_run(int argc, char **argv);
int doctor_run(int argc, char **argv);
int recover_run(int argc, char **argv);
int verify_run(int argc, char **argv);

#endif
