/* SPDX-License-Identifier: Apache-2.0 */
/* Which records of a log are wanted. */
#ifndef SESHAT_CLI_LOG_FILTER_H
#define SESHAT_CLI_LOG_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/clock.h"

/* Strings are borrowed; NULL: anything. */
struct log_filter {
	const char *sid; /* its beginning */
	const char *login;
	const char *user;
	const char *events; /* names with commas between them; "command" is "session.command" */
	const char *path;   /* a pattern of glob(7), for the whole path */
	char since[CLOCK_TEXT_SIZE + 1]; /* as records have it, in UTC; "": from the first on */
};

/* Are these events that there are? *ret_wrong is the first that is not, with what is behind it. */
bool log_filter_events_known(const char *events, const char **ret_wrong);

/*
 * Is the line (with its end) a record that is wanted? Returns 1 or 0, or negative errno: -EBADMSG when it is no
 * record.
 */
int log_filter_match(const struct log_filter *filter, const char *line, size_t size);

#endif
