/* SPDX-License-Identifier: Apache-2.0 */
/* Records of many sessions, one line each. */
#ifndef SESHAT_CLI_TAIL_PRINT_H
#define SESHAT_CLI_TAIL_PRINT_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/output.h"

/*
 * Appends the record of a line (with or without its end): as JSON, or readable, behind the first 8 characters of its session's
 * id, in a colour of the session's own. Returns 0, -EBADMSG when the line is no record, or -ENOMEM.
 */
int tail_print(struct output *output, const char *line, size_t size, bool json);

#endif
