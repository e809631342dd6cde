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
	LOG_ATTEMPTS = 10, /* somebody may make, remove or change the file between two looks */
	LOG_BLOCK = 65536, /* read at once when looking back */
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
	int r;

	if (fstat(log->fd, &status) < 0)
		return -errno;
	r = log_file_judge(&status); /* it may be another than before */
	if (r < 0)
		return r;
	log->size = (uint64_t)status.st_size;
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

static int log_file_size(int fd, uint64_t *ret)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	*ret = (uint64_t)status.st_size;
	return 0;
}

/* All of it, or -EAGAIN: the file ends before. */
static int log_file_read(int fd, char *data, size_t size, uint64_t at)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, data + done, size - done, (off_t)(at + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EAGAIN;
		done += (size_t)n;
	}
	return 0;
}

/*
 * Block by block, from the end: tail->start moves back to the last newline, or as far as it may. Returns 1 when a
 * line begins there, 0 when there is no knowing, or negative errno.
 */
static int log_tail_find(int fd, struct log_tail *tail)
{
	char block[LOG_BLOCK];
	uint64_t least = tail->size > LOG_FILE_LOOK_BACK ? tail->size - LOG_FILE_LOOK_BACK : 0;

	while (tail->start > least) {
		size_t size = tail->start - least < LOG_BLOCK ? tail->start - least : LOG_BLOCK;
		const char *newline;
		int r = log_file_read(fd, block, size, tail->start - size);

		if (r < 0)
			return r;
		newline = memrchr(block, '\n', size);
		tail->start -= newline ? size - (size_t)(newline + 1 - block) : size;
		if (newline)
			return 1;
	}
	return tail->start == 0;
}

/* Of a record that was torn within those bytes there is only a part of them. */
static int log_tail_judge(int fd, struct log_tail *tail)
{
	char begin[sizeof(LOG_FILE_RECORD) - 1];
	uint64_t length = tail->size - tail->start;
	size_t size = length < sizeof(begin) ? length : sizeof(begin);
	int r = log_file_read(fd, begin, size, tail->start);

	if (r < 0)
		return r;
	tail->ours = size > 0 && memcmp(begin, LOG_FILE_RECORD, size) == 0;
	return 0;
}

int log_file_look(int fd, struct log_tail *ret)
{
	struct log_tail tail = { 0 };
	int r = log_file_size(fd, &tail.size);

	if (r < 0)
		return r;
	tail.start = tail.size;
	r = log_tail_find(fd, &tail);
	if (r > 0)
		r = log_tail_judge(fd, &tail);
	if (r < 0)
		return r;
	*ret = tail;
	return 0;
}

int log_file_cut(int fd, const struct log_tail *tail)
{
	uint64_t size;
	int r = log_file_size(fd, &size);

	if (r < 0)
		return r;
	if (size != tail->size)
		return -EAGAIN;
	return ftruncate(fd, (off_t)tail->start) < 0 ? -errno : 0;
}

/* Returns 1 when a newline has to be written, 0 when nothing is left to do, or negative errno. */
static int log_file_take_back(int fd)
{
	struct log_tail tail;
	int r = log_file_look(fd, &tail);

	if (r < 0)
		return r;
	if (tail.start == tail.size)
		return 0;
	if (!tail.ours)
		return 1;
	r = log_file_cut(fd, &tail);
	return r < 0 && r != -EAGAIN ? 1 : r;
}

int log_file_mend(int fd, uint64_t *ret_size)
{
	int r = -EAGAIN;

	for (int i = 0; i < LOG_ATTEMPTS && r == -EAGAIN; i++)
		r = log_file_take_back(fd);
	if (r < 0 && r != -EAGAIN)
		return r;
	if (r != 0) { /* an empty line, at worst */
		ssize_t n = fd_write(fd, "\n", 1);

		if (n < 0)
			return (int)n;
	}
	return log_file_size(fd, ret_size);
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
