/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tables of a directory say of one another; see trace_verify.h.
 *
 *	err = cross_check(directory, &verdict, &spans);
 *
 * The files have been checked one by one before. Errors: -ENOMEM.
 */
#ifndef VERIFY_CROSS_CHECK_H
#define VERIFY_CROSS_CHECK_H

#include <stdint.h>

#include "verify/verdict.h"

int cross_check(const char *directory, struct verdict *verdict, uint64_t *spans);

#endif
