/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command line of "asyncspan-trace record".
 *
 *	struct record_options options;
 *	int status = record_options_parse(&options, argc, argv);
 *	if (status != OPTIONS_PROCEED)
 *		return status;
 *	...
 *	record_options_free(&options);
 *
 * Either at least one PID or a command is given, never both.
 */
#ifndef CMDS_RECORD_OPTIONS_H
#define CMDS_RECORD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/message.h"
#include "cmds/options.h"

/* Exit status of record for wrong usage and for a failure of the tracer itself. */
#define RECORD_EXIT_FAILURE 125

enum record_codec {
	RECORD_CODEC_ZSTD,
	RECORD_CODEC_LZ4_RAW,
	RECORD_CODEC_GZIP,
	RECORD_CODEC_NONE,
};

/* How --codec and the trace's file name a codec. */
const char *record_codec_name(enum record_codec codec);

struct record_options {
	pid_t *pids;	       /* in the order given, each once; owned */
	size_t pid_count;      /* 0: a command is given */
	char **command;	       /* the command and its arguments, ends with NULL; points into argv */
	const char *user;      /* user that the command runs as; NULL: who called sudo */
	bool follow;	       /* trace forked children too */
	const char *directory; /* where the files go */
	bool directory_given;  /* -o was given: a directory that is not empty is refused */
	bool force;	       /* delete the files of an older trace there */
	uint64_t duration_ns;  /* stop after this time; 0: when the target ends or a signal comes */
	bool fail_on_loss;     /* exit status 124 when events were lost */
	bool polls;	       /* write async_polls */
	bool no_command_line;  /* do not record the command lines of the processes */
	uint64_t ring_bytes;   /* a power of two, whole pages */
	uint64_t max_spans;    /* spans that can be open at a time */
	uint64_t name_length;  /* bytes kept of a run-time name, 1 to 255 */
	int codec;	       /* enum record_codec */
	uint64_t level;	       /* zstd compression level */
	uint64_t rotate_bytes; /* a file this large is completed, and the next begun */
	uint64_t rotate_ns;    /* the same for one that has been open this long */
	bool json;	       /* the summary as JSON on stdout */
	int color;	       /* enum message_color */
	bool quiet;
	bool verbose;
};

/*
 * Parses argv (argv[0] is the verb or the program). Returns OPTIONS_PROCEED, or the exit status to
 * end with: 0 after --help, RECORD_EXIT_FAILURE after a usage error, which has been printed. Only
 * after OPTIONS_PROCEED is there something to free.
 */
int record_options_parse(struct record_options *options, int argc, char **argv);
void record_options_free(struct record_options *options);

#endif
