/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Spans before and after main: in the executable's constructor and destructor and in an exit
 * handler. Who holds the program until it is attached sees the first of them.
 *
 * Usage: early
 */
#include "ledger.h"

__attribute__((constructor)) static void constructed(void)
{
	struct ledger_span span;

	ledger_note("start", ",\"scenario\":\"early\",\"traced\":%s",
		    asyncspan_enabled() ? "true" : "false");
	LEDGER_BEGIN(&span, NULL, "before_main");
	LEDGER_END(&span);
}

__attribute__((destructor)) static void destroyed(void)
{
	struct ledger_span span;

	LEDGER_BEGIN(&span, NULL, "in_destructor");
	LEDGER_END(&span);
	ledger_note("done", "%s", "");
}

static void at_exit(void)
{
	struct ledger_span span;

	LEDGER_BEGIN(&span, NULL, "at_exit");
	LEDGER_END(&span);
}

int main(void)
{
	struct ledger_span span;

	if (atexit(at_exit) != 0)
		ledger_fail("cannot register an exit handler");
	LEDGER_BEGIN(&span, NULL, "in_main");
	LEDGER_END(&span);
	return 0;
}
