/* SPDX-License-Identifier: Apache-2.0 */
#include "session/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

enum {
	HANDLE_KERNFS = 0xfe, /* FILEID_KERNFS, linux/exportfs.h */
	PARENT_MODE = 0755,
	CREATE_TRIES = 100,
	DEPTH_MAX = 64, /* levels below a session's cgroup that are removed */
};

static const char PARENT[] = "seshat";

/* Where distributions mount it; other mounts of it may be a container's, seen from outside. */
static bool is_usual(const char *path)
{
	static const char USUAL[] = "/sys/fs/cgroup";

	return strncmp(path, USUAL, sizeof(USUAL) - 1) == 0;
}

int cgroup_find_mount(char **ret)
{
	_cleanup_free_ char *found = NULL;
	struct mntent *entry;
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	char *path;

	if (!mounts)
		return -errno;
	while ((entry = getmntent(mounts))) {
		if (strcmp(entry->mnt_type, "cgroup2") != 0 || (found && !is_usual(entry->mnt_dir)))
			continue;
		path = strdup(entry->mnt_dir);
		if (!path)
			break;
		free(found);
		found = path;
	}
	endmntent(mounts);
	if (!found)
		return -ENOENT;
	*ret = TAKE_PTR(found);
	return 0;
}

static int open_directory(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

static int make_directory(int at, const char *name)
{
	if (mkdirat(at, name, PARENT_MODE) < 0 && errno != EEXIST)
		return -errno;
	return open_directory(at, name);
}

/* The directories below, deepest first: a session may have made some for itself. */
static int remove_below(int fd, int depth)
{
	_cleanup_close_ int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *entry;
	DIR *dir;
	int r = 0;

	if (copy < 0)
		return -errno;
	dir = fdopendir(copy);
	if (!dir)
		return -errno;
	copy = -1;
	while (depth > 0 && (entry = readdir(dir))) {
		_cleanup_close_ int below = -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = open_directory(fd, entry->d_name);
		if (below >= 0)
			(void)remove_below(below, depth - 1);
		if (unlinkat(fd, entry->d_name, AT_REMOVEDIR) < 0)
			r = -errno;
	}
	closedir(dir);
	return r;
}

/* Is the name still that of the open directory? It may have been removed, and made anew by its owner. */
static bool is_at(int parent, const char *name, int fd, struct stat *ret_st)
{
	struct stat named;

	return fstat(fd, ret_st) == 0 && fstatat(parent, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       named.st_dev == ret_st->st_dev && named.st_ino == ret_st->st_ino;
}

/*
 * Every owner of a cgroup holds a shared lock on it. Those without one are of recorders that were killed, or whose
 * sessions outlived them: they are removed once they are empty.
 */
static void sweep_below(int parent)
{
	_cleanup_close_ int copy = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	struct stat st;

	if (!dir)
		return;
	copy = -1;
	while ((entry = readdir(dir))) {
		_cleanup_close_ int fd = -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		fd = open_directory(parent, entry->d_name);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
		    is_at(parent, entry->d_name, fd, &st)) {
			(void)remove_below(fd, DEPTH_MAX);
			(void)unlinkat(parent, entry->d_name, AT_REMOVEDIR);
		}
	}
	closedir(dir);
}

/* Makes a session's directory and locks it, before anybody else sweeps it away. */
static int make_owned(int parent, const char *name, struct stat *ret_st)
{
	_cleanup_close_ int fd = make_directory(parent, name);

	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_SH) < 0)
		return -errno;
	/* In between it may have been. */
	return is_at(parent, name, fd, ret_st) ? TAKE_FD(fd) : -EAGAIN;
}

/* Makes the parent and the session's cgroup in it. Returns the latter's descriptor or negative errno. */
static int make_below(int root, const char *name, struct stat *ret_st)
{
	_cleanup_close_ int parent = make_directory(root, PARENT);

	if (parent < 0)
		return parent;
	return make_owned(parent, name, ret_st);
}

/* Whoever ends the last session removes the parent, perhaps between two steps of ours: then begin again. */
static bool was_removed(int r)
{
	return r == -EAGAIN || r == -ENOENT || r == -ENODEV;
}

int cgroup_create(struct cgroup *ret, const char *name)
{
	_cleanup_free_ char *mount = NULL, *path = NULL;
	_cleanup_close_ int root = -1, fd = -1;
	struct stat st;
	int r;

	r = cgroup_find_mount(&mount);
	if (r < 0)
		return r;
	root = open_directory(AT_FDCWD, mount);
	if (root < 0)
		return root;
	if (asprintf(&path, "/%s/%s", PARENT, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	fd = make_below(root, name, &st);
	for (int tries = 1; was_removed(fd) && tries < CREATE_TRIES; tries++)
		fd = make_below(root, name, &st);
	if (fd < 0)
		return fd;
	*ret = (struct cgroup){
		.fd = TAKE_FD(fd),
		.id = st.st_ino,
		.path = TAKE_PTR(path),
		.mount = TAKE_PTR(mount),
	};
	return 0;
}

void cgroup_sweep(void)
{
	_cleanup_free_ char *mount = NULL;
	_cleanup_close_ int root = -1, parent = -1;

	if (cgroup_find_mount(&mount) < 0)
		return;
	root = open_directory(AT_FDCWD, mount);
	parent = root < 0 ? root : open_directory(root, PARENT);
	if (parent < 0)
		return;
	sweep_below(parent);
	/* Another session's cgroup in it keeps it. */
	(void)unlinkat(root, PARENT, AT_REMOVEDIR);
}

int cgroup_enter(const struct cgroup *cgroup, pid_t pid)
{
	_cleanup_close_ int fd = openat(cgroup->fd, "cgroup.procs", O_WRONLY | O_CLOEXEC);
	char text[16];
	int size = snprintf(text, sizeof(text), "%d", (int)pid);

	if (fd < 0)
		return -errno;
	return fd_write_all(fd, text, (size_t)size);
}

/* Waits until cgroup.events changes, as cgroups(7) has it. Returns false when it took too long. */
static bool wait_event(const struct cgroup *cgroup, int timeout_ms)
{
	_cleanup_close_ int fd = openat(cgroup->fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
	struct pollfd poll_fd = { .fd = fd, .events = POLLPRI };
	char text[128];
	ssize_t size;

	if (fd < 0)
		return false;
	/* What is read is older than the next event, so none is missed. */
	size = fd_read_all(fd, text, sizeof(text) - 1);
	if (size < 0)
		return false;
	text[size] = '\0';
	if (strstr(text, "populated 0"))
		return true;
	return poll(&poll_fd, 1, timeout_ms) > 0;
}

static int remove_path(const struct cgroup *cgroup, int root)
{
	(void)remove_below(cgroup->fd, DEPTH_MAX);
	return unlinkat(root, cgroup->path + 1, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int cgroup_try_remove(const struct cgroup *cgroup)
{
	_cleanup_close_ int root = open_directory(AT_FDCWD, cgroup->mount);
	int r = root < 0 ? root : remove_path(cgroup, root);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	/* Another session's cgroup in it keeps it. */
	(void)unlinkat(root, PARENT, AT_REMOVEDIR);
	return 0;
}

int cgroup_remove(struct cgroup *cgroup, int timeout_ms)
{
	int r;

	if (cgroup->fd < 0 || cgroup->found) {
		cgroup_release(cgroup);
		return 0;
	}
	r = cgroup_try_remove(cgroup);
	if (r == -EBUSY && timeout_ms > 0 && wait_event(cgroup, timeout_ms))
		r = cgroup_try_remove(cgroup);
	cgroup_release(cgroup);
	return r;
}

void cgroup_release(struct cgroup *cgroup)
{
	fd_close(cgroup->fd); /* negative: there is none */
	free(cgroup->path);
	free(cgroup->mount);
	*cgroup = CGROUP_NONE;
}

int cgroup_path_of(const char *mount, uint64_t id, char *buf, size_t size)
{
	_cleanup_close_ int root = open_directory(AT_FDCWD, mount), fd = -1;
	struct {
		struct file_handle handle;
		uint64_t id;
	} handle = { .handle = { .handle_bytes = sizeof(id), .handle_type = HANDLE_KERNFS } };
	char link[32], target[PATH_MAX];
	size_t prefix = strlen(mount);
	ssize_t length;

	if (root < 0)
		return root;
	memcpy(handle.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(root, &handle.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		return -errno;
	target[length] = '\0';
	if (strncmp(target, mount, prefix) != 0)
		return -ESTALE;
	if (snprintf(buf, size, "%s", target[prefix] ? target + prefix : "/") >= (int)size)
		return -ENAMETOOLONG;
	return 0;
}
