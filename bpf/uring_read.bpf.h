/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a request of io_uring asks for, put into a staging: from the kernel's copy, when it has been prepared, or from the
 * program's memory, when that failed.
 */
#ifndef SESHAT_URING_READ_BPF_H
#define SESHAT_URING_READ_BPF_H

#include "uring.bpf.h"

enum {
	URING_ADDRESS = 128,		/* sizeof(struct sockaddr_storage) */
	URING_HOW_SIZE = 24,		/* sizeof(struct open_how) */
	URING_MESSAGE_NAME = 12,	/* of struct msghdr: msg_name and msg_namelen */
	URING_UNLINK_DIRECTORY = 0x200, /* AT_REMOVEDIR */
	URING_FAMILIES = 64,		/* AF_MAX, and some to come */
};

/* Is it an operation that makes a record? Everybody who uses io_uring pays for this. */
static __always_inline bool uring_wanted(__u8 opcode)
{
	const __u64 wanted = 1ull << URING_SENDMSG | 1ull << URING_ACCEPT | 1ull << URING_CONNECT |
			     1ull << URING_OPENAT | 1ull << URING_SEND | 1ull << URING_OPENAT2 |
			     1ull << URING_RENAMEAT | 1ull << URING_UNLINKAT |
			     1ull << URING_SYMLINKAT | 1ull << URING_LINKAT |
			     1ull << URING_SEND_ZC | 1ull << URING_SENDMSG_ZC | 1ull << URING_BIND |
			     1ull << URING_LISTEN | 1ull << URING_RECVMSG;

	return opcode < URING_OPCODES && (wanted >> opcode & 1);
}

static __always_inline bool uring_is_file(__u16 opcode)
{
	return opcode >= URING_RENAMEAT && opcode <= URING_LINKAT;
}

static __always_inline bool uring_is_open(__u16 opcode)
{
	return opcode == URING_OPENAT || opcode == URING_OPENAT2;
}

static __always_inline bool uring_is_send(__u16 opcode)
{
	return opcode == URING_SEND || opcode == URING_SENDMSG || opcode == URING_SEND_ZC ||
	       opcode == URING_SENDMSG_ZC;
}

/* A name, of the kernel's, or of the program's. */
static __always_inline void uring_text(struct uring_long *entry, __u32 index, __u64 name, bool user)
{
	long r;

	if (user)
		r = user_string(entry->text[index], URING_LONG, name);
	else
		r = bpf_probe_read_kernel_str(entry->text[index], URING_LONG, (const void *)name);
	if (r <= 0) {
		entry->text[index][0] = 0;
		entry->request.notes |= URING_UNREADABLE;
	} else if ((__u16)r > entry->request.longest) {
		entry->request.longest = (__u16)r;
	}
}

static __always_inline void uring_address(struct uring_long *entry, __u64 address, __u32 size,
					  bool user)
{
	if (size > URING_ADDRESS)
		size = URING_ADDRESS;
	barrier_var(size);
	if (size > URING_ADDRESS)
		return;
	if (user)
		entry->request.notes |= URING_CLAIM;
	if (user ? bpf_probe_read_user(entry->text[0], size, (const void *)address) :
		   bpf_probe_read_kernel(entry->text[0], size, (const void *)address))
		entry->request.notes |= URING_UNREADABLE;
	else
		entry->request.size = size;
}

static __always_inline bool is_family(__u64 beginning)
{
	__u16 family = (__u16)beginning;

	return family && family <= URING_FAMILIES;
}

/*
 * Where the kernel's copy of a connect's or bind's address begins in what it has allocated: inside a struct
 * io_async_msghdr from 6.10 on; since 7.2, and in stable kernels since June 2026, it is all of it. No type tells: the copy
 * is where the program's memory (NULL: not known) is the same, or what looks like an address.
 */
static __always_inline __u32 uring_copy_offset(const void *copy, const void *user, __u32 size)
{
	const __u32 inside = bpf_core_field_offset(struct io_async_msghdr, addr);
	__u64 plain = 0, wrapped = 0, claim = 0;

	if (size > sizeof(claim))
		size = sizeof(claim);
	barrier_var(size);
	if (size > sizeof(claim))
		return 0;
	bpf_probe_read_kernel(&plain, size, copy);
	bpf_probe_read_kernel(&wrapped, size, copy + inside);
	if (user && !bpf_probe_read_user(&claim, size, user)) {
		if (plain == claim)
			return 0;
		if (wrapped == claim)
			return inside;
	}
	return !is_family(plain) && is_family(wrapped) ? inside : 0;
}

/* The address of a connect or bind, of which the request itself has the size. */
static __always_inline void uring_read_address(struct uring_long *entry, const struct io_kiocb *req,
					       const void *user, __u32 size)
{
	const void *copy = KREAD(req, async_data);

	if (uring_copies_addresses())
		uring_address(entry, (__u64)copy + uring_copy_offset(copy, user, size), size,
			      false);
	else
		uring_address(entry, (__u64)user, size, true);
}

/* The address of a message in the program's memory. False: it has none. */
static __always_inline bool uring_message(struct uring_long *entry, __u64 message)
{
	struct {
		__u64 name;
		__u32 size;
		__u32 reserved;
	} header = {};

	if (bpf_probe_read_user(&header, URING_MESSAGE_NAME, (const void *)message)) {
		entry->request.notes |= URING_UNREADABLE;
		return true;
	}
	if (!header.name || !header.size)
		return false;
	uring_address(entry, header.name, header.size, true);
	return true;
}

/* False: it is not to an address, and so no record. */
static __always_inline bool uring_read_send(struct uring_long *entry, const struct io_kiocb *req)
{
	const struct io_sr_msg *send = (const struct io_sr_msg *)req;
	const struct io_sr_msg___address *sends = (const struct io_sr_msg___address *)req;
	const struct io_async_msghdr *copy = KREAD(req, async_data);
	__u16 opcode = entry->request.opcode;
	__u64 address = 0;

	entry->request.flags = KREAD(send, msg_flags);
	if (uring_copies_addresses()) {
		address = (__u64)KREAD(copy, msg.msg_name);
		if (address)
			uring_address(entry, address, (__u32)KREAD(copy, msg.msg_namelen), false);
		return address;
	}
	if (opcode == URING_SENDMSG || opcode == URING_SENDMSG_ZC)
		return uring_message(entry, (__u64)KREAD(send, umsg));
	if (bpf_core_field_exists(sends->addr))
		address = (__u64)BPF_CORE_READ(sends, addr);
	if (address)
		uring_address(entry, address, (__u16)BPF_CORE_READ(sends, addr_len), true);
	return address;
}

static __always_inline void uring_read_open(struct uring_long *entry, const struct io_kiocb *req)
{
	const struct io_open *open = (const struct io_open *)req;
	struct uring_request *request = &entry->request;

	request->directory = KREAD(open, dfd);
	request->flags = KREAD(open, how.flags);
	request->mode = (__u32)KREAD(open, how.mode);
	request->resolve = KREAD(open, how.resolve);
	request->slot = KREAD(open, file_slot);
	uring_text(entry, 0, uring_name(io_open, req, filename), false);
}

static __always_inline void uring_read_names(struct uring_long *entry, const struct io_kiocb *req)
{
	const struct io_rename *renames = (const struct io_rename *)req;
	const struct io_unlink *unlinks = (const struct io_unlink *)req;
	const struct io_link *links = (const struct io_link *)req;
	struct uring_request *request = &entry->request;

	if (request->opcode == URING_UNLINKAT) {
		request->directory = KREAD(unlinks, dfd);
		request->flags = (__u32)KREAD(unlinks, flags);
		uring_text(entry, 0, uring_name(io_unlink, req, filename), false);
	} else if (request->opcode == URING_RENAMEAT) {
		request->directory = KREAD(renames, old_dfd);
		request->new_directory = KREAD(renames, new_dfd);
		request->flags = (__u32)KREAD(renames, flags);
		uring_text(entry, 0, uring_name(io_rename, req, oldpath), false);
		uring_text(entry, 1, uring_name(io_rename, req, newpath), false);
	} else {
		request->directory = KREAD(links, old_dfd);
		request->new_directory = KREAD(links, new_dfd);
		if (request->opcode == URING_LINKAT)
			request->flags = (__u32)KREAD(links, flags);
		uring_text(entry, 0, uring_name(io_link, req, oldpath), false);
		uring_text(entry, 1, uring_name(io_link, req, newpath), false);
	}
}

static __always_inline void uring_read_accept(struct uring_long *entry, const struct io_kiocb *req)
{
	const struct io_accept *accept = (const struct io_accept *)req;

	entry->request.flags = (__u32)KREAD(accept, flags);
	entry->request.slot = KREAD(accept, file_slot);
	if (bpf_core_field_exists(accept->iou_flags))
		entry->request.multishot = KREAD(accept, iou_flags) & URING_MULTISHOT;
}

/*
 * Where a message's control data will go: as the kernel has copied it, else as the program has it now. Of a multishot
 * request the kernel decides for each message. False: there is no room for descriptors.
 */
static __always_inline bool uring_read_receive(struct uring_long *entry, const struct io_kiocb *req)
{
	const struct io_sr_msg *receive = (const struct io_sr_msg *)req;
	const struct io_async_msghdr *copy = KREAD(req, async_data);
	struct uring_request *request = &entry->request;
	struct uring_receive *out = (struct uring_receive *)entry->text[0];
	__u64 wide[2] = {};
	__u32 narrow[2] = {};

	request->flags = KREAD(receive, msg_flags);
	if (bpf_core_field_exists(receive->flags))
		request->multishot = !!(KREAD(receive, flags) & URING_RECEIVE_MULTISHOT);
	out->message = (__u64)KREAD(receive, umsg);
	if (uring_copies_addresses()) {
		request->resolve = (__u64)copy;
		out->control = (__u64)KREAD(copy, msg.msg_control);
		out->size = KREAD(copy, msg.msg_controllen);
		return out->size || (request->multishot && KREAD(copy, controllen));
	}
	if (request->flags & URING_NARROW) {
		bpf_probe_read_user(narrow, sizeof(narrow),
				    (const void *)(out->message + NARROW_CONTROL));
		wide[0] = narrow[0];
		wide[1] = narrow[1];
	} else {
		bpf_probe_read_user(wide, sizeof(wide),
				    (const void *)(out->message + MESSAGE_CONTROL));
	}
	out->control = wide[0];
	out->size = wide[1];
	return out->size;
}

/* A request that the kernel has prepared. False: it makes no record. */
SHARED int uring_read(struct scratch *staging, __u64 address)
{
	const struct io_kiocb *req = (const struct io_kiocb *)address;
	const struct io_connect *connect = (const struct io_connect *)address;
	const struct io_bind *bind = (const struct io_bind *)address;
	struct uring_long *entry;
	__u16 opcode;

	if (!staging)
		return 0;
	entry = staging_entry(staging);
	opcode = entry->request.opcode;
	if (uring_is_open(opcode))
		uring_read_open(entry, req);
	else if (uring_is_file(opcode))
		uring_read_names(entry, req);
	else if (uring_is_send(opcode))
		return uring_read_send(entry, req);
	else if (opcode == URING_RECVMSG)
		return uring_read_receive(entry, req);
	else if (opcode == URING_CONNECT)
		uring_read_address(entry, req, KREAD(connect, addr),
				   (__u32)KREAD(connect, addr_len));
	else if (opcode == URING_BIND && bpf_core_type_exists(struct io_bind))
		uring_read_address(entry, req, NULL, (__u32)KREAD(bind, addr_len));
	else if (opcode == URING_ACCEPT)
		uring_read_accept(entry, req);
	return 1;
}

static __always_inline void uring_failed_open(struct uring_long *entry, const struct uring_sqe *sqe)
{
	struct uring_request *request = &entry->request;
	__u64 how[3] = {};

	request->directory = sqe->fd;
	request->flags = sqe->op_flags;
	request->mode = sqe->len;
	uring_text(entry, 0, sqe->addr, true);
	if (request->opcode != URING_OPENAT2)
		return;
	bpf_probe_read_user(how, sizeof(how), (const void *)sqe->second);
	request->flags = how[0];
	request->mode = (__u32)how[1];
	request->resolve = how[2];
}

static __always_inline bool uring_failed_send(struct uring_long *entry, const struct uring_sqe *sqe)
{
	entry->request.flags = sqe->op_flags;
	if (entry->request.opcode == URING_SENDMSG || entry->request.opcode == URING_SENDMSG_ZC)
		return uring_message(entry, sqe->addr);
	if (sqe->second)
		uring_address(entry, sqe->second, (__u16)sqe->file_index, true);
	return sqe->second;
}

/* A request that failed before it was prepared: as the program has it now. False: it makes no record. */
SHARED int uring_read_failed(struct scratch *staging, struct uring_sqe *sqe)
{
	struct uring_long *entry;
	__u16 opcode;

	if (!staging || !sqe)
		return 0;
	entry = staging_entry(staging);
	opcode = entry->request.opcode;
	if (uring_is_open(opcode)) {
		uring_failed_open(entry, sqe);
	} else if (uring_is_file(opcode)) {
		entry->request.directory = sqe->fd;
		entry->request.new_directory = opcode == URING_SYMLINKAT ? sqe->fd : (int)sqe->len;
		entry->request.flags = opcode == URING_SYMLINKAT ? 0 : sqe->op_flags;
		uring_text(entry, 0, sqe->addr, true);
		if (opcode != URING_UNLINKAT)
			uring_text(entry, 1, sqe->second, true);
	} else if (opcode == URING_RECVMSG) {
		return 0; /* nothing has come */
	} else if (uring_is_send(opcode)) {
		return uring_failed_send(entry, sqe);
	} else if (opcode == URING_CONNECT || opcode == URING_BIND) {
		uring_address(entry, sqe->addr, (__u32)sqe->second, true);
	}
	return 1;
}

#endif
