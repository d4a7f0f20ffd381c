/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyze/flame.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "base/number.h"
#include "base/printable.h"

#define WIDTH 1200.0
#define MARGIN 10.0
#define ROW 18
#define HEAD 64 /* title and legend */
#define ROWS_MAX 200
#define WIDTH_MIN 0.3
#define CHARACTER 6.6 /* of the font, about */
#define NAME_SIZE 1024

const char *const flame_value_names[] = { "wall", "busy-self", "idle", "count", NULL };

static const char *const legends[] = {
	[FLAME_WALL] =
		"Width: wall time, from begin to end, of the spans that ended. Children that ran at "
		"the same time are narrowed to fit and marked \"parallel\".",
	[FLAME_BUSY_SELF] =
		"Width: time in which the spans' own code ran. It adds up: a frame is its own "
		"time and that of all below it.",
	[FLAME_IDLE] =
		"Width: time in which the spans waited, for their children too. Children that waited "
		"at the same time are narrowed to fit and marked \"parallel\".",
	[FLAME_COUNT] =
		"Width: number of spans. It adds up: a frame is its own spans and all below them.",
};

/* One for each path. */
struct frame {
	uint64_t own;
	uint64_t children; /* sum of their values */
	double x;
	double width;
	unsigned int row;
	bool drawn;
};

struct flame {
	const struct report *report;
	enum flame_value value;
	struct frame *frames;
	uint32_t *order; /* paths, parents before children */
	uint32_t count;
	uint32_t *scratch; /* children of one frame */
	unsigned int rows;
	uint64_t left_out;
	FILE *out;
};

static bool adds_up(enum flame_value value)
{
	return value == FLAME_BUSY_SELF || value == FLAME_COUNT;
}

static uint64_t own_value(const struct path_values *values, enum flame_value value)
{
	switch (value) {
	case FLAME_WALL:
		return values->wall;
	case FLAME_BUSY_SELF:
		return values->busy_self;
	case FLAME_IDLE:
		return values->idle;
	case FLAME_COUNT:
		break;
	}
	return values->count;
}

static uint64_t frame_value(const struct flame *flame, uint32_t path)
{
	const struct frame *frame = &flame->frames[path];
	uint64_t value = frame->own;

	if (path == PATH_TOP)
		return frame->children;
	if (adds_up(flame->value))
		values_add_to(&value, frame->children);
	return value;
}

static int prepare(struct flame *flame)
{
	struct path_tree *tree = flame->report->paths;
	size_t count = path_tree_count(tree);

	flame->frames = calloc(count, sizeof(*flame->frames));
	flame->order = calloc(count, sizeof(*flame->order));
	flame->scratch = calloc(count, sizeof(*flame->scratch));
	if (!flame->frames || !flame->order || !flame->scratch)
		return -ENOMEM;
	for (uint32_t path = PATH_TOP; path != PATH_NONE; path = path_tree_next(tree, path)) {
		flame->frames[path].own =
			own_value(&path_tree_node(tree, path)->values, flame->value);
		flame->order[flame->count++] = path;
	}
	for (uint32_t i = flame->count; i-- > 1;) {
		uint32_t parent = path_tree_node(tree, flame->order[i])->parent;

		values_add_to(&flame->frames[parent].children, frame_value(flame, flame->order[i]));
	}
	return 0;
}

static int compare_children(const void *a, const void *b, void *context)
{
	const struct flame *flame = context;
	uint64_t left = frame_value(flame, *(const uint32_t *)a);
	uint64_t right = frame_value(flame, *(const uint32_t *)b);

	if (left != right)
		return left < right ? 1 : -1;
	return (*(const uint32_t *)a > *(const uint32_t *)b) -
	       (*(const uint32_t *)a < *(const uint32_t *)b);
}

/* Side by side below their parent, the widest first. */
static void place_children(struct flame *flame, uint32_t path)
{
	struct path_tree *tree = flame->report->paths;
	const struct frame *parent = &flame->frames[path];
	uint64_t value = frame_value(flame, path);
	double scale, x = parent->x;
	size_t count = 0;

	if (parent->children > value)
		value = parent->children;
	scale = value ? parent->width / (double)value : 0;
	for (uint32_t child = path_tree_node(tree, path)->first_child; child != PATH_NONE;
	     child = path_tree_node(tree, child)->next)
		flame->scratch[count++] = child;
	qsort_r(flame->scratch, count, sizeof(*flame->scratch), compare_children, flame);
	for (size_t i = 0; i < count; i++) {
		struct frame *frame = &flame->frames[flame->scratch[i]];

		frame->x = x;
		frame->width = (double)frame_value(flame, flame->scratch[i]) * scale;
		frame->row = path == PATH_TOP ? 0 : parent->row + 1;
		frame->drawn = frame->width >= WIDTH_MIN && frame->row < ROWS_MAX;
		x += frame->width;
		if (frame->drawn && frame->row >= flame->rows)
			flame->rows = frame->row + 1;
	}
}

static void place(struct flame *flame)
{
	flame->frames[PATH_TOP].x = MARGIN;
	flame->frames[PATH_TOP].width = WIDTH - 2 * MARGIN;
	flame->frames[PATH_TOP].drawn = true;
	for (uint32_t i = 0; i < flame->count; i++) {
		if (flame->frames[flame->order[i]].drawn)
			place_children(flame, flame->order[i]);
		else
			flame->left_out++;
	}
}

/* What would drive a terminal is shown as an escape before; here what SVG takes for its own. */
static void write_escaped(const char *text, size_t length, FILE *out)
{
	for (size_t i = 0; i < length; i++) {
		switch (text[i]) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		case '\'':
			fputs("&#39;", out);
			break;
		default:
			fputc(text[i], out);
		}
	}
}

/* The same name has the same colour everywhere. */
static void write_color(const char *name, FILE *out)
{
	uint32_t hash = 2166136261;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619;
	fprintf(out, "hsl(%u,%u%%,%u%%)", hash % 55 + (hash >> 8) % 2 * 165, 55 + (hash >> 16) % 25,
		62 + (hash >> 24) % 14);
}

static void write_amount(const struct flame *flame, uint64_t value)
{
	char text[NUMBER_TEXT_SIZE > DURATION_TEXT_SIZE ? NUMBER_TEXT_SIZE : DURATION_TEXT_SIZE];

	if (flame->value == FLAME_COUNT)
		fprintf(flame->out, "%s span%s", number_format(value, text), value == 1 ? "" : "s");
	else
		fputs(duration_format(value, text), flame->out);
}

static void write_tip(const struct flame *flame, uint32_t path, const char *name)
{
	const struct path_values *values = &path_tree_node(flame->report->paths, path)->values;
	const struct frame *frame = &flame->frames[path];
	uint64_t whole = flame->frames[PATH_TOP].children;
	char text[NUMBER_TEXT_SIZE];

	fputs("<title>", flame->out);
	write_escaped(name, strlen(name), flame->out);
	fputs(": ", flame->out);
	write_amount(flame, frame_value(flame, path));
	if (whole)
		fprintf(flame->out, " (%s)",
			number_format_percent(frame_value(flame, path), whole, text));
	fprintf(flame->out, ", %s spans", number_format(values->count, text));
	if (!adds_up(flame->value) && frame->own && frame->children > frame->own)
		fprintf(flame->out, ", children parallel \303\227%.1f",
			(double)frame->children / (double)frame->own);
	fputs("</title>", flame->out);
}

static void write_frame(const struct flame *flame, uint32_t path)
{
	const struct frame *frame = &flame->frames[path];
	const struct intern *strings = span_reader_strings(flame->report->reader);
	unsigned int y = HEAD + frame->row * ROW;
	size_t length, room = (size_t)(frame->width / CHARACTER);
	const char *bytes =
		intern_get(strings, path_tree_node(flame->report->paths, path)->name, &length);
	char name[NAME_SIZE], label[NAME_SIZE + 32];
	size_t cut;

	printable_escape(name, sizeof(name), bytes, length);
	fputs("<g>", flame->out);
	write_tip(flame, path, name);
	fprintf(flame->out, "<rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%d\" fill=\"",
		frame->x, y, frame->width, ROW - 1);
	write_color(name, flame->out);
	fputs("\"/>", flame->out);
	if (!adds_up(flame->value) && frame->own && frame->children > frame->own)
		snprintf(label, sizeof(label), "%s (parallel \303\227%.1f)", name,
			 (double)frame->children / (double)frame->own);
	else
		snprintf(label, sizeof(label), "%s", name);
	cut = printable_cut(label, strlen(label), room > 0 ? room - 1 : 0);
	if (room >= 3 && cut) {
		fprintf(flame->out, "<text x=\"%.2f\" y=\"%u\">", frame->x + 3, y + ROW - 5);
		write_escaped(label, cut, flame->out);
		fputs("</text>", flame->out);
	}
	fputs("</g>\n", flame->out);
}

static void write_head(const struct flame *flame, const char *title)
{
	unsigned int height = HEAD + (flame->rows ? flame->rows : 1) * ROW + 30;
	char safe[NAME_SIZE];

	printable_escape(safe, sizeof(safe), title, strlen(title));
	fprintf(flame->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" width=\"%d\" "
		"height=\"%u\" font-family=\"monospace\" font-size=\"11\">\n"
		"<style>rect:hover{stroke:#000;stroke-width:1}text{pointer-events:none}</style>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
		"<text x=\"%d\" y=\"22\" font-size=\"16\">",
		(int)WIDTH, height, (int)WIDTH, height, (int)MARGIN);
	write_escaped(safe, strlen(safe), flame->out);
	fprintf(flame->out, "</text>\n<text x=\"%d\" y=\"40\">", (int)MARGIN);
	write_escaped(legends[flame->value], strlen(legends[flame->value]), flame->out);
	fprintf(flame->out,
		"</text>\n<text x=\"%d\" y=\"54\">A frame is a name below its parents, by parent id, "
		"not by the stack of a thread. All: ",
		(int)MARGIN);
	write_amount(flame, flame->frames[PATH_TOP].children);
	fputs("</text>\n", flame->out);
}

static void write_tail(const struct flame *flame)
{
	unsigned int y = HEAD + flame->rows * ROW + 18;
	char number[NUMBER_TEXT_SIZE];

	if (!flame->frames[PATH_TOP].children)
		fprintf(flame->out, "<text x=\"%d\" y=\"%u\">There is nothing to show.</text>\n",
			(int)MARGIN, y);
	else if (flame->left_out)
		fprintf(flame->out,
			"<text x=\"%d\" y=\"%u\">Too narrow or too deep to be drawn: %s frame%s</text>\n",
			(int)MARGIN, y, number_format(flame->left_out, number),
			flame->left_out == 1 ? "" : "s");
	fputs("</svg>\n", flame->out);
}

int flame_write(const struct report *report, enum flame_value value, const char *title, FILE *out)
{
	struct flame flame = { .report = report, .value = value, .out = out };
	int error = prepare(&flame);

	if (!error) {
		place(&flame);
		write_head(&flame, title);
		for (uint32_t i = 1; i < flame.count; i++) {
			if (flame.frames[flame.order[i]].drawn)
				write_frame(&flame, flame.order[i]);
		}
		write_tail(&flame);
		error = fflush(out) || ferror(out) ? -EIO : 0;
	}
	free(flame.frames);
	free(flame.order);
	free(flame.scratch);
	return error;
}
