/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Arrow schema of a file, as Arrow's readers expect it in the footer's key ARROW:schema: base64
 * of an IPC schema message. From it they know that texts are dictionaries with int32 keys and that
 * the time zone is "+00:00", which Parquet's own types cannot say.
 *
 *	err = arrow_schema_encode(&text, &schema);
 *	free(text);
 *
 * The only error is -ENOMEM.
 */
#ifndef PARQUET_ARROW_SCHEMA_H
#define PARQUET_ARROW_SCHEMA_H

#include "parquet/types.h"

#define ARROW_SCHEMA_KEY "ARROW:schema"

int arrow_schema_encode(char **base64, const struct parquet_schema *schema);

#endif
