/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ledger.h: a traced program writes down what it knows itself about its spans, as it happens.
 *
 *	struct ledger_span outer, inner;
 *
 *	LEDGER_BEGIN(&outer, NULL, "outer");	the macro, and a line with the parent it must have
 *	LEDGER_BEGIN(&inner, &outer, "inner");
 *	LEDGER_END(&inner);
 *
 * The lines go to the file named by ASYNCSPAN_LEDGER, none without it; README.md says what is in
 * them. Times are ns of CLOCK_MONOTONIC. The _AS forms say which irregular outcome is expected.
 * Include it first: it asks for the C library's GNU interfaces.
 */
#ifndef LEDGER_H
#define LEDGER_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <asyncspan.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* A span and what its scenario expects of it. It outlives the END that clears the handle. */
struct ledger_span {
	asyncspan_t span;
	uint64_t id;		 /* 0: begun while nobody traced */
	uint64_t parent;	 /* its parent's id */
	const char *name;	 /* NULL: made at run time */
	const char *parent_name; /* the same of its parent, or no parent */
	int depth;
	char is_scope;	    /* no id can be known */
	char below_scope;   /* nor the parent's */
	uint64_t time_left; /* of a scope: when its block began to be left */
};

enum { LEDGER_LINE_SIZE = 80 * 1024 };

struct ledger_line {
	size_t length;
	char text[LEDGER_LINE_SIZE];
};

static inline uint64_t ledger_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* What a scenario took for granted does not hold: the test must fail, whatever was traced. */
static inline void ledger_fail(const char *what)
{
	fprintf(stderr, "scenario failed: %s\n", what);
	_exit(70);
}

static inline int ledger_file(void)
{
	static int file = -1;
	int opened = __atomic_load_n(&file, __ATOMIC_ACQUIRE), none = -1;
	const char *path = getenv("ASYNCSPAN_LEDGER");

	if (opened >= 0 || !path)
		return opened;
	opened = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
	if (opened < 0)
		ledger_fail("cannot open the ledger");
	if (__atomic_compare_exchange_n(&file, &none, opened, 0, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return opened;
	close(opened);
	return none;
}

__attribute__((format(printf, 2, 3))) static inline void ledger_add(struct ledger_line *line,
								    const char *format, ...)
{
	size_t room = sizeof(line->text) - line->length;
	va_list arguments;
	int added;

	va_start(arguments, format);
	added = vsnprintf(line->text + line->length, room, format, arguments);
	va_end(arguments);
	if (added < 0 || (size_t)added >= room)
		ledger_fail("a ledger line is too long");
	line->length += (size_t)added;
}

/* Each byte as the code point of the same number, so that names of any bytes come through. */
static inline void ledger_add_bytes(struct ledger_line *line, const char *field, const char *bytes,
				    size_t length)
{
	size_t i;

	if (!bytes) {
		ledger_add(line, ",\"%s\":null", field);
		return;
	}
	ledger_add(line, ",\"%s\":\"", field);
	for (i = 0; i < length; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\')
			ledger_add(line, "\\u%04x", byte);
		else
			ledger_add(line, "%c", byte);
	}
	ledger_add(line, "\"");
}

static inline void ledger_add_id(struct ledger_line *line, const char *field, uint64_t id,
				 int unknown)
{
	if (unknown)
		ledger_add(line, ",\"%s\":null", field);
	else
		ledger_add(line, ",\"%s\":%llu", field, (unsigned long long)id);
}

static inline void ledger_open_line(struct ledger_line *line, const char *event)
{
	line->length = 0;
	ledger_add(line, "{\"event\":\"%s\",\"pid\":%ld,\"tid\":%ld", event, (long)getpid(),
		   (long)syscall(SYS_gettid));
}

/* One write, so that lines of several threads and processes mix whole. */
static inline void ledger_write_line(struct ledger_line *line)
{
	int file = ledger_file();

	ledger_add(line, "}\n");
	if (file >= 0 && write(file, line->text, line->length) != (ssize_t)line->length)
		ledger_fail("cannot write the ledger");
}

/* A line of other facts; `format` gives them as JSON fields, each with a comma in front. */
__attribute__((format(printf, 2, 3))) static inline void ledger_note(const char *event,
								     const char *format, ...)
{
	struct ledger_line line;
	va_list arguments;
	char fields[1024];

	va_start(arguments, format);
	vsnprintf(fields, sizeof(fields), format, arguments);
	va_end(arguments);
	ledger_open_line(&line, event);
	ledger_add(&line, "%s,\"time_after\":%llu", fields, (unsigned long long)ledger_now());
	ledger_write_line(&line);
}

static inline void ledger_add_span(struct ledger_line *line, const struct ledger_span *s,
				   uint64_t id)
{
	ledger_add_id(line, "id", id, s->is_scope);
	ledger_add(line, ",\"traced\":%s",
		   (s->is_scope ? asyncspan_enabled() : id != 0) ? "true" : "false");
	ledger_add_id(line, "parent", s->parent, s->below_scope);
	ledger_add_bytes(line, "parent_name", s->parent_name,
			 s->parent_name ? strlen(s->parent_name) : 0);
	ledger_add(line, ",\"depth\":%d", s->depth);
}

static inline void ledger_add_end_of_line(struct ledger_line *line, const char *outcome,
					  uint64_t before, uint64_t after)
{
	ledger_add(line, ",\"outcome\":\"%s\",\"time_before\":%llu,\"time_after\":%llu", outcome,
		   (unsigned long long)before, (unsigned long long)after);
	ledger_write_line(line);
}

static inline void ledger_expect(struct ledger_span *s, const struct ledger_span *parent,
				 const char *name)
{
	int has_parent = parent && (parent->is_scope || parent->id != 0);

	s->id = asyncspan_id(&s->span);
	s->name = name;
	s->parent = has_parent ? parent->id : 0;
	s->parent_name = has_parent ? parent->name : NULL;
	s->depth = has_parent ? parent->depth + 1 : 0;
	s->is_scope = 0;
	s->below_scope = has_parent && parent->is_scope;
	s->time_left = 0;
}

struct ledger_begin {
	const char *name;
	size_t length;
	const char *file;
	uint32_t line;
	int is_literal;
	int is_entered;
	const char *outcome;
	uint64_t before;
};

static inline void ledger_begun(struct ledger_span *s, const struct ledger_span *parent,
				const struct ledger_begin *begin)
{
	uint64_t after = ledger_now();
	struct ledger_line line;

	ledger_expect(s, parent, begin->is_literal ? begin->name : NULL);
	ledger_open_line(&line, "begin");
	ledger_add_span(&line, s, s->id);
	ledger_add_bytes(&line, "name", begin->name, begin->length);
	ledger_add_bytes(&line, "file", begin->file, strlen(begin->file));
	ledger_add(&line, ",\"line\":%u,\"entered\":%s", begin->line,
		   begin->is_entered ? "true" : "false");
	ledger_add_end_of_line(&line, begin->outcome, begin->before, after);
}

static inline void ledger_happened(const char *event, const struct ledger_span *s, uint64_t id,
				   int status, const char *outcome, uint64_t before)
{
	uint64_t after = ledger_now();
	struct ledger_line line;

	ledger_open_line(&line, event);
	ledger_add_span(&line, s, id);
	if (s->name)
		ledger_add_bytes(&line, "name", s->name, strlen(s->name));
	if (event[0] == 'e')
		ledger_add(&line, ",\"status\":%d", status);
	ledger_add_end_of_line(&line, outcome, before, after);
}

/* The macro comes last: what it expands to has commas. */
#define LEDGER__BEGIN(s, expected_parent, name, length, file, line, literal, entered, outcome, \
		      ...)                                                                     \
	do {                                                                                   \
		struct ledger_begin ledger_b = { name,	  length,  file,    line,              \
						 literal, entered, outcome, ledger_now() };    \
		__VA_ARGS__;                                                                   \
		ledger_begun((s), (expected_parent), &ledger_b);                               \
	} while (0)

/* A begin by any macro with a literal name, one made at run time, or a location of its own. */
#define LEDGER_LITERAL(s, expected_parent, literal, entered, outcome, ...)                 \
	LEDGER__BEGIN(s, expected_parent, literal, strlen(literal), __FILE__, __LINE__, 1, \
		      entered, outcome, __VA_ARGS__)
#define LEDGER_NAMED(s, expected_parent, name, length, entered, outcome, ...)                    \
	LEDGER__BEGIN(s, expected_parent, name, length, __FILE__, __LINE__, 0, entered, outcome, \
		      __VA_ARGS__)
#define LEDGER_AT(s, expected_parent, name, location, entered, outcome, ...)                       \
	LEDGER__BEGIN(s, expected_parent, name, strlen(name), (location).file, (location).line, 0, \
		      entered, outcome, __VA_ARGS__)

/*
 * The macros themselves stand in the bodies of these, not among their arguments: so both take the
 * same line for the place, also where a call goes over several.
 */
#define LEDGER_BEGIN_AS(s, expected_parent, literal, outcome)   \
	LEDGER_LITERAL(s, expected_parent, literal, 1, outcome, \
		       ASYNCSPAN_BEGIN(&(s)->span, literal))
#define LEDGER_BEGIN(s, expected_parent, literal) \
	LEDGER_BEGIN_AS(s, expected_parent, literal, "normal")
#define LEDGER_SPAWN(s, expected_parent, literal)                \
	LEDGER_LITERAL(s, expected_parent, literal, 0, "normal", \
		       ASYNCSPAN_SPAWN(&(s)->span, literal))
#define LEDGER_BEGIN_NAMED(s, expected_parent, name)                      \
	LEDGER_NAMED(s, expected_parent, name, strlen(name), 1, "normal", \
		     ASYNCSPAN_BEGIN_NAMED(&(s)->span, name))
#define LEDGER_SPAWN_NAMED(s, expected_parent, name)                      \
	LEDGER_NAMED(s, expected_parent, name, strlen(name), 0, "normal", \
		     ASYNCSPAN_SPAWN_NAMED(&(s)->span, name))
#define LEDGER_BEGIN_NAMED_N(s, expected_parent, name, length)      \
	LEDGER_NAMED(s, expected_parent, name, length, 1, "normal", \
		     ASYNCSPAN_BEGIN_NAMED_N(&(s)->span, name, length))

/* `given` is the parent handed to the macro; the one expected may be another, or none. */
#define LEDGER_BEGIN_CHILD(s, expected_parent, given, literal, outcome) \
	LEDGER_LITERAL(s, expected_parent, literal, 1, outcome,         \
		       ASYNCSPAN_BEGIN_CHILD(&(s)->span, given, literal))
#define LEDGER_SPAWN_CHILD(s, expected_parent, given, literal, outcome) \
	LEDGER_LITERAL(s, expected_parent, literal, 0, outcome,         \
		       ASYNCSPAN_SPAWN_CHILD(&(s)->span, given, literal))
#define LEDGER_BEGIN_CHILD_NAMED(s, expected_parent, given, name, outcome) \
	LEDGER_NAMED(s, expected_parent, name, strlen(name), 1, outcome,   \
		     ASYNCSPAN_BEGIN_CHILD_NAMED(&(s)->span, given, name))
#define LEDGER_SPAWN_CHILD_NAMED(s, expected_parent, given, name, outcome) \
	LEDGER_NAMED(s, expected_parent, name, strlen(name), 0, outcome,   \
		     ASYNCSPAN_SPAWN_CHILD_NAMED(&(s)->span, given, name))

/* A name that nobody can read: given to the macro, never looked at here. */
#define LEDGER_BEGIN_UNREADABLE(s, expected_parent, name)      \
	LEDGER_NAMED(s, expected_parent, NULL, 0, 1, "normal", \
		     ASYNCSPAN_BEGIN_NAMED(&(s)->span, name))
#define LEDGER_BEGIN_UNREADABLE_N(s, expected_parent, name, length) \
	LEDGER_NAMED(s, expected_parent, NULL, 0, 1, "normal",      \
		     ASYNCSPAN_BEGIN_NAMED_N(&(s)->span, name, length))

#define LEDGER__DO(event, s, status, outcome, ...)                                      \
	do {                                                                            \
		uint64_t ledger_id = asyncspan_id(&(s)->span);                          \
		uint64_t ledger_before = ledger_now();                                  \
		__VA_ARGS__;                                                            \
		ledger_happened(event, (s), ledger_id, status, outcome, ledger_before); \
	} while (0)

#define LEDGER_SUSPEND_AS(s, outcome) \
	LEDGER__DO("suspend", s, 0, outcome, ASYNCSPAN_SUSPEND(&(s)->span))
#define LEDGER_RESUME_AS(s, outcome) \
	LEDGER__DO("resume", s, 0, outcome, ASYNCSPAN_RESUME(&(s)->span))
#define LEDGER_END_STATUS_AS(s, status, outcome) \
	LEDGER__DO("end", s, status, outcome, ASYNCSPAN_END_STATUS(&(s)->span, status))
#define LEDGER_END_AS(s, outcome) LEDGER__DO("end", s, 0, outcome, ASYNCSPAN_END(&(s)->span))
#define LEDGER_SUSPEND(s) LEDGER_SUSPEND_AS(s, "normal")
#define LEDGER_RESUME(s) LEDGER_RESUME_AS(s, "normal")
#define LEDGER_END_STATUS(s, status) LEDGER_END_STATUS_AS(s, status, "normal")
#define LEDGER_END(s) LEDGER_END_AS(s, "normal")

/*
 * Scopes: one variable before the span's and one behind it, so that their clean-ups run after it
 * has ended and before that. `s` may be the expected parent of others.
 */
static inline struct ledger_span ledger_scope_begin(const struct ledger_span *parent,
						    const char *name)
{
	struct ledger_span s;

	s.span.id = 0;
	ledger_expect(&s, parent, name);
	s.is_scope = 1;
	s.time_left = ledger_now();
	return s;
}

static inline struct ledger_span *ledger_scope_begun(struct ledger_span *s, const char *file,
						     uint32_t place)
{
	uint64_t after = ledger_now();
	struct ledger_line line;

	ledger_open_line(&line, "begin");
	ledger_add_span(&line, s, 0);
	ledger_add_bytes(&line, "name", s->name, strlen(s->name));
	ledger_add_bytes(&line, "file", file, strlen(file));
	ledger_add(&line, ",\"line\":%u,\"entered\":true", place);
	ledger_add_end_of_line(&line, "normal", s->time_left, after);
	return s;
}

static inline void ledger_scope_leave(struct ledger_span **s)
{
	(*s)->time_left = ledger_now();
}

static inline void ledger_scope_left(struct ledger_span *s)
{
	ledger_happened("end", s, 0, 0, "normal", s->time_left);
}

#define LEDGER_SCOPE(s, expected_parent, literal)                                             \
	struct ledger_span s __attribute__((cleanup(ledger_scope_left))) =                    \
		ledger_scope_begin(expected_parent, literal);                                 \
	ASYNCSPAN_SCOPE(literal);                                                             \
	struct ledger_span *ledger_##s __attribute__((cleanup(ledger_scope_leave), unused)) = \
		ledger_scope_begun(&s, __FILE__, __LINE__)

/* Of very many spans: a sum instead of lines. One per thread, added up at the end. */
struct ledger_sum {
	uint64_t spans;	   /* begun with an id */
	uint64_t ended;	   /* of those */
	uint64_t untraced; /* begun while nobody traced */
	uint64_t id_sum;   /* modulo 2^64 */
	uint64_t id_xor;
};

static inline void ledger_sum_begun(struct ledger_sum *sum, const asyncspan_t *span)
{
	uint64_t id = asyncspan_id(span);

	sum->spans += id != 0;
	sum->untraced += id == 0;
	sum->id_sum += id;
	sum->id_xor ^= id;
}

static inline void ledger_sum_add(struct ledger_sum *sum, const struct ledger_sum *other)
{
	sum->spans += other->spans;
	sum->ended += other->ended;
	sum->untraced += other->untraced;
	sum->id_sum += other->id_sum;
	sum->id_xor ^= other->id_xor;
}

static inline void ledger_summary(const struct ledger_sum *sum)
{
	ledger_note("summary",
		    ",\"spans\":%llu,\"ended\":%llu,\"untraced\":%llu,\"id_sum\":%llu,"
		    "\"id_xor\":%llu",
		    (unsigned long long)sum->spans, (unsigned long long)sum->ended,
		    (unsigned long long)sum->untraced, (unsigned long long)sum->id_sum,
		    (unsigned long long)sum->id_xor);
}

#endif /* LEDGER_H */
