/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder of a test's own below /tmp, which goes with everything in it.
 */
#ifndef SESHAT_TESTS_FOLDER_H
#define SESHAT_TESTS_FOLDER_H

#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/fd.h"

struct folder {
	char path[64];
};

static inline void folder_make(struct folder *folder)
{
	strcpy(folder->path, "/tmp/seshat-unit.XXXXXX");
	assert_non_null(mkdtemp(folder->path));
}

/* The path of a file in it; one of four buffers, used in turn. */
static inline const char *folder_path(const struct folder *folder, const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned int turn;
	char *path = paths[turn++ % 4];

	assert_true(snprintf(path, PATH_MAX, "%s/%s", folder->path, name) < PATH_MAX);
	return path;
}

/* Appends to a file, which is made if need be. */
static inline void folder_append(const struct folder *folder, const char *name, const char *text)
{
	int fd = open(folder_path(folder, name), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, strlen(text)), 0);
	fd_close(fd);
}

static inline void folder_rename(const struct folder *folder, const char *from, const char *to)
{
	assert_int_equal(rename(folder_path(folder, from), folder_path(folder, to)), 0);
}

static inline void folder_remove(const struct folder *folder)
{
	DIR *stream = opendir(folder->path);
	struct dirent *entry;

	assert_non_null(stream);
	while ((entry = readdir(stream)))
		if (entry->d_name[0] != '.')
			assert_int_equal(unlinkat(dirfd(stream), entry->d_name, 0), 0);
	closedir(stream);
	assert_int_equal(rmdir(folder->path), 0);
}

#endif
