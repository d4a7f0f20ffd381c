/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What tracing needs of the machine and of the user, looked at one by one.
 *
 *	struct requirements requirements;
 *	requirements_check(&requirements);
 *	... requirements.items[i].name, .state, .found, .remedy ...
 *
 *	message_error("cannot load the programs: %s", requirements_refusal(text, sizeof(text)));
 *
 * Nothing is changed; the maps and programs that are made to try are gone on return.
 */
#ifndef ATTACH_REQUIREMENTS_H
#define ATTACH_REQUIREMENTS_H

#include <stddef.h>

#define REQUIREMENTS_MAX 16

enum requirement_state {
	REQUIREMENT_MET,
	REQUIREMENT_UNKNOWN, /* cannot be found out without privileges that are missing */
	REQUIREMENT_MISSING,
};

struct requirement {
	const char *name;
	enum requirement_state state;
	char found[160];    /* what is there: a version, a setting, an error */
	const char *remedy; /* what to do when it is not met */
};

struct requirements {
	struct requirement items[REQUIREMENTS_MAX];
	size_t count;
};

void requirements_check(struct requirements *out);

/*
 * Why the kernel says EPERM: the capabilities that are missing or the setting that forbids it, as a
 * phrase with what to do.
 */
const char *requirements_refusal(char *text, size_t size);

#endif
