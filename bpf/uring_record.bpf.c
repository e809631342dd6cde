/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes the records of io_uring's requests, for the hooks in uring.bpf.c, which end in here: one program, so that what is
 * long is verified once.
 */
#include "uring_network.bpf.h"

static __always_inline void uring_emit(struct scratch *staging, __u64 req, long ret)
{
	__u16 opcode = staging_entry(staging)->request.opcode;

	if (uring_is_open(opcode))
		uring_emit_open(staging, req, ret);
	else if (uring_is_file(opcode))
		uring_emit_file(staging, req, ret);
	else
		uring_emit_network(staging, req, ret);
}

/* In here, and not a function of its own: the stack of calls is as deep as it may be. */
static __always_inline int uring_do(const struct uring_job *job)
{
	struct scratch *staging;
	__u32 slot;

	slot = job->staging - 1;
	staging = job->staging ? bpf_map_lookup_elem(&scratches, &slot) : staging_take();
	if (!staging)
		return 0;
	if (job->staging || uring_recall(staging, job->req)) {
		staging_entry(staging)->request.notes |= job->notes;
		if (job->shot)
			uring_emit_shot(staging, job->req, job->ret);
		else
			uring_emit(staging, job->req, job->ret);
	}
	scratch_give(staging);
	return 0;
}

/* A request that has not ended when its process does: how it would have, nobody will hear. */
static __always_inline long uring_abandon(__u64 req, const struct uring_request *request, __u32 pid)
{
	struct uring_job job = { .req = req, .notes = URING_NO_RESULT };

	if (request->task.pid == pid)
		uring_do(&job);
	return 0;
}

static long abandon_step(void *map, __u64 *key, struct uring_short *kept, struct uring_jobs *jobs)
{
	return uring_abandon(*key, &kept->request, jobs->pid);
}

static long abandon_step_long(void *map, __u64 *key, struct uring_long *kept,
			      struct uring_jobs *jobs)
{
	return uring_abandon(*key, &kept->request, jobs->pid);
}

static long list_step(__u32 index, void *data)
{
	__u64 *node = data, key = *node - bpf_core_field_offset(struct io_kiocb, comp_list);
	const struct io_kiocb *req = (const struct io_kiocb *)key;
	struct uring_job job = { .req = key };

	if (!*node)
		return 1;
	*node = (__u64)BPF_CORE_READ(req, comp_list.next);
	job.ret = KREAD(req, cqe.res);
	if (uring_is_kept(key))
		uring_do(&job);
	return 0;
}

SEC("raw_tp/io_uring_complete")
int uring_record(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_state *state = scope_find(bpf_get_current_task_btf());
	struct uring_jobs *jobs, exit = {};
	__u32 key = 0;
	__u64 node;

	jobs = bpf_map_lookup_elem(&uring_jobs, &key);
	if (!jobs)
		return 0;
	node = jobs->list;
	if (node)
		bpf_loop(URING_LIST_END, list_step, &node, 0);
	if (jobs->count > 0)
		uring_do(&jobs->job[0]);
	if (jobs->count > 1)
		uring_do(&jobs->job[1]);
	exit.pid = jobs->pid;
	if (exit.pid) {
		bpf_for_each_map_elem(&uring_requests, abandon_step, &exit, 0);
		bpf_for_each_map_elem(&uring_long_requests, abandon_step_long, &exit, 0);
	}
	/* What the hooks of addresses have seen belongs to the request, not to the task's next system call. */
	if (state)
		state->pending.operation = 0;
	jobs->busy = 0;
	return 0;
}
