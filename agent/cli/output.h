/* SPDX-License-Identifier: Apache-2.0 */
/* Standard output of the commands: text is gathered in a buffer, written at once, and a failure is told once. */
#ifndef SESHAT_CLI_OUTPUT_H
#define SESHAT_CLI_OUTPUT_H

#include "base/buffer.h"
#include "cli/pretty_text.h"

struct json_object;

enum {
	OUTPUT_LIMIT = 268435456,  /* bytes that are gathered: above any record's readable line */
	OUTPUT_BATCH = 256 * 1024, /* as much as is worth a write */
};

struct output {
	struct buffer buffer;
	struct text text; /* appends to the buffer */
};

/* Its text has colours where standard output is a terminal that shall have them. The struct must not move. */
void output_init(struct output *output);

/* Appends the value as one line of JSON. A failure is in output->text.error. */
void output_json(struct output *output, struct json_object *value);

/* Writes what is there. Returns 0, or STATUS_FAILED, told on standard error. */
int output_flush(struct output *output);

/* Writes what is there and frees it. Returns as output_flush, or status where that is not 0. */
int output_end(struct output *output, int status);

#endif
