/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is wrong, or looks so, in a trace: each finding with its evidence.
 *
 *	struct span_findings *findings = span_findings_new(&thresholds);
 *	error = span_findings_add(findings, &span, self);	for each span, latest first
 *	error = span_findings_close(findings, self);		when its children have been seen
 *	error = span_findings_finish(findings, by_name, tree);
 *	... findings->list[i] ...
 *	span_findings_free(findings);
 *
 * The list is sorted: by kind in the order of enum finding_kind, within a kind by the time that is
 * concerned, greatest first. Memory: names, children that outlived their parents, spans unfinished at the
 * trace's end, and 16 bytes for each span that was spawned.
 */
#ifndef ANALYZE_SPAN_FINDINGS_H
#define ANALYZE_SPAN_FINDINGS_H

#include "analyze/open_spans.h"
#include "analyze/path_tree.h"
#include "analyze/span.h"
#include "analyze/span_groups.h"

enum finding_kind {
	FINDING_NEVER_ENDED, /* still open when the trace ended, much longer than others of its name */
	FINDING_RECURSION, /* a name occurs several times among its own ancestors */
	FINDING_DEEP_NESTING,
	FINDING_RETRY_STORM, /* siblings of a name one after the other, all but the last failed */
	FINDING_LONG_POLL,   /* a thread was held without a break */
	FINDING_QUEUEING,    /* spawned spans waited longer to begin than they took then */
	FINDING_SERIAL_FAN_OUT,	 /* many siblings of a name, one after the other */
	FINDING_OUTLIVED_PARENT, /* entered at its begin, ended after its parent */
	FINDING_KINDS,
};

/* Times in ns. */
struct finding_thresholds {
	uint64_t never_ended;	     /* age greater than this ... */
	uint64_t never_ended_factor; /* ... and than so many times the p99 of its name */
	uint64_t recursion;	     /* the same name at least so often among its ancestors */
	uint64_t depth;		     /* greater than this */
	uint64_t retries;	     /* at least so many in a row */
	uint64_t poll;		     /* longest poll greater than this */
	uint64_t queue;		 /* p99 greater than this, and than the median of wall - queue */
	uint64_t siblings;	 /* at least so many, ... */
	uint64_t serial_percent; /* ... with walls summing to less of their union than this */
};

#define FINDING_THRESHOLDS_DEFAULT                                                                \
	{                                                                                         \
		.never_ended = 1000000000, .never_ended_factor = 10, .recursion = 3, .depth = 64, \
		.retries = 5, .poll = 10000000, .queue = 10000000, .siblings = 10,                \
		.serial_percent = 110,                                                            \
	}

#define FINDING_SPANS 5

struct finding_span {
	int64_t id;
	uint32_t process; /* text */
	uint64_t value;	  /* by which it is the worse */
};

struct finding {
	enum finding_kind kind;
	uint32_t name;	 /* text */
	uint32_t parent; /* text: name of the parents of siblings and of what outlived them; else 0 */
	uint32_t path;	 /* of recursion and deep nesting, the deepest; else PATH_NONE */
	uint64_t count; /* spans, or for siblings their parents */
	uint64_t value; /* the greatest: age, repeats, depth, tries, poll, siblings, time outlived; queue p99 */
	uint64_t limit;	  /* what value went beyond */
	uint64_t total;	  /* ns concerned, by which findings of a kind are sorted */
	uint64_t waiting; /* never ended: of these not entered at the end, only suspects */
	struct finding_span spans[FINDING_SPANS]; /* the worst first */
	size_t span_count;
};

struct span_findings {
	struct finding *list;
	size_t count;
	struct span_findings_private *private;
};

extern const char *const finding_kind_names[FINDING_KINDS]; /* "never_ended" */

struct span_findings *span_findings_new(const struct finding_thresholds *thresholds);
void span_findings_free(struct span_findings *findings); /* NULL is fine */

/* As the callbacks of span_walk(). All return 0 or -ENOMEM. */
int span_findings_add(struct span_findings *findings, const struct span *span,
		      const struct open_span *self);
int span_findings_close(struct span_findings *findings, const struct open_span *self);

/* @by_name: finished, keys are names. */
int span_findings_finish(struct span_findings *findings, const struct span_groups *by_name,
			 struct path_tree *tree);

#endif
