/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/text_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/duration.h"
#include "base/number.h"
#include "base/printable.h"

#define GAP 2
#define SHRINK_MINIMUM 16
#define DEFAULT_WIDTH 79

struct text_table {
	const struct text_column *columns;
	size_t column_count;
	char **cells; /* row by row */
	size_t cell_count;
	size_t cell_room;
	bool refused;
};

struct text_table *text_table_new(const struct text_column *columns, size_t column_count)
{
	struct text_table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->columns = columns;
	table->column_count = column_count;
	return table;
}

void text_table_free(struct text_table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->cell_count; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

static bool make_room(struct text_table *table)
{
	size_t room = table->cell_room ? table->cell_room * 2 : 64;
	char **cells;

	if (table->cell_count < table->cell_room)
		return true;
	cells = realloc(table->cells, room * sizeof(*cells));
	if (!cells)
		return false;
	table->cells = cells;
	table->cell_room = room;
	return true;
}

void text_table_add(struct text_table *table, const char *text, size_t length)
{
	char *cell;

	if (!table || table->refused)
		return;
	cell = make_room(table) ? malloc(length * PRINTABLE_EXPANSION + 1) : NULL;
	if (!cell) {
		table->refused = true;
		return;
	}
	printable_escape(cell, length * PRINTABLE_EXPANSION + 1, text, length);
	table->cells[table->cell_count++] = cell;
}

void text_table_add_text(struct text_table *table, const char *text)
{
	text_table_add(table, text, strlen(text));
}

void text_table_add_number(struct text_table *table, uint64_t value)
{
	char text[NUMBER_TEXT_SIZE];

	text_table_add_text(table, number_format(value, text));
}

void text_table_add_duration(struct text_table *table, uint64_t duration)
{
	char text[DURATION_TEXT_SIZE];

	text_table_add_text(table, duration_format(duration, text));
}

size_t text_table_width(FILE *out)
{
	struct winsize size;

	if (isatty(fileno(out)) && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return DEFAULT_WIDTH;
}

static bool is_empty(const char *cell)
{
	return !*cell || strcmp(cell, "-") == 0;
}

/* The width of each column, 0 for a hidden one. */
static void measure_columns(const struct text_table *table, size_t *widths)
{
	for (size_t c = 0; c < table->column_count; c++) {
		const struct text_column *column = &table->columns[c];
		bool shown = !column->hide_if_empty;

		widths[c] = printable_width(column->title, strlen(column->title));
		for (size_t i = c; i < table->cell_count; i += table->column_count) {
			size_t width = printable_width(table->cells[i], strlen(table->cells[i]));

			if (width > widths[c])
				widths[c] = width;
			shown = shown || !is_empty(table->cells[i]);
		}
		if (!shown)
			widths[c] = 0;
	}
}

static void shrink_columns(const struct text_table *table, size_t *widths, size_t width)
{
	size_t total = 0;

	for (size_t c = 0; c < table->column_count; c++)
		total += widths[c] ? widths[c] + (total ? GAP : 0) : 0;
	for (size_t c = 0; c < table->column_count && total > width; c++) {
		size_t spare = widths[c] > SHRINK_MINIMUM ? widths[c] - SHRINK_MINIMUM : 0;
		size_t cut = total - width < spare ? total - width : spare;

		if (!table->columns[c].shrinks)
			continue;
		widths[c] -= cut;
		total -= cut;
	}
}

/* Blanks are kept back until something follows them, so that no line ends in any. */
static size_t print_cell(const char *cell, size_t width, enum text_align align, size_t blanks,
			 FILE *out)
{
	size_t length = strlen(cell);
	size_t taken = printable_width(cell, length);
	bool cut = taken > width;
	size_t padding;

	if (cut) {
		length = printable_cut(cell, length, width - 3);
		taken = printable_width(cell, length) + 3;
	}
	padding = width - taken;
	if (align == TEXT_RIGHT)
		blanks += padding;
	if (!taken)
		return blanks + (align == TEXT_LEFT ? padding : 0);
	fprintf(out, "%*s%.*s%s", (int)blanks, "", (int)length, cell, cut ? "..." : "");
	return align == TEXT_LEFT ? padding : 0;
}

static void print_row(const struct text_table *table, const size_t *widths, size_t row, FILE *out)
{
	size_t blanks = 0;
	bool first = true;

	for (size_t c = 0; c < table->column_count; c++) {
		const struct text_column *column = &table->columns[c];
		const char *cell = row ? table->cells[(row - 1) * table->column_count + c] :
					 column->title;

		if (!widths[c])
			continue;
		blanks =
			print_cell(cell, widths[c], column->align, blanks + (first ? 0 : GAP), out);
		first = false;
	}
	fputc('\n', out);
}

int text_table_print(const struct text_table *table, FILE *out, size_t width)
{
	size_t *widths;

	if (!table || table->refused)
		return -ENOMEM;
	widths = calloc(table->column_count, sizeof(*widths));
	if (!widths)
		return -ENOMEM;
	measure_columns(table, widths);
	shrink_columns(table, widths, width);
	for (size_t row = 0; row <= table->cell_count / table->column_count; row++)
		print_row(table, widths, row, out);
	free(widths);
	return ferror(out) ? -EIO : 0;
}
