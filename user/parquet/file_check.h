/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a whole Parquet file and compares all that it says of itself with what is in it: the
 * checksum of every page, that statistics of column chunks and of pages hold the values, that the
 * pages' index is a chain without gaps, and the counts of rows and nulls.
 *
 *	err = parquet_file_check(fd, &result);
 *	if (err)
 *		printf("%s: %s\n", path, result.why);
 *
 * Errors: -EBADMSG and -ENOTSUP with .why as a part of a sentence whose subject is the file; what
 * reading gave, -ENOMEM: .why is then empty.
 */
#ifndef PARQUET_FILE_CHECK_H
#define PARQUET_FILE_CHECK_H

#include <stdint.h>

struct parquet_file_check {
	uint64_t rows;
	uint64_t row_groups;
	uint64_t pages; /* that have an index */
	char why[256];
};

int parquet_file_check(int fd, struct parquet_file_check *result);

#endif
