/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of one file of a table: hidden while it is written, complete in one step.
 *
 *	err = part_folder_open(&folder, directory, "streams", trace8, owner, group);
 *	err = part_open(&part, &folder, sequence);
 *	... write to part.fd ...
 *	err = part_complete(&part, &folder);	// or part_leave(&part)
 *	part_folder_close(&folder);
 *
 * Hidden names are .TRACE8-SEQUENCE.inprogress, final ones TRACE8-SEQUENCE.parquet; beside a hidden
 * part may be its .TRACE8-SEQUENCE.footer, see tables/footer_journal.h. Completing is fsync, rename
 * (over an older part of the same name), fsync of the folder; when it fails the part is still
 * hidden and open. Errors are those of the system calls as -errno.
 */
#ifndef TABLES_PART_H
#define TABLES_PART_H

#include <stdint.h>
#include <sys/types.h>

#define PART_TRACE8_LENGTH 8
#define PART_NAME_SIZE 48

struct part_folder {
	int fd;
	char trace8[PART_TRACE8_LENGTH + 1];
	uid_t owner; /* of what is created; -1: leave */
	gid_t group;
};

struct part {
	int fd; /* -1: closed */
	uint32_t sequence;
};

/* Makes the folder DIRECTORY/NAME if it is not there. -EINVAL: @trace8 is not 8 hex digits. */
int part_folder_open(struct part_folder *folder, const char *directory, const char *name,
		     const char *trace8, uid_t owner, gid_t group);
void part_folder_close(struct part_folder *folder);

/* A file of another kind in the folder, with the right owner; one that is there is emptied. */
int part_folder_create(const struct part_folder *folder, const char *name, int *fd);

void part_hidden_name(char name[PART_NAME_SIZE], const char *trace8, uint32_t sequence);
void part_final_name(char name[PART_NAME_SIZE], const char *trace8, uint32_t sequence);
void part_footer_name(char name[PART_NAME_SIZE], const char *trace8, uint32_t sequence);

int part_open(struct part *part, const struct part_folder *folder, uint32_t sequence);

/* Lets the kernel begin to write to disk now: part_complete() then has little left to wait for. */
void part_start_writing_back(const struct part *part, uint64_t from, uint64_t length);

int part_complete(struct part *part, const struct part_folder *folder);

/* Closes it as it is, hidden. */
void part_leave(struct part *part);

/* Closes and removes it; nothing if it is closed. */
void part_remove(struct part *part, const struct part_folder *folder);

#endif
