/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opening a log file, with what has to be known of it before a line is appended, and mending its end.
 */
#ifndef SESHAT_SINKS_LOG_FILE_H
#define SESHAT_SINKS_LOG_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* How each record of ours begins: see envelope_common(). */
#define LOG_FILE_RECORD "{\"event\":\""

enum {
	LOG_FILE_LOOK_BACK = 134217728, /* bytes; no record is longer */
};

struct log_file {
	int fd; /* owned */
	uint64_t size;
	uint64_t
		age_ns; /* since it was made, where the file system knows; 0 else, and for an empty one */
	bool created;
};

/*
 * Opens the file for appending, or makes it, 0640. Returns 0; -ELOOP for a symbolic link, -EINVAL for
 * anything else that is no regular file, or negative errno.
 */
int log_file_open(const char *path, struct log_file *ret);

/* Makes an empty one, in place of any. Returns 0 or negative errno. */
int log_file_make(const char *path, struct log_file *ret);

/* What is behind the file's last newline. */
struct log_tail {
	uint64_t size; /* of the file when it was looked at */
	uint64_t
		start; /* the first byte behind that newline; size: there is none, the file is whole */
	bool ours;     /* it begins as our records do, as far as it goes */
};

/*
 * Looks back to the last newline, LOG_FILE_LOOK_BACK bytes at most. If there is none in them, nor the file's
 * beginning, start is where the look ended, and the tail is not ours. Returns 0; -EAGAIN when somebody has
 * cut the file meanwhile; or negative errno.
 */
int log_file_look(int fd, struct log_tail *ret);

/*
 * Cuts the tail off, which must be ours. Returns 0; -EAGAIN, and nothing is cut, when the file is not as long any more
 * as when it was looked at; or negative errno.
 */
int log_file_cut(int fd, const struct log_tail *tail);

/*
 * Sees to it that what is appended next begins a line: cuts off a record of ours that has no newline, and writes a
 * newline behind anything else that has none, and behind ours too where it cannot be cut (chattr +a; somebody else
 * keeps writing). Never cuts what a newline is behind. Returns 0 or negative errno; *ret_size is the
 * file's size then.
 */
int log_file_mend(int fd, uint64_t *ret_size);

/* Gives it the group, unless it has it. Returns 0 or negative errno. */
int log_file_set_group(const struct log_file *log, gid_t group);

/* Is that what the path names? */
bool log_file_is_at(int fd, const char *path);

/* Forces a name made in, or moved in, the path's directory to the disk. Returns 0 or negative errno. */
int log_file_sync_name(const char *path);

#endif
