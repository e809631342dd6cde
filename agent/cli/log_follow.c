/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_follow.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/log_files.h"
#include "cli/log_reader.h"

enum {
	EVENTS_SIZE =
		16384, /* bytes of events that are dropped at once: only that there are any matters */
	LINK_SIZE = 64,
};

struct log_follow {
	char *path;	      /* owned */
	int inotify;	      /* owned */
	int watch;	      /* of the current file; -1: none */
	struct log_file file; /* the current one; fd -1: there is none */
	struct log_file
		next; /* has something in it, and comes when file is read to its end; fd -1: none */
	struct log_reader reader;
};

/* The folder of a path: "." where it has none. The caller frees it; NULL: no memory. */
static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

int log_follow_new(struct log_follow **ret, const char *path)
{
	_cleanup_(log_follow_freep) struct log_follow *follow = calloc(1, sizeof(*follow));
	_cleanup_free_ char *folder = folder_of(path);

	if (!follow || !folder)
		return -ENOMEM;
	follow->file.fd = -1;
	follow->next.fd = -1;
	follow->watch = -1;
	follow->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (follow->inotify < 0)
		return -errno;
	follow->path = strdup(path);
	if (!follow->path)
		return -ENOMEM;
	/* Of everything in the folder: a file that has been renamed is still written to for a while. */
	if (inotify_add_watch(follow->inotify, folder, IN_CREATE | IN_MOVED_TO | IN_MODIFY) < 0)
		return -errno;
	*ret = TAKE_PTR(follow);
	return 0;
}

/* Makes it the current file, and takes it over. */
static void follow_enter(struct log_follow *follow, struct log_file *file)
{
	char link[LINK_SIZE];

	if (follow->watch >= 0)
		(void)inotify_rm_watch(follow->inotify, follow->watch);
	fd_close(follow->file.fd);
	follow->file = *file;
	file->fd = -1;
	log_reader_begin(&follow->reader, follow->file.fd);
	/* It may be moved into another folder. Where there is no /proc that goes unseen. */
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", follow->file.fd);
	follow->watch = inotify_add_watch(follow->inotify, link, IN_MODIFY);
}

/* Takes one out of the files, which is empty there afterwards. */
static struct log_file take_file(struct log_files *files, size_t index)
{
	struct log_file file = files->files[index];

	files->files[index].fd = -1;
	return file;
}

void log_follow_start(struct log_follow *follow, struct log_files *files)
{
	if (files->count > 0) {
		struct log_file file = take_file(files, files->count - 1);

		files->count--;
		follow_enter(follow, &file);
	}
}

int log_follow_skip(struct log_follow *follow)
{
	if (follow->file.fd < 0)
		return 0;
	return lseek(follow->file.fd, 0, SEEK_END) < 0 ? -errno : 0;
}

static bool same_file(const struct log_file *a, dev_t device, ino_t inode)
{
	return a->device == device && a->inode == inode;
}

/* The one that was begun after the current one: it may have been rotated away itself. */
static size_t successor(const struct log_follow *follow, const struct log_files *files)
{
	for (size_t i = 0; i + 1 < files->count; i++)
		if (same_file(&files->files[i], follow->file.device, follow->file.inode))
			return i + 1;
	return files->count - 1; /* it has been removed */
}

/* Is the current file not at the path any more? */
static bool follow_replaced(const struct log_follow *follow)
{
	struct stat status;

	if (stat(follow->path, &status) < 0)
		return false; /* a new one is not there yet */
	return follow->file.fd < 0 || !same_file(&follow->file, status.st_dev, status.st_ino);
}

/* Looks for the file that comes next. Returns 1 when there is one with something in it, 0, or negative errno. */
static int follow_look(struct log_follow *follow)
{
	_cleanup_(log_files_close) struct log_files files = { 0 };
	struct stat status;
	size_t index;
	int r;

	if (!follow_replaced(follow))
		return 0;
	r = log_files_open(follow->path, &files);
	if (r < 0 || files.count == 0)
		return r;
	index = successor(follow, &files);
	if (same_file(&files.files[index], follow->file.device, follow->file.inode) &&
	    follow->file.fd >= 0)
		return 0;
	if (fstat(files.files[index].fd, &status) < 0)
		return -errno;
	if (status.st_size == 0)
		return 0; /* the writer may not be done with the old one */
	follow->next = take_file(&files, index);
	return 1;
}

/* Somebody has cut the file: what is written now is new. Returns whether it is so. */
static bool follow_truncated(struct log_follow *follow)
{
	struct stat status;
	off_t at = lseek(follow->file.fd, 0, SEEK_CUR);

	if (at <= 0 || fstat(follow->file.fd, &status) < 0 || status.st_size >= at)
		return false;
	if (lseek(follow->file.fd, 0, SEEK_SET) < 0)
		return false;
	log_reader_begin(&follow->reader, follow->file.fd);
	return true;
}

int log_follow_next(struct log_follow *follow, const char **ret, size_t *ret_size)
{
	for (;;) {
		int r = follow->file.fd < 0 ? 0 : log_reader_next(&follow->reader, ret, ret_size);

		if (r)
			return r;
		if (follow->file.fd >= 0 && follow_truncated(follow))
			continue;
		if (follow->next.fd >= 0) {
			follow_enter(follow, &follow->next);
			continue;
		}
		/* What was written to the old file before the new one had anything is read first. */
		r = follow_look(follow);
		if (r <= 0)
			return r;
	}
}

static void follow_drop_events(struct log_follow *follow)
{
	char events[EVENTS_SIZE];
	ssize_t n;

	do
		n = read(follow->inotify, events, sizeof(events));
	while (n > 0 || (n < 0 && errno == EINTR));
}

int log_follow_wait(struct log_follow *follow, int timeout_ms)
{
	struct pollfd fds[] = {
		{ .fd = follow->inotify, .events = POLLIN },
		{ .fd = STDOUT_FILENO },
	};
	int r = poll(fds, sizeof(fds) / sizeof(fds[0]), timeout_ms);

	if (r < 0)
		return -errno;
	if (fds[1].revents & (POLLERR | POLLHUP))
		return -EPIPE;
	if (r == 0)
		return 0;
	follow_drop_events(follow);
	return 1;
}

uint64_t log_follow_broken(const struct log_follow *follow)
{
	return follow->reader.broken;
}

void log_follow_free(struct log_follow *follow)
{
	if (!follow)
		return;
	fd_close(follow->inotify);
	fd_close(follow->file.fd);
	fd_close(follow->next.fd);
	log_reader_free(&follow->reader);
	free(follow->path);
	free(follow);
}

void log_follow_freep(struct log_follow **follow)
{
	log_follow_free(*follow);
}
