/* SPDX-License-Identifier: Apache-2.0 */
/* A table whose columns are as wide as what is in them. */
#ifndef SESHAT_CLI_COLUMNS_H
#define SESHAT_CLI_COLUMNS_H

#include <stddef.h>

#include "cli/pretty_text.h"

enum {
	COLUMNS_MAX = 16,
};

struct columns {
	const char *const *names; /* borrowed; the headings */
	size_t count;		  /* at most COLUMNS_MAX */
	char **cells;		  /* owned, and so is each; row by row */
	size_t cells_count;
};

/* Appends the next cell, from left to right: a copy, with what could play with a terminal escaped. Returns 0 or -ENOMEM. */
int columns_add(struct columns *columns, struct bytes cell);

/* Appends the headings and all whole rows. */
void columns_print(const struct columns *columns, struct text *text);

void columns_free(struct columns *columns);

#endif
