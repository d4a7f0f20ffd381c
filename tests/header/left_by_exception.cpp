/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scopes and polls left by C++ exceptions, seen at the probes. Prints what is wrong; exit status 0:
 * nothing.
 */
#include "probe_recorder.h"
#include <cstdio>
#include <string>

static int failures;

static void expect(const char *what, const std::string &expected)
{
	std::string fired;

	for (unsigned i = 0; i < recorder.count && i < RECORDER_EVENTS; i++)
		fired += std::string(i ? " " : "") + recorder.events[i].probe;
	if (fired != expected) {
		std::printf("%s: fired '%s', not '%s'\n", what, fired.c_str(), expected.c_str());
		failures++;
	}
	recorder_trace(1);
}

static void throws_out_of_scopes()
{
	ASYNCSPAN_SCOPE("outer");
	ASYNCSPAN_SCOPE_NAMED("inner");
	throw 1;
}

static void throws_out_of_polls(asyncspan_t *outer, asyncspan_t *inner)
{
	ASYNCSPAN_POLL(outer) {
		ASYNCSPAN_POLL(inner) {
			throw 1;
		}
	}
}

template <typename function>
static void catching(const function &call)
{
	try {
		call();
	} catch (int) {
		return;
	}
	std::printf("nothing was thrown\n");
	failures++;
}

/* A function that every source file may have: its location is one, its macros work. */
inline void inline_function(asyncspan_t *span)
{
	ASYNCSPAN_BEGIN(span, "inline");
	ASYNCSPAN_END(span);
}

template <typename type>
static void in_template(type *span)
{
	ASYNCSPAN_SPAWN(span, "template");
	ASYNCSPAN_END(span);
}

int main()
{
	asyncspan_t outer, inner;

	recorder_trace(1);
	catching(throws_out_of_scopes);
	expect("scopes", "begin begin_named end end");
	ASYNCSPAN_SPAWN(&outer, "outer");
	ASYNCSPAN_SPAWN(&inner, "inner");
	recorder_trace(1);
	catching([&] { throws_out_of_polls(&outer, &inner); });
	expect("polls", "resume resume suspend suspend");
	inline_function(&outer);
	in_template(&outer);
	expect("inline and template", "begin end spawn end");
	[] { ASYNCSPAN_SCOPE("lambda"); }();
	expect("lambda", "begin end");
	return failures != 0;
}
