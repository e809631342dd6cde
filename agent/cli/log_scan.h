/* SPDX-License-Identifier: Apache-2.0 */
/* All lines of a log, from its oldest file to its newest. */
#ifndef SESHAT_CLI_LOG_SCAN_H
#define SESHAT_CLI_LOG_SCAN_H

#include <stddef.h>
#include <stdint.h>

/* A line, with its end; borrowed. Returns 0 to go on; anything else ends the scan, and is its result. */
typedef int (*log_scan_line)(void *userdata, const char *line, size_t size);

/*
 * Calls back for each line of the log's files that were written to at or after since (a record's time; "" or NULL: all). *ret_broken
 * (may be NULL) is how many lines could not be read. Returns 0, negative errno (-ENOENT: there is no file), or
 * what line returned.
 */
int log_scan(const char *path, const char *since, log_scan_line line, void *userdata,
	     uint64_t *ret_broken);

#endif
