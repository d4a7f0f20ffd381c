/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every macro of asyncspan.h once, in the language that C and C++ share: to be compiled by every
 * compiler in every standard, and run untraced. Exit status 0: all was as it must be.
 */
#include <asyncspan.h>

extern int use_macros_elsewhere(asyncspan_t *span);

ASYNCSPAN_LOCATION(at_file_scope, "at_file_scope");

static int begin_all(asyncspan_t *span, const asyncspan_t *parent, const char *name)
{
	ASYNCSPAN_LOCATION(in_function, "in_function");
	const struct asyncspan_location *handed_in = &at_file_scope;

	ASYNCSPAN_BEGIN(span, "begin");
	ASYNCSPAN_BEGIN_NAMED(span, name);
	ASYNCSPAN_BEGIN_NAMED_N(span, name, 2);
	ASYNCSPAN_BEGIN_AT(span, &at_file_scope);
	ASYNCSPAN_BEGIN_AT(span, handed_in);
	ASYNCSPAN_BEGIN_NAMED_AT(span, &in_function, name);
	ASYNCSPAN_SPAWN(span, "spawn");
	ASYNCSPAN_SPAWN_NAMED(span, name);
	ASYNCSPAN_SPAWN_AT(span, &in_function);
	ASYNCSPAN_SPAWN_NAMED_AT(span, &in_function, name);
	ASYNCSPAN_BEGIN_CHILD(span, parent, "begin_child");
	ASYNCSPAN_BEGIN_CHILD(span, NULL, "begin_root");
	ASYNCSPAN_BEGIN_CHILD_NAMED(span, parent, name);
	ASYNCSPAN_SPAWN_CHILD(span, parent, "spawn_child");
	ASYNCSPAN_SPAWN_CHILD_NAMED(span, parent, name);
	return asyncspan_id(span) == 0;
}

/* The macros are statements: they stand where one may stand, without braces. */
static void where_statements_stand(asyncspan_t *span, int number)
{
	if (number)
		ASYNCSPAN_RESUME(span);
	else
		ASYNCSPAN_SUSPEND(span);
	switch (number) {
	case 0:
		ASYNCSPAN_END(span);
		break;
	default:
		ASYNCSPAN_END_STATUS(span, number);
	}
	do
		ASYNCSPAN_END_STATUS(span, ASYNCSPAN_CANCELLED);
	while (number--);
}

static int blocks(asyncspan_t *span, const char *name)
{
	int runs = 0;

	{
		ASYNCSPAN_SCOPE("scope");
		ASYNCSPAN_SCOPE("two in one block");
		ASYNCSPAN_SCOPE_NAMED(name);
		ASYNCSPAN_SCOPE_AT(&at_file_scope);
		runs++;
	}
	ASYNCSPAN_POLL(span) {
		ASYNCSPAN_POLL(span)
			runs++;
		if (runs > 1)
			break;
		runs = 0;
	}
	return runs == 2;
}

int main(void)
{
	asyncspan_t span = { 0 }, parent = { 0 };
	int good = 1;

	good &= begin_all(&span, &parent, "name");
	where_statements_stand(&span, 0);
	where_statements_stand(&span, 1);
	good &= blocks(&span, "name");
	good &= use_macros_elsewhere(&span);
	good &= !asyncspan_enabled();
	asyncspan_flush();
	return !good;
}
