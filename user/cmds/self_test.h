/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asyncspan-trace traces itself for a moment: do events arrive, and what does one cost here?
 *
 *	struct self_test result;
 *	if (self_test_run(&result) == 0)
 *		printf("%.0f ns\n", result.traced_ns);
 *	else
 *		complain(result.message);
 *
 * A child process begins and ends spans, without and with a tracer. It needs the privileges of
 * tracing and takes about a second.
 */
#ifndef CMDS_SELF_TEST_H
#define CMDS_SELF_TEST_H

#include <stdint.h>

struct self_test {
	uint64_t expected;  /* events that the child produced */
	uint64_t arrived;   /* events that came out of the ring buffer */
	double untraced_ns; /* what the program pays for one event, while nobody traces */
	double traced_ns;   /* and while it is traced: the median of some rounds */
	char message[1024]; /* after a failure: what failed and why */
};

/* Returns 0, also when events are missing, or a negative errno with a message. */
int self_test_run(struct self_test *out);

#endif
