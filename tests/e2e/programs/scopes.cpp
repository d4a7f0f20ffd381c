/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The macros in C++17: scopes and polls left by exceptions and otherwise, in lambdas and
 * destructors, and handles that move in containers. The table at the end says what each does.
 */
#include "scenario.h"
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace
{

void begins_at_root(const char *name)
{
	ledger_span after;

	LEDGER_BEGIN_NAMED(&after, nullptr, name);
	LEDGER_END(&after);
}

void throws_from_inside(int depth)
{
	LEDGER_SCOPE(outer, nullptr, "left_by_exception");
	{
		LEDGER_SCOPE(inner, &outer, "inner_left_by_exception");
		ledger_span child;

		LEDGER_BEGIN(&child, &inner, "child");
		LEDGER_END(&child);
		if (depth == outer.depth)
			throw std::runtime_error("out of both scopes");
	}
	ledger_fail("unreachable");
}

void left_by_exception(const scenario_arguments *)
{
	bool caught = false;

	try {
		throws_from_inside(0);
	} catch (const std::runtime_error &) {
		caught = true;
		begins_at_root("in_handler");
	}
	if (!caught)
		ledger_fail("the exception was not caught");
	begins_at_root("after_exception");
}

int returns_from_inside()
{
	LEDGER_SCOPE(scope, nullptr, "left_by_return");
	return scope.depth;
}

/* A scope in a destructor that runs while an exception is thrown. */
struct cleans_up {
	~cleans_up()
	{
		LEDGER_SCOPE(scope, nullptr, "in_destructor");
		(void)scope;
	}
};

void scopes(const scenario_arguments *)
{
	returns_from_inside();
	begins_at_root("after_return");
	for (int i = 0; i < 3; i++) {
		LEDGER_SCOPE(scope, nullptr, "left_by_loop");
		if (i == 0)
			continue;
		if (i == 1 + scope.depth)
			break;
	}
	begins_at_root("after_loop");
	auto in_lambda = [](const std::string &text) {
		LEDGER_SCOPE(scope, nullptr, "in_lambda");
		return text + std::to_string(scope.depth);
	};
	if (in_lambda("depth ") != "depth 0")
		ledger_fail("a lambda returned something else");
	try {
		cleans_up object;
		throw 1;
	} catch (int) {
		begins_at_root("after_destructor");
	}
}

void throws_from_poll(ledger_span *span)
{
	ASYNCSPAN_POLL(&span->span) {
		throw std::runtime_error("out of the poll");
	}
}

void polls(const scenario_arguments *)
{
	ledger_span polled, child;
	int rounds = 0;

	LEDGER_SPAWN(&polled, nullptr, "polled");
	try {
		throws_from_poll(&polled);
	} catch (const std::runtime_error &) {
		begins_at_root("after_throw_from_poll");
	}
	for (rounds = 0; rounds < 2; rounds++) {
		ASYNCSPAN_POLL(&polled.span) {
			LEDGER_BEGIN(&child, &polled, "child_in_poll");
			LEDGER_END(&child);
			if (rounds == 0)
				continue;
			break;
		}
		begins_at_root("after_poll");
	}
	if (rounds != 2)
		ledger_fail("break in a poll left the loop around it");
	ASYNCSPAN_POLL(&polled.span) {
		LEDGER_END(&polled);
	}
	begins_at_root("after_end_in_poll");
}

/* Owns a span as a user's own class might: moved, never copied, ended once. */
class operation
{
public:
	explicit operation(const std::string &name) : span_(new ledger_span)
	{
		LEDGER_SPAWN_NAMED(span_.get(), nullptr, name.c_str());
	}
	operation(operation &&) = default;
	operation &operator=(operation &&) = default;
	~operation()
	{
		if (span_)
			LEDGER_END(span_.get());
	}
	void run()
	{
		LEDGER_RESUME(span_.get());
		LEDGER_SUSPEND(span_.get());
	}

private:
	std::unique_ptr<ledger_span> span_;
};

void moved_handles(const scenario_arguments *)
{
	std::vector<operation> operations;
	std::vector<ledger_span> values;

	for (int i = 0; i < 20; i++) {
		operations.emplace_back("operation_" + std::to_string(i));
		ledger_span value;
		LEDGER_SPAWN(&value, nullptr, "copied_value");
		values.push_back(value);
	}
	std::thread worker([moved = std::move(operations), &values]() mutable {
		for (auto &one : moved)
			one.run();
		for (auto &value : values)
			LEDGER_END(&value);
	});
	worker.join();
}

const scenario scenarios[] = {
	{ "N8_exception", "two scopes left by an exception, then roots", left_by_exception },
	{ "N8_scopes", "scopes left by return, continue, break, in a lambda, in a destructor",
	  scopes },
	{ "N8_polls", "polls left by an exception, continue, break; ended inside", polls },
	{ "moved_handles", "handles in moved objects and grown vectors, ended elsewhere",
	  moved_handles },
};

} /* namespace */

int main(int argc, char **argv)
{
	return SCENARIO_MAIN(argc, argv, scenarios);
}
