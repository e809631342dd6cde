/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroups that others have made, and who is in them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/pids.h"
#include "session/cgroup.h"

enum {
	EACH_ROUNDS = 100, /* what forks faster than it is handed over would keep us for ever */
	EACH_DEPTH = 64,
	LINE_SIZE = 8192, /* a path of the v2 hierarchy in /proc/PID/cgroup, and then some */
};

int cgroup_open(struct cgroup *ret, const char *path)
{
	_cleanup_free_ char *mount = NULL, *full = NULL, *copy = strdup(path);
	_cleanup_close_ int fd = -1;
	struct stat st;
	int r;

	if (!copy)
		return -ENOMEM;
	r = cgroup_find_mount(&mount);
	if (r < 0)
		return r;
	if (asprintf(&full, "%s%s", mount, path) < 0) {
		full = NULL;
		return -ENOMEM;
	}
	fd = open(full, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	*ret = (struct cgroup){
		.fd = TAKE_FD(fd),
		.id = st.st_ino,
		.path = TAKE_PTR(copy),
		.mount = TAKE_PTR(mount),
		.found = true,
	};
	return 0;
}

int cgroup_of(pid_t pid, char **ret)
{
	char name[32], line[LINE_SIZE], *path;
	FILE *file;
	int r = -ENOENT;

	(void)snprintf(name, sizeof(name), "/proc/%d/cgroup", (int)pid);
	file = fopen(name, "re");
	if (!file)
		return errno == ENOENT ? -ESRCH : -errno;
	while (r == -ENOENT && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "0::", 3) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		path = strdup(line + 3);
		r = path ? 0 : -ENOMEM;
		if (path)
			*ret = path;
	}
	fclose(file);
	return r;
}

struct walk {
	int (*each)(void *userdata, pid_t pid);
	void *userdata;
	uint64_t round;	  /* pids handed over in this one */
	uint64_t *before; /* a bit for each pid that was */
	size_t before_size;
};

static bool is_new(struct walk *walk, pid_t pid)
{
	size_t word = (size_t)pid / 64;
	uint64_t bit = UINT64_C(1) << ((size_t)pid % 64);

	if (word >= walk->before_size || (walk->before[word] & bit))
		return false;
	walk->before[word] |= bit;
	return true;
}

static int walk_processes(struct walk *walk, int fd)
{
	int procs = openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC), r = 0;
	FILE *file = procs < 0 ? NULL : fdopen(procs, "re");
	pid_t pid;

	if (!file) {
		r = -errno;
		fd_close(procs);
		return r;
	}
	while (r >= 0 && pids_next(file, &pid)) {
		if (!is_new(walk, pid))
			continue;
		walk->round++;
		r = walk->each(walk->userdata, pid);
	}
	fclose(file);
	return r;
}

static int walk_below(struct walk *walk, int fd, int depth)
{
	_cleanup_close_ int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *entry;
	int r;

	if (!dir)
		return -errno;
	copy = -1;
	r = walk_processes(walk, fd);
	while (r >= 0 && depth > 0 && (entry = readdir(dir))) {
		_cleanup_close_ int below = -1;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		if (below >= 0)
			r = walk_below(walk, below, depth - 1);
	}
	closedir(dir);
	return r;
}

/* One more than the highest pid there can be. */
static size_t pids_max(void)
{
	char text[32];

	if (fd_read_text("/proc/sys/kernel/pid_max", text, sizeof(text)) <= 0)
		return 4194304;
	return (size_t)strtoul(text, NULL, 10);
}

int cgroup_each(const struct cgroup *cgroup, int (*each)(void *userdata, pid_t pid), void *userdata)
{
	struct walk walk = { .each = each, .userdata = userdata };
	_cleanup_free_ uint64_t *before = NULL;
	int r = 0;

	walk.before_size = pids_max() / 64 + 1;
	before = calloc(walk.before_size, sizeof(*before));
	if (!before)
		return -ENOMEM;
	walk.before = before;
	for (int round = 0; round < EACH_ROUNDS; round++) {
		walk.round = 0;
		r = walk_below(&walk, cgroup->fd, EACH_DEPTH);
		if (r < 0 || walk.round == 0)
			break;
	}
	return r;
}
