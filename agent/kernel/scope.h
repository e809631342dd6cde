/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions as the probes know them: which tasks are of one, and its accounts.
 */
#ifndef SESHAT_KERNEL_SCOPE_H
#define SESHAT_KERNEL_SCOPE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "bpf/wire.h"
#include "kernel/loader.h"

/* A session's accounts in the kernel. */
struct scope_accounts {
	uint64_t lost[WIRE_KINDS]; /* records that found no room, by kind */
	uint64_t numbered;	   /* numbers given out */
	int64_t processes;	   /* alive, in whatever cgroup */
};

/*
 * Makes the session known to the probes. `key` is not 0. Whatever enters the cgroup (0: it has none) from then on joins; a process that is
 * ending while it is moved there does not (the kernel's locks leave nothing between the two), and accounts without a
 * process and without a number say so. `begin`: what the accounts begin with, NULL for zeroes: 1 process where one will be
 * marked with scope_mark(), or the accounts of a session that was open before. The probes count in them: nobody else
 * may write to them.
 * Returns 0, -EEXIST, -E2BIG when there is no room for another session, or another negative errno.
 */
int scope_open(const struct loader *loader, uint64_t key, uint64_t cgroup_id,
	       const struct scope_accounts *begin);

/* Forgets a session, whose tasks have all ended. */
void scope_close(const struct loader *loader, uint64_t key, uint64_t cgroup_id);

/*
 * Forgets all sessions but those that are known. Returns how many of the others had processes, or negative errno.
 */
int scope_prune(const struct loader *loader, bool (*known)(void *userdata, uint64_t key),
		void *userdata);

/*
 * Makes a process of one thread the session's first. It must not be running anything but its wait for the caller's
 * answer. cgroup_id: that it is in now. If it ends in the same moment the mark may come too late for the probes: then
 * the process has ended, and the accounts have a process but no number.
 * Returns 0, -ESRCH when it has ended, or another negative errno.
 */
int scope_mark(const struct loader *loader, uint64_t key, int pidfd, uint64_t cgroup_id);

/*
 * A process of another session is to be of this one from the moment in which it enters a cgroup, until scope_move_end(): it
 * must have one thread. Whether it is, scope_find() tells. Returns 0 or negative errno.
 */
int scope_move_begin(const struct loader *loader, uint64_t key, pid_t pid);
void scope_move_end(const struct loader *loader, pid_t pid);

/*
 * The key of the session that a process is in. Returns 0, -ENOENT when it is in none, as far as its first thread
 * knows, or another negative errno.
 */
int scope_find(const struct loader *loader, int pidfd, uint64_t *ret_key);

/*
 * How the accounts stand. They are final once processes is 0, or the probes are detached. Returns 0 or negative errno.
 */
int scope_accounts(const struct loader *loader, uint64_t key, struct scope_accounts *ret);

/*
 * The processes of the session that run now: writes up to *count pids, sets *count to how many were written
 * and *ret_total to how many there are. Returns 0 or negative errno.
 */
int scope_processes(const struct loader *loader, uint64_t key, uint32_t *pids, size_t *count,
		    uint64_t *ret_total);

#endif
