/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/columns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	CELL_LIMIT = 65536, /* bytes */
	CELL_SHOWN = 64,    /* bytes of what is put into a cell; the rest is left out */
};

int columns_add(struct columns *columns, struct bytes cell)
{
	struct buffer buffer = BUFFER_INIT(CELL_LIMIT);
	struct text text = { .buffer = &buffer };
	char **more;
	int r;

	text_bytes(&text, cell.size <= CELL_SHOWN ?
				  cell :
				  (struct bytes){ .data = cell.data, .size = CELL_SHOWN });
	r = text.error ? text.error : buffer_append(&buffer, "", 1);
	if (r == 0) {
		more = reallocarray(columns->cells, columns->cells_count + 1, sizeof(*more));
		if (more) {
			columns->cells = more;
			columns->cells[columns->cells_count++] = buffer.data;
			return 0;
		}
		r = -ENOMEM;
	}
	buffer_free(&buffer);
	return r;
}

static void print_row(struct text *text, const char *const *cells, const size_t *widths,
		      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct bytes cell = bytes_of(cells[i]);
		size_t width = text_width(cell);

		text_bytes(text, cell);
		if (i + 1 < count)
			text_printf(text, "%*s", (int)(widths[i] - width) + 2, "");
	}
	text_printf(text, "\n");
}

void columns_print(const struct columns *columns, struct text *text)
{
	size_t widths[COLUMNS_MAX] = { 0 };
	size_t count = columns->count;
	const char *const *cells = (const char *const *)columns->cells;

	if (count == 0 || count > COLUMNS_MAX)
		return;
	for (size_t i = 0; i < count; i++)
		widths[i] = strlen(columns->names[i]);
	for (size_t i = 0; i < columns->cells_count; i++) {
		size_t width = text_width(bytes_of(cells[i]));

		if (width > widths[i % count])
			widths[i % count] = width;
	}
	print_row(text, columns->names, widths, count);
	for (size_t i = 0; i + count <= columns->cells_count; i += count)
		print_row(text, cells + i, widths, count);
}

void columns_free(struct columns *columns)
{
	for (size_t i = 0; i < columns->cells_count; i++)
		free(columns->cells[i]);
	free(columns->cells);
	columns->cells = NULL;
	columns->cells_count = 0;
}
