/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scenarios about names: made in loops in one buffer, many for one location, many altogether, and
 * such that no tracer likes. The table at the end says what each does.
 */
#include "scenario.h"
#include <sys/mman.h>

static void names_in_loops(const struct scenario_arguments *arguments)
{
	struct ledger_span span;
	char name[64];
	int i;

	(void)arguments;
	for (i = 0; i < 5; i++) {
		snprintf(name, sizeof(name), "iteration_%d", i);
		LEDGER_BEGIN_NAMED(&span, NULL, name);
		LEDGER_END(&span);
	}
	for (i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "background_operation_%d", i);
		LEDGER_SPAWN_NAMED(&span, NULL, name);
		memset(name, '-', sizeof(name) - 1);
		LEDGER_RESUME(&span);
		LEDGER_END(&span);
	}
}

static void static_and_named(const struct scenario_arguments *arguments)
{
	static const char *const names[] = { "GET /users", "GET /orders", "GET /users" };
	ASYNCSPAN_LOCATION(handle, "handle");
	struct ledger_span fixed, named;
	size_t i;

	(void)arguments;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		LEDGER_AT(&fixed, NULL, "handle", handle, 1, "normal",
			  ASYNCSPAN_BEGIN_AT(&fixed.span, &handle));
		LEDGER_AT(&named, &fixed, names[i], handle, 1, "normal",
			  ASYNCSPAN_BEGIN_NAMED_AT(&named.span, &handle, names[i]));
		LEDGER_END(&named);
		LEDGER_END(&fixed);
	}
	LEDGER_AT(&fixed, NULL, "handle", handle, 0, "normal",
		  ASYNCSPAN_SPAWN_AT(&fixed.span, &handle));
	LEDGER_END(&fixed);
	LEDGER_AT(&named, NULL, "spawned here", handle, 0, "normal",
		  ASYNCSPAN_SPAWN_NAMED_AT(&named.span, &handle, "spawned here"));
	LEDGER_END(&named);
	LEDGER_BEGIN(&fixed, NULL, "static");
	LEDGER_END(&fixed);
}

static void name_of_length(const char *name, size_t length)
{
	struct ledger_span span;

	LEDGER_BEGIN_NAMED_N(&span, NULL, name, length);
	LEDGER_END(&span);
}

static void name_to_nul(const char *name)
{
	struct ledger_span span;

	LEDGER_BEGIN_NAMED(&span, NULL, name);
	LEDGER_END(&span);
}

/* `unreadable` is given to the macro, and never to the ledger. */
static void unreadable_name(const char *unreadable)
{
	struct ledger_span span;

	LEDGER_BEGIN_UNREADABLE(&span, NULL, unreadable);
	LEDGER_END(&span);
	LEDGER_BEGIN_UNREADABLE_N(&span, NULL, unreadable, 16);
	LEDGER_END(&span);
}

static void hostile_names(const struct scenario_arguments *arguments)
{
	static char long_name[10001], long_letters[2 * 5000 + 1];
	long page_size = sysconf(_SC_PAGESIZE);
	char *pages;
	size_t i;

	(void)arguments;
	memset(long_name, 'n', sizeof(long_name) - 1);
	for (i = 0; i + 1 < sizeof(long_letters); i += 2) {
		long_letters[i] = '\xc3'; /* e with acute */
		long_letters[i + 1] = '\xa9';
	}
	pages = (char *)mmap(NULL, 2 * (size_t)page_size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* Not unmapped: the next mapping, perhaps the header's own, would take the place. */
	if (pages == MAP_FAILED || mprotect(pages + page_size, (size_t)page_size, PROT_NONE) != 0)
		ledger_fail("cannot map a page");
	name_to_nul("");
	name_of_length("", 0);
	name_to_nul(long_name);
	name_of_length(long_name, sizeof(long_name) - 1);
	name_to_nul(long_letters);
	name_to_nul("x\xff\xfe not UTF-8 \xc3");
	name_to_nul("cut off \xf0\x9f\x98");
	name_to_nul("\033[31mred\033[0m\a\r\n\t\"quoted\\\"");
	name_to_nul("Gr\xc3\xbc\xc3\x9f Gott \xe2\x82\xac \xf0\x9f\x98\x80");
	name_of_length("not ended by NUL", 9);
	name_of_length("in\0side", 7);
	memcpy(pages + page_size - 5, "edge", 5);
	name_to_nul(pages + page_size - 5);
	memcpy(pages + page_size - 4, "last", 4);
	name_of_length(pages + page_size - 4, 4);
	unreadable_name(NULL);
	unreadable_name(pages + page_size);
	unreadable_name((const char *)UINT64_C(0xffff800000000000));
}

static void many_names(const struct scenario_arguments *arguments)
{
	long count = arguments->number[0] > 0 ? arguments->number[0] : 40000, i;
	struct ledger_span span;
	char name[64];

	for (i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "name number %ld of many", i);
		LEDGER_BEGIN_NAMED(&span, NULL, name);
		LEDGER_END(&span);
	}
}

static const struct scenario scenarios[] = {
	{ "C13", "5 and 3 names built in one reused buffer", names_in_loops },
	{ "C16", "static and named spans of one location", static_and_named },
	{ "X6", "empty, long, not UTF-8, with escapes, NULL, unmapped", hostile_names },
	{ "N13", "NUMBER (40,000) distinct names", many_names },
};

int main(int argc, char **argv)
{
	return SCENARIO_MAIN(argc, argv, scenarios);
}
