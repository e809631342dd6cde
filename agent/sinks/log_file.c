/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	LOG_MODE = 0640,
	LOG_ATTEMPTS = 10, /* somebody may make or remove the file between two looks */
	/* Not to wait for a FIFO's other end, should it be one; means nothing for a regular file. */
	LOG_FLAGS = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK,
	NS_PER_S = 1000000000,
};

static int log_file_judge(const struct stat *status)
{
	if (S_ISLNK(status->st_mode))
		return -ELOOP;
	return S_ISREG(status->st_mode) ? 0 : -EINVAL;
}

static int log_file_open_made(const char *path, bool *ret_created)
{
	int fd = open(path, LOG_FLAGS | O_CREAT | O_EXCL, LOG_MODE);

	if (fd < 0)
		return -errno;
	/* The umask may have taken more than it should. */
	if (fchmod(fd, LOG_MODE) < 0) {
		int r = -errno;

		(void)unlink(path);
		(void)fd_close(fd);
		return r;
	}
	*ret_created = true;
	return fd;
}

/* Returns a descriptor or negative errno. What is no regular file is not even opened. */
static int log_file_open_any(const char *path, bool *ret_created)
{
	int r = -ENOENT;

	for (int i = 0; i < LOG_ATTEMPTS && (r == -ENOENT || r == -EEXIST); i++) {
		struct stat status;

		if (lstat(path, &status) < 0) {
			r = -errno;
			if (r == -ENOENT)
				r = log_file_open_made(path, ret_created);
			continue;
		}
		r = log_file_judge(&status);
		if (r < 0)
			return r;
		r = open(path, LOG_FLAGS);
		if (r < 0)
			r = -errno;
	}
	return r;
}

static uint64_t log_file_age(int fd)
{
	struct statx status;
	struct timespec now;
	int64_t age;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &status) < 0 ||
	    !(status.stx_mask & STATX_BTIME) || clock_gettime(CLOCK_REALTIME, &now) < 0)
		return 0;
	age = (now.tv_sec - status.stx_btime.tv_sec) * NS_PER_S + now.tv_nsec -
	      (int64_t)status.stx_btime.tv_nsec;
	return age > 0 ? (uint64_t)age : 0;
}

static int log_file_learn(struct log_file *log)
{
	struct stat status;
	char last = '\n';
	int r;

	if (fstat(log->fd, &status) < 0)
		return -errno;
	r = log_file_judge(&status); /* it may be another than before */
	if (r < 0)
		return r;
	if (status.st_size > 0 && pread(log->fd, &last, 1, status.st_size - 1) < 0)
		return -errno;
	log->size = (uint64_t)status.st_size;
	log->torn = last != '\n';
	log->age_ns = log->size > 0 ? log_file_age(log->fd) : 0;
	return 0;
}

int log_file_open(const char *path, struct log_file *ret)
{
	struct log_file log = { .fd = -1 };
	_cleanup_close_ int fd = log_file_open_any(path, &log.created);
	int r;

	if (fd < 0)
		return fd;
	log.fd = fd;
	r = log_file_learn(&log);
	if (r < 0)
		return r;
	*ret = log;
	TAKE_FD(fd);
	return 0;
}

int log_file_make(const char *path, struct log_file *ret)
{
	struct log_file log = { 0 };

	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	log.fd = log_file_open_made(path, &log.created);
	if (log.fd < 0)
		return log.fd;
	*ret = log;
	return 0;
}

int log_file_set_group(const struct log_file *log, gid_t group)
{
	struct stat status;

	if (group == (gid_t)-1)
		return 0;
	if (fstat(log->fd, &status) < 0)
		return -errno;
	if (status.st_gid == group)
		return 0;
	return fchown(log->fd, (uid_t)-1, group) < 0 ? -errno : 0;
}

bool log_file_is_at(int fd, const char *path)
{
	struct stat open_file, named;

	return fstat(fd, &open_file) == 0 && lstat(path, &named) == 0 &&
	       open_file.st_dev == named.st_dev && open_file.st_ino == named.st_ino;
}

int log_file_sync_name(const char *path)
{
	_cleanup_free_ char *copy = strdup(path); /* dirname(3) writes to it */
	_cleanup_close_ int fd = -1;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return fsync(fd) < 0 ? -errno : 0;
}
