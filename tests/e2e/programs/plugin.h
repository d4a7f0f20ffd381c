/* SPDX-License-Identifier: BSD-2-Clause */
/* plugin.h: what the program `plugins` and its plug-ins agree on. Include ledger.h before. */
#ifndef PLUGIN_H
#define PLUGIN_H

/*
 * Begins and ends `count` spans, one after the other, inside whatever is entered on this thread;
 * adds them to the sum and stores their ids.
 */
typedef void plugin_run_function(long count, struct ledger_sum *sum, uint64_t *ids);

/* Begins and ends one span at root, with its ledger; returns the address of its location. */
typedef const void *plugin_one_span_function(void);

#define PLUGIN_EXPORT __attribute__((visibility("default")))

#endif /* PLUGIN_H */
