/* SPDX-License-Identifier: GPL-2.0-only */
/* What connect(2) and the sends were asked for: from the registers, and from the caller's memory. */
#ifndef SESHAT_REQUEST_BPF_H
#define SESHAT_REQUEST_BPF_H

#include "arch.bpf.h"

enum {
	SOCKADDR_SIZE = 128, /* sizeof(struct sockaddr_storage): the kernel takes no longer one */
	CALL_CONNECT = 3,    /* socketcall(2) */
	CALL_SENDTO = 11,
	CALL_SENDMSG = 16,
	CALL_SENDMMSG = 20,
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
	bool several; /* sendmmsg */
	__u8 address[SOCKADDR_SIZE]
		__attribute__((aligned(8))); /* on the stack, which has no unaligned access */
};

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

/* socketcall(call, arguments): 32-bit programs' way to all of them. */
static __always_inline __u32 socketcall_arguments(__u64 *arguments, __u32 call)
{
	__u32 narrow[6] = {};
	__u32 i;

	bpf_probe_read_user(narrow, call == CALL_CONNECT || call == CALL_SENDMSG ? 12 : 24,
			    (const void *)arguments[1]);
	for (i = 0; i < 6; i++)
		arguments[i] = narrow[i];
	return call;
}

static __always_inline __u32 network_call(__u64 *arguments, bool compat, __u32 number)
{
	if (compat && number == COMPAT_SOCKETCALL)
		return socketcall_arguments(arguments, (__u32)arguments[0]);
	if (number == (compat ? COMPAT_CONNECT : NATIVE_CONNECT))
		return CALL_CONNECT;
	if (number == (compat ? COMPAT_SENDTO : NATIVE_SENDTO))
		return CALL_SENDTO;
	return number == (compat ? COMPAT_SENDMSG : NATIVE_SENDMSG) ? CALL_SENDMSG : CALL_SENDMMSG;
}

/* Where the address of a call is; nothing where there is none, or where only the hooks know it (sendmmsg). */
static __always_inline void network_pointer(struct network_request *request, const __u64 *arguments,
					    bool pointers32)
{
	struct {
		__u64 name;
		__u32 size;
	} header = {};
	__u32 header32[2] = {};

	if (request->call == CALL_CONNECT) {
		request->pointer = arguments[1];
		request->claimed_size = (__u32)arguments[2];
	} else if (request->call == CALL_SENDTO) {
		request->pointer = arguments[4];
		request->claimed_size = (__u32)arguments[5];
	} else if (request->call == CALL_SENDMSG && pointers32) {
		bpf_probe_read_user(header32, sizeof(header32), (const void *)arguments[1]);
		request->pointer = header32[0];
		request->claimed_size = header32[1];
	} else if (request->call == CALL_SENDMSG) {
		bpf_probe_read_user(&header, 12, (const void *)arguments[1]);
		request->pointer = header.name;
		request->claimed_size = header.size;
	}
}

#endif
