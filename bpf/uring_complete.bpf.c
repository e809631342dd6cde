/* SPDX-License-Identifier: GPL-2.0-only */
/* The ends of io_uring's requests: completions, those that the kernel is silent about, and the end of the process. */
#include "outcome.bpf.h"
#include "uring_read.bpf.h"
#include "worker.bpf.h"

static __always_inline void uring_completed(void *ctx, __u64 req, long ret)
{
	struct uring_jobs *jobs = uring_is_kept(req) ? jobs_begin() : NULL;

	if (!jobs)
		return;
	jobs->count = 1;
	jobs->job[0] = (struct uring_job){ .req = req, .ret = ret };
	uring_hand_over(ctx, jobs);
}

/* A completion more than the one that a request has. */
static __always_inline void uring_shot_of(struct uring_jobs *jobs,
					  const struct uring_shots_key *key, long ret)
{
	struct uring_shots *shots = bpf_map_lookup_elem(&uring_shots, key);
	struct scratch *staging = shots && jobs ? staging_take() : NULL;
	struct session_state *session;

	if (!shots)
		return;
	if (!staging) {
		session = scope_session(shots->request.session);
		if (session)
			session_miss(session, WIRE_NETWORK);
		return;
	}
	staging_entry(staging)->request = shots->request;
	jobs->job[jobs->count++ & 1] = (struct uring_job){
		.req = key->ring, .ret = ret, .staging = staging->fill, .shot = 1
	};
}

/* Requests of both kinds can be under way with one user_data: each looks for itself whether it was its own. */
static __always_inline void uring_shot(void *ctx, __u64 context, __u64 user_data, long ret)
{
	struct uring_shots_key accept = { .ring = context, .user_data = user_data };
	struct uring_shots_key receive = { .ring = context, .user_data = user_data, .receives = 1 };
	struct uring_jobs *jobs;

	if (!bpf_map_lookup_elem(&uring_shots, &accept) &&
	    !bpf_map_lookup_elem(&uring_shots, &receive))
		return;
	jobs = jobs_begin();
	uring_shot_of(jobs, &accept, ret);
	uring_shot_of(jobs, &receive, ret);
	if (jobs)
		uring_hand_over(ctx, jobs);
}

SEC("raw_tp/io_uring_complete")
int uring_complete(struct bpf_raw_tracepoint_args *ctx)
{
	const struct io_kiocb *req = (const struct io_kiocb *)ctx->args[1];
	struct io_cqe entry = {};

	if (!control.uring_requests)
		return 0;
	if (req) {
		if (uring_wanted(KREAD(req, opcode)))
			uring_completed(ctx, (__u64)req, KREAD(req, cqe.res));
		return 0;
	}
	/* The completion in the program's memory, which begins as the kernel's does. */
	bpf_probe_read_kernel(&entry, 12, (const void *)ctx->args[2]);
	uring_shot(ctx, ctx->args[0], entry.user_data, entry.res);
	return 0;
}

/* Before 6.14: with the completion's members. */
SEC("raw_tp/io_uring_complete")
int uring_complete_members(struct bpf_raw_tracepoint_args *ctx)
{
	const struct io_kiocb *req = (const struct io_kiocb *)ctx->args[1];

	if (!control.uring_requests)
		return 0;
	if (!req)
		uring_shot(ctx, ctx->args[0], ctx->args[2], (int)ctx->args[3]);
	else if (uring_wanted(KREAD(req, opcode)))
		uring_completed(ctx, (__u64)req, (int)ctx->args[3]);
	return 0;
}

/* A request that fails because the one before it has: some of these complete without a word. */
SEC("raw_tp/io_uring_fail_link")
int uring_fail_link(struct bpf_raw_tracepoint_args *ctx)
{
	if (control.uring_requests)
		uring_completed(ctx, uring_argument(ctx, 1, 4), ERROR_CANCELED);
	return 0;
}

struct overflow_walk {
	__u64 node; /* io_kiocb.comp_list */
	__u64 user_data;
	__u64 found;
	__s32 result;
	__u32 reserved;
};

/* The first of the list that is kept and has these values: those before it are not kept any more. */
static long overflow_step(__u32 index, void *data)
{
	struct overflow_walk *walk = data;
	__u64 key = walk->node - bpf_core_field_offset(struct io_kiocb, comp_list);
	const struct io_kiocb *req = (const struct io_kiocb *)key;

	if (!walk->node)
		return 1;
	if (KREAD(req, cqe.user_data) == walk->user_data && KREAD(req, cqe.res) == walk->result &&
	    uring_is_kept(key)) {
		walk->found = key;
		return 1;
	}
	walk->node = (__u64)BPF_CORE_READ(req, comp_list.next);
	return 0;
}

/* A completion for which there is no room: the kernel tells its values, and nothing of its request. */
SEC("raw_tp/io_uring_cqe_overflow")
int uring_overflow(struct bpf_raw_tracepoint_args *ctx)
{
	const struct io_ring_ctx *context = (const struct io_ring_ctx *)ctx->args[0];
	struct overflow_walk walk = {
		.user_data = ctx->args[1],
		.result = (int)ctx->args[2],
	};

	if (!control.uring_requests)
		return 0;
	/* As in uring_list(). */
	walk.node = (__u64)BPF_CORE_READ(context, submit_state.compl_reqs.first);
	bpf_loop(URING_LIST_END, overflow_step, &walk, 0);
	if (walk.found)
		uring_completed(ctx, walk.found, walk.result);
	else
		uring_shot(ctx, ctx->args[0], walk.user_data, walk.result);
	return 0;
}

/* Attached before the probe of the exit itself: the process's own record is its last. */
SEC("raw_tp/sched_process_exit")
int uring_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct uring_jobs *jobs;

	if (!control.uring_requests || KREAD(task, signal, live.counter) != 0 || !worker_find(task))
		return 0;
	jobs = jobs_begin();
	if (!jobs)
		return 0;
	jobs->pid = task->tgid;
	uring_hand_over(ctx, jobs);
	return 0;
}
