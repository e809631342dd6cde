/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups of the version 2 hierarchy, wherever it is mounted (cgroups(7)).
 */
#ifndef SESHAT_SESSION_CGROUP_H
#define SESHAT_SESSION_CGROUP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A cgroup that was made for a session. */
struct cgroup {
	int fd;	     /* of its directory, owned */
	uint64_t id; /* as in kernel records: the inode number of the directory */
	char *path;  /* as /proc/PID/cgroup shows it, owned */
	char *mount; /* the hierarchy's mount point, owned */
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
 * missing. Returns 0 or negative errno (see cgroup_find_mount).
 */
int cgroup_create(struct cgroup *ret, const char *name);

/*
 * Removes the empty cgroups below "/seshat" that nobody owns any more. What cannot be removed stays for the next time.
 */
void cgroup_sweep(void);

/* Moves a process, all its threads, into the cgroup. Returns 0 or negative errno. */
int cgroup_enter(const struct cgroup *cgroup, pid_t pid);

/*
 * Removes the cgroup and what was made below it, and the parent if nobody else uses that. A process leaves its cgroup a
 * little later than it is known to have ended: waits up to timeout_ms for that. Processes that still are there
 * keep the cgroup: -EBUSY. The struct holds nothing afterwards in any case.
 */
int cgroup_remove(struct cgroup *cgroup, int timeout_ms);

/* Lets go of the cgroup without removing it. */
void cgroup_release(struct cgroup *cgroup);

/*
 * The path of the cgroup with that id, as /proc/PID/cgroup shows it, by its file handle (cgroup ids
 * are those of kernfs, and its handles consist of the id alone). Returns 0, -ESTALE when there is
 * none any more, -ENAMETOOLONG when it does not fit, or another negative errno.
 */
int cgroup_path_of(const char *mount, uint64_t id, char *buf, size_t size);

#endif
