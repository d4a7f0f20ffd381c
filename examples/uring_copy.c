/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * io_uring with asyncspan/uring.h: a file copied block by block, several under way at a time; with
 * a timeout, a read of nothing that is cancelled, and one of a descriptor that is not open.
 *
 *	asyncspan-trace -- build/examples/uring_copy FROM TO
 */
#include <asyncspan/uring.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include "story/story.h"

enum { BLOCK = 2048, DEPTH = 4, ENTRIES = 16 };

struct block {
	asyncspan_t span; /* of this block's copying: what is read and written for it lies below */
	char data[BLOCK];
	off_t offset;
	size_t size;
	int writing;
	int busy;
	struct story story;
};

static struct io_uring ring;
static struct block blocks[DEPTH];
static int from, to, under_way;
static off_t next_offset;
static unsigned long long copied;

static void tell(const char *name, const char *parent, int status)
{
	struct story story = { .name = name, .parent = parent };

	story_poll(&story);
	story_end(&story, status);
}

static struct io_uring_sqe *entry(void)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&ring);

	if (!sqe) {
		io_uring_submit(&ring);
		sqe = io_uring_get_sqe(&ring);
	}
	if (!sqe)
		abort();
	return sqe;
}

static void read_block(struct block *block)
{
	struct io_uring_sqe *sqe = entry();

	block->offset = next_offset;
	block->writing = 0;
	block->busy = 1;
	block->story = (struct story){ .name = "copy_block", .parent = "-" };
	next_offset += BLOCK;
	under_way++;
	ASYNCSPAN_BEGIN(&block->span, "copy_block");
	story_poll(&block->story);
	io_uring_prep_read(sqe, from, block->data, BLOCK, (__u64)block->offset);
	io_uring_sqe_set_data(sqe, block);
	asyncspan_io_uring_begin(&ring, sqe, "read");
	ASYNCSPAN_SUSPEND(&block->span);
}

static void write_block(struct block *block, size_t size)
{
	struct io_uring_sqe *sqe = entry();

	block->size = size;
	block->writing = 1;
	io_uring_prep_write(sqe, to, block->data, (unsigned)size, (__u64)block->offset);
	io_uring_sqe_set_data(sqe, block);
	asyncspan_io_uring_begin(&ring, sqe, "write");
}

static int block_done(struct block *block, int result)
{
	int more = result > 0;

	tell(block->writing ? "write" : "read", "copy_block", result < 0 ? result : 0);
	ASYNCSPAN_POLL(&block->span) {
		story_poll(&block->story);
		if (result > 0 && !block->writing) {
			write_block(block, (size_t)result);
			break;
		}
		if (block->writing && result > 0)
			copied += (unsigned long long)result;
		ASYNCSPAN_END_STATUS(&block->span, result < 0 ? result : 0);
		story_end(&block->story, result < 0 ? result : 0);
		block->busy = 0;
		under_way--;
	}
	return more;
}

static int copy(void)
{
	int i, more = 1;

	do {
		struct io_uring_cqe *cqe;

		for (i = 0; more && i < DEPTH; i++)
			if (!blocks[i].busy)
				read_block(&blocks[i]);
		if (io_uring_submit_and_wait(&ring, 1) < 0 || io_uring_peek_cqe(&ring, &cqe) != 0)
			return -1;
		ASYNCSPAN_IO_URING_POLL(&ring, cqe)
		{
			struct block *block = io_uring_cqe_get_data(cqe);
			int result = cqe->res;

			io_uring_cqe_seen(&ring, cqe); /* the slot may be used again from here */
			if (!block_done(block, result))
				more = 0;
		}
	} while (under_way);
	return 0;
}

/* What does not go well, or is not meant to: tags instead of addresses as user_data. */
enum { TAG_TIMEOUT = 1, TAG_NEVER, TAG_CANCEL, TAG_BAD };

static const char *tag_name(__u64 tag)
{
	switch (tag) {
	case TAG_TIMEOUT:
		return "timeout";
	case TAG_NEVER:
		return "read that never ends";
	case TAG_CANCEL:
		return "cancel";
	default:
		return "read of nothing";
	}
}

static void begin_tagged(struct io_uring_sqe *sqe, __u64 tag)
{
	io_uring_sqe_set_data64(sqe, tag);
	if (tag == TAG_TIMEOUT)
		asyncspan_io_uring_begin(&ring, sqe, "timeout");
	else if (tag == TAG_NEVER)
		asyncspan_io_uring_begin(&ring, sqe, "read that never ends");
	else if (tag == TAG_CANCEL)
		asyncspan_io_uring_begin(&ring, sqe, "cancel");
	else
		asyncspan_io_uring_begin(&ring, sqe, "read of nothing");
}

static int others(int silent)
{
	struct __kernel_timespec soon = { .tv_sec = 0, .tv_nsec = 2000000 };
	struct io_uring_sqe *sqe;
	static char byte;
	int i;

	sqe = entry();
	io_uring_prep_read(sqe, silent, &byte, 1, 0);
	begin_tagged(sqe, TAG_NEVER);
	sqe = entry();
	io_uring_prep_timeout(sqe, &soon, 0, 0);
	begin_tagged(sqe, TAG_TIMEOUT);
	sqe = entry();
	io_uring_prep_read(sqe, -1, &byte, 1, 0);
	begin_tagged(sqe, TAG_BAD);
	io_uring_submit(&ring);
	sqe = entry();
	io_uring_prep_cancel64(sqe, TAG_NEVER, 0); /* by its user_data, which is as it was given */
	begin_tagged(sqe, TAG_CANCEL);
	io_uring_submit(&ring);
	for (i = 0; i < 4; i++) {
		struct io_uring_cqe *cqe;

		if (io_uring_wait_cqe(&ring, &cqe) != 0)
			return -1;
		ASYNCSPAN_IO_URING_POLL(&ring, cqe)
		{
			__u64 tag = io_uring_cqe_get_data64(cqe);
			int result = cqe->res;

			io_uring_cqe_seen(&ring, cqe);
			printf("%s: %s\n", tag_name(tag), result < 0 ? strerror(-result) : "done");
			if (tag == TAG_TIMEOUT && result == -ETIME)
				result = 0;
			tell(tag_name(tag), "-",
			     result == -ECANCELED ? ASYNCSPAN_CANCELLED : result);
		}
	}
	return 0;
}

/* An operation still under way when its ring goes. */
static void leave_one(int silent)
{
	struct io_uring_sqe *sqe = entry();

	io_uring_prep_poll_add(sqe, silent, POLLIN);
	io_uring_sqe_set_data64(sqe, TAG_NEVER);
	asyncspan_io_uring_begin(&ring, sqe, "poll left behind");
	io_uring_submit(&ring);
	story_end(&(struct story){ .name = "poll left behind", .parent = "-" },
		  ASYNCSPAN_CANCELLED);
}

int main(int argc, char **argv)
{
	int silent[2], error;

	if (argc != 3) {
		fprintf(stderr, "usage: %s FROM TO\n", argv[0]);
		return 2;
	}
	from = open(argv[1], O_RDONLY | O_CLOEXEC);
	to = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (from < 0 || to < 0 || pipe(silent) != 0) {
		fprintf(stderr, "cannot open the files\n");
		return 1;
	}
	error = io_uring_queue_init(ENTRIES, &ring, 0);
	if (error) {
		fprintf(stderr, "io_uring is not to be had here: %s\n", strerror(-error));
		return 1;
	}
	if (copy() != 0 || others(silent[0]) != 0)
		return 1;
	printf("copied %llu bytes\n", copied);
	leave_one(silent[0]);
	asyncspan_io_uring_exit(&ring);
	close(silent[0]);
	close(silent[1]);
	close(from);
	return close(to) ? 1 : 0;
}
