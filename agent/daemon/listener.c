/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	DIRECTORY_MODE = 0755,
	MODE_ALL = 0666,
	MODE_GROUP = 0660,
	PASSRIGHTS = 83,  /* SO_PASSRIGHTS, asm-generic/socket.h of 6.16 and later */
	LOCK_MODE = 0600, /* nobody else may hold the lock, and so keep the agent from starting */
};

static int make_directory(const char *path)
{
	_cleanup_free_ char *copy = strdup(path);
	const char *directory;

	if (!copy)
		return -ENOMEM;
	directory = dirname(copy);
	if (mkdir(directory, DIRECTORY_MODE) < 0)
		return errno == EEXIST ? 0 : -errno;
	/* Whatever the umask is: everybody must get to the socket. */
	return chmod(directory, DIRECTORY_MODE) < 0 ? -errno : 0;
}

static char *lock_path(const char *path)
{
	char *name = NULL;

	return asprintf(&name, "%s.lock", path) < 0 ? NULL : name;
}

/* Who listens there removes the lock's file at the end: is it still the one that has just been locked? */
static bool is_there(const char *name, int fd)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && lstat(name, &named) == 0 &&
	       opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

static int take_lock(const char *path)
{
	_cleanup_free_ char *name = lock_path(path);

	if (!name)
		return -ENOMEM;
	for (;;) {
		_cleanup_close_ int fd =
			open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, LOCK_MODE);

		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX | LOCK_NB) < 0)
			return errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
		if (is_there(name, fd))
			return TAKE_FD(fd);
	}
}

static void release_lock(const char *path, int fd)
{
	_cleanup_free_ char *name = lock_path(path);

	if (name)
		(void)unlink(name);
	(void)fd_close(fd);
}

/* Under the lock nobody listens: what is there was left behind. */
static int remove_stale(const char *path)
{
	struct stat status;

	if (lstat(path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	return unlink(path) < 0 ? -errno : 0;
}

/* May strangers connect? Only if they cannot send descriptors. */
static unsigned int choose_mode(int fd)
{
	int passed = 0;

	return setsockopt(fd, SOL_SOCKET, PASSRIGHTS, &passed, sizeof(passed)) == 0 ? MODE_ALL :
										      MODE_GROUP;
}

static int listen_at(const char *path, gid_t group)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_close_ int fd = -1;
	int r;

	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = remove_stale(path);
	if (r < 0)
		return r;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	/* bind(2) has applied the umask; nobody can connect before listen(2). */
	if ((group != (gid_t)-1 && lchown(path, (uid_t)-1, group) < 0) ||
	    chmod(path, choose_mode(fd)) < 0 || listen(fd, SOMAXCONN) < 0) {
		r = -errno;
		(void)unlink(path);
		return r;
	}
	return TAKE_FD(fd);
}

int listener_open(struct listener *ret, const char *path, gid_t group)
{
	_cleanup_free_ char *copy = NULL;
	int lock, fd, r;

	if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return -ENAMETOOLONG;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	r = make_directory(path);
	if (r < 0)
		return r;
	lock = take_lock(path);
	if (lock < 0)
		return lock;
	fd = listen_at(path, group);
	if (fd < 0) {
		release_lock(path, lock);
		return fd;
	}
	*ret = (struct listener){ .fd = fd, .lock = lock, .path = TAKE_PTR(copy) };
	return 0;
}

void listener_close(struct listener *listener)
{
	if (listener->fd < 0)
		return;
	(void)unlink(listener->path);
	(void)fd_close(listener->fd);
	release_lock(listener->path, listener->lock);
	free(listener->path);
	*listener = LISTENER_NONE;
}
