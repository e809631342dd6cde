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

	if (!session)
		return;
	__sync_fetch_and_add(&session->numbered, 1);
	session_lose(session, kind);
}

/* The record of a request that was not seen to complete: its memory is used for another one now. */
static __always_inline void uring_supersede(struct scratch *staging, __u64 req)
{
	if (!control.uring_requests || !uring_recall(staging, req))
		return;
	staging_entry(staging)->request.notes |= URING_NO_RESULT;
	uring_emit(staging, req, 0);
}

static __always_inline void uring_submitted(__u64 address)
{
	const struct io_kiocb *req = (const struct io_kiocb *)address;
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state;
	struct scratch *staging;
	__u8 opcode = KREAD(req, opcode);

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
	uring_supersede(staging, address);
	uring_stage(staging, req, task, state);
	if (uring_read(staging, address)) {
		/* Nothing tells of a success that nobody wants to hear of. */
		if ((KREAD(req, flags) & URING_SKIP_SUCCESS) || !uring_keep(staging, address)) {
			staging_entry(staging)->request.notes |= URING_NO_RESULT;
			uring_emit(staging, address, 0);
		}
	}
	scratch_give(staging);
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
	uring_submitted(ctx->args[0]);
	return 0;
}

/* Before 6.3 (2ad57931db64). */
SEC("raw_tp/io_uring_submit_sqe")
int uring_submit_sqe(struct bpf_raw_tracepoint_args *ctx)
{
	uring_submitted(uring_argument(ctx, 0, 1));
	return 0;
}

static __always_inline void uring_completed(__u64 req, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state;
	struct scratch *staging = staging_take();

	if (!staging)
		return;
	if (uring_recall(staging, req)) {
		uring_emit(staging, req, ret);
		/* What the hooks have seen belongs to this request, not to the task's next system call. */
		state = scope_find(task);
		if (state)
			state->pending.operation = 0;
	}
	scratch_give(staging);
}

/* A completion more than the one that a request has. */
static __always_inline void uring_shot(__u64 context, __u64 user_data, long ret)
{
	struct uring_shots_key key = { .ring = context, .user_data = user_data };
	struct uring_shots *shots = bpf_map_lookup_elem(&uring_shots, &key);
	struct scratch *staging;

	if (!shots)
		return;
	staging = staging_take();
	if (!staging)
		return;
	staging_entry(staging)->request = shots->request;
	uring_emit_shot(staging, context, ret);
	scratch_give(staging);
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
			uring_completed((__u64)req, KREAD(req, cqe.res));
		return 0;
	}
	/* The completion in the program's memory, which begins as the kernel's does. */
	bpf_probe_read_kernel(&entry, 12, (const void *)ctx->args[2]);
	uring_shot(ctx->args[0], entry.user_data, entry.res);
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
		uring_shot(ctx->args[0], ctx->args[2], (int)ctx->args[3]);
	else if (uring_wanted(KREAD(req, opcode)))
		uring_completed((__u64)req, (int)ctx->args[3]);
	return 0;
}

/* A request that fails because the one before it has: some of these complete without a word. */
SEC("raw_tp/io_uring_fail_link")
int uring_fail_link(struct bpf_raw_tracepoint_args *ctx)
{
	if (control.uring_requests)
		uring_completed(uring_argument(ctx, 1, 4), ERROR_CANCELED);
	return 0;
}

SEC("raw_tp/io_uring_req_failed")
int uring_failed(struct bpf_raw_tracepoint_args *ctx)
{
	const struct io_kiocb *req = (const struct io_kiocb *)uring_argument(ctx, 1, 2);
	int error = (int)uring_argument(ctx, 2, 3);
	struct task_struct *task = bpf_get_current_task_btf();
	struct uring_sqe sqe = {};
	struct task_state *state;
	struct scratch *staging;
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
	uring_supersede(staging, (__u64)req);
	uring_stage(staging, req, task, state);
	staging_entry(staging)->request.descriptor = (__u32)sqe.fd;
	if (uring_read_failed(staging, &sqe))
		uring_emit(staging, (__u64)req, error);
	scratch_give(staging);
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
	    (bpf_map_lookup_elem(&uring_requests, &key) ||
	     bpf_map_lookup_elem(&uring_long_requests, &key))) {
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
	/* By a helper: a plain number, which is what the shared functions take. */
	walk.node = (__u64)BPF_CORE_READ(context, submit_state.compl_reqs.first);
	bpf_loop(URING_LIST_END, overflow_step, &walk, 0);
	if (walk.found)
		uring_completed(walk.found, walk.result);
	else
		uring_shot(ctx->args[0], walk.user_data, walk.result);
	return 0;
}

struct exit_walk {
	__u32 pid;
	__u32 reserved;
};

/* A request that has not ended when its process does: how it would have, nobody will hear. */
static __always_inline void uring_abandon(__u64 req)
{
	struct scratch *staging = staging_take();

	if (!staging)
		return;
	uring_supersede(staging, req);
	scratch_give(staging);
}

static long exit_step(void *map, __u64 *key, struct uring_short *kept, struct exit_walk *walk)
{
	if (kept->request.task.pid == walk->pid)
		uring_abandon(*key);
	return 0;
}

static long exit_step_long(void *map, __u64 *key, struct uring_long *kept, struct exit_walk *walk)
{
	if (kept->request.task.pid == walk->pid)
		uring_abandon(*key);
	return 0;
}

/* Attached before the probe of the exit itself: the process's own record is its last. */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(uring_exit, struct task_struct *task)
{
	struct exit_walk walk = { .pid = task->tgid };

	if (!control.uring_requests || KREAD(task, signal, live.counter) != 0 || !worker_find(task))
		return 0;
	bpf_for_each_map_elem(&uring_requests, exit_step, &walk, 0);
	bpf_for_each_map_elem(&uring_long_requests, exit_step_long, &walk, 0);
	return 0;
}
