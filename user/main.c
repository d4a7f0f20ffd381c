/* SPDX-License-Identifier: BSD-2-Clause */
/* asyncspan-trace: chooses the verb. What the verbs do is in cmds/. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/message.h"
#include "cmds/command.h"
#include "cmds/options.h"
#include "cmds/suggest.h"

/* In the order of the help text; the first is what runs when no verb is given. */
static const struct command commands[] = {
	{ "record", "Record", "trace the spans of processes into Parquet files", record_run },
	{ "report", "Report", "what looks wrong in a trace, and where its time went", report_run },
	{ "tree", "Report", "what runs below what, and what the slowest waited for", tree_run },
	{ "flame", "Report", "the call tree as a flame graph (SVG)", flame_run },
	{ "list", "Check", "the probes of a file or a running process", list_run },
	{ "verify", "Check", "are the files of a trace whole, and do they agree?", verify_run },
	{ "recover", "Check", "complete what a killed recorder has left open", recover_run },
	{ "doctor", "Check", "can this machine trace, and what does it cost here?", doctor_run },
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const char usage[] = "Usage: asyncspan-trace [record] -p PID[,PID]... [OPTIONS]\n"
			    "       asyncspan-trace [record] [OPTIONS] -- COMMAND [ARGUMENT]...\n"
			    "       asyncspan-trace VERB [OPTIONS]\n";

static const char first_steps[] =
	"Three ways to begin:\n"
	"  sudo asyncspan-trace -- ./server --port 8080     trace a command\n"
	"  sudo asyncspan-trace -p $(pidof server) -d 10s   trace what runs already\n"
	"  asyncspan-trace report                           look at the trace again\n"
	"Can this machine trace? sudo asyncspan-trace doctor\n";

static int print_help(void)
{
	const char *group = "";

	fputs("asyncspan-trace records the asynchronous operations of programs that include\n"
	      "asyncspan.h, with their nesting, as Parquet files.\n\n",
	      stdout);
	fputs(usage, stdout);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(group, commands[i].group) != 0)
			printf("\n%s\n", commands[i].group);
		group = commands[i].group;
		printf("  %-10s %s\n", commands[i].name, commands[i].summary);
	}
	printf("\n%s\n'asyncspan-trace VERB --help' tells more.\n", first_steps);
	return fflush(stdout) ? 1 : 0;
}

static int print_version(void)
{
	puts("asyncspan-trace " ASYNCSPAN_VERSION);
	return fflush(stdout) ? 1 : 0;
}

static int fail_unknown(const char *verb)
{
	const char *names[COMMAND_COUNT];
	const char *suggestion;

	for (size_t i = 0; i < COMMAND_COUNT; i++)
		names[i] = commands[i].name;
	suggestion = suggest(verb, names, COMMAND_COUNT);
	if (suggestion)
		message_error("unknown verb '%s' (did you mean '%s'?)", verb, suggestion);
	else if (access(verb, X_OK) == 0)
		message_error("unknown verb '%s' (to run it: asyncspan-trace -- %s)", verb, verb);
	else
		message_error("unknown verb '%s'", verb);
	fputs("Try 'asyncspan-trace --help'.\n", stderr);
	return OPTIONS_EXIT_USAGE;
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fputs(first_steps, stderr);
		return OPTIONS_EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return print_help();
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return print_version();
	if (argv[1][0] == '-')
		return commands[0].run(argc, argv);
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	}
	return fail_unknown(argv[1]);
}
