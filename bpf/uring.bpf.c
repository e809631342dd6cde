/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * io_uring: the same acts without system calls of their own. A request is looked at when it is submitted, by the task
 * that submits it, and recorded when it completes, with its result, by whichever task that is.
 *
 * The tracepoints changed their arguments twice. The programs are raw ones, which load on every kernel; where a tracepoint
 * is not there, or has too few arguments, they cannot be attached, and the plan has another for the same probe.
 */
#include "uring_network.bpf.h"
#include "worker.bpf.h"

enum { ERROR_CANCELED = -125 };

static __always_inline bool uring_is_off(__u16 opcode)
{
	__u32 slot = uring_is_open(opcode) ? SLOT_OPEN :
		     uring_is_file(opcode) ? SLOT_FILE :
					     SLOT_SOCKET;

	if (opcode == URING_CONNECT || uring_is_send(opcode))
		slot = SLOT_NETWORK;
	return control.slots_off & (1u << slot);
}

/* Who submits it: the program's credentials, or those that it has registered and asked for. */
static __always_inline void uring_identify(struct wire_task *out, const struct io_kiocb *req,
					   struct task_struct *task, const struct task_state *state)
{
	const struct cred *cred = uring_creds(req);

	task_fill(out, task, state);
	if (!cred)
		return;
	out->uid = KREAD(cred, uid.val);
	out->euid = KREAD(cred, euid.val);
	out->gid = KREAD(cred, gid.val);
}

static __always_inline void uring_stage(struct scratch *staging, const struct io_kiocb *req,
					struct task_struct *task, const struct task_state *state)
{
	struct uring_request *request = &staging_entry(staging)->request;

	__builtin_memset(request, 0, sizeof(*request));
	request->session = state->session;
	request->opcode = KREAD(req, opcode);
	request->ring = (__u64)KREAD(req, ctx);
	request->user_data = KREAD(req, cqe.user_data);
	request->directory = request->new_directory = FD_CWD;
	request->descriptor = (__u32)KREAD(req, cqe.fd);
	if (KREAD(req, flags) & URING_FIXED_FILE)
		request->notes |= URING_FIXED;
	staging_entry(staging)->text[0][0] = staging_entry(staging)->text[1][0] = 0;
	uring_identify(&request->task, req, task, state);
}

/* There is no scratch buffer free to look at a request with. */
static __always_inline void uring_lose(const struct task_state *state, __u16 opcode)
{
	struct session_state *session = scope_session(state->session);
	__u32 kind = uring_is_open(opcode) ? WIRE_OPEN :
		     uring_is_file(opcode) ? WIRE_FILE :
					     WIRE_NETWORK;

	if (session)
		session_miss(session, kind);
}

/* Ends the hook: what it has staged, or what is kept, is recorded by another program. */
static __always_inline void uring_hand_over(void *ctx, struct uring_jobs *jobs)
{
	__u32 i, slot;
	struct scratch *staging;

	bpf_tail_call(ctx, &uring_programs, 0);
	/* It could not be loaded. */
	for (i = 0; i < 2; i++) {
		slot = jobs->job[i].staging - 1;
		staging = i < jobs->count ? bpf_map_lookup_elem(&scratches, &slot) : NULL;
		if (staging)
			scratch_give(staging);
	}
	jobs->busy = 0;
}

/*
 * The staged request is one to record now, and one before it (NULL: none) that was not seen to complete, though its memory
 * is used for another by now. False: that cannot be.
 */
static __always_inline bool uring_record_now(void *ctx, __u64 req, struct scratch *stale,
					     struct scratch *staging, long ret, __u64 list)
{
	struct uring_jobs *jobs = jobs_begin();

	if (!jobs)
		return false;
	jobs->list = list;
	if (stale)
		jobs->job[jobs->count++ & 1] = (struct uring_job){ .req = req,
								   .staging = stale->fill,
								   .notes = URING_NO_RESULT };
	if (staging)
		jobs->job[jobs->count++ & 1] =
			(struct uring_job){ .req = req, .ret = ret, .staging = staging->fill };
	uring_hand_over(ctx, jobs);
	return true;
}

/* Of a request whose memory is still that of another: that one, staged; NULL mostly. */
static __always_inline struct scratch *uring_supersede(__u64 req)
{
	struct scratch *stale;

	if (!control.uring_requests || !uring_is_kept(req))
		return NULL;
	stale = staging_take();
	if (stale && !uring_recall(stale, req)) {
		scratch_give(stale);
		stale = NULL;
	}
	return stale;
}

/* What is left of a request that is not kept: to be recorded now, or nothing; before it, what is in the list. */
static __always_inline void uring_finish(void *ctx, const struct task_state *state, __u64 req,
					 struct scratch *stale, struct scratch *staging, bool due,
					 long ret, __u64 list)
{
	__u16 opcode = staging_entry(staging)->request.opcode;

	if (!due) {
		scratch_give(staging);
		staging = NULL;
	}
	if (!stale && !staging && !list)
		return;
	if (uring_record_now(ctx, req, stale, staging, ret, list))
		return;
	if (stale)
		scratch_give(stale);
	if (!staging)
		return;
	uring_lose(state, opcode);
	scratch_give(staging);
}

/*
 * Requests that are done and have not completed: that comes when all of a submission are begun. One among those can close,
 * or replace, the descriptor that another has made; then it would not be known any more what that was.
 */
static __always_inline __u64 uring_list(const struct io_kiocb *req)
{
	const struct io_ring_ctx *context = KREAD(req, ctx);

	/* By a helper: a plain number, which is what the shared functions take. */
	return control.uring_requests ?
		       (__u64)BPF_CORE_READ(context, submit_state.compl_reqs.first) :
		       0;
}

/* A request that takes descriptors away. */
static __always_inline void uring_taking(void *ctx, const struct io_kiocb *req)
{
	__u64 list = uring_list(req);
	struct uring_jobs *jobs;

	if (!list || !worker_find(bpf_get_current_task_btf()))
		return;
	jobs = jobs_begin();
	if (!jobs)
		return;
	jobs->list = list;
	uring_hand_over(ctx, jobs);
}

static __always_inline void uring_submitted(void *ctx, __u64 address)
{
	const struct io_kiocb *req = (const struct io_kiocb *)address;
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *staging, *stale;
	struct task_state *state;
	__u8 opcode = KREAD(req, opcode);
	__u64 list;
	bool due;

	if (opcode == URING_CLOSE || opcode == URING_FILES_UPDATE) {
		uring_taking(ctx, req);
		return;
	}
	if (!uring_wanted(opcode) || uring_is_off(opcode))
		return;
	state = worker_find(task);
	if (!state)
		return;
	image_tell(task, state);
	state->pending.operation = 0;
	staging = staging_take();
	if (!staging) {
		uring_lose(state, opcode);
		return;
	}
	stale = uring_supersede(address);
	uring_stage(staging, req, task, state);
	due = uring_read(staging, address);
	list = staging_entry(staging)->request.slot ? uring_list(req) : 0;
	/* Nothing tells of a success that nobody wants to hear of. */
	if (due && !(KREAD(req, flags) & URING_SKIP_SUCCESS) && uring_keep(staging, address))
		due = false;
	if (due)
		staging_entry(staging)->request.notes |= URING_NO_RESULT;
	uring_finish(ctx, state, address, stale, staging, due, 0, list);
}

/* The tracepoints' arguments were the ring and more before 6.0, when struct io_kiocb got a header of its own. */
static __always_inline __u64 uring_argument(struct bpf_raw_tracepoint_args *ctx, __u32 now,
					    __u32 before)
{
	__u64 argument;

	if (!bpf_core_field_exists(((struct io_kiocb *)0)->cmd)) {
		argument = ctx->args[before];
		/* Else the compiler computes the place, which the verifier does not allow. */
		barrier_var(argument);
		return argument;
	}
	argument = ctx->args[now];
	barrier_var(argument);
	return argument;
}

SEC("raw_tp/io_uring_submit_req")
int uring_submit(struct bpf_raw_tracepoint_args *ctx)
{
	uring_submitted(ctx, ctx->args[0]);
	return 0;
}

/* Before 6.3 (2ad57931db64). */
SEC("raw_tp/io_uring_submit_sqe")
int uring_submit_sqe(struct bpf_raw_tracepoint_args *ctx)
{
	uring_submitted(ctx, uring_argument(ctx, 0, 1));
	return 0;
}

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
static __always_inline void uring_shot(void *ctx, __u64 context, __u64 user_data, long ret)
{
	struct uring_shots_key key = { .ring = context, .user_data = user_data };
	struct uring_shots *shots = bpf_map_lookup_elem(&uring_shots, &key);
	struct uring_jobs *jobs;
	struct scratch *staging;

	if (!shots)
		return;
	staging = staging_take();
	if (!staging)
		return;
	staging_entry(staging)->request = shots->request;
	jobs = jobs_begin();
	if (!jobs) {
		scratch_give(staging);
		return;
	}
	jobs->count = 1;
	jobs->job[0] = (struct uring_job){
		.req = context, .ret = ret, .staging = staging->fill, .shot = 1
	};
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

SEC("raw_tp/io_uring_req_failed")
int uring_failed(struct bpf_raw_tracepoint_args *ctx)
{
	const struct io_kiocb *req = (const struct io_kiocb *)uring_argument(ctx, 1, 2);
	int error = (int)uring_argument(ctx, 2, 3);
	struct task_struct *task = bpf_get_current_task_btf();
	struct uring_sqe sqe = {};
	struct scratch *staging, *stale;
	struct task_state *state;
	__u8 opcode = KREAD(req, opcode);

	if (!uring_wanted(opcode) || uring_is_off(opcode))
		return 0;
	state = worker_find(task);
	if (!state)
		return 0;
	image_tell(task, state);
	bpf_probe_read_kernel(&sqe, sizeof(sqe), (const void *)ctx->args[0]);
	staging = staging_take();
	if (!staging) {
		uring_lose(state, opcode);
		return 0;
	}
	stale = uring_supersede((__u64)req);
	uring_stage(staging, req, task, state);
	staging_entry(staging)->request.descriptor = (__u32)sqe.fd;
	uring_finish(ctx, state, (__u64)req, stale, staging, uring_read_failed(staging, &sqe),
		     error, 0);
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
