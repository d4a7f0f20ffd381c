/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program linked with a library that has spans too: begun here and ended there, and the other
 * way round, nested in each other.
 *
 * Usage: shared
 */
#include "scenario_library.h"

int main(void)
{
	struct ledger_span here, there, inner;

	ledger_note("start", ",\"scenario\":\"shared\",\"traced\":%s",
		    asyncspan_enabled() ? "true" : "false");
	LEDGER_BEGIN(&here, NULL, "begun_in_program");
	scenario_library_begin(&there, &here);
	LEDGER_BEGIN(&inner, &there, "inner_in_program");
	LEDGER_END(&inner);
	LEDGER_END(&there);
	scenario_library_end(&here);
	ledger_note("done", "%s", "");
	return 0;
}
