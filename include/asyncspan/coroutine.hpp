/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asyncspan/coroutine.hpp: C++20 coroutines that are spans. Included by asyncspan.hpp.
 *
 *	struct task {
 *		struct promise { ... };				the promise as it is
 *		using promise_type = asyncspan::traced<promise>;	the one line
 *
 * Each coroutine of such a type is a span, named after the coroutine's function: begun where it is
 * created, a child of the span entered there; entered while it runs; suspended at every co_await
 * and co_yield that waits; ended when it has returned, with status_exception if by an exception
 * (or with what set_status() said); cancelled when it is destroyed before.
 *
 *	co_await asyncspan::this_span		in its body: its id, its handle, its status
 *
 * Whatever can be awaited with the promise alone can be awaited with traced: awaiters, operators
 * co_await, the promise's own await_transform, every form of await_suspend, symmetric transfer.
 * The awaiter's await_suspend gets a std::coroutine_handle<traced<promise>>; where the promise
 * makes its own handle, *this is static_cast to promise_type.
 *
 * A coroutine may be resumed on another thread before await_suspend has returned: the span is
 * suspended before, and resumed where the coroutine goes on after all.
 */
#ifndef ASYNCSPAN_COROUTINE_HPP
#define ASYNCSPAN_COROUTINE_HPP

#include <asyncspan.hpp>

#include <coroutine>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>

namespace asyncspan
{

/* What a coroutine's body may know and say about its own span. Valid while the coroutine lives. */
class coroutine_span
{
public:
	coroutine_span(const asyncspan_t *handle, int *status) noexcept
	    : handle_(handle), status_(status)
	{
	}

	uint64_t id() const noexcept
	{
		return asyncspan_id(handle_);
	}

	/* To begin children with this as explicit parent. */
	const asyncspan_t *handle() const noexcept
	{
		return handle_;
	}

	/* The status that the span will end with: 0 success, any other value an error. */
	void set_status(int status) const noexcept
	{
		*status_ = status;
	}

private:
	const asyncspan_t *handle_;
	int *status_;
};

namespace detail
{

/* Does Promise have members await_transform, whatever they accept? Then two of the name collide. */
struct named_await_transform {
	void await_transform();
};

template <class Promise>
struct with_both_names : Promise, named_await_transform {
};

template <class Promise>
concept transforms = !requires
{
	&with_both_names<Promise>::await_transform;
};

template <class Promise, class Awaitable>
concept transforms_this = requires(Promise &promise, Awaitable &&awaitable)
{
	promise.await_transform(std::forward<Awaitable>(awaitable));
};

template <class Promise, class Value>
concept yields = requires(Promise &promise, Value &&value)
{
	promise.yield_value(std::forward<Value>(value));
};

} /* namespace detail */

#ifdef ASYNCSPAN_DISABLE

/* Awaits itself, so that a promise without await_transform needs none. */
struct this_span_t {
	bool await_ready() const noexcept
	{
		return true;
	}

	void await_suspend(std::coroutine_handle<>) const noexcept
	{
	}

	coroutine_span await_resume() const noexcept
	{
		static int nobody_reads_it;
		static const asyncspan_t none = { 0 };

		return coroutine_span(&none, &nobody_reads_it);
	}
};

template <class Promise>
class traced : public Promise
{
public:
	using Promise::Promise;
};

template <class Promise>
requires detail::transforms<Promise> class traced<Promise> : public Promise
{
public:
	using Promise::await_transform;
	using Promise::Promise;

	this_span_t await_transform(this_span_t self) noexcept
	{
		return self;
	}
};

#else /* !ASYNCSPAN_DISABLE */

struct this_span_t {
};

namespace detail
{

struct this_span_awaiter {
	const asyncspan_t *handle;
	int *status;

	bool await_ready() const noexcept
	{
		return true;
	}

	void await_suspend(std::coroutine_handle<>) const noexcept
	{
	}

	coroutine_span await_resume() const noexcept
	{
		return coroutine_span(handle, status);
	}
};

/*
 * Locations of coroutines. The compiler tells a promise the coroutine's function, file and line
 * at run time only, but a location must stay where it is once a tracer has seen it: each is made
 * once, when it is first traced, and kept. A table per linked object, as the strings belong to it.
 */
struct site {
	struct asyncspan_location location;
	site *next;
};

constexpr size_t site_lists = 64;
ASYNCSPAN__ONE_PER_OBJECT site *sites[site_lists] = {};

inline uint8_t location_length(const char *text) noexcept
{
	size_t length = text ? std::strlen(text) : 0;

	return static_cast<uint8_t>(length < 255 ? length : 255);
}

inline const site *find_site(const site *list, const struct asyncspan_location &wanted) noexcept
{
	for (; list; list = list->next)
		if (list->location.name == wanted.name && list->location.file == wanted.file &&
		    list->location.line == wanted.line)
			return list;
	return nullptr;
}

/* Never blocks; two threads at once may make the same location twice, which is harmless. */
inline const struct asyncspan_location *kept(const struct asyncspan_location &wanted) noexcept
{
	size_t number = (reinterpret_cast<uintptr_t>(wanted.name) / 8 + wanted.line) % site_lists;
	site **list = &sites[number];
	site *first = __atomic_load_n(list, __ATOMIC_ACQUIRE);
	const site *found = find_site(first, wanted);

	if (found)
		return &found->location;
	site *made = static_cast<site *>(std::malloc(sizeof(site)));
	if (!made)
		return nullptr;
	made->location = wanted;
	do {
		made->next = first;
	} while (!__atomic_compare_exchange_n(list, &first, made, false, __ATOMIC_ACQ_REL,
					      __ATOMIC_ACQUIRE));
	return &made->location;
}

ASYNCSPAN__COLD static void spawn_coroutine(asyncspan_t *span, const char *function,
					    const char *file, uint32_t line,
					    const char *target) noexcept
{
	const struct asyncspan_location wanted = { function,
						   target,
						   file,
						   line,
						   1,
						   location_length(function),
						   location_length(target),
						   location_length(file) };
	const struct asyncspan_location *location = kept(wanted);

	if (location)
		ASYNCSPAN_SPAWN_AT(span, location);
}

/* The awaiter of anything that can be awaited; a reference where the thing is its own awaiter. */
template <class Awaitable>
decltype(auto) awaiter_of(Awaitable &&awaitable)
{
	if constexpr (requires { std::forward<Awaitable>(awaitable).operator co_await(); })
		return std::forward<Awaitable>(awaitable).operator co_await();
	else if constexpr (requires { operator co_await(std::forward<Awaitable>(awaitable)); })
		return operator co_await(std::forward<Awaitable>(awaitable));
	else
		return std::forward<Awaitable>(awaitable);
}

enum class wait { start, suspension };

/*
 * The awaiter around another. Awaitable is a reference, to what lives until the co_await is over,
 * or a value, kept here. At the start of a coroutine its span has not been entered yet.
 */
template <class Awaitable, wait Kind>
class awaiting
{
public:
	template <class Make>
	awaiting(const asyncspan_t *span, Make &&make)
	    : awaitable_(make()), awaiter_(awaiter_of(static_cast<Awaitable &&>(awaitable_))),
	      span_(span)
	{
	}

	awaiting(const awaiting &) = delete;
	awaiting &operator=(const awaiting &) = delete;

	bool await_ready() noexcept(noexcept(std::declval<awaiting &>().awaiter_.await_ready()))
	{
		return awaiter_.await_ready() ? true : false;
	}

	/* Once the inner await_suspend has begun, this object may be gone: see entering. */
	template <class Promise>
	auto await_suspend(std::coroutine_handle<Promise> coroutine) noexcept(
		noexcept(std::declval<awaiting &>().awaiter_.await_suspend(coroutine)))
	{
		using result = decltype(awaiter_.await_suspend(coroutine));
		entering undo = { this };

		leave();
		if constexpr (std::is_void_v<result>) {
			awaiter_.await_suspend(coroutine);
			undo.waiter = nullptr;
		} else if constexpr (std::is_same_v<result, bool>) {
			const bool waits = awaiter_.await_suspend(coroutine);

			if (waits)
				undo.waiter = nullptr;
			return waits;
		} else {
			auto next = awaiter_.await_suspend(coroutine);

			undo.waiter = nullptr;
			return next;
		}
	}

	decltype(auto)
	await_resume() noexcept(noexcept(std::declval<awaiting &>().awaiter_.await_resume()))
	{
		enter();
		return awaiter_.await_resume();
	}

private:
	/* The coroutine goes on at once: await_suspend said so, or threw. */
	struct entering {
		awaiting *waiter;

		~entering()
		{
			if (waiter && Kind == wait::suspension)
				waiter->enter();
		}
	};

	void leave() noexcept
	{
		if (Kind == wait::start)
			return;
		left_ = true;
		ASYNCSPAN_SUSPEND(span_);
	}

	void enter() noexcept
	{
		if (!left_)
			return;
		left_ = false;
		ASYNCSPAN_RESUME(span_);
	}

	Awaitable awaitable_;
	decltype(awaiter_of(std::declval<Awaitable &&>())) awaiter_;
	const asyncspan_t *span_;
	bool left_ = Kind == wait::start;
};

} /* namespace detail */

template <class Promise>
class traced : public Promise
{
public:
	using Promise::Promise;

	traced() = default;
	traced(const traced &) = delete;
	traced &operator=(const traced &) = delete;

	~traced()
	{
		ASYNCSPAN_END_STATUS(&span_, ASYNCSPAN_CANCELLED);
	}

	/* The compiler's own call in the coroutine gives the default arguments their values. */
	auto initial_suspend(const char *function = __builtin_FUNCTION(),
			     const char *file = __builtin_FILE(), uint32_t line = __builtin_LINE(),
			     const char *target = ASYNCSPAN__TARGET)
	{
		using first = decltype(Promise::initial_suspend());

		if (__builtin_expect(asyncspan_enabled(), 0))
			detail::spawn_coroutine(&span_, function, file, line, target);
		return detail::awaiting<first, detail::wait::start>(&span_, [this]() -> first {
			return Promise::initial_suspend();
		});
	}

	decltype(auto) final_suspend() noexcept
	{
		ASYNCSPAN_END_STATUS(&span_, status_);
		return Promise::final_suspend();
	}

	void
	unhandled_exception() noexcept(noexcept(std::declval<Promise &>().unhandled_exception()))
	{
		rethrown guard = { this };

		status_ = status_exception;
		Promise::unhandled_exception();
		guard.promise = nullptr;
	}

	detail::this_span_awaiter await_transform(this_span_t) noexcept
	{
		return { &span_, &status_ };
	}

	template <class Awaitable>
	requires(!detail::transforms<Promise>) auto await_transform(Awaitable &&awaitable)
	{
		return detail::awaiting<Awaitable &&, detail::wait::suspension>(
			&span_,
			[&]() -> Awaitable && { return std::forward<Awaitable>(awaitable); });
	}

	template <class Awaitable>
	requires detail::transforms_this<Promise, Awaitable> auto
	await_transform(Awaitable &&awaitable)
	{
		using transformed =
			decltype(Promise::await_transform(std::forward<Awaitable>(awaitable)));

		return detail::awaiting<transformed, detail::wait::suspension>(
			&span_, [&]() -> transformed {
				return Promise::await_transform(std::forward<Awaitable>(awaitable));
			});
	}

	template <class Value>
	requires detail::yields<Promise, Value> auto yield_value(Value &&value)
	{
		using yielded = decltype(Promise::yield_value(std::forward<Value>(value)));

		return detail::awaiting<yielded, detail::wait::suspension>(
			&span_, [&]() -> yielded {
				return Promise::yield_value(std::forward<Value>(value));
			});
	}

private:
	/* An exception that the promise throws on leaves the coroutine without its final suspend. */
	struct rethrown {
		traced *promise;

		~rethrown()
		{
			if (promise)
				ASYNCSPAN_END_STATUS(&promise->span_, status_exception);
		}
	};

	asyncspan_t span_ = { 0 };
	int status_ = 0;
};

#endif /* ASYNCSPAN_DISABLE */

/* co_await asyncspan::this_span gives the coroutine_span, at once. */
constexpr this_span_t this_span = {};

} /* namespace asyncspan */

#endif /* ASYNCSPAN_COROUTINE_HPP */
