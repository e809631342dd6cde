/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log that grows: its newest file, read to the end and beyond it, over rotation, truncation and a new beginning. One
 * writer is assumed, which writes to a new file only when it is done with the old one.
 */
#ifndef SESHAT_CLI_LOG_FOLLOW_H
#define SESHAT_CLI_LOG_FOLLOW_H

#include <stddef.h>
#include <stdint.h>

struct log_files;
struct log_follow;

/*
 * Begins to watch: whatever is written from now on is told of. The folder must be there, the file need not be. Returns 0 or
 * negative errno.
 */
int log_follow_new(struct log_follow **ret, const char *path);

/* Begins with the newest of the files, which it takes out of them. Without a file it waits for one. */
void log_follow_start(struct log_follow *follow, struct log_files *files);

/* Leaves out what the file has now. Returns 0 or negative errno. */
int log_follow_skip(struct log_follow *follow);

/* As log_reader_next: 1 and a line, 0 when there is none for now, or negative errno. */
int log_follow_next(struct log_follow *follow, const char **ret, size_t *ret_size);

/*
 * Waits until there may be more: at most timeout_ms (-1: for ever). Returns 1, 0 when the time is over, -EPIPE when nobody
 * reads standard output any more, -EINTR, or another negative errno.
 */
int log_follow_wait(struct log_follow *follow, int timeout_ms);

/* Lines that could not be read so far. */
uint64_t log_follow_broken(const struct log_follow *follow);

/* NULL is allowed; _freep for _cleanup_. */
void log_follow_free(struct log_follow *follow);
void log_follow_freep(struct log_follow **follow);

#endif
