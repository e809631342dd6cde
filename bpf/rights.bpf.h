/* SPDX-License-Identifier: GPL-2.0-only */
/* What a task may do: its ids and capabilities, and whether they have become more. */
#ifndef SESHAT_RIGHTS_BPF_H
#define SESHAT_RIGHTS_BPF_H

#include "wake.bpf.h"

/* What the task has: its own, not what it acts with for a moment (override_creds()). */
static __always_inline void rights_read(struct wire_rights *out, const struct task_struct *task)
{
	const struct cred *cred = KREAD(task, real_cred);

	out->uid = KREAD(cred, uid.val);
	out->euid = KREAD(cred, euid.val);
	out->suid = KREAD(cred, suid.val);
	out->fsuid = KREAD(cred, fsuid.val);
	out->gid = KREAD(cred, gid.val);
	out->egid = KREAD(cred, egid.val);
	out->sgid = KREAD(cred, sgid.val);
	out->fsgid = KREAD(cred, fsgid.val);
	/* By a helper: their members have other names and types in other kernels, and always 64 bits. */
	bpf_probe_read_kernel(&out->permitted, sizeof(out->permitted), &cred->cap_permitted);
	bpf_probe_read_kernel(&out->effective, sizeof(out->effective), &cred->cap_effective);
	out->user_ns = KREAD(cred, user_ns, ns.inum);
	out->reserved = 0;
}

/* The task's user namespace: an identity only. */
static __always_inline __u64 rights_namespace(const struct task_struct *task)
{
	return (__u64)KREAD(task, real_cred, user_ns);
}

static __always_inline bool becomes_root(__u32 before, __u32 after)
{
	return before != 0 && after == 0;
}

/* Has one of the ids become root's, or its group's? */
static __always_inline bool rights_ids_raised(const struct wire_rights *before,
					      const struct wire_rights *after)
{
	return becomes_root(before->uid, after->uid) || becomes_root(before->euid, after->euid) ||
	       becomes_root(before->suid, after->suid) ||
	       becomes_root(before->fsuid, after->fsuid) || becomes_root(before->gid, after->gid) ||
	       becomes_root(before->egid, after->egid) || becomes_root(before->sgid, after->sgid) ||
	       becomes_root(before->fsgid, after->fsgid);
}

/* Are there more of them? What was not known before cannot tell. */
static __always_inline bool rights_raised(const struct wire_rights *before,
					  const struct wire_rights *after)
{
	if (!before->user_ns)
		return false;
	return (after->permitted & ~before->permitted) || (after->effective & ~before->effective) ||
	       before->user_ns != after->user_ns || rights_ids_raised(before, after);
}

#endif
