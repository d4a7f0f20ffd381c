/* SPDX-License-Identifier: BSD-2-Clause */
/* asyncspan/uring.h where it is easily wrong: many completions of one, shared user_data, links. */
#include <asyncspan/uring.h>
#include <poll.h>
#include <string.h>
#include "check.h"

static struct io_uring ring;

/* The result of the next completion; the block is left by return. */
static int completed(__u64 expected)
{
	struct io_uring_cqe *cqe;

	CHECK(io_uring_wait_cqe(&ring, &cqe) == 0);
	ASYNCSPAN_IO_URING_POLL(&ring, cqe)
	{
		int result = cqe->res;

		CHECK(cqe->user_data == expected);
		io_uring_cqe_seen(&ring, cqe);
		memset(cqe, 0xff, sizeof(*cqe)); /* the kernel's again */
		return result;
	}
	return 0;
}

static struct io_uring_sqe *entry(__u64 data)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	CHECK(sqe);
	io_uring_prep_nop(sqe);
	io_uring_sqe_set_data64(sqe, data);
	return sqe;
}

static void many_completions(void)
{
	struct io_uring_sqe *sqe = entry(1);
	int ends[2];

	CHECK(pipe(ends) == 0);
	io_uring_prep_poll_multishot(sqe, ends[0], POLLIN);
	io_uring_sqe_set_data64(sqe, 1);
	asyncspan_io_uring_begin(&ring, sqe, "multishot");
	io_uring_submit(&ring);
	CHECK(write(ends[1], "a", 1) == 1 && completed(1) > 0);
	CHECK(write(ends[1], "b", 1) == 1 && completed(1) > 0);
	sqe = entry(2);
	io_uring_prep_cancel64(sqe, 1, 0);
	io_uring_sqe_set_data64(sqe, 2);
	io_uring_sqe_set_flags(sqe, IOSQE_CQE_SKIP_SUCCESS);
	io_uring_submit(&ring);
	CHECK(completed(1) == -ECANCELED);
	close(ends[0]);
	close(ends[1]);
	tell("multishot", "-", 3, ASYNCSPAN_CANCELLED);
}

static void shared_data(void)
{
	asyncspan_io_uring_begin(&ring, entry(3), "shared, first");
	asyncspan_io_uring_begin(&ring, entry(3), "shared, second");
	io_uring_submit(&ring);
	CHECK(completed(3) == 0 && completed(3) == 0);
	tell("shared, first", "-", 1, 0);
	tell("shared, second", "-", 1, 0);
}

/* The first of a chain fails: the second is cancelled. */
static void linked(void)
{
	struct io_uring_sqe *sqe = entry(4);
	static char byte;

	io_uring_prep_read(sqe, -1, &byte, 1, 0);
	io_uring_sqe_set_data64(sqe, 4);
	io_uring_sqe_set_flags(sqe, IOSQE_IO_LINK);
	asyncspan_io_uring_begin(&ring, sqe, "chain, first");
	asyncspan_io_uring_begin(&ring, entry(4), "chain, second");
	io_uring_submit(&ring);
	CHECK(completed(4) == -EBADF && completed(4) == -ECANCELED);
	tell("chain, first", "-", 1, -EBADF);
	tell("chain, second", "-", 1, ASYNCSPAN_CANCELLED);
}

/* Completions of operations that are no spans pass through. */
static void unknown(void)
{
	entry(5);
	io_uring_submit(&ring);
	CHECK(completed(5) == 0);
}

int main(void)
{
	CHECK(io_uring_queue_init(8, &ring, 0) == 0);
	many_completions();
	shared_data();
	linked();
	unknown();
	asyncspan_io_uring_exit(&ring);
	return 0;
}
