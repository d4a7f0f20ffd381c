/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asyncspan/uring.h: io_uring's operations, from submission to completion, as spans.
 *
 *	io_uring_prep_read(sqe, fd, buffer, size, offset);
 *	io_uring_sqe_set_data(sqe, request);
 *	asyncspan_io_uring_begin(ring, sqe, "read block");	when the entry is complete
 *	...
 *	ASYNCSPAN_IO_URING_POLL(ring, cqe) {			round what handles the completion
 *		io_uring_cqe_seen(ring, cqe);
 *	}
 *	asyncspan_io_uring_exit(ring);				instead of io_uring_queue_exit
 *
 * The span is a child of the one entered at begin, is entered in the block and ends after it, with
 * the negative errno of the completion as its status; -ECANCELED is a cancelled one, and the
 * -ETIME of a timeout success. With IORING_CQE_F_MORE it is suspended, and more polls follow.
 * break and continue leave the block only, return leaves it too.
 *
 * The entry is only read, user_data stays the application's. By it completions are matched, those
 * of one value in the order of their submission: set it before begin. An entry with
 * IOSQE_CQE_SKIP_SUCCESS has no completion to end a span. asyncspan_io_uring_exit ends the spans
 * of what was never completed, cancelled.
 */
#ifndef ASYNCSPAN_URING_H
#define ASYNCSPAN_URING_H

#include <asyncspan/operations.h>
#include <errno.h>
#include <liburing.h>

#ifdef __cplusplus
extern "C" {
#endif

#ifdef ASYNCSPAN_DISABLE

static inline int asyncspan__uring_check(const struct io_uring *ring,
					 const struct io_uring_cqe *completion)
{
	(void)ring, (void)completion;
	return 1;
}

#define asyncspan_io_uring_begin(ring, sqe, literal)                       \
	do {                                                               \
		if (0) {                                                   \
			const struct io_uring_sqe *asyncspan__sqe = (sqe); \
			(void)asyncspan__sqe, (void)"" literal "";         \
			asyncspan__uring_check((ring), NULL);              \
		}                                                          \
	} while (0)
#define ASYNCSPAN__URING_POLL(once, ring, cqe) \
	for (int once = 0 ? asyncspan__uring_check((ring), (cqe)) : 1; once; once = 0)
#define ASYNCSPAN_IO_URING_POLL(ring, cqe) \
	ASYNCSPAN__URING_POLL(ASYNCSPAN__UNIQUE(asyncspan__once_), ring, cqe)
#define asyncspan_io_uring_exit(ring) io_uring_queue_exit(ring)

#else /* !ASYNCSPAN_DISABLE */

ASYNCSPAN__COLD static void asyncspan__uring_begin(const struct io_uring *ring,
						   const struct io_uring_sqe *entry,
						   const struct asyncspan_location *here)
{
	struct asyncspan__operation *operation =
		asyncspan__operation_new((uintptr_t)ring, entry->user_data);

	if (!operation)
		return;
	operation->detail = entry->opcode == IORING_OP_TIMEOUT ||
			    entry->opcode == IORING_OP_LINK_TIMEOUT;
	ASYNCSPAN_SPAWN_AT(&operation->span, here);
	asyncspan__operation_add(operation);
}

static inline void asyncspan__uring_begin_if(const struct io_uring *ring,
					     const struct io_uring_sqe *entry,
					     const struct asyncspan_location *here)
{
	if (__builtin_expect(asyncspan_enabled(), 0))
		asyncspan__uring_begin(ring, entry, here);
}

#define asyncspan_io_uring_begin(ring, sqe, literal)                        \
	do {                                                                \
		ASYNCSPAN_LOCATION(asyncspan__here, literal);               \
		asyncspan__uring_begin_if((ring), (sqe), &asyncspan__here); \
	} while (0)

struct asyncspan__uring_poll {
	asyncspan_t span;
	int32_t status;
	unsigned char more;
	unsigned char running;
};

static inline int32_t asyncspan__uring_status(const struct asyncspan__operation *operation,
					      int32_t result)
{
	if (result == -ECANCELED)
		return ASYNCSPAN_CANCELLED;
	if (result >= 0 || (operation->detail && result == -ETIME))
		return 0;
	return result;
}

/* All that is needed of the completion is read now: in the block its slot is given back. */
static inline struct asyncspan__uring_poll
asyncspan__uring_enter(const struct io_uring *ring, const struct io_uring_cqe *completion)
{
	struct asyncspan__uring_poll poll = { { 0 }, 0, 0, 1 };
	struct asyncspan__operation *operation;
	int32_t status;

	poll.more = (completion->flags & IORING_CQE_F_MORE) != 0;
	operation = poll.more ? asyncspan__operation_find((uintptr_t)ring, completion->user_data) :
				asyncspan__operation_take((uintptr_t)ring, completion->user_data);
	if (__builtin_expect(!operation, 1))
		return poll;
	status = asyncspan__uring_status(operation, completion->res);
	if (status)
		operation->status = status;
	poll.status = operation->status;
	poll.span = operation->span;
	if (!poll.more)
		free(operation);
	ASYNCSPAN_RESUME(&poll.span);
	return poll;
}

static inline void asyncspan__uring_leave(struct asyncspan__uring_poll *poll)
{
	if (poll->more)
		ASYNCSPAN_SUSPEND(&poll->span);
	else
		ASYNCSPAN_END_STATUS(&poll->span, poll->status);
}

#define ASYNCSPAN__URING_POLL(variable, ring, cqe)              \
	for (struct asyncspan__uring_poll variable              \
	     __attribute__((cleanup(asyncspan__uring_leave))) = \
		     asyncspan__uring_enter((ring), (cqe));     \
	     variable.running; variable.running = 0)
#define ASYNCSPAN_IO_URING_POLL(ring, cqe) \
	ASYNCSPAN__URING_POLL(ASYNCSPAN__UNIQUE(asyncspan__poll_), ring, cqe)

static inline void asyncspan_io_uring_exit(struct io_uring *ring)
{
	asyncspan__operation_end_all((uintptr_t)ring, ASYNCSPAN_CANCELLED);
	io_uring_queue_exit(ring);
}

#endif /* ASYNCSPAN_DISABLE */

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ASYNCSPAN_URING_H */
