/* SPDX-License-Identifier: GPL-2.0-only */
/* What connect(2) and the sends were asked for: from the registers, and from the caller's memory. */
#ifndef SESHAT_REQUEST_BPF_H
#define SESHAT_REQUEST_BPF_H

#include "emit.bpf.h"

enum {
	SOCKADDR_SIZE = 128, /* sizeof(struct sockaddr_storage): the kernel takes no longer one */
	CALL_BIND = 2,	     /* socketcall(2) */
	CALL_CONNECT = 3,
	CALL_LISTEN = 4,
	CALL_ACCEPT = 5,
	CALL_SENDTO = 11,
	CALL_SENDMSG = 16,
	CALL_RECVMSG = 17,
	CALL_ACCEPT4 = 18,
	CALL_RECVMMSG = 19,
	CALL_SENDMMSG = 20,
	CALLS,
	CALL_ARGUMENTS = 6,
	CALL_PIDFD_GETFD = 100,	    /* none of socketcall's */
	SEND_FASTOPEN = 0x20000000, /* MSG_FASTOPEN */
};

/* What the call was asked for; the address is what the caller's memory holds after the call, a claim. */
struct network_request {
	__u64 pointer; /* to the address */
	__u32 claimed_size;
	__u32 call; /* CALL_* */
	__u32 descriptor;
	__u32 flags; /* MSG_*, of a send */
	__u16 operation;
	__u16 family;
	__u32 size; /* bytes of address that could be read */
	bool readable;
	bool pointers32; /* the caller's are four bytes long */
	bool unknown;	 /* the result is */
	__u32 count;	 /* of messages (sendmmsg) */
	__u64 messages;	 /* where they are */
	__u8 address[SOCKADDR_SIZE] __attribute__((aligned(8)));
};

struct request_slot {
	__u32 busy;
	__u32 reserved;
	struct network_request request;
};

/* Where it is put together: too large for the stack, which calls of calls share. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SCRATCH_SLOTS);
	__type(key, __u32);
	__type(value, struct request_slot);
} requests SEC(".maps");

/* A free one, now taken, and empty; NULL where there is none. */
static __always_inline struct request_slot *request_take(void)
{
	struct request_slot *slot;
	__u32 i, key;

	for (i = 0; i < SCRATCH_SLOTS; i++) {
		key = i;
		slot = bpf_map_lookup_elem(&requests, &key);
		if (!slot || __sync_lock_test_and_set(&slot->busy, 1))
			continue;
		slot->request = (struct network_request){};
		return slot;
	}
	return NULL;
}

/* The same for a task of a session: where there is none, a record is missed, and counted. */
static __always_inline struct request_slot *request_take_for(const struct task_state *state)
{
	struct request_slot *slot = request_take();
	struct session_state *session = slot ? NULL : scope_session(state->session);

	if (session)
		session_miss(session, WIRE_NETWORK);
	return slot;
}

static __always_inline void request_give(struct request_slot *slot)
{
	slot->busy = 0;
}

static __always_inline void network_read_address(struct network_request *request)
{
	__u32 size = request->claimed_size;

	if (size > SOCKADDR_SIZE)
		size = SOCKADDR_SIZE;
	barrier_var(size);
	if (size < 2 || size > SOCKADDR_SIZE ||
	    bpf_probe_read_user(request->address, size, (const void *)request->pointer))
		return;
	request->readable = true;
	request->size = size;
	request->family = *(__u16 *)request->address;
}

/* How many arguments a call has: what is behind them may not be readable. */
static const __u8 socketcall_counts[CALLS] = {
	[CALL_BIND] = 3,     [CALL_CONNECT] = 3,  [CALL_LISTEN] = 2,  [CALL_ACCEPT] = 3,
	[CALL_SENDTO] = 6,   [CALL_SENDMSG] = 3,  [CALL_RECVMSG] = 3, [CALL_ACCEPT4] = 4,
	[CALL_RECVMMSG] = 5, [CALL_SENDMMSG] = 4,
};

/* socketcall(call, arguments): 32-bit programs' way to all of them. A function of its own, as the stack is short. */
static __noinline __u32 socketcall_arguments(__u64 *arguments, __u32 call)
{
	__u32 narrow[CALL_ARGUMENTS] = {};
	__u32 i, size;

	if (call >= CALLS)
		return 0;
	size = socketcall_counts[call] * sizeof(narrow[0]);
	barrier_var(size);
	if (size <= sizeof(narrow))
		bpf_probe_read_user(narrow, size, (const void *)arguments[1]);
	for (i = 0; i < CALL_ARGUMENTS; i++)
		arguments[i] = narrow[i];
	return call;
}

/* The calls that have a probe of their own (SLOT_SOCKET, SLOT_RECEIVE), and come by socketcall(2) to connect's. */
static __always_inline __u32 network_slot(__u32 call)
{
	switch (call) {
	case CALL_BIND:
	case CALL_LISTEN:
	case CALL_ACCEPT:
	case CALL_ACCEPT4:
		return SLOT_SOCKET;
	case CALL_RECVMSG:
	case CALL_RECVMMSG:
		return SLOT_RECEIVE;
	default:
		return SLOT_NETWORK;
	}
}

static __always_inline __u32 network_call(__u64 *arguments, bool compat, __u32 number)
{
	if (compat && number == COMPAT_SOCKETCALL)
		return socketcall_arguments(arguments, (__u32)arguments[0]);
	if (number == (compat ? COMPAT_CONNECT : NATIVE_CONNECT))
		return CALL_CONNECT;
	if (number == (compat ? COMPAT_SENDTO : NATIVE_SENDTO))
		return CALL_SENDTO;
	if (number == (compat ? COMPAT_SENDMSG : NATIVE_SENDMSG))
		return CALL_SENDMSG;
	if (number == (compat ? COMPAT_SENDMMSG : NATIVE_SENDMMSG))
		return CALL_SENDMMSG;
	if (number == (compat ? COMPAT_BIND : NATIVE_BIND))
		return CALL_BIND;
	if (number == (compat ? COMPAT_LISTEN : NATIVE_LISTEN))
		return CALL_LISTEN;
	if (number == (compat ? COMPAT_ACCEPT4 : NATIVE_ACCEPT4))
		return CALL_ACCEPT4;
	if (number == (compat ? COMPAT_RECVMSG : NATIVE_RECVMSG))
		return CALL_RECVMSG;
	if (number == BOTH_PIDFD_GETFD)
		return CALL_PIDFD_GETFD;
	if (number == (compat ? COMPAT_ACCEPT : NATIVE_ACCEPT))
		return CALL_ACCEPT;
	/* What is left: recvmmsg(2), of which 32-bit tables have two. */
	return CALL_RECVMMSG;
}

/* The call and its arguments, those of socketcall(2) too. */
static __always_inline __u32 network_arguments(__u64 *arguments, struct pt_regs *regs, bool compat)
{
	arguments[0] = arch_argument(regs, compat, 0);
	arguments[1] = arch_argument(regs, compat, 1);
	arguments[2] = arch_argument(regs, compat, 2);
	arguments[3] = arch_argument(regs, compat, 3);
	arguments[4] = arch_argument(regs, compat, 4);
	arguments[5] = arch_argument(regs, compat, 5);
	return network_call(arguments, compat, arch_syscall(regs, compat));
}

/* struct user_msghdr, and struct mmsghdr of sendmmsg(2) and recvmmsg(2), which has a length behind it. */
enum {
	MESSAGE_CONTROL = 32, /* offsets of msg_control and the size behind it */
	MESSAGE_STRIDE = 64,
	NARROW_CONTROL = 16,
	NARROW_STRIDE = 32,
};

/* The address in a message's header. */
static __noinline void message_address(struct network_request *request, __u64 message)
{
	struct {
		__u64 name;
		__u32 size;
	} header = {};
	__u32 header32[2] = {};

	if (request->pointers32) {
		bpf_probe_read_user(header32, sizeof(header32), (const void *)message);
		request->pointer = header32[0];
		request->claimed_size = header32[1];
	} else {
		bpf_probe_read_user(&header, 12, (const void *)message);
		request->pointer = header.name;
		request->claimed_size = header.size;
	}
}

/* Where the address of a call is; nothing where there is none, or there are many (sendmmsg). */
static __always_inline void network_pointer(struct network_request *request, const __u64 *arguments)
{
	if (request->call == CALL_CONNECT || request->call == CALL_BIND) {
		request->pointer = arguments[1];
		request->claimed_size = (__u32)arguments[2];
	} else if (request->call == CALL_SENDTO) {
		request->pointer = arguments[4];
		request->claimed_size = (__u32)arguments[5];
	} else if (request->call == CALL_SENDMSG) {
		message_address(request, arguments[1]);
	} else if (request->call == CALL_SENDMMSG) {
		request->messages = arguments[1];
		request->count = (__u32)arguments[2];
	}
}

/* What a call was asked for, but for the address itself. Not inline: the arguments leave the stack again. */
static __noinline int network_ask(struct network_request *request, struct pt_regs *regs,
				  bool compat)
{
	__u64 arguments[CALL_ARGUMENTS];

	request->call = network_arguments(arguments, regs, compat);
	request->descriptor = (__u32)arguments[0];
	request->pointers32 = arch_pointers32(regs, compat);
	/* sendto(descriptor, data, size, flags, ...), sendmsg(descriptor, message, flags), sendmmsg(.., .., .., flags) */
	request->flags = (__u32)arguments[request->call == CALL_SENDMSG ? 2 : 3];
	network_pointer(request, arguments);
	return 0;
}

#endif
