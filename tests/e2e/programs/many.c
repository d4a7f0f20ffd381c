/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * N9: very many spans at once, deep or wide, or more than the tracer has room for. One summary
 * each, and afterwards a span `after`, with its ledger, that must be right whatever happened.
 * The table at the end says what each does.
 */
#include "scenario.h"

static asyncspan_t *handles(long count)
{
	asyncspan_t *spans = (asyncspan_t *)calloc((size_t)count, sizeof(*spans));

	if (!spans)
		ledger_fail("no memory for the handles");
	return spans;
}

static void one_more_at_root(void)
{
	struct ledger_span after;

	LEDGER_BEGIN(&after, NULL, "after");
	LEDGER_END(&after);
}

static void nest(asyncspan_t *spans, long count, struct ledger_sum *first, long limit)
{
	struct ledger_sum rest = { 0, 0, 0, 0, 0 };
	long i;

	for (i = 0; i < count; i++) {
		ASYNCSPAN_BEGIN(&spans[i], "level");
		ledger_sum_begun(i < limit ? first : &rest, &spans[i]);
	}
	for (i = count - 1; i >= 0; i--) {
		ASYNCSPAN_END(&spans[i]);
		if (i < limit)
			first->ended++;
	}
	if (limit < count)
		ledger_note("note", ",\"beyond\":%llu,\"id_sum\":%llu",
			    (unsigned long long)rest.spans, (unsigned long long)rest.id_sum);
}

static void deep(const struct scenario_arguments *arguments)
{
	long count = arguments->number[0] > 0 ? arguments->number[0] : 100000;
	struct ledger_sum sum = { 0, 0, 0, 0, 0 };
	asyncspan_t *spans = handles(count);

	nest(spans, count, &sum, count);
	ledger_summary(&sum);
	one_more_at_root();
	free(spans);
}

static void wide(const struct scenario_arguments *arguments)
{
	long count = arguments->number[0] > 0 ? arguments->number[0] : 1000000, i;
	struct ledger_sum sum = { 0, 0, 0, 0, 0 };
	asyncspan_t *spans = handles(count);

	for (i = 0; i < count; i++) {
		ASYNCSPAN_BEGIN(&spans[i], "open");
		ledger_sum_begun(&sum, &spans[i]);
		ASYNCSPAN_SUSPEND(&spans[i]);
	}
	for (i = 0; i < count; i++) {
		ASYNCSPAN_END(&spans[i]);
		sum.ended++;
	}
	ledger_summary(&sum);
	one_more_at_root();
	free(spans);
}

static void more_than_fit(const struct scenario_arguments *arguments)
{
	long count = arguments->number[0] > 0 ? arguments->number[0] : 10000;
	long limit = arguments->number[1] > 0 ? arguments->number[1] : count / 2;
	struct ledger_sum sum = { 0, 0, 0, 0, 0 };
	asyncspan_t *spans = handles(count);

	nest(spans, count, &sum, limit);
	ledger_summary(&sum);
	one_more_at_root();
	free(spans);
}

static const struct scenario scenarios[] = {
	{ "N9_deep", "NUMBER (100,000) spans, each inside the one before", deep },
	{ "N9_open", "NUMBER (1,000,000) spans open at once, all roots", wide },
	{ "N9_overflow", "NUMBER nested; the summary is of the first LIMIT, a note of the others",
	  more_than_fit },
};

int main(int argc, char **argv)
{
	return SCENARIO_MAIN(argc, argv, scenarios);
}
