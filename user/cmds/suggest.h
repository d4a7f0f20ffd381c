/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "Did you mean ...?": the known word that is nearest to a mistyped one.
 *
 *	const char *word = suggest("recrod", words, word_count);	"record"
 *
 * Returns NULL when none is near enough, at most a third of its letters wrong.
 */
#ifndef CMDS_SUGGEST_H
#define CMDS_SUGGEST_H

#include <stddef.h>

const char *suggest(const char *typed, const char *const *words, size_t word_count);

#endif
