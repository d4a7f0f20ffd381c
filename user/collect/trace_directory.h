/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The directory that a trace is written to.
 *
 *	err = trace_directory_open(&directory, path, how);
 *	...
 *	trace_directory_close(&directory);
 *
 * It is locked while it is open, so that two recordings never write to one.
 */
#ifndef COLLECT_TRACE_DIRECTORY_H
#define COLLECT_TRACE_DIRECTORY_H

enum trace_directory_how {
	TRACE_DIRECTORY_NEW,	 /* must be empty, or not there */
	TRACE_DIRECTORY_REPLACE, /* the files of an older trace in it are deleted */
	TRACE_DIRECTORY_ROTATE,	 /* an older trace is moved to PATH.old, which it replaces */
};

struct trace_directory {
	int fd;
};

/*
 * -EBUSY: another recording is writing there. -ENOTEMPTY: something is in it that is not to be
 * deleted, or (with ROTATE) something that is no trace. Otherwise as mkdir, open and rename.
 */
int trace_directory_open(struct trace_directory *directory, const char *path,
			 enum trace_directory_how how);

/* One that is there, to change what is in it; -EBUSY: a recording is writing there. */
int trace_directory_lock(struct trace_directory *directory, const char *path);
void trace_directory_close(struct trace_directory *directory);

#endif
