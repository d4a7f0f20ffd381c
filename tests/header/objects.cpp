/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asyncspan.hpp's objects in C++11: who owns a span, when it ends, what it is named. Prints what
 * must be found of each (see examples/story/story.h); untraced, that nothing happens.
 */
#include <asyncspan.hpp>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>
#include "story/story.h"

using asyncspan::span;

namespace
{

void check(bool condition, const char *what)
{
	if (!condition) {
		std::fprintf(stderr, "not so: %s\n", what);
		std::exit(1);
	}
}

void tell(const char *name, const char *parent, int polls, int status)
{
	struct story story = {};

	story.name = name;
	story.parent = parent;
	story.polls = polls;
	story_end(&story, status);
}

span made_elsewhere()
{
	return span(ASYNCSPAN_HERE("returned"));
}

void ends_with_its_object()
{
	{
		span outer(ASYNCSPAN_HERE("destroyed"));
		asyncspan::scope inner(ASYNCSPAN_HERE("scope"));

		check((inner.id() != 0) == (outer.id() != 0), "both are traced or none is");
	}
	tell("destroyed", "-", 1, 0);
	tell("scope", "destroyed", 1, 0);
	{
		span kept = made_elsewhere();
	}
	tell("returned", "-", 1, 0);
}

void moves()
{
	span first(ASYNCSPAN_HERE("moved"));
	const uint64_t id = first.id();
	span second(std::move(first));

	check(first.id() == 0 && second.id() == id, "moved, not copied");
	span third(ASYNCSPAN_HERE("assigned to"));
	third = std::move(second); /* ends the one that it held */
	check(third.id() == id && second.id() == 0, "moved by assignment");
	tell("assigned to", "moved", 1, 0);
	std::vector<span> many;
	for (int i = 0; i < 3; i++)
		many.push_back(span::spawn(ASYNCSPAN_HERE("in a vector")));
	many.clear();
	for (int i = 0; i < 3; i++)
		tell("in a vector", "moved", 0, 0);
	third.end(7);
	third.end(8);
	check(third.id() == 0, "ended is no span");
	tell("moved", "-", 1, 7);
}

void polls()
{
	span spawned = span::spawn(ASYNCSPAN_HERE("polled"));

	{
		asyncspan::poll poll(spawned);
		asyncspan::scope inside(ASYNCSPAN_HERE("inside the poll"));
	}
	tell("inside the poll", "polled", 1, 0);
	try {
		asyncspan::poll poll(spawned);

		throw std::runtime_error("out of the poll");
	} catch (const std::runtime_error &) {
		asyncspan::scope outside(ASYNCSPAN_HERE("outside the poll"));
	}
	tell("outside the poll", "-", 1, 0);
	{
		asyncspan::poll poll(spawned);
		span gone(std::move(spawned));

		gone.cancel(); /* ended inside: the poll has nothing to suspend */
	}
	tell("polled", "-", 3, ASYNCSPAN_CANCELLED);
	spawned.suspend();
	spawned.resume();
}

void parents()
{
	span root(ASYNCSPAN_HERE("root"));

	root.suspend();
	{
		span child = span::child(root, ASYNCSPAN_HERE("child"));
		span queued = span::spawn_child(root, ASYNCSPAN_HERE("queued"), "named queued");
		span orphan = span::child(span(), ASYNCSPAN_HERE("no parent"));
	}
	tell("child", "root", 1, 0);
	tell("named queued", "root", 0, 0);
	tell("no parent", "-", 1, 0);
	root.resume();
	tell("root", "-", 2, 0);
}

void names()
{
	char buffer[] = "of a buffer";
	const std::string text("of a string, with more behind it", 11);
	const char *pointer = "of a pointer";

	span a(ASYNCSPAN_HERE(""), buffer);
	span b(ASYNCSPAN_HERE(""), text);
	span c = span::spawn(ASYNCSPAN_HERE(""), pointer);
	asyncspan::scope d(ASYNCSPAN_HERE(""), "of a literal");

	tell("of a buffer", "-", 1, 0);
	tell("of a string", "of a buffer", 1, 0);
	tell("of a pointer", "of a string", 0, 0);
	tell("of a literal", "of a string", 1, 0);
}

void handles()
{
	span given(ASYNCSPAN_HERE("released"));
	asyncspan_t handle = given.release();

	check(given.id() == 0, "released is no span");
	span taken(handle);
	ASYNCSPAN_END_STATUS(taken.handle(), 3);
	check(taken.id() == 0, "ended by its handle");
	tell("released", "-", 1, 3);
}

} /* namespace */

int main()
{
	ends_with_its_object();
	moves();
	polls();
	parents();
	names();
	handles();
	return 0;
}
