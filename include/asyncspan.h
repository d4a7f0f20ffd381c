/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * asyncspan.h: make the asynchronous operations of a program visible to asyncspan-trace.
 *
 *	struct request { asyncspan_t span; };
 *
 *	ASYNCSPAN_BEGIN(&r->span, "handle_request");	begins and enters
 *	ASYNCSPAN_SUSPEND(&r->span);			back to the event loop
 *	ASYNCSPAN_RESUME(&r->span);			on any thread
 *	ASYNCSPAN_END(&r->span);			leaves and ends
 *
 * A span is one asynchronous operation, from begin to end. It is entered on a thread between
 * begin or resume and suspend or end; spans begun there meanwhile are its children.
 *
 * The header is all there is: no library to link. While nobody traces, BEGIN and SPAWN load one
 * word, branch and store 0 in the handle; the others test the handle. While somebody traces, the
 * macros fire USDT probes of the provider "asyncspan", whose sites are 1-byte no-operations in
 * small functions outside the program's own code, so that a tracer never writes into it.
 *
 * A handle is plain data: copy it, move it, memcpy it. It need not be initialised before BEGIN or
 * SPAWN, which always store it; END stores 0. A zero handle is "no span": every macro accepts one
 * and does nothing, which is what makes attaching in mid-life safe. Every argument is evaluated
 * exactly once, traced or not. Beginning on a handle whose span is open leaves that span open.
 *
 * The probes and their arguments (interface version 1; integers and pointers of 8 bytes, status
 * 4), in the argument registers of the platform's calling convention:
 *
 *	begin, spawn			id, location
 *	begin_named, spawn_named	id, location, name, length
 *	begin_child, spawn_child	id, location, parent id
 *	begin_child_named, spawn_child_named	id, location, parent id, name, length
 *	suspend, resume			id
 *	end				id, status
 *
 * location points to a struct asyncspan_location; length is SIZE_MAX where the name ends in NUL.
 */
#ifndef ASYNCSPAN_H
#define ASYNCSPAN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The handle of a span: its id, or 0 for none. */
typedef struct {
	uint64_t id;
} asyncspan_t;

/*
 * The static description of a call site. Tracers read it from the process: its layout is part of
 * the probes' interface. Lengths are in bytes, cut at 255; the strings end in NUL.
 */
struct asyncspan_location {
	const char *name;   /* "" where every call gives its own */
	const char *target; /* the module; NULL: the object file's base name */
	const char *file;   /* as the compiler was given it */
	uint32_t line;
	uint8_t version; /* of the probes' interface: 1 */
	uint8_t name_length;
	uint8_t target_length;
	uint8_t file_length;
};

/* The status of an operation that was given up; 0 is success, any other value an error. */
#define ASYNCSPAN_CANCELLED INT32_MIN

/* Casts and null pointers in the language's own words, for whoever turns those warnings on. */
#ifdef __cplusplus
#define ASYNCSPAN__NULL nullptr
#define ASYNCSPAN__NUMBER(type, value) static_cast<type>(value)
#define ASYNCSPAN__POINTER(type, value) reinterpret_cast<type>(value)
#else
#define ASYNCSPAN__NULL NULL
#define ASYNCSPAN__NUMBER(type, value) ((type)(value))
#define ASYNCSPAN__POINTER(type, value) ((type)(value))
#endif

#define ASYNCSPAN__LENGTH(literal) \
	ASYNCSPAN__NUMBER(uint8_t, sizeof(literal) - 1 < 255 ? sizeof(literal) - 1 : 255)

/* ASYNCSPAN_TARGET is the module that call sites belong to: define it, as a string, before. */
#ifdef ASYNCSPAN_TARGET
#define ASYNCSPAN__TARGET "" ASYNCSPAN_TARGET ""
#define ASYNCSPAN__TARGET_LENGTH ASYNCSPAN__LENGTH(ASYNCSPAN_TARGET)
#else
#define ASYNCSPAN__TARGET ASYNCSPAN__NULL
#define ASYNCSPAN__TARGET_LENGTH 0
#endif

#define ASYNCSPAN__PASTE_(a, b) a##b
#define ASYNCSPAN__PASTE(a, b) ASYNCSPAN__PASTE_(a, b)
#define ASYNCSPAN__UNIQUE(stem) ASYNCSPAN__PASTE(stem, __COUNTER__)
#define ASYNCSPAN__UNUSED __attribute__((unused))

/* Declares var as a call site that several macros may use: for wrappers. The place is this line. */
#define ASYNCSPAN_LOCATION(var, literal)                                 \
	static const struct asyncspan_location var ASYNCSPAN__UNUSED = { \
		"" literal "",                                           \
		ASYNCSPAN__TARGET,                                       \
		__FILE__,                                                \
		__LINE__,                                                \
		1,                                                       \
		ASYNCSPAN__LENGTH(literal),                              \
		ASYNCSPAN__TARGET_LENGTH,                                \
		ASYNCSPAN__LENGTH(__FILE__)                              \
	}

/* What a begin asks for, in any combination. */
enum {
	ASYNCSPAN__SPAWN = 1, /* begin without entering */
	ASYNCSPAN__CHILD = 2, /* the parent is given */
	ASYNCSPAN__NAMED = 4, /* the name is given */
};

/* The length of a name that ends in NUL. */
#define ASYNCSPAN__TO_NUL SIZE_MAX

#ifdef ASYNCSPAN_DISABLE
#define ASYNCSPAN__ACTIVE 0
#else
#define ASYNCSPAN__ACTIVE 1
#endif

#ifdef ASYNCSPAN_DISABLE

static inline void asyncspan__begin(asyncspan_t *span, unsigned what,
				    const struct asyncspan_location *location,
				    const asyncspan_t *parent, const char *name, size_t length)
{
	(void)span, (void)what, (void)location, (void)parent, (void)name, (void)length;
}

static inline void asyncspan__suspend(const asyncspan_t *span)
{
	(void)span;
}

static inline void asyncspan__resume(const asyncspan_t *span)
{
	(void)span;
}

static inline void asyncspan__end(asyncspan_t *span, int32_t status)
{
	(void)span, (void)status;
}

static inline void asyncspan__hand_over(void)
{
}

static inline int asyncspan_enabled(void)
{
	return 0;
}

static inline uint64_t asyncspan_id(const asyncspan_t *span)
{
	(void)span;
	return 0;
}

#else /* !ASYNCSPAN_DISABLE */

/*
 * The probes: one small function each, whose first instruction is the site. Weak, hidden and in a
 * group of its own, with its note, so that a linked object has exactly one of each however many
 * source files include this header; the same for the semaphores, which the kernel counts up while
 * a tracer is attached: begin and spawn (+0), flush (+2), suspend, resume and end (+4), spare (+6).
 *
 * The semaphores begin a page. The kernel finds them by their place in the file, at the first
 * address where that is mapped writable; lld lets a page of the file end the data that becomes
 * read-only and begin the other, and maps it twice: the first is the wrong one.
 */
#if defined(__x86_64__)
#define ASYNCSPAN__ARGUMENT_0 "8@%rdi"
#define ASYNCSPAN__ARGUMENT_1 "8@%rsi"
#define ASYNCSPAN__ARGUMENT_2 "8@%rdx"
#define ASYNCSPAN__ARGUMENT_3 "8@%rcx"
#define ASYNCSPAN__ARGUMENT_4 "8@%r8"
#define ASYNCSPAN__STATUS_1 "-4@%esi"
#elif defined(__aarch64__)
#define ASYNCSPAN__ARGUMENT_0 "8@x0"
#define ASYNCSPAN__ARGUMENT_1 "8@x1"
#define ASYNCSPAN__ARGUMENT_2 "8@x2"
#define ASYNCSPAN__ARGUMENT_3 "8@x3"
#define ASYNCSPAN__ARGUMENT_4 "8@x4"
#define ASYNCSPAN__STATUS_1 "-4@x1"
#else
#error "asyncspan.h knows x86-64 and aarch64; build with -DASYNCSPAN_DISABLE elsewhere"
#endif
#ifndef __ELF__
#error "asyncspan.h needs ELF objects; build with -DASYNCSPAN_DISABLE elsewhere"
#endif

#define ASYNCSPAN__ARGUMENTS_1 ASYNCSPAN__ARGUMENT_0
#define ASYNCSPAN__ARGUMENTS_2 ASYNCSPAN__ARGUMENTS_1 " " ASYNCSPAN__ARGUMENT_1
#define ASYNCSPAN__ARGUMENTS_3 ASYNCSPAN__ARGUMENTS_2 " " ASYNCSPAN__ARGUMENT_2
#define ASYNCSPAN__ARGUMENTS_4 ASYNCSPAN__ARGUMENTS_3 " " ASYNCSPAN__ARGUMENT_3
#define ASYNCSPAN__ARGUMENTS_5 ASYNCSPAN__ARGUMENTS_4 " " ASYNCSPAN__ARGUMENT_4
#define ASYNCSPAN__ARGUMENTS_STATUS ASYNCSPAN__ARGUMENTS_1 " " ASYNCSPAN__STATUS_1

/*
 * The note is the one of SystemTap's <sys/sdt.h>, version 3, which every USDT tracer reads. The
 * name behind the code keeps linkers from folding all probes into one (--icf).
 */
#define ASYNCSPAN__PROBE_ASSEMBLY(probe, semaphore, arguments)                     \
	__asm__(".ifndef asyncspan_probe_" probe "\n"                              \
		".pushsection .text.asyncspan_probe_" probe                        \
		",\"axG\",@progbits,asyncspan_probe_" probe ",comdat\n"            \
		".weak asyncspan_probe_" probe "\n"                                \
		".hidden asyncspan_probe_" probe "\n"                              \
		".type asyncspan_probe_" probe ",@function\n"                      \
		"asyncspan_probe_" probe ":\n"                                     \
		"nop\n"                                                            \
		"ret\n"                                                            \
		".asciz \"" probe "\"\n"                                           \
		".balign 4\n"                                                      \
		".size asyncspan_probe_" probe ", . - asyncspan_probe_" probe "\n" \
		".pushsection .note.stapsdt,\"?\",@note\n"                         \
		".balign 4\n"                                                      \
		".4byte 992f - 991f, 994f - 993f, 3\n"                             \
		"991: .asciz \"stapsdt\"\n"                                        \
		"992: .balign 4\n"                                                 \
		"993: .8byte asyncspan_probe_" probe "\n"                          \
		".8byte _.stapsdt.base\n"                                          \
		".8byte asyncspan_semaphores + " semaphore "\n"                    \
		".asciz \"asyncspan\"\n"                                           \
		".asciz \"" probe "\"\n"                                           \
		".asciz \"" arguments "\"\n"                                       \
		"994: .balign 4\n"                                                 \
		".popsection\n"                                                    \
		".popsection\n"                                                    \
		".endif\n")

__asm__(".ifndef _.stapsdt.base\n"
	".pushsection .stapsdt.base,\"aG\",@progbits,.stapsdt.base,comdat\n"
	".weak _.stapsdt.base\n"
	".hidden _.stapsdt.base\n"
	"_.stapsdt.base: .space 1\n"
	".size _.stapsdt.base, 1\n"
	".popsection\n"
	".endif\n"
	".ifndef asyncspan_semaphores\n"
	".pushsection .probes,\"awG\",@progbits,asyncspan_semaphores,comdat\n"
	".weak asyncspan_semaphores\n"
	".hidden asyncspan_semaphores\n"
	".type asyncspan_semaphores,@object\n"
	".balign 4096\n"
	"asyncspan_semaphores: .space 8\n"
	".size asyncspan_semaphores, 8\n"
	".popsection\n"
	".endif\n");

ASYNCSPAN__PROBE_ASSEMBLY("begin", "0", ASYNCSPAN__ARGUMENTS_2);
ASYNCSPAN__PROBE_ASSEMBLY("begin_named", "0", ASYNCSPAN__ARGUMENTS_4);
ASYNCSPAN__PROBE_ASSEMBLY("begin_child", "0", ASYNCSPAN__ARGUMENTS_3);
ASYNCSPAN__PROBE_ASSEMBLY("begin_child_named", "0", ASYNCSPAN__ARGUMENTS_5);
ASYNCSPAN__PROBE_ASSEMBLY("spawn", "0", ASYNCSPAN__ARGUMENTS_2);
ASYNCSPAN__PROBE_ASSEMBLY("spawn_named", "0", ASYNCSPAN__ARGUMENTS_4);
ASYNCSPAN__PROBE_ASSEMBLY("spawn_child", "0", ASYNCSPAN__ARGUMENTS_3);
ASYNCSPAN__PROBE_ASSEMBLY("spawn_child_named", "0", ASYNCSPAN__ARGUMENTS_5);
ASYNCSPAN__PROBE_ASSEMBLY("suspend", "4", ASYNCSPAN__ARGUMENTS_1);
ASYNCSPAN__PROBE_ASSEMBLY("resume", "4", ASYNCSPAN__ARGUMENTS_1);
ASYNCSPAN__PROBE_ASSEMBLY("end", "4", ASYNCSPAN__ARGUMENTS_STATUS);

#define ASYNCSPAN__HIDDEN __attribute__((visibility("hidden")))
/* One per linked object. Nothing depends on the dynamic linker making it one per process. */
#define ASYNCSPAN__ONE_PER_OBJECT __attribute__((weak, visibility("hidden")))
#define ASYNCSPAN__COLD __attribute__((noinline, cold, unused))

extern void asyncspan_probe_begin(uint64_t id,
				  const struct asyncspan_location *location) ASYNCSPAN__HIDDEN;
extern void asyncspan_probe_begin_named(uint64_t id, const struct asyncspan_location *location,
					const char *name, size_t length) ASYNCSPAN__HIDDEN;
extern void asyncspan_probe_begin_child(uint64_t id, const struct asyncspan_location *location,
					uint64_t parent) ASYNCSPAN__HIDDEN;
extern void asyncspan_probe_begin_child_named(uint64_t id,
					      const struct asyncspan_location *location,
					      uint64_t parent, const char *name,
					      size_t length) ASYNCSPAN__HIDDEN;
extern void asyncspan_probe_spawn(uint64_t id,
				  const struct asyncspan_location *location) ASYNCSPAN__HIDDEN;
extern void asyncspan_probe_spawn_named(uint64_t id, const struct asyncspan_location *location,
					const char *name, size_t length) ASYNCSPAN__HIDDEN;
extern void asyncspan_probe_spawn_child(uint64_t id, const struct asyncspan_location *location,
					uint64_t parent) ASYNCSPAN__HIDDEN;
extern void asyncspan_probe_spawn_child_named(uint64_t id,
					      const struct asyncspan_location *location,
					      uint64_t parent, const char *name,
					      size_t length) ASYNCSPAN__HIDDEN;
extern void asyncspan_probe_suspend(uint64_t id) ASYNCSPAN__HIDDEN;
extern void asyncspan_probe_resume(uint64_t id) ASYNCSPAN__HIDDEN;
extern void asyncspan_probe_end(uint64_t id, int32_t status) ASYNCSPAN__HIDDEN;

/* [0]: begin in one half, flush in the other; [1]: suspend, resume and end. */
extern const volatile uint32_t asyncspan_semaphores[2] ASYNCSPAN__HIDDEN;

#ifdef __cplusplus
} /* extern "C" */
#endif

#include <sys/auxv.h>
#include <sys/syscall.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Ids: every object hands out blocks of 1,024, counted up from a random point; every thread takes
 * its ids from a block of its own. The counter lies in a page that the kernel empties in a forked
 * child, which so starts again elsewhere; where that cannot be had, the process id tells.
 */
#define ASYNCSPAN__BLOCK 1024u

struct asyncspan__id_source {
	uint64_t start; /* first id of this process image in this object; 0: not chosen yet */
	uint64_t used;	/* ids handed out, in whole blocks */
	int64_t pid;	/* where fork does not empty the page: the process it is valid in */
};

/*
 * Nested POLL blocks that are remembered, and the mark (ids have 63 bits) of a span that ended
 * inside its own: leaving that block is then no suspend. Only ids, and no addresses: what longjmp
 * or a switch of stacks leaves here can mislead, at worst, into a suspend too many.
 */
#define ASYNCSPAN__POLLS 8u
#define ASYNCSPAN__POLL_ENDED (UINT64_C(1) << 63)

struct asyncspan__thread_state {
	uint64_t start; /* the start that `next` was counted from: another one after a fork */
	uint64_t next;	/* next id; a multiple of the block's size: none left */
	uint64_t polls[ASYNCSPAN__POLLS]; /* spans of the POLL blocks around here, outermost first */
	uint32_t poll_count;
};

ASYNCSPAN__ONE_PER_OBJECT struct asyncspan__id_source asyncspan__ids_static = { 0, 0, 0 };
ASYNCSPAN__ONE_PER_OBJECT struct asyncspan__id_source *asyncspan__ids_page = ASYNCSPAN__NULL;
ASYNCSPAN__ONE_PER_OBJECT __thread struct asyncspan__thread_state asyncspan__thread = {
	0, 0, { 0 }, 0
};

/* Strict ISO modes of the C library hide what is needed here, and errno must stay the program's. */
ASYNCSPAN__COLD static long asyncspan__system_call(long number, long a, long b, long c, long d)
{
#if defined(__x86_64__)
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = -1;
	register long r9 __asm__("r9") = 0;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
#else
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = -1;
	register long x5 __asm__("x5") = 0;

	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
#endif
}

/* A page that fork empties in the child; NULL where it can't be had. Values of <linux/mman.h>. */
ASYNCSPAN__COLD static struct asyncspan__id_source *asyncspan__wiped_page(long size)
{
	const long read_write = 3, private_anonymous = 0x22, wipe_on_fork = 18;
	long page = asyncspan__system_call(SYS_mmap, 0, size, read_write, private_anonymous);

	if (page < 0 && page > -4096)
		return ASYNCSPAN__NULL;
	if (asyncspan__system_call(SYS_madvise, page, size, wipe_on_fork, 0) != 0) {
		asyncspan__system_call(SYS_munmap, page, size, 0, 0);
		return ASYNCSPAN__NULL;
	}
	return ASYNCSPAN__POINTER(struct asyncspan__id_source *, page);
}

ASYNCSPAN__COLD static struct asyncspan__id_source *asyncspan__ids_map(void)
{
	long size = ASYNCSPAN__NUMBER(long, getauxval(AT_PAGESZ));
	struct asyncspan__id_source *page = asyncspan__wiped_page(size), *chosen,
				    *other = ASYNCSPAN__NULL;

	chosen = page ? page : &asyncspan__ids_static;
	if (__atomic_compare_exchange_n(&asyncspan__ids_page, &other, chosen, 0, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return chosen;
	if (page)
		asyncspan__system_call(SYS_munmap, ASYNCSPAN__POINTER(long, page), size, 0, 0);
	return other;
}

/* A random point at the start of a block, with room for 2^62 ids above it. */
ASYNCSPAN__COLD static uint64_t asyncspan__random_start(void)
{
	const unsigned char *random =
		ASYNCSPAN__POINTER(const unsigned char *, getauxval(AT_RANDOM));
	long now[2] = { 0, 0 }; /* a timespec of CLOCK_MONOTONIC (1) */
	uint64_t value = ASYNCSPAN__POINTER(uintptr_t, &asyncspan__ids_page);
	unsigned i;

	asyncspan__system_call(SYS_clock_gettime, 1, ASYNCSPAN__POINTER(long, now), 0, 0);
	value ^= ASYNCSPAN__NUMBER(uint64_t, now[0]) << 30 ^ ASYNCSPAN__NUMBER(uint64_t, now[1]);
	value ^= ASYNCSPAN__NUMBER(uint64_t, asyncspan__system_call(SYS_getpid, 0, 0, 0, 0)) << 40;
	for (i = 0; i < 16; i++) {
		value += random ? random[i] : i;
		value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
		value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
		value ^= value >> 31;
	}
	value &= (UINT64_C(1) << 62) - ASYNCSPAN__BLOCK;
	return value + ASYNCSPAN__BLOCK;
}

static inline struct asyncspan__id_source *asyncspan__ids(void)
{
	struct asyncspan__id_source *ids = __atomic_load_n(&asyncspan__ids_page, __ATOMIC_ACQUIRE);

	if (!ids)
		ids = asyncspan__ids_map();
	if (ids == &asyncspan__ids_static) {
		int64_t pid = asyncspan__system_call(SYS_getpid, 0, 0, 0, 0);

		if (__atomic_exchange_n(&ids->pid, pid, __ATOMIC_RELAXED) != pid)
			__atomic_store_n(&ids->start, 0, __ATOMIC_RELEASE);
	}
	return ids;
}

/* Never blocks, so that signal handlers may use the macros; an id is lost then, never given twice. */
ASYNCSPAN__COLD static uint64_t asyncspan__next_id(void)
{
	struct asyncspan__id_source *ids = asyncspan__ids();
	struct asyncspan__thread_state *thread = &asyncspan__thread;
	uint64_t start = __atomic_load_n(&ids->start, __ATOMIC_ACQUIRE);
	uint64_t next = __atomic_load_n(&thread->next, __ATOMIC_RELAXED);

	while (start && thread->start == start && next % ASYNCSPAN__BLOCK != 0)
		if (__atomic_compare_exchange_n(&thread->next, &next, next + 1, 0, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return next;
	if (!start) {
		uint64_t chosen = asyncspan__random_start();

		if (__atomic_compare_exchange_n(&ids->start, &start, chosen, 0, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE))
			start = chosen;
	}
	next = start + __atomic_fetch_add(&ids->used, ASYNCSPAN__BLOCK, __ATOMIC_RELAXED);
	__atomic_store_n(&thread->next, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&thread->start, start, __ATOMIC_RELAXED);
	__atomic_store_n(&thread->next, next + 1, __ATOMIC_RELAXED);
	return next;
}

/* A tracer reads strings from mapped pages only: read them once, so that they are mapped. */
static inline void asyncspan__touch(const char *string, uint8_t length)
{
	const volatile char *bytes = string;

	if (bytes) {
		(void)bytes[0];
		(void)bytes[length];
	}
}

struct asyncspan__event {
	uint64_t id;
	uint64_t parent;
	const struct asyncspan_location *location;
	const char *name;
	size_t length;
};

/*
 * The funnel: every event of this object leaves through one of the four functions asyncspan__emit_*,
 * and asyncspan__hand_over() is for those that keep events for a while. Another back end, a header
 * with these five, takes the place of the probes where its name is defined as ASYNCSPAN__BACK_END;
 * the macros know nothing of it.
 */
#ifdef ASYNCSPAN__BACK_END
#include ASYNCSPAN__BACK_END
#else

ASYNCSPAN__COLD static void asyncspan__emit_begin(unsigned what, const struct asyncspan__event *e)
{
	asyncspan__touch(e->location->name, e->location->name_length);
	asyncspan__touch(e->location->target, e->location->target_length);
	asyncspan__touch(e->location->file, e->location->file_length);
	switch (what) {
	case 0:
		asyncspan_probe_begin(e->id, e->location);
		break;
	case ASYNCSPAN__NAMED:
		asyncspan_probe_begin_named(e->id, e->location, e->name, e->length);
		break;
	case ASYNCSPAN__CHILD:
		asyncspan_probe_begin_child(e->id, e->location, e->parent);
		break;
	case ASYNCSPAN__CHILD | ASYNCSPAN__NAMED:
		asyncspan_probe_begin_child_named(e->id, e->location, e->parent, e->name,
						  e->length);
		break;
	case ASYNCSPAN__SPAWN:
		asyncspan_probe_spawn(e->id, e->location);
		break;
	case ASYNCSPAN__SPAWN | ASYNCSPAN__NAMED:
		asyncspan_probe_spawn_named(e->id, e->location, e->name, e->length);
		break;
	case ASYNCSPAN__SPAWN | ASYNCSPAN__CHILD:
		asyncspan_probe_spawn_child(e->id, e->location, e->parent);
		break;
	default:
		asyncspan_probe_spawn_child_named(e->id, e->location, e->parent, e->name,
						  e->length);
		break;
	}
}

ASYNCSPAN__COLD static void asyncspan__emit_suspend(uint64_t id)
{
	if (asyncspan_semaphores[1])
		asyncspan_probe_suspend(id);
}

ASYNCSPAN__COLD static void asyncspan__emit_resume(uint64_t id)
{
	if (asyncspan_semaphores[1])
		asyncspan_probe_resume(id);
}

ASYNCSPAN__COLD static void asyncspan__emit_end(uint64_t id, int32_t status)
{
	if (asyncspan_semaphores[1])
		asyncspan_probe_end(id, status);
}

/* Nothing is kept, in the mode that traps on every event. */
static inline void asyncspan__hand_over(void)
{
}

#endif /* ASYNCSPAN__BACK_END */

ASYNCSPAN__COLD static void asyncspan__begin_traced(asyncspan_t *span, unsigned what,
						    const struct asyncspan_location *location,
						    const asyncspan_t *parent, const char *name,
						    size_t length)
{
	struct asyncspan__event event;

	event.parent = parent ? parent->id : 0;
	event.id = asyncspan__next_id();
	event.location = location;
	event.name = name;
	event.length = length;
	span->id = event.id;
	asyncspan__emit_begin(what, &event);
}

ASYNCSPAN__COLD static void asyncspan__end_traced(asyncspan_t *span, int32_t status)
{
	struct asyncspan__thread_state *thread = &asyncspan__thread;
	uint64_t id = span->id;
	uint32_t i;

	span->id = 0;
	for (i = 0; i < thread->poll_count && i < ASYNCSPAN__POLLS; i++)
		if (thread->polls[i] == id)
			thread->polls[i] |= ASYNCSPAN__POLL_ENDED;
	asyncspan__emit_end(id, status);
}

/* True while a tracer is attached: to skip building an expensive name. */
static inline int asyncspan_enabled(void)
{
	return asyncspan_semaphores[0] != 0;
}

/* The span's id, 0 for none: for a log line, or to hand a parent on as (asyncspan_t){ id }. */
static inline uint64_t asyncspan_id(const asyncspan_t *span)
{
	return span->id;
}

static inline void asyncspan__begin(asyncspan_t *span, unsigned what,
				    const struct asyncspan_location *location,
				    const asyncspan_t *parent, const char *name, size_t length)
{
	if (__builtin_expect(asyncspan_enabled(), 0))
		asyncspan__begin_traced(span, what, location, parent, name, length);
	else
		span->id = 0;
}

static inline void asyncspan__suspend(const asyncspan_t *span)
{
	if (__builtin_expect(span->id != 0, 0))
		asyncspan__emit_suspend(span->id);
}

static inline void asyncspan__resume(const asyncspan_t *span)
{
	if (__builtin_expect(span->id != 0, 0))
		asyncspan__emit_resume(span->id);
}

static inline void asyncspan__end(asyncspan_t *span, int32_t status)
{
	if (__builtin_expect(span->id != 0, 0))
		asyncspan__end_traced(span, status);
}

#endif /* ASYNCSPAN_DISABLE */

/* Hands over to the tracer what is kept for later. */
static inline void asyncspan_flush(void)
{
	if (ASYNCSPAN__ACTIVE)
		asyncspan__hand_over();
}

/* Disabled, a call is compiled, so that its arguments are checked, and never executed. */
#define ASYNCSPAN__DO(call)            \
	do {                           \
		if (ASYNCSPAN__ACTIVE) \
			call;          \
	} while (0)

#define ASYNCSPAN__BEGIN_HERE(span, what, literal, parent, name, length)                         \
	do {                                                                                     \
		ASYNCSPAN_LOCATION(asyncspan__location, literal);                                \
		if (ASYNCSPAN__ACTIVE)                                                           \
			asyncspan__begin((span), (what), &asyncspan__location, (parent), (name), \
					 (length));                                              \
	} while (0)

/* Begin and enter; the name is a string literal. */
#define ASYNCSPAN_BEGIN(span, literal) \
	ASYNCSPAN__BEGIN_HERE(span, 0, literal, ASYNCSPAN__NULL, ASYNCSPAN__NULL, 0)

/* The same with a name made at run time, copied as the macro fires: any bytes up to a NUL. */
#define ASYNCSPAN_BEGIN_NAMED(span, name) \
	ASYNCSPAN__BEGIN_HERE(span, ASYNCSPAN__NAMED, "", ASYNCSPAN__NULL, name, ASYNCSPAN__TO_NUL)

/* The same for `length` bytes that need not end in NUL. */
#define ASYNCSPAN_BEGIN_NAMED_N(span, name, length) \
	ASYNCSPAN__BEGIN_HERE(span, ASYNCSPAN__NAMED, "", ASYNCSPAN__NULL, name, length)

/* The same for a location declared with ASYNCSPAN_LOCATION: &var, or a pointer handed in. */
#define ASYNCSPAN_BEGIN_AT(span, location) \
	ASYNCSPAN__DO(asyncspan__begin((span), 0, (location), ASYNCSPAN__NULL, ASYNCSPAN__NULL, 0))
#define ASYNCSPAN_BEGIN_NAMED_AT(span, location, name)                                        \
	ASYNCSPAN__DO(asyncspan__begin((span), ASYNCSPAN__NAMED, (location), ASYNCSPAN__NULL, \
				       (name), ASYNCSPAN__TO_NUL))

/*
 * Begin without entering: work queued for later, or an operation with no code of its own. The
 * time to the first RESUME is its queueing delay.
 */
#define ASYNCSPAN_SPAWN(span, literal) \
	ASYNCSPAN__BEGIN_HERE(span, ASYNCSPAN__SPAWN, literal, ASYNCSPAN__NULL, ASYNCSPAN__NULL, 0)
#define ASYNCSPAN_SPAWN_NAMED(span, name)                                                     \
	ASYNCSPAN__BEGIN_HERE(span, ASYNCSPAN__SPAWN | ASYNCSPAN__NAMED, "", ASYNCSPAN__NULL, \
			      name, ASYNCSPAN__TO_NUL)
#define ASYNCSPAN_SPAWN_AT(span, location)                                                    \
	ASYNCSPAN__DO(asyncspan__begin((span), ASYNCSPAN__SPAWN, (location), ASYNCSPAN__NULL, \
				       ASYNCSPAN__NULL, 0))
#define ASYNCSPAN_SPAWN_NAMED_AT(span, location, name)                                          \
	ASYNCSPAN__DO(asyncspan__begin((span), ASYNCSPAN__SPAWN | ASYNCSPAN__NAMED, (location), \
				       ASYNCSPAN__NULL, (name), ASYNCSPAN__TO_NUL))

/* With the parent given (const asyncspan_t *), not taken from the thread; NULL or zero: a root. */
#define ASYNCSPAN_BEGIN_CHILD(span, parent, literal) \
	ASYNCSPAN__BEGIN_HERE(span, ASYNCSPAN__CHILD, literal, parent, ASYNCSPAN__NULL, 0)
#define ASYNCSPAN_BEGIN_CHILD_NAMED(span, parent, name)                                    \
	ASYNCSPAN__BEGIN_HERE(span, ASYNCSPAN__CHILD | ASYNCSPAN__NAMED, "", parent, name, \
			      ASYNCSPAN__TO_NUL)
#define ASYNCSPAN_SPAWN_CHILD(span, parent, literal)                                      \
	ASYNCSPAN__BEGIN_HERE(span, ASYNCSPAN__SPAWN | ASYNCSPAN__CHILD, literal, parent, \
			      ASYNCSPAN__NULL, 0)
#define ASYNCSPAN_SPAWN_CHILD_NAMED(span, parent, name)                                         \
	ASYNCSPAN__BEGIN_HERE(span, ASYNCSPAN__SPAWN | ASYNCSPAN__CHILD | ASYNCSPAN__NAMED, "", \
			      parent, name, ASYNCSPAN__TO_NUL)

/* Leave and enter, on any thread. */
#define ASYNCSPAN_SUSPEND(span) ASYNCSPAN__DO(asyncspan__suspend(span))
#define ASYNCSPAN_RESUME(span) ASYNCSPAN__DO(asyncspan__resume(span))

/* End, entered or not. Status: 0 success, ASYNCSPAN_CANCELLED, any other value an error. */
#define ASYNCSPAN_END(span) ASYNCSPAN__DO(asyncspan__end((span), 0))
#define ASYNCSPAN_END_STATUS(span, status) ASYNCSPAN__DO(asyncspan__end((span), (status)))

static inline void asyncspan__scope_end(asyncspan_t *span)
{
	if (ASYNCSPAN__ACTIVE)
		asyncspan__end(span, 0);
}

static inline asyncspan_t
asyncspan__scope_begin(unsigned what, const struct asyncspan_location *location, const char *name)
{
	asyncspan_t span = { 0 };

	asyncspan__begin(&span, what, location, ASYNCSPAN__NULL, name, ASYNCSPAN__TO_NUL);
	return span;
}

#define ASYNCSPAN__SCOPE_VALUE(what, location, name)                              \
	(ASYNCSPAN__ACTIVE ? asyncspan__scope_begin((what), (location), (name)) : \
			     asyncspan__scope_none())

static inline asyncspan_t asyncspan__scope_none(void)
{
	asyncspan_t none = { 0 };

	return none;
}

#define ASYNCSPAN__SCOPE(variable, what, location, name)                              \
	asyncspan_t variable __attribute__((cleanup(asyncspan__scope_end), unused)) = \
		ASYNCSPAN__SCOPE_VALUE(what, location, name)
#define ASYNCSPAN__SCOPE_HERE(place, variable, what, literal, name) \
	ASYNCSPAN_LOCATION(place, literal);                         \
	ASYNCSPAN__SCOPE(variable, what, &place, name)

/*
 * Begin now, end when the block is left: by its end, return, break, goto or a C++ exception, not
 * by longjmp. (In C an exception needs -fexceptions.)
 */
#define ASYNCSPAN_SCOPE(literal)                                       \
	ASYNCSPAN__SCOPE_HERE(ASYNCSPAN__UNIQUE(asyncspan__location_), \
			      ASYNCSPAN__UNIQUE(asyncspan__scope_), 0, literal, ASYNCSPAN__NULL)
#define ASYNCSPAN_SCOPE_NAMED(name)                                    \
	ASYNCSPAN__SCOPE_HERE(ASYNCSPAN__UNIQUE(asyncspan__location_), \
			      ASYNCSPAN__UNIQUE(asyncspan__scope_), ASYNCSPAN__NAMED, "", name)
#define ASYNCSPAN_SCOPE_AT(location) \
	ASYNCSPAN__SCOPE(ASYNCSPAN__UNIQUE(asyncspan__scope_), 0, location, ASYNCSPAN__NULL)

/*
 * The id, not the handle's address: the block may end the span and free what holds the handle.
 */
struct asyncspan__poll {
	uint64_t id;	/* 0: nothing to leave */
	uint32_t place; /* among the thread's polls */
	int running;
};

#ifndef ASYNCSPAN_DISABLE

ASYNCSPAN__COLD static void asyncspan__poll_enter_traced(struct asyncspan__poll *poll)
{
	struct asyncspan__thread_state *thread = &asyncspan__thread;

	poll->place = thread->poll_count++;
	if (poll->place < ASYNCSPAN__POLLS)
		thread->polls[poll->place] = poll->id;
	asyncspan__emit_resume(poll->id);
}

ASYNCSPAN__COLD static void asyncspan__poll_leave_traced(const struct asyncspan__poll *poll)
{
	struct asyncspan__thread_state *thread = &asyncspan__thread;

	/* Blocks inside this one that were left by longjmp go with it. */
	thread->poll_count = poll->place;
	if (poll->place >= ASYNCSPAN__POLLS ||
	    thread->polls[poll->place] != (poll->id | ASYNCSPAN__POLL_ENDED))
		asyncspan__emit_suspend(poll->id);
}

#endif

static inline struct asyncspan__poll asyncspan__poll_enter(const asyncspan_t *span)
{
	struct asyncspan__poll poll = { 0, 0, 1 };

#ifndef ASYNCSPAN_DISABLE
	poll.id = span->id;
	if (__builtin_expect(poll.id != 0, 0))
		asyncspan__poll_enter_traced(&poll);
#else
	(void)span;
#endif
	return poll;
}

static inline struct asyncspan__poll asyncspan__poll_none(void)
{
	struct asyncspan__poll poll = { 0, 0, 1 };

	return poll;
}

static inline void asyncspan__poll_leave(struct asyncspan__poll *poll)
{
#ifndef ASYNCSPAN_DISABLE
	if (__builtin_expect(poll->id != 0, 0))
		asyncspan__poll_leave_traced(poll);
#else
	(void)poll;
#endif
}

#define ASYNCSPAN__POLL(variable, span)                                                        \
	for (struct asyncspan__poll variable __attribute__((cleanup(asyncspan__poll_leave))) = \
		     ASYNCSPAN__ACTIVE ? asyncspan__poll_enter(span) : asyncspan__poll_none(); \
	     variable.running; variable.running = 0)

/*
 * ASYNCSPAN_POLL(&r->span) { ... }: resume, and suspend when the block is left in any of the ways
 * of SCOPE. break and continue leave this block only.
 */
#define ASYNCSPAN_POLL(span) ASYNCSPAN__POLL(ASYNCSPAN__UNIQUE(asyncspan__poll_), span)

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* ASYNCSPAN_H */
