/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the rules cost, as they are. */
#include "rules_native.h"

int main(int argc, char **argv)
{
	return measure_rules(argc, argv, NESTING * (NESTING - 1) / 2);
}
