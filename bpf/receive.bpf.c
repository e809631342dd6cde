/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Descriptors that arrive without an open: pidfd_getfd(2), and SCM_RIGHTS in the control messages of recvmsg(2), which are
 * read where the kernel has written them. What a descriptor stands for is the kernel's word.
 */
#include "sock.bpf.h"
#include "uring_emit.bpf.h"

enum {
	SOCKET_LEVEL = 1, /* SOL_SOCKET */
	RIGHTS = 1,	  /* SCM_RIGHTS */
	/* of one call: a step for each descriptor (SCM_MAX_FD, 253, a message), two for each control message and message */
	RECEIVE_STEPS = 1024 * (253 + 8),
	ALIGN_WIDE = 7,
	ALIGN_NARROW = 3,
};

struct control_header {
	__u64 length;
	__s32 level;
	__s32 type;
};

struct control_header_narrow {
	__u32 length;
	__s32 level;
	__s32 type;
};

/* Where in the caller's memory a walk has come to: apart, so that functions that are verified alone can take it. */
struct receive_place {
	__u64 message;		  /* the next one */
	__u64 control, end;	  /* control messages of this one */
	__u64 rights, rights_end; /* descriptors of this control message */
	__u32 messages;		  /* left */
	__u32 narrow;
};

struct receive_walk {
	struct task_state *state;
	struct uring_received *received; /* by io_uring */
	struct receive_place at;
};

static __always_inline int receive_socket(struct scratch *scratch, __u32 descriptor,
					  const struct socket *socket, __u16 via)
{
	const struct sock *sk = KREAD(socket, sk);
	const struct unix_sock *peer;
	struct wire_network *out;

	out = (struct wire_network *)&scratch->record[RECORD_FIXED];
	*out = (struct wire_network){ .return_code = descriptor,
				      .operation = WIRE_RECEIVE,
				      .via = via };
	network_socket(out, sk);
	out->family = out->socket_family;
	if (out->socket_family == FAMILY_UNIX) {
		if (unix_is_abstract(sk))
			out->flags |= WIRE_NET_ABSTRACT;
		part_unix_name_of(scratch, WIRE_PART_PATH, (const struct unix_sock *)sk);
		peer = (const struct unix_sock *)KREAD((const struct unix_sock *)sk, peer);
		if (peer)
			part_unix_name_of(scratch, WIRE_PART_NEW_PATH, peer);
	} else {
		network_ends(out, sk);
	}
	return record_end(scratch);
}

static __always_inline int receive_file(struct scratch *scratch, __u32 descriptor,
					const struct file *file, __u16 via)
{
	struct inode *inode = KREAD(file, f_inode);
	struct wire_open *open;

	open = (struct wire_open *)&scratch->record[RECORD_FIXED];
	*open = (struct wire_open){
		.return_code = descriptor,
		.flags = KREAD(file, f_flags),
		.inode = KREAD(inode, i_ino),
		.dev = KREAD(inode, i_sb, s_dev),
		.via = via,
	};
	part_path_of(scratch, WIRE_PART_PATH, file, f_path);
	return record_end(scratch);
}

/* A descriptor that the current task has got by a system call. */
SHARED int receive_descriptor(struct task_state *state, __u32 descriptor, __u16 via)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file *file = file_of(task, descriptor);
	struct scratch *scratch;
	struct socket *socket;

	if (!state || !file)
		return 0;
	image_tell(task, state);
	socket = socket_of_file(file);
	scratch = socket ? record_begin(WIRE_NETWORK, sizeof(struct wire_network), task, state) :
			   record_begin(WIRE_OPEN, sizeof(struct wire_open), task, state);
	if (!scratch)
		return 0;
	return socket ? receive_socket(scratch, descriptor, socket, via) :
			receive_file(scratch, descriptor, file, via);
}

/* By io_uring, for the task that has submitted the request. */
SHARED int receive_uring(struct uring_received *received, __u32 descriptor)
{
	struct file *file = file_of(bpf_get_current_task_btf(), descriptor);
	struct scratch *scratch;
	struct socket *socket;

	if (!received || !file)
		return 0;
	socket = socket_of_file(file);
	scratch = socket ? uring_begin(WIRE_NETWORK, sizeof(struct wire_network), received->session,
				       &received->task) :
			   uring_begin(WIRE_OPEN, sizeof(struct wire_open), received->session,
				       &received->task);
	if (!scratch)
		return 0;
	return socket ? receive_socket(scratch, descriptor, socket, WIRE_VIA_SCM_RIGHTS) :
			receive_file(scratch, descriptor, file, WIRE_VIA_SCM_RIGHTS);
}

/* The control messages of the next message. */
SHARED int receive_message(struct receive_place *at)
{
	__u64 wide[2] = {};
	__u32 narrow[2] = {};

	if (!at)
		return 0;
	if (at->narrow) {
		bpf_probe_read_user(narrow, sizeof(narrow),
				    (const void *)(at->message + NARROW_CONTROL));
		wide[0] = narrow[0];
		wide[1] = narrow[1];
	} else {
		bpf_probe_read_user(wide, sizeof(wide),
				    (const void *)(at->message + MESSAGE_CONTROL));
	}
	at->message += at->narrow ? NARROW_STRIDE : MESSAGE_STRIDE;
	at->control = wide[0];
	at->end = wide[0] + wide[1];
	return 0;
}

/* The next control message: its descriptors, if it brings some. */
SHARED int receive_control(struct receive_place *at, __u32 size)
{
	struct control_header_narrow narrow = {};
	struct control_header header = {};
	__u64 align;

	if (!at)
		return 0;
	align = at->narrow ? ALIGN_NARROW : ALIGN_WIDE;
	if (at->narrow) {
		bpf_probe_read_user(&narrow, sizeof(narrow), (const void *)at->control);
		header.length = narrow.length;
		header.level = narrow.level;
		header.type = narrow.type;
	} else {
		bpf_probe_read_user(&header, sizeof(header), (const void *)at->control);
	}
	if (header.length < size || header.length > at->end - at->control) {
		at->control = at->end;
		return 0;
	}
	if (header.level == SOCKET_LEVEL && header.type == RIGHTS) {
		at->rights = at->control + size;
		at->rights_end = at->control + header.length;
	}
	at->control += (header.length + align) & ~align;
	return 0;
}

static long receive_step(__u32 index, void *data)
{
	struct receive_walk *walk = data;
	__u32 size = walk->at.narrow ? sizeof(struct control_header_narrow) :
				       sizeof(struct control_header);
	__u32 descriptor = 0;

	if (walk->at.rights + sizeof(descriptor) <= walk->at.rights_end) {
		if (bpf_probe_read_user(&descriptor, sizeof(descriptor),
					(const void *)walk->at.rights))
			descriptor = ~0u;
		if (walk->received)
			receive_uring(walk->received, descriptor);
		else
			receive_descriptor(walk->state, descriptor, WIRE_VIA_SCM_RIGHTS);
		walk->at.rights += sizeof(descriptor);
		return 0;
	}
	if (walk->at.control + size <= walk->at.end) {
		receive_control(&walk->at, size);
		return 0;
	}
	if (!walk->at.messages)
		return 1;
	walk->at.messages--;
	receive_message(&walk->at);
	return 0;
}

static __always_inline int receive_ended(struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool compat = arch_compat(task);
	struct receive_walk walk = { .at.narrow = arch_pointers32(regs, compat) };
	__u64 arguments[CALL_ARGUMENTS];
	__u32 call;

	call = network_arguments(arguments, regs, compat);
	/* Where the kernel could not write the message's header in the end, descriptors have come all the same. */
	if (ret < 0 && (ret != ERROR_FAULT || call == CALL_PIDFD_GETFD))
		return 0;
	walk.state = scope_find(task);
	if (!walk.state)
		return 0;
	if (call == CALL_PIDFD_GETFD)
		return receive_descriptor(walk.state, (__u32)ret, WIRE_VIA_PIDFD_GETFD);
	walk.at.message = arguments[1];
	walk.at.messages = call == CALL_RECVMSG || ret < 0 ? 1 : (__u32)ret;
	/* Most messages have no control data: three steps. */
	bpf_loop(RECEIVE_STEPS, receive_step, &walk, 0);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(receive_exit, struct pt_regs *regs, long ret)
{
	return receive_ended(regs, ret);
}

/* What io_uring has received, after uring_record(), whose stack has no room for it. */
SEC("raw_tp/io_uring_complete")
int uring_receive(struct bpf_raw_tracepoint_args *ctx)
{
	struct uring_received *received;
	struct receive_walk walk = {};
	struct uring_jobs *jobs;
	__u32 key = 0, i;

	jobs = bpf_map_lookup_elem(&uring_jobs, &key);
	if (!jobs)
		return 0;
	for (i = 0; i < URING_MESSAGES && i < jobs->messages; i++) {
		received = &jobs->received[i];
		walk.received = received;
		walk.at.control = received->control;
		walk.at.end = received->end;
		walk.at.rights = walk.at.rights_end = 0;
		walk.at.narrow = received->narrow;
		bpf_loop(RECEIVE_STEPS, receive_step, &walk, 0);
	}
	jobs->busy = 0;
	return 0;
}
