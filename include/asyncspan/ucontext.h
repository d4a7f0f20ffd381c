/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asyncspan/ucontext.h: the spans of coroutines made with makecontext and swapcontext.
 *
 *	struct coroutine { ucontext_t context; struct asyncspan_ucontext spans; };  zeroed
 *
 *	ASYNCSPAN_UCONTEXT_SCOPE(&self->spans, "download");		in the coroutine: a span of this block
 *	asyncspan_swapcontext(&self->spans, &self->context, &scheduler);	to leave it for a while
 *	asyncspan_ucontext_cancel(&self->spans);	before the stack of an unfinished one is freed
 *
 * A coroutine may have several spans, one in the other, in functions that call each other. As it
 * leaves, all are suspended, the innermost first; when swapcontext returns, on whatever thread, they
 * are resumed, the outermost first. The scheduler swaps into it with plain swapcontext. The
 * outermost span is a child of what is entered where the coroutine runs first; with
 * ASYNCSPAN_UCONTEXT_SCOPE_CHILD of the span given.
 *
 * Nothing is allocated: the spans' frames lie on the coroutine's own stack. A frame ends as
 * ASYNCSPAN_SCOPE does, by whatever way the block is left, with the status of
 * asyncspan_ucontext_set_status.
 */
#ifndef ASYNCSPAN_UCONTEXT_H
#define ASYNCSPAN_UCONTEXT_H

#include <asyncspan.h>
#include <ucontext.h>

#ifdef __cplusplus
extern "C" {
#endif

struct asyncspan__ucontext_frame {
	asyncspan_t span;
	int32_t status;
	struct asyncspan_ucontext *coroutine;
	struct asyncspan__ucontext_frame *outer, *inner;
};

/* The spans open in one coroutine. */
struct asyncspan_ucontext {
	struct asyncspan__ucontext_frame *outermost, *innermost;
};

#ifdef ASYNCSPAN_DISABLE

static inline void asyncspan__ucontext_check(const struct asyncspan_ucontext *coroutine,
					     const asyncspan_t *parent)
{
	(void)coroutine, (void)parent;
}

#define asyncspan_swapcontext(coroutine, from, to) \
	((void)(0 ? asyncspan__ucontext_check((coroutine), NULL) : (void)0), swapcontext(from, to))
#define asyncspan_ucontext_set_status(coroutine, status) \
	((void)(0 ? (asyncspan__ucontext_check((coroutine), NULL), (void)(status)) : (void)0))
#define asyncspan_ucontext_cancel(coroutine) \
	((void)(0 ? asyncspan__ucontext_check((coroutine), NULL) : (void)0))
#define ASYNCSPAN_UCONTEXT_SCOPE_CHILD(coroutine, parent, literal)        \
	do {                                                              \
		if (0) {                                                  \
			(void)"" literal "";                              \
			asyncspan__ucontext_check((coroutine), (parent)); \
		}                                                         \
	} while (0)
#define ASYNCSPAN_UCONTEXT_SCOPE(coroutine, literal) \
	ASYNCSPAN_UCONTEXT_SCOPE_CHILD(coroutine, NULL, literal)

#else /* !ASYNCSPAN_DISABLE */

static inline void asyncspan__ucontext_begin(struct asyncspan__ucontext_frame *frame,
					     struct asyncspan_ucontext *coroutine, unsigned what,
					     const asyncspan_t *parent,
					     const struct asyncspan_location *here)
{
	frame->status = 0;
	frame->coroutine = coroutine;
	frame->inner = NULL;
	frame->outer = coroutine->innermost;
	if (frame->outer)
		frame->outer->inner = frame;
	else
		coroutine->outermost = frame;
	coroutine->innermost = frame;
	asyncspan__begin(&frame->span, what, here, parent, NULL, 0);
}

static inline void asyncspan__ucontext_end(struct asyncspan__ucontext_frame *frame)
{
	struct asyncspan_ucontext *coroutine = frame->coroutine;

	coroutine->innermost = frame->outer;
	if (frame->outer)
		frame->outer->inner = NULL;
	else
		coroutine->outermost = NULL;
	ASYNCSPAN_END_STATUS(&frame->span, frame->status);
}

#define ASYNCSPAN__UCONTEXT_SCOPE(place, frame, coroutine, what, parent, literal)                 \
	ASYNCSPAN_LOCATION(place, literal);                                                       \
	struct asyncspan__ucontext_frame frame __attribute__((cleanup(asyncspan__ucontext_end))); \
	asyncspan__ucontext_begin(&frame, (coroutine), (what), (parent), &place)
#define ASYNCSPAN_UCONTEXT_SCOPE(coroutine, literal)                                        \
	ASYNCSPAN__UCONTEXT_SCOPE(ASYNCSPAN__UNIQUE(asyncspan__location_),                  \
				  ASYNCSPAN__UNIQUE(asyncspan__frame_), coroutine, 0, NULL, \
				  literal)
#define ASYNCSPAN_UCONTEXT_SCOPE_CHILD(coroutine, parent, literal)                 \
	ASYNCSPAN__UCONTEXT_SCOPE(ASYNCSPAN__UNIQUE(asyncspan__location_),         \
				  ASYNCSPAN__UNIQUE(asyncspan__frame_), coroutine, \
				  ASYNCSPAN__CHILD, parent, literal)

/* The status that the innermost span will end with. */
static inline void asyncspan_ucontext_set_status(const struct asyncspan_ucontext *coroutine,
						 int32_t status)
{
	if (coroutine->innermost)
		coroutine->innermost->status = status;
}

/* Leaves the coroutine; returns, as swapcontext does, when something has swapped back. */
__attribute__((noinline, unused)) static int
asyncspan_swapcontext(const struct asyncspan_ucontext *coroutine, ucontext_t *from,
		      const ucontext_t *to)
{
	const struct asyncspan__ucontext_frame *frame;
	int result;

	for (frame = coroutine->innermost; frame; frame = frame->outer)
		ASYNCSPAN_SUSPEND(&frame->span);
	result = swapcontext(from, to);
	for (frame = coroutine->outermost; frame; frame = frame->inner)
		ASYNCSPAN_RESUME(&frame->span);
	return result;
}

/* Ends all spans of a coroutine that will not run again, while its stack is still there. */
static inline void asyncspan_ucontext_cancel(struct asyncspan_ucontext *coroutine)
{
	struct asyncspan__ucontext_frame *frame;

	for (frame = coroutine->innermost; frame; frame = frame->outer)
		ASYNCSPAN_END_STATUS(&frame->span, ASYNCSPAN_CANCELLED);
	coroutine->innermost = NULL;
	coroutine->outermost = NULL;
}

#endif /* ASYNCSPAN_DISABLE */

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ASYNCSPAN_UCONTEXT_H */
