// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables: cells are collected, then printed in columns as wide as their widest cell. */
#include <stdarg.h>
#include <string.h>
#include <wchar.h>

#include "output.h"

struct table {
	size_t nr_columns, nr_cells;
	unsigned right;
	char **cells;	/* row by row, headings first */
};

/* Columns on a terminal, not bytes: a process may be named in any script. */
static int cell_width(const char *s)
{
	wchar_t wide[256];
	size_t n = mbstowcs(wide, s, ARRAY_SIZE(wide));
	int width;

	if (n == (size_t)-1 || n == ARRAY_SIZE(wide))
		return (int)strlen(s);
	width = wcswidth(wide, n);
	return width < 0 ? (int)strlen(s) : width;
}

static void cell_add(struct table *t, char *cell)
{
	if ((t->nr_cells & (t->nr_cells - 1)) == 0) {
		char **cells = reallocarray(t->cells, t->nr_cells ? 2 * t->nr_cells : 1, sizeof(*cells));

		if (!cells)
			abort();
		t->cells = cells;
	}
	t->cells[t->nr_cells++] = cell;
}

struct table *table_new(size_t nr_columns, unsigned right, const char *const *headings)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	t->nr_columns = nr_columns;
	t->right = right;
	for (size_t i = 0; i < nr_columns; i++)
		table_add(t, "%s", headings[i]);
	return t;
}

struct table *table_free(struct table *t)
{
	if (!t)
		return NULL;
	for (size_t i = 0; i < t->nr_cells; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t);
	return NULL;
}

void table_add(struct table *t, const char *format, ...)
{
	va_list args;
	char *cell;

	va_start(args, format);
	if (vasprintf(&cell, format, args) < 0)
		abort();
	va_end(args);
	cell_add(t, cell);
}

static int column_width(const struct table *t, size_t column)
{
	int width = 0;

	for (size_t i = column; i < t->nr_cells; i += t->nr_columns) {
		int w = cell_width(t->cells[i]);

		width = w > width ? w : width;
	}
	return width;
}

void table_print(const struct table *t, FILE *f, bool legend)
{
	_cleanup_free_ int *widths = calloc(t->nr_columns, sizeof(*widths));

	if (!widths)
		abort();
	for (size_t i = 0; i < t->nr_columns; i++)
		widths[i] = column_width(t, i);

	for (size_t i = legend ? 0 : t->nr_columns, blanks = 0; i < t->nr_cells; i++) {
		size_t column = i % t->nr_columns;
		const char *cell = t->cells[i];
		bool right = t->right & (1U << column);
		size_t pad = (size_t)(widths[column] - cell_width(cell));

		/* Blanks wait for something to stand behind them: no line ends with them. */
		if (*cell) {
			fprintf(f, "%*s%s", (int)(blanks + (right ? pad : 0)), "", cell);
			blanks = right ? 2 : pad + 2;
		} else {
			blanks += pad + 2;
		}
		if (column + 1 == t->nr_columns) {
			fputc('\n', f);
			blanks = 0;
		}
	}
}
