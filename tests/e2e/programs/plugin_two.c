/* SPDX-License-Identifier: BSD-2-Clause */
/* The other plug-in of X3: linked with a version script that keeps all but one symbol local. */
#include "ledger.h"
#include "plugin.h"

PLUGIN_EXPORT plugin_run_function plugin_run;

void plugin_run(long count, struct ledger_sum *sum, uint64_t *ids)
{
	asyncspan_t span;
	long i;

	for (i = 0; i < count; i++) {
		ASYNCSPAN_BEGIN(&span, "in_plugin_two");
		ledger_sum_begun(sum, &span);
		ids[i] = asyncspan_id(&span);
		ASYNCSPAN_END(&span);
		sum->ended += ids[i] != 0;
	}
}
