/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scenarios of plug-ins: shared objects built apart, loaded with RTLD_LOCAL into an executable
 * that exports nothing, and unloaded. They lie beside the executable. The table at the end says
 * what each does.
 */
#include "scenario.h"
#include "plugin.h"
#include <dlfcn.h>
#include <limits.h>

enum { THREADS = 8, SPANS = 1000000, PER_NEST = 100 };

struct loaded {
	void *object;
	char path[PATH_MAX + 32];
};

static void load(struct loaded *plugin, const char *name)
{
	char program[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	char *slash;

	if (length < 0)
		ledger_fail("cannot find its own path");
	program[length] = '\0';
	slash = strrchr(program, '/');
	*slash = '\0';
	snprintf(plugin->path, sizeof(plugin->path), "%s/%s", program, name);
	plugin->object = dlopen(plugin->path, RTLD_NOW | RTLD_LOCAL);
	if (!plugin->object)
		ledger_fail(dlerror());
}

static void unload(struct loaded *plugin)
{
	if (dlclose(plugin->object) != 0)
		ledger_fail(dlerror());
	if (dlopen(plugin->path, RTLD_NOW | RTLD_NOLOAD))
		ledger_fail("dlclose left a plug-in mapped");
}

static void *symbol(const struct loaded *plugin, const char *name)
{
	void *address = dlsym(plugin->object, name);

	if (!address)
		ledger_fail(dlerror());
	return address;
}

struct worker {
	plugin_run_function *plugins[2];
	pthread_t thread;
	long spans;
	uint64_t *ids; /* of this worker's spans */
	struct ledger_sum sum;
};

/* Nests: one span of the executable, then spans of the plug-ins in it, one after the other. */
static void *run(void *argument)
{
	struct worker *worker = (struct worker *)argument;
	long left = worker->spans, inside, half;
	uint64_t *ids = worker->ids;
	asyncspan_t outer;

	while (left > 0) {
		inside = left - 1 < PER_NEST ? left - 1 : PER_NEST;
		half = inside / 2;
		ASYNCSPAN_BEGIN(&outer, "in_executable");
		ledger_sum_begun(&worker->sum, &outer);
		*ids++ = asyncspan_id(&outer);
		worker->sum.ended += asyncspan_id(&outer) != 0;
		worker->plugins[0](half, &worker->sum, ids);
		worker->plugins[1](inside - half, &worker->sum, ids + half);
		ASYNCSPAN_END(&outer);
		ids += inside;
		left -= 1 + inside;
	}
	return NULL;
}

static int compare_ids(const void *a, const void *b)
{
	const uint64_t *left = (const uint64_t *)a, *right = (const uint64_t *)b;

	return (*left > *right) - (*left < *right);
}

static void no_id_twice(uint64_t *ids, long count)
{
	long i;

	qsort(ids, (size_t)count, sizeof(*ids), compare_ids);
	for (i = 1; i < count; i++)
		if (ids[i] != 0 && ids[i] == ids[i - 1])
			ledger_fail("an id was given twice");
}

static void two_plugins(const struct scenario_arguments *arguments)
{
	long count = arguments->number[0] > 0 ? arguments->number[0] : SPANS, each, i;
	uint64_t *ids = (uint64_t *)calloc((size_t)count, sizeof(*ids));
	static struct worker workers[THREADS];
	struct ledger_sum sum = { 0, 0, 0, 0, 0 };
	struct loaded one, two;

	if (!ids)
		ledger_fail("no memory for the ids");
	load(&one, "plugin_one.so");
	load(&two, "plugin_two.so");
	each = count / THREADS;
	for (i = 0; i < THREADS; i++) {
		struct worker *worker = &workers[i];

		worker->plugins[0] = (plugin_run_function *)symbol(&one, "plugin_run");
		worker->plugins[1] = (plugin_run_function *)symbol(&two, "plugin_run");
		worker->spans = i < THREADS - 1 ? each : count - each * (THREADS - 1);
		worker->ids = ids + i * each;
		if (pthread_create(&worker->thread, NULL, run, worker) != 0)
			ledger_fail("cannot create a thread");
	}
	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		ledger_sum_add(&sum, &workers[i].sum);
	}
	unload(&one);
	unload(&two);
	no_id_twice(ids, count);
	ledger_summary(&sum);
	free(ids);
}

static const void *one_span_of(const char *name)
{
	struct loaded plugin;
	const void *location;

	load(&plugin, name);
	location = ((plugin_one_span_function *)symbol(&plugin, "plugin_one_span"))();
	unload(&plugin);
	return location;
}

static void same_address(const struct scenario_arguments *arguments)
{
	const void *first, *other;

	(void)arguments;
	first = one_span_of("plugin_first.so");
	other = one_span_of("plugin_other.so");
	if (first != other)
		ledger_fail("the second plug-in was not loaded where the first was");
	first = one_span_of("plugin_first.so");
	if (first != other)
		ledger_fail("the first plug-in was not loaded where the second was");
}

static void constructors(const struct scenario_arguments *arguments)
{
	struct loaded plugin;
	int i;

	(void)arguments;
	for (i = 0; i < 3; i++) {
		load(&plugin, "plugin_constructor.so");
		unload(&plugin);
	}
}

static const struct scenario scenarios[] = {
	{ "X3", "NUMBER (1,000,000) spans in 8 threads, executable and two plug-ins", two_plugins },
	{ "X9", "a plug-in, then another at its address, then the first again", same_address },
	{ "constructors", "a plug-in with spans in constructor and destructor, loaded three times",
	  constructors },
};

int main(int argc, char **argv)
{
	return SCENARIO_MAIN(argc, argv, scenarios);
}
