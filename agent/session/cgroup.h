/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups of the version 2 hierarchy, wherever it is mounted (cgroups(7)).
 */
#ifndef SESHAT_SESSION_CGROUP_H
#define SESHAT_SESSION_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A cgroup that was made for a session. */
struct cgroup {
	int fd;	     /* of its directory, owned */
	uint64_t id; /* as in kernel records: the inode number of the directory */
	char *path;  /* as /proc/PID/cgroup shows it, owned */
	char *mount; /* the hierarchy's mount point, owned */
	bool found;  /* it was there before, and is not to be removed: a logind scope */
};

/* Begins a struct cgroup that holds nothing. */
#define CGROUP_NONE ((struct cgroup){ .fd = -1 })

/*
 * Where the version 2 hierarchy is mounted, from /proc/self/mountinfo: unified at /sys/fs/cgroup,
 * hybrid below it. The caller frees *ret. Returns 0, -ENOENT when it is mounted nowhere, or another
 * negative errno.
 */
int cgroup_find_mount(char **ret);

/*
 * Makes the cgroup "/seshat/NAME" below the hierarchy's root, with its parent where that is
 * missing; one of that name that is there already is taken over. Returns 0 or negative errno (see cgroup_find_mount).
 */
int cgroup_create(struct cgroup *ret, const char *name);

/* A cgroup that is there, and is not ours. path: as /proc/PID/cgroup shows it. Returns 0 or negative errno. */
int cgroup_open(struct cgroup *ret, const char *path);

/*
 * Where a process is in the version 2 hierarchy, as /proc/PID/cgroup shows it. The caller frees *ret. Returns 0, -ESRCH, or
 * another negative errno.
 */
int cgroup_of(pid_t pid, char **ret);

/*
 * Hands over every process in the cgroup and below it, until there is none that was not handed over already, or the
 * callback returns a negative errno. Returns that, 0, or another one.
 */
int cgroup_each(const struct cgroup *cgroup, int (*each)(void *userdata, pid_t pid),
		void *userdata);

/*
 * Removes the empty cgroups below "/seshat" that nobody owns any more. What cannot be removed stays for the next time.
 */
void cgroup_sweep(void);

/* Moves a process, all its threads, into the cgroup. Returns 0 or negative errno. */
int cgroup_enter(const struct cgroup *cgroup, pid_t pid);

/*
 * Removes the cgroup (not one that was found) and what was made below it, and the parent if nobody else uses that. A process leaves its cgroup a
 * little later than it is known to have ended: waits up to timeout_ms for that. Processes that still are there
 * keep the cgroup: -EBUSY. The struct holds nothing afterwards in any case.
 */
int cgroup_remove(struct cgroup *cgroup, int timeout_ms);

/* Removes it, if it is empty by now; does not let go of it. Returns 0, -EBUSY, or another negative errno. */
int cgroup_try_remove(const struct cgroup *cgroup);

/* Lets go of the cgroup without removing it. */
void cgroup_release(struct cgroup *cgroup);

/*
 * The path of the cgroup with that id, as /proc/PID/cgroup shows it, by its file handle (cgroup ids
 * are those of kernfs, and its handles consist of the id alone). Returns 0, -ESTALE when there is
 * none any more, -ENAMETOOLONG when it does not fit, or another negative errno.
 */
int cgroup_path_of(const char *mount, uint64_t id, char *buf, size_t size);

#endif
