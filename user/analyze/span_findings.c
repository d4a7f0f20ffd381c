/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/span_findings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const finding_kind_names[FINDING_KINDS] = {
	[FINDING_NEVER_ENDED] = "never_ended",	     [FINDING_RECURSION] = "recursion",
	[FINDING_DEEP_NESTING] = "deep_nesting",     [FINDING_RETRY_STORM] = "retry_storm",
	[FINDING_LONG_POLL] = "long_poll",	     [FINDING_QUEUEING] = "queueing",
	[FINDING_SERIAL_FAN_OUT] = "serial_fan_out", [FINDING_OUTLIVED_PARENT] = "outlived_parent",
};

/* Unfinished when the trace ended: whether that is too long its name's p99 will tell. */
struct suspect {
	struct finding_span span;
	uint32_t name;
	bool waiting;
};

/* The spawned spans of a name. */
struct spawned {
	uint32_t name;
	struct values queue;
	struct values rest;	 /* wall - queue */
	struct finding evidence; /* spans that queued longest */
};

struct span_findings_private {
	struct finding_thresholds thresholds;
	size_t room;
	size_t last; /* of the list, found last */
	struct suspect *suspects;
	size_t suspect_count;
	size_t suspect_room;
	struct spawned *spawned;
	size_t spawned_count;
	size_t spawned_room;
	uint32_t *spawned_of; /* by name: index + 1 */
	size_t names;
};

struct span_findings *span_findings_new(const struct finding_thresholds *thresholds)
{
	struct span_findings *findings = calloc(1, sizeof(*findings));

	if (!findings)
		return NULL;
	findings->private = calloc(1, sizeof(*findings->private));
	if (!findings->private) {
		free(findings);
		return NULL;
	}
	findings->private->thresholds = *thresholds;
	return findings;
}

void span_findings_free(struct span_findings *findings)
{
	struct span_findings_private *private;

	if (!findings)
		return;
	private = findings->private;
	for (size_t i = 0; i < private->spawned_count; i++) {
		values_free(&private->spawned[i].queue);
		values_free(&private->spawned[i].rest);
	}
	free(private->spawned);
	free(private->spawned_of);
	free(private->suspects);
	free(private);
	free(findings->list);
	free(findings);
}

/* Room for one more element of an array that doubles. */
static void *make_room(void *array, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room ? *room * 2 : 16;
	void *grown;

	if (count < *room)
		return array;
	grown = reallocarray(array, wanted, size);
	if (grown)
		*room = wanted;
	return grown;
}

/* Keeps the worst spans, the worst first; of equal ones the first that came. */
static void add_evidence(struct finding *finding, const struct finding_span *span)
{
	size_t at = finding->span_count;

	if (at == FINDING_SPANS && finding->spans[at - 1].value >= span->value)
		return;
	if (at < FINDING_SPANS)
		finding->span_count++;
	else
		at--;
	for (; at && finding->spans[at - 1].value < span->value; at--)
		finding->spans[at] = finding->spans[at - 1];
	finding->spans[at] = *span;
}

static struct finding *find(struct span_findings *findings, enum finding_kind kind, uint32_t name,
			    uint32_t parent)
{
	struct span_findings_private *private = findings->private;
	struct finding *list;

	/* Cases of one finding often follow each other. */
	if (private->last < findings->count && findings->list[private->last].kind == kind &&
	    findings->list[private->last].name == name &&
	    findings->list[private->last].parent == parent)
		return &findings->list[private->last];
	for (size_t i = 0; i < findings->count; i++) {
		struct finding *finding = &findings->list[i];

		private->last = i;
		if (finding->kind == kind && finding->name == name && finding->parent == parent)
			return finding;
	}
	list = make_room(findings->list, findings->count, &private->room, sizeof(*list));
	if (!list)
		return NULL;
	findings->list = list;
	list[findings->count] =
		(struct finding){ .kind = kind, .name = name, .parent = parent, .path = PATH_NONE };
	return &list[findings->count++];
}

/* One more case of a finding; NULL without memory. */
static struct finding *add_case(struct span_findings *findings, enum finding_kind kind,
				uint32_t name, uint32_t parent, const struct finding_span *span,
				uint64_t concerned)
{
	struct finding *finding = find(findings, kind, name, parent);

	if (!finding)
		return NULL;
	finding->count++;
	if (span->value > finding->value)
		finding->value = span->value;
	values_add_to(&finding->total, concerned);
	add_evidence(finding, span);
	return finding;
}

static int add_suspect(struct span_findings_private *private, const struct span *span)
{
	struct suspect *suspects = make_room(private->suspects, private->suspect_count,
					     &private->suspect_room, sizeof(*suspects));

	if (!suspects)
		return -ENOMEM;
	private->suspects = suspects;
	suspects[private->suspect_count++] = (struct suspect){
		.span = { span->id, span->process, span_wall(span) },
		.name = span->name,
		.waiting = span->state != SPAN_STATE_ENTERED,
	};
	return 0;
}

static struct spawned *find_spawned(struct span_findings_private *private, uint32_t name)
{
	struct spawned *spawned;

	if (name >= private->names) {
		size_t names = (size_t)name * 2 + 256;
		uint32_t *spawned_of = realloc(private->spawned_of, names * sizeof(*spawned_of));

		if (!spawned_of)
			return NULL;
		memset(spawned_of + private->names, 0,
		       (names - private->names) * sizeof(*spawned_of));
		private->spawned_of = spawned_of;
		private->names = names;
	}
	if (private->spawned_of[name])
		return &private->spawned[private->spawned_of[name] - 1];
	spawned = make_room(private->spawned, private->spawned_count, &private->spawned_room,
			    sizeof(*spawned));
	if (!spawned)
		return NULL;
	private->spawned = spawned;
	spawned[private->spawned_count] = (struct spawned){ .name = name };
	private->spawned_of[name] = (uint32_t)++ private->spawned_count;
	return &spawned[private->spawned_count - 1];
}

/* A span that is begun by entering it has no queue time; one that was never entered none that is known. */
static int add_spawned(struct span_findings_private *private, const struct span *span)
{
	struct spawned *spawned = find_spawned(private, span->name);
	uint64_t wall = span_wall(span);
	int error;

	if (!spawned)
		return -ENOMEM;
	error = values_add(&spawned->queue, span->queue);
	if (!error)
		error = values_add(&spawned->rest, wall > span->queue ? wall - span->queue : 0);
	add_evidence(&spawned->evidence,
		     &(struct finding_span){ span->id, span->process, span->queue });
	return error;
}

static uint64_t lesser(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Children that came before it have outlived it, if it ended at all. */
static int add_outliving(struct span_findings *findings, const struct open_span *self)
{
	for (const struct outliving *child = self->outliving; child; child = child->next) {
		struct finding_span span = { child->id, self->process,
					     (uint64_t)(child->end - self->end) };

		if (!self->ended || child->end <= self->end || child->spawned)
			continue;
		if (!add_case(findings, FINDING_OUTLIVED_PARENT, child->name, self->name, &span,
			      span.value))
			return -ENOMEM;
	}
	return 0;
}

static int add_deep(struct span_findings *findings, const struct span *span,
		    const struct open_span *self)
{
	struct finding_span evidence = { span->id, span->process, (uint64_t)span->depth };
	struct finding *finding =
		add_case(findings, FINDING_DEEP_NESTING, 0, 0, &evidence, span_wall(span));

	if (!finding)
		return -ENOMEM;
	finding->limit = findings->private->thresholds.depth;
	if (finding->spans[0].id == span->id)
		finding->path = self->path;
	return 0;
}

static int add_long_poll(struct span_findings *findings, const struct span *span)
{
	struct finding_span evidence = { span->id, span->process, span->max_poll };
	struct finding *finding = add_case(findings, FINDING_LONG_POLL, span->name, 0, &evidence,
					   lesser(span->max_poll, span->busy_self));

	if (!finding)
		return -ENOMEM;
	finding->limit = findings->private->thresholds.poll;
	return 0;
}

int span_findings_add(struct span_findings *findings, const struct span *span,
		      const struct open_span *self)
{
	struct span_findings_private *private = findings->private;
	int error = add_outliving(findings, self);

	if (!error && span->end_reason == SPAN_REASON_OPEN && !span_ended(span))
		error = add_suspect(private, span);
	if (!error && span_ended(span) && span->entered && span->queue)
		error = add_spawned(private, span);
	if (!error && span->depth > 0 && (uint64_t)span->depth > private->thresholds.depth)
		error = add_deep(findings, span, self);
	if (!error && span->max_poll > private->thresholds.poll)
		error = add_long_poll(findings, span);
	return error;
}

/* The union of the children's times is what the parent waited for them. */
static struct finding *add_siblings(struct span_findings *findings, enum finding_kind kind,
				    const struct open_span *self, const struct sibling_group *group,
				    uint64_t value)
{
	struct finding_span evidence = { self->id, self->process, value };

	return add_case(findings, kind, group->name, self->name, &evidence, group->union_wall);
}

int span_findings_close(struct span_findings *findings, const struct open_span *self)
{
	const struct finding_thresholds *thresholds = &findings->private->thresholds;

	for (const struct sibling_group *group = self->children; group && self->known;
	     group = group->next) {
		bool storm = group->longest_run >= thresholds->retries;
		bool serial =
			group->count >= thresholds->siblings &&
			(double)group->wall * 100 <
				(double)group->union_wall * (double)thresholds->serial_percent;
		struct finding *finding;

		if (!storm && !serial)
			continue;
		finding = add_siblings(findings,
				       storm ? FINDING_RETRY_STORM : FINDING_SERIAL_FAN_OUT, self,
				       group, storm ? group->longest_run : group->count);
		if (!finding)
			return -ENOMEM;
		finding->limit = storm ? thresholds->retries : thresholds->siblings;
	}
	return 0;
}

/* What an age must exceed; a name of which no span has ended has no p99. */
static uint64_t age_limit(const struct finding_thresholds *thresholds,
			  const struct span_groups *by_name, uint32_t name)
{
	const struct span_group *group = span_groups_find(by_name, name);
	uint64_t limit = thresholds->never_ended, times;

	if (!group || !group->wall.count)
		return limit;
	if (__builtin_mul_overflow(group->wall.p99, thresholds->never_ended_factor, &times))
		times = UINT64_MAX;
	if (times > limit)
		limit = times;
	return limit;
}

static int judge_suspects(struct span_findings *findings, const struct span_groups *by_name)
{
	struct span_findings_private *private = findings->private;
	uint32_t name = 0;
	uint64_t limit = 0;

	for (size_t i = 0; i < private->suspect_count; i++) {
		const struct suspect *suspect = &private->suspects[i];
		struct finding *finding;

		if (!limit || suspect->name != name)
			limit = age_limit(&private->thresholds, by_name, suspect->name);
		name = suspect->name;
		if (suspect->span.value <= limit)
			continue;
		finding = add_case(findings, FINDING_NEVER_ENDED, name, 0, &suspect->span,
				   suspect->span.value);
		if (!finding)
			return -ENOMEM;
		finding->limit = limit;
		finding->waiting += suspect->waiting;
	}
	return 0;
}

static int judge_queues(struct span_findings *findings)
{
	struct span_findings_private *private = findings->private;

	for (size_t i = 0; i < private->spawned_count; i++) {
		struct spawned *spawned = &private->spawned[i];
		struct distribution queue = values_summarize(&spawned->queue);
		uint64_t rest = values_summarize(&spawned->rest).p50;
		struct finding *finding;

		if (queue.p99 <= private->thresholds.queue || queue.p99 <= rest)
			continue;
		finding = find(findings, FINDING_QUEUEING, spawned->name, 0);
		if (!finding)
			return -ENOMEM;
		finding->count = queue.count;
		finding->value = queue.p99;
		finding->limit = private->thresholds.queue > rest ? private->thresholds.queue :
								    rest;
		finding->total = queue.total;
		memcpy(finding->spans, spawned->evidence.spans, sizeof(finding->spans));
		finding->span_count = spawned->evidence.span_count;
	}
	return 0;
}

static int add_recursion(struct span_findings *findings, const struct path_node *node,
			 uint32_t path, uint32_t repeats)
{
	struct finding_span evidence = { node->example, node->example_process, repeats };
	struct finding *finding;

	if (!node->values.count)
		return 0;
	finding = add_case(findings, FINDING_RECURSION, node->name, 0, &evidence,
			   node->values.busy_self);
	if (!finding)
		return -ENOMEM;
	finding->count += node->values.count - 1;
	finding->limit = findings->private->thresholds.recursion;
	if (finding->spans[0].id == evidence.id)
		finding->path = path;
	return 0;
}

/* Down and up the tree, with the number of times that each name stands above. */
static int find_recursion(struct span_findings *findings, struct path_tree *tree, uint32_t *above,
			  size_t names)
{
	uint32_t path = PATH_TOP;
	int error = 0;

	while (!error) {
		struct path_node *node = path_tree_node(tree, path);

		if (path != PATH_TOP && node->name < names) {
			if (above[node->name] >= findings->private->thresholds.recursion)
				error = add_recursion(findings, node, path, above[node->name]);
			above[node->name]++;
		}
		if (node->first_child != PATH_NONE) {
			path = node->first_child;
			continue;
		}
		while (path != PATH_TOP && path_tree_node(tree, path)->next == PATH_NONE) {
			above[path_tree_node(tree, path)->name]--;
			path = path_tree_node(tree, path)->parent;
		}
		if (path == PATH_TOP)
			break;
		above[path_tree_node(tree, path)->name]--;
		path = path_tree_node(tree, path)->next;
	}
	return error;
}

static int judge_paths(struct span_findings *findings, struct path_tree *tree)
{
	size_t names = 1;
	uint32_t *above;
	int error;

	for (uint32_t path = PATH_TOP; path != PATH_NONE; path = path_tree_next(tree, path)) {
		if (path_tree_node(tree, path)->name >= names)
			names = (size_t)path_tree_node(tree, path)->name + 1;
	}
	above = calloc(names, sizeof(*above));
	if (!above)
		return -ENOMEM;
	error = find_recursion(findings, tree, above, names);
	free(above);
	return error;
}

static int compare_findings(const void *a, const void *b)
{
	const struct finding *left = a, *right = b;

	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	if (left->total != right->total)
		return left->total < right->total ? 1 : -1;
	return (left->name > right->name) - (left->name < right->name);
}

int span_findings_finish(struct span_findings *findings, const struct span_groups *by_name,
			 struct path_tree *tree)
{
	int error = judge_suspects(findings, by_name);

	if (!error)
		error = judge_queues(findings);
	if (!error)
		error = judge_paths(findings, tree);
	for (size_t i = 0; i < findings->count && !error; i++) {
		struct finding *finding = &findings->list[i];

		if (finding->kind == FINDING_DEEP_NESTING)
			finding->name = path_tree_node(tree, finding->path)->name;
	}
	if (!error && findings->count)
		qsort(findings->list, findings->count, sizeof(*findings->list), compare_findings);
	return error;
}
