/* SPDX-License-Identifier: BSD-2-Clause */
#include "cmds/suggest.h"

#include <string.h>

#define WORD_MAX 32

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Edit distance with swaps of neighbours (optimal string alignment): the number of letters added,
 * left out, changed or swapped.
 */
static size_t distance(const char *a, const char *b)
{
	size_t a_length = strlen(a);
	size_t b_length = strlen(b);
	size_t rows[WORD_MAX + 1][WORD_MAX + 1];

	if (a_length > WORD_MAX || b_length > WORD_MAX)
		return WORD_MAX;
	for (size_t i = 0; i <= a_length; i++)
		rows[i][0] = i;
	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a_length; i++) {
		for (size_t j = 1; j <= b_length; j++) {
			size_t change = rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			size_t best = smaller(rows[i - 1][j], rows[i][j - 1]) + 1;

			best = smaller(best, change);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = smaller(best, rows[i - 2][j - 2] + 1);
			rows[i][j] = best;
		}
	}
	return rows[a_length][b_length];
}

const char *suggest(const char *typed, const char *const *words, size_t word_count)
{
	const char *best = NULL;
	size_t best_distance = WORD_MAX;

	for (size_t i = 0; i < word_count; i++) {
		size_t wrong = distance(typed, words[i]);

		if (wrong < best_distance && wrong * 3 <= strlen(words[i])) {
			best = words[i];
			best_distance = wrong;
		}
	}
	return best;
}
