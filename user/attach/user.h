/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The user on whose behalf we run: the one who called sudo, or another that was asked for.
 *
 *	err = user_find(&user, NULL);
 *	user_enter(&user); ... make files as that user ... user_leave(&user);
 *	user_free(&user);
 */
#ifndef ATTACH_USER_H
#define ATTACH_USER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct user {
	bool other; /* not who we are already: the rest is set */
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* owned */
	size_t group_count;
	char *name; /* owned */
	char *home;
	char *shell;
};

/*
 * A name or a number, or NULL for who called sudo (nobody else than ourselves without sudo).
 * -ENOENT: no such user. -EPERM: another user than ourselves, and we are not root.
 */
int user_find(struct user *user, const char *name);
void user_free(struct user *user);

/* File rights of the whole process become that user's, until user_leave(). */
int user_enter(const struct user *user);
void user_leave(const struct user *user);

/* For good, and with the environment that goes with it: between fork and exec. */
int user_become(const struct user *user);

/*
 * This thread alone, for good; its capabilities stay, permitted but not effective, until
 * user_limit_thread() takes away all but these (bit masks; what it does not have is ignored).
 */
int user_become_in_thread(const struct user *user);
int user_limit_thread(unsigned long long permitted, unsigned long long effective);

#endif
