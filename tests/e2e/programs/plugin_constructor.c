/* SPDX-License-Identifier: BSD-2-Clause */
/* A plug-in whose constructor and destructor begin and end spans: before dlopen returns, in dlclose. */
#include "ledger.h"

__attribute__((constructor)) static void constructed(void)
{
	struct ledger_span span;

	LEDGER_BEGIN(&span, NULL, "in_constructor");
	LEDGER_END(&span);
}

__attribute__((destructor)) static void destroyed(void)
{
	struct ledger_span span;

	LEDGER_BEGIN(&span, NULL, "in_destructor");
	LEDGER_END(&span);
}
