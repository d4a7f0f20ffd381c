/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A directory of its own for a test, in $TMPDIR or /tmp.
 *
 *	cmocka_unit_test_setup_teardown(test, directory_make, directory_remove)
 *	const char *directory = *state;
 *
 * What cannot be done fails the test.
 */
#ifndef SUPPORT_DIRECTORY_H
#define SUPPORT_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

int directory_make(void **state);
int directory_remove(void **state); /* with all that is in it */

/* DIRECTORY/NAME, to be freed. */
char *directory_path(const char *directory, const char *name);

bool directory_has(const char *directory, const char *name);
size_t directory_count(const char *directory, const char *name); /* entries, hidden ones too */

/* A file's bytes, to be freed. */
uint8_t *directory_read(const char *directory, const char *name, size_t *length);
void directory_write(const char *directory, const char *name, const void *bytes, size_t length);

#endif
