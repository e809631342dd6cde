/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes the records of io_uring's requests, for the hooks in uring.bpf.c, which end in here: one program, so that what is
 * long is verified once.
 */
#include "pending.bpf.h"
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

/*
 * Where the control messages end that have come: where the kernel's copy of the header says, if it is still that; else as
 * the program's memory says.
 */
static __always_inline __u64 uring_received_end(const struct uring_request *request,
						const struct uring_receive *receive, long ret)
{
	const struct io_async_msghdr *copy = (const struct io_async_msghdr *)request->resolve;
	__u64 last = receive->control + receive->size, end = receive->control, wide = 0;
	__u32 narrow = 0;

	if (ret >= 0 && (request->flags & URING_NARROW)) {
		bpf_probe_read_user(&narrow, sizeof(narrow),
				    (const void *)(receive->message + NARROW_CONTROL + 4));
		wide = narrow;
	} else if (ret >= 0) {
		bpf_probe_read_user(&wide, sizeof(wide),
				    (const void *)(receive->message + MESSAGE_CONTROL + 8));
	}
	end += wide < receive->size ? wide : receive->size;
	wide = copy ? (__u64)KREAD(copy, msg.msg_control) : 0;
	return wide > end && wide <= last ? wide : end;
}

/* What a receive has brought, for uring_receive(). */
SHARED int uring_received(struct scratch *staging, long ret)
{
	const struct io_async_msghdr *copy;
	struct uring_received *out;
	struct uring_request *request;
	struct session_state *session;
	struct uring_long *entry;
	struct uring_jobs *jobs;
	__u32 key = 0, index, size;
	__u64 end, left;

	jobs = bpf_map_lookup_elem(&uring_jobs, &key);
	if (!staging || !jobs)
		return 0;
	entry = staging_entry(staging);
	request = &entry->request;
	if (ret < 0 && ret != ERROR_FAULT)
		return 0;
	copy = (const struct io_async_msghdr *)request->resolve;
	if (request->multishot) {
		if (ret <= 0 || !copy)
			return 0;
		end = (__u64)KREAD(copy, msg.msg_control);
		left = KREAD(copy, msg.msg_controllen);
		/* Else one instruction subtracts here and below, which older verifiers do not allow by pointers of two kinds. */
		barrier_var(left);
		size = (__u32)(KREAD(copy, controllen) - left);
	} else {
		end = uring_received_end(request, (const struct uring_receive *)entry->text[0],
					 ret);
		size = (__u32)(end - ((const struct uring_receive *)entry->text[0])->control);
	}
	if (!size)
		return 0;
	index = jobs->messages;
	if (index >= URING_MESSAGES) {
		session = scope_session(request->session);
		if (session)
			session_miss(session, WIRE_OPEN);
		return 0;
	}
	out = &jobs->received[index];
	out->session = request->session;
	out->task = request->task;
	out->control = end - size;
	out->end = end;
	out->narrow = !!(request->flags & URING_NARROW);
	jobs->messages = index + 1;
	return 0;
}

/*
 * Has the kept request ended without a word, and its memory become another one's? Then the result, and the descriptor, are that
 * one's, who may be nobody of the session.
 */
static __always_inline bool uring_is_stale(const struct uring_request *request,
					   const struct uring_job *job)
{
	const struct io_kiocb *req = (const struct io_kiocb *)job->req;

	if (job->staging || job->notes)
		return false;
	return (__u64)KREAD(req, ctx) != request->ring ||
	       KREAD(req, cqe.user_data) != request->user_data;
}

/* A receive of which more is known than that it was asked for is told by what it brings. */
static __always_inline void uring_tell(struct scratch *staging, const struct uring_job *job)
{
	struct uring_request *request = &staging_entry(staging)->request;
	bool brings = request->opcode == URING_RECVMSG && !(request->notes & URING_NO_RESULT);
	bool stale = uring_is_stale(request, job);

	request->notes |= job->notes | (stale ? URING_NO_RESULT : 0);
	if (brings && !job->notes && !stale)
		uring_received(staging, job->ret);
	else if (!brings && job->shot)
		uring_emit_shot(staging, job->req, job->ret);
	else if (!brings)
		uring_emit(staging, job->req, job->ret);
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
	if (job->staging || uring_recall(staging, job->req))
		uring_tell(staging, job);
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

static long abandon_step(void *map, __u64 *key, struct uring_short *kept, __u32 *pid)
{
	return uring_abandon(*key, &kept->request, *pid);
}

static long abandon_step_long(void *map, __u64 *key, struct uring_long *kept, __u32 *pid)
{
	return uring_abandon(*key, &kept->request, *pid);
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
	struct uring_jobs *jobs;
	__u32 key = 0, pid;
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
	pid = jobs->pid;
	if (pid) {
		bpf_for_each_map_elem(&uring_requests, abandon_step, &pid, 0);
		bpf_for_each_map_elem(&uring_long_requests, abandon_step_long, &pid, 0);
	}
	/* What the hooks of addresses have seen belongs to the request, not to the task's next system call. */
	pending_forget(bpf_get_current_task_btf());
	if (jobs->messages)
		bpf_tail_call(ctx, &uring_programs, URING_RECEIVE);
	jobs->busy = 0;
	return 0;
}
