// SPDX-License-Identifier: BSD-2-Clause
#include "attach/user.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define GROUPS_MOST 65536

static int read_groups(struct user *user)
{
	int count = 32, found;
	gid_t *groups;

	for (;;) {
		groups = realloc(user->groups, count * sizeof(*groups));
		if (!groups)
			return -ENOMEM;
		user->groups = groups;
		found = count;
		if (getgrouplist(user->name, user->gid, groups, &found) >= 0)
			break;
		if (found <= count || found > GROUPS_MOST)
			return -E2BIG;
		count = found;
	}
	user->group_count = found;
	return 0;
}

static struct passwd *look_up(const char *name)
{
	struct passwd *entry = getpwnam(name);
	unsigned long number;
	char *end;

	if (entry || *name < '0' || *name > '9')
		return entry;
	number = strtoul(name, &end, 10);
	return *end || number > UINT32_MAX - 1 ? NULL : getpwuid(number);
}

int user_find(struct user *user, const char *name)
{
	const char *sudo = getenv("SUDO_UID");
	struct passwd *entry;

	*user = (struct user){ 0 };
	if (!name && (geteuid() != 0 || !sudo || !*sudo))
		return 0;
	entry = look_up(name ? name : sudo);
	if (!entry)
		return -ENOENT;
	if (entry->pw_uid == geteuid())
		return 0;
	if (geteuid() != 0)
		return -EPERM;
	user->other = true;
	user->uid = entry->pw_uid;
	user->gid = entry->pw_gid;
	user->name = strdup(entry->pw_name);
	user->home = strdup(entry->pw_dir);
	user->shell = strdup(entry->pw_shell);
	if (!user->name || !user->home || !user->shell) {
		user_free(user);
		return -ENOMEM;
	}
	return read_groups(user);
}

void user_free(struct user *user)
{
	free(user->groups);
	free(user->name);
	free(user->home);
	free(user->shell);
	*user = (struct user){ 0 };
}

int user_enter(const struct user *user)
{
	if (!user->other)
		return 0;
	if (setgroups(user->group_count, user->groups) || setegid(user->gid) ||
	    seteuid(user->uid)) {
		int error = -errno;

		user_leave(user);
		return error;
	}
	return 0;
}

void user_leave(const struct user *user)
{
	if (!user->other)
		return;
	/* Root again can't fail: it is our real user. */
	if (seteuid(0) || setegid(0) || setgroups(0, NULL))
		abort();
}

int user_become(const struct user *user)
{
	if (!user->other)
		return 0;
	if (setgroups(user->group_count, user->groups) ||
	    setresgid(user->gid, user->gid, user->gid) ||
	    setresuid(user->uid, user->uid, user->uid))
		return -errno;
	if (setenv("HOME", user->home, 1) || setenv("USER", user->name, 1) ||
	    setenv("LOGNAME", user->name, 1) || setenv("SHELL", user->shell, 1))
		return -ENOMEM;
	return 0;
}

/* The C library's functions would change all threads: hence the system calls themselves. */
int user_become_in_thread(const struct user *user)
{
	int error = 0;

	if (!user->other)
		return 0;
	if (prctl(PR_SET_KEEPCAPS, 1) || syscall(SYS_setgroups, user->group_count, user->groups) ||
	    syscall(SYS_setresgid, user->gid, user->gid, user->gid) ||
	    syscall(SYS_setresuid, user->uid, user->uid, user->uid))
		error = -errno;
	prctl(PR_SET_KEEPCAPS, 0);
	return error;
}

int user_limit_thread(unsigned long long permitted, unsigned long long effective)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	int i;

	if (syscall(SYS_capget, &header, data))
		return -errno;
	for (i = 0; i < 2; i++) {
		data[i].permitted &= (__u32)(permitted >> (32 * i));
		data[i].effective = data[i].permitted & (__u32)(effective >> (32 * i));
		data[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, data) ? -errno : 0;
}
