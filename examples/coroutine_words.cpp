/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * C++20 coroutines with asyncspan.hpp: the words of files, counted on a pool of threads. One line
 * makes every coroutine a span: promise_type = asyncspan::traced<...>.
 *
 *	asyncspan-trace -- build/examples/coroutine_words FILE...
 */
#include <asyncspan.hpp>
#include <cctype>
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <exception>
#include <fstream>
#include <mutex>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>
#include "story/story.h"

namespace
{

/* A coroutine that starts when it is awaited, and gives its value to the one that awaits it. */
template <class Value>
class task
{
	struct promise {
		std::optional<Value> value;
		std::exception_ptr error;
		std::coroutine_handle<> awaited_by = std::noop_coroutine();

		task get_return_object()
		{
			return task(std::coroutine_handle<promise_type>::from_promise(
				static_cast<promise_type &>(*this)));
		}

		std::suspend_always initial_suspend() noexcept
		{
			return {};
		}

		auto final_suspend() noexcept
		{
			struct hand_over {
				bool await_ready() noexcept
				{
					return false;
				}

				std::coroutine_handle<>
				await_suspend(std::coroutine_handle<promise_type> self) noexcept
				{
					return self.promise().awaited_by;
				}

				void await_resume() noexcept
				{
				}
			};
			return hand_over{};
		}

		void return_value(Value result)
		{
			value = std::move(result);
		}

		void unhandled_exception()
		{
			error = std::current_exception();
		}
	};

public:
	using promise_type = asyncspan::traced<promise>;

	explicit task(std::coroutine_handle<promise_type> handle) : handle_(handle)
	{
	}

	task(task &&other) noexcept : handle_(std::exchange(other.handle_, nullptr))
	{
	}

	task(const task &) = delete;
	task &operator=(const task &) = delete;
	task &operator=(task &&) = delete;

	~task()
	{
		if (handle_)
			handle_.destroy();
	}

	/* Not awaited by anyone: runs until it waits for something. */
	void start()
	{
		handle_.resume();
	}

	Value result()
	{
		auto &result_of = handle_.promise();

		if (result_of.error)
			std::rethrow_exception(result_of.error);
		return std::move(*result_of.value);
	}

	bool await_ready() const noexcept
	{
		return false;
	}

	std::coroutine_handle<> await_suspend(std::coroutine_handle<> by) noexcept
	{
		handle_.promise().awaited_by = by;
		return handle_;
	}

	Value await_resume()
	{
		return result();
	}

private:
	std::coroutine_handle<promise_type> handle_;
};

class pool
{
public:
	explicit pool(unsigned threads)
	{
		while (threads--)
			threads_.emplace_back([this] { run(); });
	}

	~pool()
	{
		{
			std::lock_guard<std::mutex> held(lock_);

			closing_ = true;
		}
		changed_.notify_all();
		for (auto &thread : threads_)
			thread.join();
	}

	/* co_await threads.hop(): goes on on a thread of the pool. */
	auto hop()
	{
		struct hopping {
			pool *threads;

			bool await_ready() noexcept
			{
				return false;
			}

			void await_suspend(std::coroutine_handle<> coroutine)
			{
				threads->enqueue(coroutine);
			}

			void await_resume() noexcept
			{
			}
		};
		return hopping{ this };
	}

private:
	void enqueue(std::coroutine_handle<> coroutine)
	{
		/* Locked while it wakes: who hops may see the pool destroyed right after. */
		std::lock_guard<std::mutex> held(lock_);

		ready_.push_back(coroutine);
		changed_.notify_one();
	}

	void run()
	{
		std::unique_lock<std::mutex> held(lock_);

		for (;;) {
			changed_.wait(held, [this] { return closing_ || !ready_.empty(); });
			if (ready_.empty())
				return;
			auto coroutine = ready_.front();
			ready_.pop_front();
			held.unlock();
			coroutine.resume();
			held.lock();
		}
	}

	std::mutex lock_;
	std::condition_variable changed_;
	std::deque<std::coroutine_handle<>> ready_;
	bool closing_ = false;
	std::vector<std::thread> threads_;
};

/* What a coroutine knows of itself. */
class told
{
public:
	told(const char *name, const char *parent) : story_(), status_(ASYNCSPAN_CANCELLED)
	{
		story_.name = name;
		story_.parent = parent;
		goes_on();
	}

	told(const told &) = delete;
	told &operator=(const told &) = delete;

	~told()
	{
		story_end(&story_, status_);
	}

	/* Behind every co_await that waits. */
	void goes_on()
	{
		story_poll(&story_);
	}

	void ends(int status)
	{
		status_ = status;
	}

private:
	struct story story_;
	int status_;
};

task<std::string> read_file(pool &threads, const std::string &path)
{
	told story("read_file", "count_words");

	co_await threads.hop();
	story.goes_on();
	std::ifstream file(path);
	if (!file) {
		story.ends(asyncspan::status_exception);
		throw std::runtime_error("cannot read " + path);
	}
	std::ostringstream text;
	text << file.rdbuf();
	story.ends(0);
	co_return text.str();
}

task<long> count_words(pool &threads, std::string path)
{
	told story("count_words", "count_all");
	std::string text;
	long words = 0;
	bool inside = false;

	try {
		text = co_await read_file(threads, path);
	} catch (...) {
		story.goes_on();
		story.ends(asyncspan::status_exception);
		throw;
	}
	story.goes_on();
	co_await threads.hop();
	story.goes_on();
	for (char c : text) {
		const bool space = std::isspace(static_cast<unsigned char>(c));

		words += !inside && !space;
		inside = !space;
	}
	if (words == 0)
		(co_await asyncspan::this_span).set_status(2); /* an error that is no exception */
	story.ends(words ? 0 : 2);
	co_return words;
}

task<long> count_all(pool &threads, const std::vector<std::string> &paths)
{
	told story("count_all", "main");
	long total = 0;

	for (const auto &path : paths) {
		try {
			const long words = co_await count_words(threads, path);

			story.goes_on();
			std::printf("%8ld %s\n", words, path.c_str());
			total += words;
		} catch (const std::exception &error) {
			story.goes_on();
			std::printf("       - %s\n", error.what());
		}
	}
	story.ends(0);
	co_return total;
}

/* Waits for what never comes, and is destroyed as it waits. */
task<bool> given_up()
{
	told story("given_up", "main");

	co_await std::suspend_always{};
	story.ends(0);
	co_return true;
}

/* The pool's end waits until no coroutine is ready any more: then all have been counted. */
long count_on_threads(const std::vector<std::string> &paths)
{
	std::optional<pool> threads(std::in_place, 3);
	auto all = count_all(*threads, paths);

	all.start();
	threads.reset();
	return all.result();
}

} /* namespace */

int main(int argc, char **argv)
{
	struct story whole = {};

	if (argc < 2) {
		std::fprintf(stderr, "usage: %s FILE...\n", argv[0]);
		return 2;
	}
	try {
		asyncspan::span span(ASYNCSPAN_HERE("main"));

		whole.name = "main";
		whole.parent = "-";
		story_poll(&whole);
		given_up().start();
		std::printf("%8ld words\n",
			    count_on_threads(std::vector<std::string>(argv + 1, argv + argc)));
		span.end();
		story_end(&whole, 0);
	} catch (const std::exception &error) {
		std::fprintf(stderr, "%s\n", error.what());
		return 1;
	}
	return 0;
}
