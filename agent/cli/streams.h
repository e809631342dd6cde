/* SPDX-License-Identifier: Apache-2.0 */
/* Standard streams that the caller has closed. */
#ifndef SESHAT_CLI_STREAMS_H
#define SESHAT_CLI_STREAMS_H

#include <stdbool.h>

/* Which of the descriptors 0, 1 and 2 were closed. */
struct streams {
	bool closed[3];
};

/*
 * Puts /dev/null where a standard stream is closed, so that no file or pipe of this program takes that number and is
 * then written to, or closed, as something else. It closes on exec: COMMAND finds them closed, as they were.
 * Returns 0 or negative errno.
 */
int streams_reserve(struct streams *ret);

#endif
