/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables as docs/schema.md describes them, in Markdown, from their declarations.
 *
 *	schema_document_write(file);
 *
 * Whether writing failed, ferror(3) knows.
 */
#ifndef TABLES_SCHEMA_DOCUMENT_H
#define TABLES_SCHEMA_DOCUMENT_H

#include <stdio.h>

#define SCHEMA_DOCUMENT_HEADING \
	"\n## " /* begins the first table: what is before is not generated */

void schema_document_write(FILE *file);

#endif
