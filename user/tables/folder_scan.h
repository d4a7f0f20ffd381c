/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lies in a table's folder, by the names of the files.
 *
 *	err = folder_scan(fd, &scan);
 *	for (i = 0; i < scan.count; i++)
 *		if (scan.files[i].kind == FOLDER_FOOTER)
 *			read(scan.files[i].trace8, scan.files[i].number);
 *	folder_scan_free(&scan);
 *
 * Files are in the order of trace, kind and number; what is not named like a file of ours is not
 * among them. Errors: of opening and reading the folder, -ENOMEM.
 */
#ifndef TABLES_FOLDER_SCAN_H
#define TABLES_FOLDER_SCAN_H

#include <stddef.h>
#include <stdint.h>

#include "tables/part.h"

enum folder_kind {
	FOLDER_PART,   /* TRACE8-NUMBER.parquet */
	FOLDER_HIDDEN, /* .TRACE8-NUMBER.inprogress */
	FOLDER_FOOTER, /* .TRACE8-NUMBER.footer */
	FOLDER_SPOOL,  /* .TRACE8-NUMBER.spool */
};

struct folder_file {
	char trace8[PART_TRACE8_LENGTH + 1];
	enum folder_kind kind;
	uint32_t number;
};

struct folder_scan {
	struct folder_file *files;
	size_t count;
};

int folder_scan(int fd, struct folder_scan *scan);
void folder_scan_free(struct folder_scan *scan);

#endif
