/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a log file, with what has to be known of it before a line is appended.
 */
#ifndef SESHAT_SINKS_LOG_FILE_H
#define SESHAT_SINKS_LOG_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct log_file {
	int fd; /* owned */
	uint64_t size;
	uint64_t
		age_ns; /* since it was made, where the file system knows; 0 else, and for an empty one */
	bool torn; /* its last line has no newline */
	bool created;
};

/*
 * Opens the file for appending, or makes it, 0640. Returns 0; -ELOOP for a symbolic link, -EINVAL for
 * anything else that is no regular file, or negative errno.
 */
int log_file_open(const char *path, struct log_file *ret);

/* Makes an empty one, in place of any. Returns 0 or negative errno. */
int log_file_make(const char *path, struct log_file *ret);

/* Gives it the group, unless it has it. Returns 0 or negative errno. */
int log_file_set_group(const struct log_file *log, gid_t group);

/* Is that what the path names? */
bool log_file_is_at(int fd, const char *path);

/* Forces a name made in, or moved in, the path's directory to the disk. Returns 0 or negative errno. */
int log_file_sync_name(const char *path);

#endif
