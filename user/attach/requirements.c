/* SPDX-License-Identifier: BSD-2-Clause */
#include "attach/requirements.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/number.h"

#define KERNEL_MAJOR 5
#define KERNEL_MINOR 15

#define UPROBE_FOLDER "/sys/bus/event_source/devices/uprobe"
#define BTF_FILE "/sys/kernel/btf/vmlinux"
#define LOCKDOWN_FILE "/sys/kernel/security/lockdown"

static const struct {
	cap_value_t capability;
	const char *name;
} capabilities[] = {
	{ CAP_BPF, "CAP_BPF" },
	{ CAP_PERFMON, "CAP_PERFMON" },
	{ CAP_SYS_PTRACE, "CAP_SYS_PTRACE" },
	{ CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH" },
};

__attribute__((format(printf, 3, 4))) static enum requirement_state
found(struct requirement *item, enum requirement_state state, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(item->found, sizeof(item->found), format, arguments);
	va_end(arguments);
	return state;
}

/* The first line of a file of /proc or /sys; empty when it cannot be read. */
static char *read_setting(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, text, size - 1);

	if (fd >= 0)
		close(fd);
	text[length > 0 ? length : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

static bool has_capability(cap_t set, cap_value_t capability)
{
	cap_flag_value_t value = CAP_CLEAR;

	return cap_get_flag(set, capability, CAP_EFFECTIVE, &value) == 0 && value == CAP_SET;
}

/* The names of those missing, separated by blanks; CAP_SYS_ADMIN stands for the first two. */
static size_t missing_capabilities(char *text, size_t size)
{
	cap_t set = cap_get_proc();
	size_t missing = 0;
	size_t length = 0;

	*text = '\0';
	for (size_t i = 0; set && i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
		cap_value_t capability = capabilities[i].capability;

		if (has_capability(set, capability) ||
		    ((capability == CAP_BPF || capability == CAP_PERFMON) &&
		     has_capability(set, CAP_SYS_ADMIN)))
			continue;
		if (length < size)
			length += (size_t)snprintf(text + length, size - length, "%s%s",
						   missing ? " " : "", capabilities[i].name);
		missing++;
	}
	cap_free(set);
	return missing;
}

static enum requirement_state check_capabilities(struct requirement *item)
{
	char missing[128];

	if (missing_capabilities(missing, sizeof(missing)))
		return found(item, REQUIREMENT_MISSING, "missing: %s", missing);
	return found(item, REQUIREMENT_MET, "all there");
}

static enum requirement_state check_kernel(struct requirement *item)
{
	struct utsname name;
	const char *rest = name.release;
	uint64_t major;
	uint64_t minor;

	if (uname(&name) || !number_take(&rest, 10, &major) || *rest++ != '.' ||
	    !number_take(&rest, 10, &minor))
		return found(item, REQUIREMENT_UNKNOWN, "version not known");
	return found(item,
		     major > KERNEL_MAJOR || (major == KERNEL_MAJOR && minor >= KERNEL_MINOR) ?
			     REQUIREMENT_MET :
			     REQUIREMENT_MISSING,
		     "%.64s", name.release);
}

static enum requirement_state check_btf(struct requirement *item)
{
	if (access(BTF_FILE, R_OK))
		return found(item, REQUIREMENT_MISSING, "%s: %s", BTF_FILE, strerror(errno));
	return found(item, REQUIREMENT_MET, "%s", BTF_FILE);
}

/* "[none] integrity confidentiality": only the last forbids what BPF programs read. */
static enum requirement_state check_lockdown(struct requirement *item)
{
	char setting[128];

	read_setting(LOCKDOWN_FILE, setting, sizeof(setting));
	if (!*setting)
		return found(item, REQUIREMENT_MET, "this kernel has none");
	return found(item,
		     strstr(setting, "[confidentiality]") ? REQUIREMENT_MISSING : REQUIREMENT_MET,
		     "%s", setting);
}

static enum requirement_state from_errno(struct requirement *item, int error)
{
	bool refused = error == -EPERM || error == -EACCES;

	return found(item, refused && geteuid() ? REQUIREMENT_UNKNOWN : REQUIREMENT_MISSING, "%s",
		     strerror(-error));
}

static enum requirement_state check_bpf(struct requirement *item)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "asyncspan_check", 4, 8, 1, NULL);
	char setting[16];

	if (fd < 0)
		return from_errno(item, fd);
	close(fd);
	read_setting("/proc/sys/kernel/unprivileged_bpf_disabled", setting, sizeof(setting));
	return found(item, REQUIREMENT_MET, "allowed (unprivileged_bpf_disabled %s)",
		     *setting ? setting : "not there");
}

/*
 * What libbpf_probe_...() gives: 1 there, 0 not there, negative: could not be tried. Without CAP_BPF
 * it means nothing.
 */
static enum requirement_state from_probe(struct requirement *item, int result)
{
	char missing[128];

	missing_capabilities(missing, sizeof(missing));
	if (strstr(missing, "CAP_BPF"))
		return found(item, REQUIREMENT_UNKNOWN, "cannot be tried without CAP_BPF");
	if (result < 0)
		return from_errno(item, result);
	return found(item, result ? REQUIREMENT_MET : REQUIREMENT_MISSING, "%s",
		     result ? "there" : "not there");
}

static enum requirement_state check_ring_buffer(struct requirement *item)
{
	return from_probe(item, libbpf_probe_bpf_map_type(BPF_MAP_TYPE_RINGBUF, NULL));
}

static enum requirement_state check_task_storage(struct requirement *item)
{
	return from_probe(item, libbpf_probe_bpf_map_type(BPF_MAP_TYPE_TASK_STORAGE, NULL));
}

static enum requirement_state check_send_signal(struct requirement *item)
{
	return from_probe(item, libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_send_signal,
							NULL));
}

static enum requirement_state check_tracepoints(struct requirement *item)
{
	int result = libbpf_find_vmlinux_btf_id("sched_process_exit", BPF_TRACE_RAW_TP);

	if (result < 0)
		return found(item, REQUIREMENT_MISSING, "sched_process_exit: %s",
			     strerror(-result));
	return found(item, REQUIREMENT_MET, "there");
}

static enum requirement_state check_uprobes(struct requirement *item)
{
	char type[16];

	read_setting(UPROBE_FOLDER "/type", type, sizeof(type));
	if (!*type)
		return found(item, REQUIREMENT_MISSING, "no %s", UPROBE_FOLDER);
	return found(item, REQUIREMENT_MET, "perf event type %s", type);
}

static enum requirement_state check_semaphores(struct requirement *item)
{
	char bits[32];

	read_setting(UPROBE_FOLDER "/format/ref_ctr_offset", bits, sizeof(bits));
	if (!*bits)
		return found(item, REQUIREMENT_MISSING, "no ref_ctr_offset in %s", UPROBE_FOLDER);
	return found(item, REQUIREMENT_MET, "there");
}

/* Some distributions have levels above 2, which CAP_PERFMON lifts like the others. */
static enum requirement_state check_perf_events(struct requirement *item)
{
	char level[16];
	char missing[128];

	read_setting("/proc/sys/kernel/perf_event_paranoid", level, sizeof(level));
	if (!*level)
		return found(item, REQUIREMENT_MISSING, "this kernel has no perf events");
	missing_capabilities(missing, sizeof(missing));
	if (strstr(missing, "CAP_PERFMON"))
		return found(item, REQUIREMENT_MISSING,
			     "perf_event_paranoid %s, and no CAP_PERFMON", level);
	return found(item, REQUIREMENT_MET, "perf_event_paranoid %s does not bind CAP_PERFMON",
		     level);
}

/* Kernels from 5.11 on do not count BPF memory here; it is told because old advice asks for it. */
static enum requirement_state check_locked_memory(struct requirement *item)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		return found(item, REQUIREMENT_UNKNOWN, "%s", strerror(errno));
	if (limit.rlim_cur == RLIM_INFINITY)
		return found(item, REQUIREMENT_MET, "unlimited");
	return found(item, REQUIREMENT_MET, "%llu KiB, not used for BPF since Linux 5.11",
		     (unsigned long long)limit.rlim_cur / 1024);
}

static const struct {
	const char *name;
	enum requirement_state (*check)(struct requirement *item);
	const char *remedy;
} checks[] = {
	{ "capabilities", check_capabilities, "run it with sudo" },
	{ "kernel", check_kernel, "Linux 5.15 or newer is needed" },
	{ "type information", check_btf,
	  "a kernel built with CONFIG_DEBUG_INFO_BTF=y is needed, as distributions' are" },
	{ "lockdown", check_lockdown,
	  "boot without lockdown=confidentiality (integrity is no hindrance)" },
	{ "bpf()", check_bpf,
	  "run it with sudo; in a container: allow bpf() in its seccomp profile" },
	{ "ring buffer", check_ring_buffer, "Linux 5.15 or newer is needed" },
	{ "task storage", check_task_storage,
	  "a kernel built with CONFIG_BPF_SYSCALL=y and CONFIG_BPF_EVENTS=y is needed" },
	{ "signals from BPF", check_send_signal, "Linux 5.15 or newer is needed" },
	{ "typed tracepoints", check_tracepoints,
	  "a kernel built with CONFIG_DEBUG_INFO_BTF=y is needed, as distributions' are" },
	{ "uprobes", check_uprobes,
	  "a kernel built with CONFIG_UPROBE_EVENTS=y is needed, and /sys in a container" },
	{ "semaphores", check_semaphores, "Linux 5.15 or newer is needed" },
	{ "perf events", check_perf_events,
	  "run it with sudo, or: sysctl kernel.perf_event_paranoid=1" },
	{ "locked memory", check_locked_memory, "ulimit -l unlimited" },
};

void requirements_check(struct requirements *out)
{
	libbpf_print_fn_t before = libbpf_set_print(NULL);

	_Static_assert(sizeof(checks) / sizeof(checks[0]) <= REQUIREMENTS_MAX, "room for all");
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct requirement *item = &out->items[out->count++];

		item->name = checks[i].name;
		item->remedy = checks[i].remedy;
		item->state = checks[i].check(item);
	}
	libbpf_set_print(before);
}

const char *requirements_refusal(char *text, size_t size)
{
	struct requirement lockdown = { .found = "" };
	char missing[128];

	if (missing_capabilities(missing, sizeof(missing)))
		snprintf(text, size, "%s missing (try sudo)", missing);
	else if (check_lockdown(&lockdown) == REQUIREMENT_MISSING)
		snprintf(text, size,
			 "the kernel is locked down (boot without "
			 "lockdown=confidentiality)");
	else
		snprintf(text, size,
			 "not permitted (in a container its seccomp profile or "
			 "capabilities forbid it; asyncspan-trace doctor tells more)");
	return text;
}
