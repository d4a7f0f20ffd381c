/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asyncspan::traced round a promise: everything that can be awaited behaves as without it. Prints
 * what must be found of each coroutine (see examples/story/story.h).
 */
#include <asyncspan.hpp>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include "story/story.h"

namespace
{

void check_that(bool condition, const char *what, int line)
{
	if (!condition) {
		std::fprintf(stderr, "line %d: not so: %s\n", line, what);
		std::exit(1);
	}
}
#define CHECK(condition) check_that((condition), #condition, __LINE__)

void tell(const char *name, const char *parent, int polls, int status, int migrations = 0)
{
	struct story story = {};

	story.name = name;
	story.parent = parent;
	story.polls = polls;
	story.migrations = migrations;
	story_end(&story, status);
}

/* Starts at once, is destroyed by its owner; suspended at its end. */
class eager
{
	struct promise {
		std::exception_ptr error = nullptr;

		eager get_return_object()
		{
			return eager(std::coroutine_handle<promise_type>::from_promise(
				static_cast<promise_type &>(*this)));
		}

		std::suspend_never initial_suspend() noexcept
		{
			return {};
		}

		std::suspend_always final_suspend() noexcept
		{
			return {};
		}

		void return_void() noexcept
		{
		}

		void unhandled_exception() noexcept
		{
			error = std::current_exception();
		}
	};

public:
	using promise_type = asyncspan::traced<promise>;

	explicit eager(std::coroutine_handle<promise_type> coroutine) : handle(coroutine)
	{
	}

	eager(eager &&other) noexcept : handle(std::exchange(other.handle, nullptr))
	{
	}

	eager(const eager &) = delete;
	eager &operator=(const eager &) = delete;

	~eager()
	{
		if (handle)
			handle.destroy();
	}

	std::coroutine_handle<promise_type> handle;
};

/* Awaiters with each of the three kinds of await_suspend, and what they wait with. */
std::coroutine_handle<> parked;

struct parks {
	bool await_ready() noexcept
	{
		return false;
	}

	void await_suspend(std::coroutine_handle<> coroutine) noexcept
	{
		parked = coroutine;
	}

	int await_resume() noexcept
	{
		return 7;
	}
};

struct decides {
	bool waits;

	bool await_ready() noexcept
	{
		return false;
	}

	bool await_suspend(std::coroutine_handle<> coroutine) noexcept
	{
		parked = coroutine;
		return waits;
	}

	void await_resume() noexcept
	{
	}
};

struct transfers {
	bool await_ready() noexcept
	{
		return false;
	}

	/* To itself: it goes on at once, after all. */
	template <class Promise>
	std::coroutine_handle<Promise> await_suspend(std::coroutine_handle<Promise> self) noexcept
	{
		return self;
	}

	void await_resume() noexcept
	{
	}
};

struct throws {
	bool from_suspend;

	bool await_ready() noexcept
	{
		return false;
	}

	bool await_suspend(std::coroutine_handle<>)
	{
		if (from_suspend)
			throw std::runtime_error("await_suspend");
		return false;
	}

	void await_resume()
	{
		throw std::runtime_error("await_resume");
	}
};

/* No copies, no moves: awaited where it is. */
struct stays_where_it_is : parks {
	stays_where_it_is() = default;
	stays_where_it_is(const stays_where_it_is &) = delete;
	stays_where_it_is &operator=(const stays_where_it_is &) = delete;
	const stays_where_it_is *self = this;

	const stays_where_it_is *await_resume() noexcept
	{
		return this;
	}
};

struct with_member_operator {
	std::unique_ptr<int> value;

	auto operator co_await() &&
	{
		struct awaiter : std::suspend_never {
			std::unique_ptr<int> taken;

			std::unique_ptr<int> await_resume() noexcept
			{
				return std::move(taken);
			}
		};
		return awaiter{ {}, std::move(value) };
	}
};

struct with_free_operator {
	int value = 5;
};

struct refers : std::suspend_never {
	int *value;

	int &await_resume() noexcept
	{
		return *value;
	}
};

refers operator co_await(with_free_operator &awaitable)
{
	return refers{ {}, &awaitable.value };
}

eager waits_with_void()
{
	CHECK(co_await parks() == 7);
	parks named;
	CHECK(co_await named == 7);
}

eager waits_with_bool()
{
	co_await decides{ true };
	co_await decides{ false };
}

eager transfers_to_itself()
{
	co_await transfers();
	co_await std::suspend_never();
}

eager catches()
{
	int caught = 0;

	for (bool from_suspend : { true, false })
		try {
			co_await throws{ from_suspend };
		} catch (const std::runtime_error &error) {
			CHECK(std::string(error.what()) ==
			      (from_suspend ? "await_suspend" : "await_resume"));
			caught++;
		}
	CHECK(caught == 2);
	asyncspan::scope inside(ASYNCSPAN_HERE("after the exceptions"));
}

eager awaits_by_operators()
{
	with_member_operator consumed{ std::make_unique<int>(4) };
	with_free_operator awaitable;
	stays_where_it_is here;

	CHECK(*co_await std::move(consumed) == 4);
	int &reference = co_await awaitable;
	CHECK(&reference == &awaitable.value);
	CHECK(co_await here == &here);
	const stays_where_it_is *there = co_await stays_where_it_is();
	CHECK(there != &here);
}

eager fails()
{
	co_await std::suspend_never();
	throw std::runtime_error("out of the coroutine");
}

eager says_its_status()
{
	auto self = co_await asyncspan::this_span;
	asyncspan_t child;

	ASYNCSPAN_BEGIN_CHILD(&child, self.handle(), "explicit child");
	ASYNCSPAN_END(&child);
	CHECK((self.id() != 0) == (asyncspan_enabled() != 0));
	self.set_status(42);
	co_return;
}

eager is_destroyed()
{
	co_await std::suspend_always();
	CHECK(false);
}

/* Resumed, run to its end and destroyed on another thread before await_suspend returns. */
struct goes_on_elsewhere {
	bool await_ready() noexcept
	{
		return false;
	}

	void await_suspend(std::coroutine_handle<> coroutine)
	{
		std::thread([coroutine] { coroutine.resume(); }).join();
	}

	void await_resume() noexcept
	{
	}
};

/* Destroys itself at its end, and has a transformation of its own. */
struct detached {
	struct promise {
		int *ended;

		explicit promise(int *counter) noexcept : ended(counter)
		{
		}

		detached get_return_object() noexcept
		{
			return {};
		}

		std::suspend_never initial_suspend() noexcept
		{
			return {};
		}

		std::suspend_never final_suspend() noexcept
		{
			++*ended;
			return {};
		}

		void return_void() noexcept
		{
		}

		void unhandled_exception()
		{
			throw;
		}

		goes_on_elsewhere await_transform(std::thread::id) noexcept
		{
			return {};
		}

		with_free_operator &await_transform(with_free_operator &awaitable) noexcept
		{
			awaitable.value++;
			return awaitable;
		}
	};
	using promise_type = asyncspan::traced<promise>;
};

detached changes_threads(int *)
{
	with_free_operator awaitable;
	/* Asked of the kernel: compilers take pthread_self() for the same before and after. */
	const long first = syscall(SYS_gettid);

	co_await std::this_thread::get_id();
	CHECK(syscall(SYS_gettid) != first);
	CHECK(co_await awaitable == 6);
	co_await asyncspan::this_span;
}

detached throws_at_its_caller(int *)
{
	throw std::runtime_error("out of resume");
	co_return;
}

/* Lazy, and yields. */
struct numbers {
	struct promise {
		int current = 0;

		numbers get_return_object()
		{
			return { std::coroutine_handle<promise_type>::from_promise(
				static_cast<promise_type &>(*this)) };
		}

		std::suspend_always initial_suspend() noexcept
		{
			return {};
		}

		std::suspend_always final_suspend() noexcept
		{
			return {};
		}

		std::suspend_always yield_value(int number) noexcept
		{
			current = number;
			return {};
		}

		void return_void() noexcept
		{
		}

		void unhandled_exception() noexcept
		{
			std::abort();
		}
	};
	using promise_type = asyncspan::traced<promise>;
	std::coroutine_handle<promise_type> handle;
};

numbers counts_to(int last)
{
	for (int i = 1; i <= last; i++)
		co_yield i;
}

void awaiting()
{
	eager first = waits_with_void();

	parked.resume();
	parked.resume();
	CHECK(first.handle.done());
	tell("waits_with_void", "-", 3, 0);
	eager second = waits_with_bool();
	parked.resume();
	CHECK(second.handle.done());
	tell("waits_with_bool", "-", 3, 0);
	eager third = transfers_to_itself();
	CHECK(third.handle.done());
	tell("transfers_to_itself", "-", 2, 0);
	eager fourth = catches();
	CHECK(fourth.handle.done());
	tell("catches", "-", 3, 0);
	tell("after the exceptions", "catches", 1, 0);
	eager fifth = awaits_by_operators();
	parked.resume();
	parked.resume();
	CHECK(fifth.handle.done());
	tell("awaits_by_operators", "-", 3, 0);
}

void ending()
{
	int ended = 0;
	bool caught = false;

	{
		eager failed = fails(), said = says_its_status(), destroyed = is_destroyed();

		CHECK(failed.handle.promise().error != nullptr);
	}
	tell("fails", "-", 1, asyncspan::status_exception);
	tell("says_its_status", "-", 1, 42);
	tell("explicit child", "says_its_status", 1, 0);
	tell("is_destroyed", "-", 1, ASYNCSPAN_CANCELLED);
	changes_threads(&ended);
	CHECK(ended == 1);
	tell("changes_threads", "-", 2, 0, 1);
	try {
		throws_at_its_caller(&ended);
	} catch (const std::runtime_error &) {
		caught = true;
	}
	CHECK(caught && ended == 1);
	tell("throws_at_its_caller", "-", 1, asyncspan::status_exception);
}

void generating()
{
	asyncspan::span consumer(ASYNCSPAN_HERE("consumer"));
	numbers three = counts_to(3), never_started = counts_to(1);
	int sum = 0;

	for (three.handle.resume(); !three.handle.done(); three.handle.resume())
		sum += three.handle.promise().current;
	CHECK(sum == 6);
	three.handle.destroy();
	never_started.handle.destroy();
	tell("counts_to", "consumer", 4, 0);
	tell("counts_to", "consumer", 0, ASYNCSPAN_CANCELLED);
	tell("consumer", "-", 1, 0);
}

} /* namespace */

int main()
{
	awaiting();
	ending();
	generating();
	return 0;
}
