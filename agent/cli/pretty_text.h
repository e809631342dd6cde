/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text for a person's terminal, appended to a buffer. No byte that comes from a record is ever shown as
 * a control character. The first error is kept in the text and makes all later calls do nothing, so that
 * a caller looks at it once, at the end.
 */
#ifndef SESHAT_CLI_PRETTY_TEXT_H
#define SESHAT_CLI_PRETTY_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/bytes.h"

enum text_color {
	TEXT_PLAIN,
	TEXT_DIM,
	TEXT_RED,
	TEXT_GREEN,
	TEXT_YELLOW,
	TEXT_BLUE,
	TEXT_CYAN,
	TEXT_COLORS,
};

struct text {
	struct buffer *buffer; /* borrowed */
	bool color;	       /* may it have colours? */
	int error;	       /* 0, -ENOMEM or -EMSGSIZE */
};

/* Appends as printf does; everything in it must be the program's own, or numbers. */
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends UTF-8 from a record; what could play with a terminal is shown as \xNN or \uNNNN. */
void text_bytes(struct text *text, struct bytes bytes);

/*
 * Appends it as one word of a shell's command line: as it is where a shell would take it so, else in
 * 'single quotes', or in $'...' when there is something in it that has to be escaped. Of more than limit
 * bytes only the beginning is shown, and "..." after it.
 */
void text_quoted(struct text *text, struct bytes bytes, size_t limit);

/* Columns (code points) that the bytes take when appended with text_bytes. */
size_t text_width(struct bytes bytes);

/* What follows has this colour, until TEXT_PLAIN. */
void text_color(struct text *text, enum text_color color);

#endif
