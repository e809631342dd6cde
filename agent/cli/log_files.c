/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define NS_PER_S INT64_C(1000000000)

/* Of the newest (0) or an older file. The caller frees it. */
static char *file_name(const char *path, unsigned int number)
{
	char *name;

	if (asprintf(&name, number > 0 ? "%s.%u" : "%s", path, number) < 0)
		return NULL;
	return name;
}

/* Returns 1, 0 when there is no such file, or negative errno. */
static int file_open(const char *path, unsigned int number, struct log_file *ret)
{
	_cleanup_free_ char *name = file_name(path, number);
	_cleanup_close_ int fd = -1;
	struct stat status;

	if (!name)
		return -ENOMEM;
	/* Not to be held up by a pipe of that name. */
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	*ret = (struct log_file){
		.fd = TAKE_FD(fd),
		.device = status.st_dev,
		.inode = status.st_ino,
		.written = status.st_mtim,
	};
	return 1;
}

static bool files_have(const struct log_files *files, const struct log_file *file)
{
	for (size_t i = 0; i < files->count; i++)
		if (files->files[i].device == file->device && files->files[i].inode == file->inode)
			return true;
	return false;
}

/* Adds a file, which it takes over, unless it is there already. */
static int files_add(struct log_files *files, struct log_file *file)
{
	struct log_file *more;

	if (files_have(files, file)) {
		file->fd = fd_close(file->fd);
		return 0;
	}
	more = reallocarray(files->files, files->count + 1, sizeof(*more));
	if (!more) {
		file->fd = fd_close(file->fd);
		return -ENOMEM;
	}
	files->files = more;
	files->files[files->count++] = *file;
	return 0;
}

static void files_reverse(struct log_files *files)
{
	for (size_t i = 0; i < files->count / 2; i++) {
		struct log_file file = files->files[i];

		files->files[i] = files->files[files->count - 1 - i];
		files->files[files->count - 1 - i] = file;
	}
}

/*
 * From the newest on: what is renamed meanwhile gets a higher number, and is met again, not missed. While a rotation
 * is under way, or where one was interrupted, one number may be absent.
 */
int log_files_open(const char *path, struct log_files *ret)
{
	_cleanup_(log_files_close) struct log_files files = { 0 };
	unsigned int missing = 0; /* one after another */

	for (unsigned int number = 0; number < LOG_FILES_MAX && missing < 2; number++) {
		struct log_file file;
		int r = file_open(path, number, &file);

		missing = r == 0 ? missing + 1 : 0;
		if (r > 0)
			r = files_add(&files, &file);
		if (r < 0)
			return r;
	}
	files_reverse(&files);
	*ret = files;
	files = (struct log_files){ 0 };
	return 0;
}

bool log_file_reaches(const struct log_file *file, const char *since)
{
	struct clock_text cache = { 0 };
	char text[CLOCK_TEXT_SIZE];

	if (!since || !since[0])
		return true;
	clock_format(&cache, (int64_t)file->written.tv_sec * NS_PER_S + file->written.tv_nsec,
		     text);
	return memcmp(text, since, CLOCK_TEXT_SIZE) >= 0;
}

void log_files_close(struct log_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		fd_close(files->files[i].fd);
	free(files->files);
	*files = (struct log_files){ 0 };
}
