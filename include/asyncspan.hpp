/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asyncspan.hpp: the spans of asyncspan.h as C++ objects, from C++11 upward.
 *
 *	asyncspan::span span(ASYNCSPAN_HERE("handle_request"));		begins and enters
 *	span.suspend();							back to the event loop
 *	{ asyncspan::poll poll(span); reply(); }			entered in this block
 *	span.end(status);						or its destructor: status 0
 *
 * A span object owns its span: it is moved, not copied, and ends what it holds when it is destroyed
 * or assigned to. Moving does not disturb who is entered. A scope is a span that stays in its
 * block. Names made at run time are given as a second argument, a C string or anything with data()
 * and size(); they are copied at once. Nothing here throws, allocates or locks.
 *
 * With C++20 this includes asyncspan/coroutine.hpp: coroutines that are spans. With
 * -DASYNCSPAN_DISABLE all of it compiles to nothing.
 */
#ifndef ASYNCSPAN_HPP
#define ASYNCSPAN_HPP

#include <asyncspan.h>

/* The call site at this place, to hand to a constructor: const struct asyncspan_location &. */
#define ASYNCSPAN_HERE(literal)                               \
	([]() -> const struct asyncspan_location & {          \
		ASYNCSPAN_LOCATION(asyncspan__here, literal); \
		return asyncspan__here;                       \
	}())

namespace asyncspan
{

/* The status of an operation that a C++ exception ended. */
enum { status_exception = 1 };

class span
{
public:
	using location = struct asyncspan_location;

	/* No span: every operation does nothing. */
	span() noexcept : handle_()
	{
	}

	/* Takes over a span begun otherwise. */
	explicit span(asyncspan_t handle) noexcept : handle_(handle)
	{
	}

	/* Begins and enters. */
	explicit span(const location &here) noexcept : span(0u, here, nullptr, nullptr, 0)
	{
	}

	template <class Name>
	span(const location &here, const Name &name) noexcept : span(0u, here, nullptr, name)
	{
	}

	/* Begins without entering: work queued for later. */
	static span spawn(const location &here) noexcept
	{
		return span(ASYNCSPAN__SPAWN, here, nullptr, nullptr, 0);
	}

	template <class Name>
	static span spawn(const location &here, const Name &name) noexcept
	{
		return span(ASYNCSPAN__SPAWN, here, nullptr, name);
	}

	/* The same two with the parent given; the parent may be no span: then it is a root. */
	static span child(const span &parent, const location &here) noexcept
	{
		return span(ASYNCSPAN__CHILD, here, &parent, nullptr, 0);
	}

	template <class Name>
	static span child(const span &parent, const location &here, const Name &name) noexcept
	{
		return span(ASYNCSPAN__CHILD, here, &parent, name);
	}

	static span spawn_child(const span &parent, const location &here) noexcept
	{
		return span(ASYNCSPAN__SPAWN | ASYNCSPAN__CHILD, here, &parent, nullptr, 0);
	}

	template <class Name>
	static span spawn_child(const span &parent, const location &here, const Name &name) noexcept
	{
		return span(ASYNCSPAN__SPAWN | ASYNCSPAN__CHILD, here, &parent, name);
	}

	span(span &&other) noexcept : handle_(other.release())
	{
	}

	span &operator=(span &&other) noexcept
	{
		asyncspan_t taken = other.release();

		end();
		handle_ = taken;
		return *this;
	}

	span(const span &) = delete;
	span &operator=(const span &) = delete;

	~span()
	{
		end();
	}

	/* Leaves and enters, on any thread. */
	void suspend() const noexcept
	{
		ASYNCSPAN_SUSPEND(&handle_);
	}

	void resume() const noexcept
	{
		ASYNCSPAN_RESUME(&handle_);
	}

	/* Ends: 0 is success, any other status an error. Then this is no span. */
	void end(int status = 0) noexcept
	{
		ASYNCSPAN_END_STATUS(&handle_, status);
	}

	void cancel() noexcept
	{
		ASYNCSPAN_END_STATUS(&handle_, ASYNCSPAN_CANCELLED);
	}

	/* 0: no span, or nobody traced when it began. */
	uint64_t id() const noexcept
	{
		return asyncspan_id(&handle_);
	}

	/* For the macros; the span stays this object's. */
	asyncspan_t *handle() noexcept
	{
		return &handle_;
	}

	const asyncspan_t *handle() const noexcept
	{
		return &handle_;
	}

	/* Gives the span up: whoever takes the handle ends it. */
	asyncspan_t release() noexcept
	{
		asyncspan_t released = handle_;

		handle_ = asyncspan_t();
		return released;
	}

private:
	span(unsigned what, const location &here, const span *parent, const char *name,
	     size_t length) noexcept
	    : handle_()
	{
		ASYNCSPAN__DO(asyncspan__begin(&handle_, what, &here,
					       parent ? &parent->handle_ : nullptr, name, length));
	}

	span(unsigned what, const location &here, const span *parent, const char *name) noexcept
	    : span(what | ASYNCSPAN__NAMED, here, parent, name, ASYNCSPAN__TO_NUL)
	{
	}

	template <class Text, class = decltype(static_cast<const Text *>(nullptr)->data())>
	span(unsigned what, const location &here, const span *parent, const Text &text) noexcept
	    : span(what | ASYNCSPAN__NAMED, here, parent, text.data(), text.size())
	{
	}

	asyncspan_t handle_;
};

/* A span that begins here and ends where the block is left, in whatever way. */
class scope
{
public:
	explicit scope(const span::location &here) noexcept : span_(here)
	{
	}

	template <class Name>
	scope(const span::location &here, const Name &name) noexcept : span_(here, name)
	{
	}

	scope(const scope &) = delete;
	scope &operator=(const scope &) = delete;

	uint64_t id() const noexcept
	{
		return span_.id();
	}

private:
	span span_;
};

/*
 * Resumes a span, and suspends it where the block is left. The span may be ended in the block, and
 * the object that held it destroyed.
 */
class poll
{
public:
	explicit poll(const span &entered) noexcept : poll(entered.handle())
	{
	}

	explicit poll(const asyncspan_t *entered) noexcept
	    : poll_(ASYNCSPAN__ACTIVE ? asyncspan__poll_enter(entered) : asyncspan__poll_none())
	{
	}

	poll(const poll &) = delete;
	poll &operator=(const poll &) = delete;

	~poll()
	{
		asyncspan__poll_leave(&poll_);
	}

private:
	struct asyncspan__poll poll_;
};

} /* namespace asyncspan */

#if defined(__cpp_impl_coroutine) && defined(__cpp_concepts)
#include <asyncspan/coroutine.hpp>
#endif

#endif /* ASYNCSPAN_HPP */
