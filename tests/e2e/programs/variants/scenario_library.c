/* SPDX-License-Identifier: BSD-2-Clause */
/* libscenario.so, which the program `shared` is linked with. */
#include "scenario_library.h"

__attribute__((constructor)) static void constructed(void)
{
	struct ledger_span span;

	LEDGER_BEGIN(&span, NULL, "in_library_constructor");
	LEDGER_END(&span);
}

void scenario_library_begin(struct ledger_span *span, const struct ledger_span *parent)
{
	LEDGER_BEGIN(span, parent, "begun_in_library");
}

void scenario_library_end(struct ledger_span *span)
{
	struct ledger_span inner;

	LEDGER_BEGIN(&inner, span, "inner_in_library");
	LEDGER_END(&inner);
	LEDGER_END(span);
}
