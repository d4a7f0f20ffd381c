/* SPDX-License-Identifier: BSD-2-Clause */
/* scenario_library.h: a library with spans of its own, and with spans handed to it. */
#ifndef SCENARIO_LIBRARY_H
#define SCENARIO_LIBRARY_H

#include "../ledger.h"

/* Begins and enters a span in the library, below the one expected. */
void scenario_library_begin(struct ledger_span *span, const struct ledger_span *parent);

/* Ends a span that may have been begun in another object, after an inner one. */
void scenario_library_end(struct ledger_span *span);

#endif /* SCENARIO_LIBRARY_H */
