/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * io_uring: the same acts without system calls of their own. A request is looked at when it is submitted, by the task
 * that submits it, and recorded when it completes, with its result, by whichever task that is.
 *
 * The tracepoints changed their arguments twice. The programs are raw ones, which load on every kernel; where a tracepoint
 * is not there, or has too few arguments, they cannot be attached, and the plan has another for the same probe.
 */
#include "pending.bpf.h"
#include "uring_read.bpf.h"
#include "worker.bpf.h"

static __always_inline bool uring_is_off(__u16 opcode)
{
	__u32 slot = uring_is_open(opcode) ? SLOT_OPEN :
		     uring_is_file(opcode) ? SLOT_FILE :
					     SLOT_SOCKET;

	if (opcode == URING_CONNECT || uring_is_send(opcode))
		slot = SLOT_NETWORK;
	else if (opcode == URING_RECVMSG)
		slot = SLOT_RECEIVE;
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
	pending_forget(task);
	staging = staging_take();
	if (!staging) {
		uring_lose(state, opcode);
		return;
	}
	stale = uring_supersede(address);
	uring_stage(staging, req, task, state);
	due = uring_read(staging, address);
	/* It can put another descriptor, or message, in the place of one that is done. */
	list = staging_entry(staging)->request.slot || opcode == URING_RECVMSG ? uring_list(req) :
										 0;
	/* Nothing tells of a success that nobody wants to hear of. */
	if (due && !(KREAD(req, flags) & URING_SKIP_SUCCESS) && uring_keep(staging, address))
		due = false;
	if (due)
		staging_entry(staging)->request.notes |= URING_NO_RESULT;
	uring_finish(ctx, state, address, stale, staging, due, 0, list);
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
