/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * write_schema FILE: writes the tables in docs/schema.md anew, from their declarations. What stands
 * before the first table stays.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tables/schema_document.h"

#define DOCUMENT_MAX (1 << 20)

static int fail(const char *path)
{
	fprintf(stderr, "write_schema: %s: %s\n", path, errno ? strerror(errno) : "has no table");
	return 1;
}

int main(int argc, char **argv)
{
	static char document[DOCUMENT_MAX];
	const char *path = argv[argc > 1];
	char *tables = NULL;
	FILE *file;

	if (argc != 2) {
		fprintf(stderr, "usage: write_schema FILE\n");
		return 2;
	}
	file = fopen(path, "re");
	if (!file)
		return fail(path);
	errno = 0;
	if (fread(document, 1, sizeof(document) - 1, file))
		tables = strstr(document, SCHEMA_DOCUMENT_HEADING);
	fclose(file);
	if (!tables)
		return fail(path);
	*tables = '\0';
	file = fopen(path, "we");
	if (!file)
		return fail(path);
	fputs(document, file);
	schema_document_write(file);
	return ferror(file) | fclose(file) ? fail(path) : 0;
}
