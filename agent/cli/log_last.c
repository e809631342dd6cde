/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_last.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct log_last_line {
	char *data;
	size_t size;
};

int log_last_add(struct log_last *last, const char *line, size_t size)
{
	struct log_last_line *more;
	char *copy;

	if (last->limit == 0)
		return 0;
	copy = malloc(size > 0 ? size : 1);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, line, size);
	if (last->count == last->limit) {
		free(last->lines[last->oldest].data);
		last->lines[last->oldest] = (struct log_last_line){ .data = copy, .size = size };
		last->oldest = (last->oldest + 1) % last->limit;
		return 0;
	}
	more = reallocarray(last->lines, last->count + 1, sizeof(*more));
	if (!more) {
		free(copy);
		return -ENOMEM;
	}
	last->lines = more;
	last->lines[last->count++] = (struct log_last_line){ .data = copy, .size = size };
	return 0;
}

struct bytes log_last_get(const struct log_last *last, size_t index)
{
	const struct log_last_line *line = &last->lines[(last->oldest + index) % last->count];

	return (struct bytes){ .data = line->data, .size = line->size };
}

void log_last_free(struct log_last *last)
{
	for (size_t i = 0; i < last->count; i++)
		free(last->lines[i].data);
	free(last->lines);
	*last = (struct log_last){ .limit = last->limit };
}
