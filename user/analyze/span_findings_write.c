/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/span_findings_write.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/number.h"
#include "base/printable.h"

#define SHOWN 12
#define SPANS_SHOWN 2
#define NAMES_OF_CYCLE 6
#define TEXT_SIZE 128

struct texts {
	char name[TEXT_SIZE];
	char parent[TEXT_SIZE];
	char count[NUMBER_TEXT_SIZE];
	char number[NUMBER_TEXT_SIZE];
	char value[DURATION_TEXT_SIZE];
	char limit[DURATION_TEXT_SIZE];
};

/* Names are those of a traced program: anything may be in them. */
static void copy_name(const struct report *report, uint32_t name, char text[TEXT_SIZE])
{
	size_t length;
	const char *bytes = intern_get(span_reader_strings(report->reader), name, &length);

	printable_escape(text, TEXT_SIZE, bytes, length);
}

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void write_sentence(const struct finding *finding, const struct texts *t, FILE *out)
{
	switch (finding->kind) {
	case FINDING_NEVER_ENDED:
		fprintf(out, "never ended: %s %s, the oldest for %s (limit %s)%s", t->count,
			t->name, t->value, t->limit,
			finding->waiting == finding->count ? "; waiting" : "");
		break;
	case FINDING_RECURSION:
		fprintf(out, "recursion: %s again below itself, %s times (%s span%s)", t->name,
			t->number, t->count, plural(finding->count));
		break;
	case FINDING_DEEP_NESTING:
		fprintf(out, "deep nesting: %s span%s deeper than %" PRIu64 ", down to %s: %s",
			t->count, plural(finding->count), finding->limit, t->number, t->name);
		break;
	case FINDING_RETRY_STORM:
		fprintf(out, "retry storm: %s tried up to %s times in a row below %s", t->name,
			t->number, t->parent);
		break;
	case FINDING_LONG_POLL:
		fprintf(out, "long poll: %s held its thread for up to %s, in %s span%s", t->name,
			t->value, t->count, plural(finding->count));
		break;
	case FINDING_QUEUEING:
		fprintf(out, "queueing: %s waited %s (p99) to begin, of %s", t->name, t->value,
			t->count);
		break;
	case FINDING_SERIAL_FAN_OUT:
		fprintf(out, "serial fan-out: %s up to %s times one after the other below %s",
			t->name, t->number, t->parent);
		break;
	case FINDING_OUTLIVED_PARENT:
		fprintf(out, "outlived parent: %s %s ended up to %s after %s", t->count, t->name,
			t->value, t->parent);
		break;
	case FINDING_KINDS:
		break;
	}
	fputc('\n', out);
}

static void write_spans(const struct finding *finding, FILE *out)
{
	bool parents = finding->kind == FINDING_RETRY_STORM ||
		       finding->kind == FINDING_SERIAL_FAN_OUT;

	fprintf(out, "      %s", parents ? "below span" : "span");
	for (size_t i = 0; i < finding->span_count && i < SPANS_SHOWN; i++)
		fprintf(out, "%s %" PRId64, i ? "," : "", finding->spans[i].id);
	fputc('\n', out);
}

/* What the recursion goes through, from one occurrence of the name to the next. */
static int write_cycle(const struct report *report, const struct finding *finding, FILE *out)
{
	uint32_t path = path_tree_resolve(report->paths, finding->path);
	size_t names = 1, length;
	char safe[TEXT_SIZE * 2];
	char *text;

	do
		path = path_tree_node(report->paths, path)->parent;
	while (path != PATH_NONE && names++ < NAMES_OF_CYCLE &&
	       path_tree_node(report->paths, path)->name != finding->name);
	text = report_path(report, finding->path, names, &length);
	if (!text)
		return -ENOMEM;
	printable_escape(safe, sizeof(safe), text, length);
	free(text);
	fprintf(out, "      %s\n", safe);
	return 0;
}

static int write_finding(const struct report *report, const struct finding *finding, FILE *out)
{
	struct texts texts;

	copy_name(report, finding->name, texts.name);
	copy_name(report, finding->parent, texts.parent);
	number_format(finding->count, texts.count);
	number_format(finding->value, texts.number);
	duration_format(finding->value, texts.value);
	duration_format(finding->limit, texts.limit);
	fputs("  ", out);
	write_sentence(finding, &texts, out);
	write_spans(finding, out);
	return finding->kind == FINDING_RECURSION ? write_cycle(report, finding, out) : 0;
}

/* What was not recorded cannot be found. */
static void write_not_known(const struct report *report, FILE *out)
{
	if (!report->has_polls)
		fputs("  not recorded: polls one by one (of each span only the longest is known)\n",
		      out);
	if (!report->has_off_cpu)
		fputs("  not recorded: time off the processor (no blocked polls can be told)\n",
		      out);
}

int span_findings_write_text(const struct report *report, FILE *out)
{
	const struct span_findings *findings = report->findings;
	size_t shown = findings->count < SHOWN ? findings->count : SHOWN;
	char more[NUMBER_TEXT_SIZE];
	int error = 0;

	fputs(findings->count ? "Findings\n" : "Findings: none\n", out);
	for (size_t i = 0; i < shown && !error; i++)
		error = write_finding(report, &findings->list[i], out);
	if (shown < findings->count)
		fprintf(out, "  %s more (--json shows all)\n",
			number_format(findings->count - shown, more));
	if (findings->count)
		fprintf(out, "  look closer: asyncspan-trace tree --span %" PRId64 "\n",
			findings->list[0].spans[0].id);
	write_not_known(report, out);
	fputc('\n', out);
	return error;
}

static void write_json_span(const struct report *report, struct json_writer *json,
			    const struct finding_span *span)
{
	size_t length;
	const char *process =
		intern_get(span_reader_strings(report->reader), span->process, &length);

	json_writer_object_begin(json, NULL);
	json_writer_string_n(json, "process_id", process, length);
	json_writer_signed(json, "span_id", span->id);
	json_writer_unsigned(json, "value", span->value);
	json_writer_object_end(json);
}

static void write_json_name(const struct report *report, struct json_writer *json, const char *key,
			    uint32_t name)
{
	size_t length;
	const char *bytes = intern_get(span_reader_strings(report->reader), name, &length);

	json_writer_string_n(json, key, bytes, length);
}

static void write_json_finding(const struct report *report, struct json_writer *json,
			       const struct finding *finding)
{
	json_writer_object_begin(json, NULL);
	json_writer_string(json, "kind", finding_kind_names[finding->kind]);
	write_json_name(report, json, "name", finding->name);
	write_json_name(report, json, "parent", finding->parent);
	json_writer_unsigned(json, "count", finding->count);
	json_writer_unsigned(json, "value", finding->value);
	json_writer_unsigned(json, "limit", finding->limit);
	json_writer_unsigned(json, "total_ns", finding->total);
	json_writer_unsigned(json, "waiting", finding->waiting);
	json_writer_array_begin(json, "spans");
	for (size_t i = 0; i < finding->span_count; i++)
		write_json_span(report, json, &finding->spans[i]);
	json_writer_array_end(json);
	json_writer_object_end(json);
}

int span_findings_write_json(const struct report *report, struct json_writer *json)
{
	json_writer_array_begin(json, "findings");
	for (size_t i = 0; i < report->findings->count; i++)
		write_json_finding(report, json, &report->findings->list[i]);
	json_writer_array_end(json);
	return json->error;
}
