/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a log: PATH, and what rotation has made of its forerunners: PATH.1, PATH.2, ..., the oldest with the
 * highest number.
 */
#ifndef SESHAT_CLI_LOG_FILES_H
#define SESHAT_CLI_LOG_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

enum {
	LOG_FILES_MAX = 512, /* as many as are opened; older ones are left out */
};

struct log_file {
	int fd; /* owned; for reading, at its beginning */
	dev_t device;
	ino_t inode;
	struct timespec written; /* last */
};

struct log_files {
	struct log_file *files; /* owned; the oldest first */
	size_t count;
};

/*
 * Opens them. A rotation meanwhile hides no file, and shows none twice. There may be none at all. Returns 0 or
 * negative errno.
 */
int log_files_open(const char *path, struct log_files *ret);

/* Could it hold a record of that time ("" or NULL: any) or a later one? It is younger than all its records. */
bool log_file_reaches(const struct log_file *file, const char *since);

/* Empty ones are allowed; they are empty afterwards. */
void log_files_close(struct log_files *files);

#endif
