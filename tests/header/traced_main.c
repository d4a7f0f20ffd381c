/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fires every probe from two source files of one object, and from a plug-in if its path is given,
 * many times each. Prints how many spans it began with an id: all of them, while somebody traces.
 * To be built in every way, and traced.
 */
#include "traced_spans.h"
#ifdef WITH_PLUGIN
#include <dlfcn.h>
#endif
#include <stdio.h>

enum { ROUNDS = 50 };

static long spans_of_plugin(const char *path)
{
#ifdef WITH_PLUGIN
	void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	begin_spans_function *begin_in_plugin;
	void *symbol = plugin ? dlsym(plugin, "begin_spans_elsewhere") : NULL;

	if (!symbol)
		return -1;
	__builtin_memcpy(&begin_in_plugin, &symbol, sizeof(symbol));
	return begin_in_plugin();
#else
	(void)path;
	return -1;
#endif
}

int main(int argc, char **argv)
{
	long begun = 0;
	int i;

	for (i = 0; i < ROUNDS; i++)
		begun += begin_spans() + begin_spans_elsewhere();
	if (argc > 1) {
		long in_plugin = spans_of_plugin(argv[1]);

		if (in_plugin < 0)
			return 1;
		begun += in_plugin;
	}
	printf("%ld\n", begun);
	return 0;
}
