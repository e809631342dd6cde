/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions as the probes know them: which tasks are of one, and its accounts.
 */
#ifndef SESHAT_KERNEL_SCOPE_H
#define SESHAT_KERNEL_SCOPE_H

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
 * Makes the session known to the probes. `key` is not 0. Whatever enters the cgroup from then on joins; a process that is
 * ending while it is moved there does not (the kernel's locks leave nothing between the two), and accounts without a
 * process and without a number say so. The probes count in the accounts: nobody else may write to them.
 * Returns 0, -EEXIST, or another negative errno.
 */
int scope_open(const struct loader *loader, uint64_t key, uint64_t cgroup_id);

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
