/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the rules cost where no depth is derived from the parent's. */
#define MODEL_CHILD_DEPTH(parent_depth) ((void)(parent_depth), 0)

#include "rules_native.h"

int main(int argc, char **argv)
{
	return measure_rules(argc, argv, 0);
}
