/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The structures of io_uring that the probes read, with only the members that they read, and a getter for each that
 * differs between kernels.
 */
#ifndef SESHAT_URING_TYPES_H
#define SESHAT_URING_TYPES_H

#include "kernel_types.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct io_wq_work_node {
	struct io_wq_work_node *next;
};

struct io_wq_work_list {
	struct io_wq_work_node *first;
};

struct io_submit_state {
	struct io_wq_work_list compl_reqs;
};

struct io_rsrc_node {
	unsigned long file_ptr;
};

struct io_rsrc_data {
	unsigned int nr;
	struct io_rsrc_node **nodes;
};

struct io_file_table {
	struct io_rsrc_data data;
};

struct io_fixed_file {
	unsigned long file_ptr;
};

/* Before 6.13 (7029acd8a950). */
struct io_file_table___array {
	struct io_fixed_file *files;
};

struct io_ring_ctx {
	struct io_submit_state submit_state;
	struct io_file_table file_table;
	struct xarray personalities;
	__u64 hybrid_poll_time;
};

/* Before 6.13, likewise. */
struct io_ring_ctx___array {
	unsigned int nr_user_files;
};

struct io_uring_task {
	struct task_struct *task;
};

struct io_cqe {
	__u64 user_data;
	__s32 res;
	int fd;
};

struct io_cmd_data {
	struct file *file;
};

struct io_kiocb {
	struct file *file;
	struct io_cmd_data
		cmd; /* since 6.0: before, the structures below are members by name, in the same place */
	__u8 opcode;
	__u64 flags;
	struct io_cqe cqe;
	struct io_ring_ctx *ctx;
	struct io_uring_task *tctx;
	void *async_data;
	const struct cred *creds;
	struct io_wq_work_node comp_list;
};

/* Before 6.13 (b6f58a3f4aa8). */
struct io_kiocb___task {
	struct task_struct *task;
};

struct filename {
	const char *name;
};

struct open_how___uring {
	__u64 flags, mode, resolve;
};

struct io_open {
	int dfd;
	__u32 file_slot;
	struct filename *filename;
	struct open_how___uring how;
};

struct io_rename {
	int old_dfd;
	int new_dfd;
	struct filename *oldpath;
	struct filename *newpath;
	int flags;
};

struct io_unlink {
	int dfd;
	int flags;
	struct filename *filename;
};

struct io_link {
	int old_dfd;
	int new_dfd;
	struct filename *oldpath;
	struct filename *newpath;
	int flags;
};

/* A pointer in a structure of its own, since 7.0. */
struct delayed_filename {
	struct filename *__incomplete_filename;
};

struct io_open___delayed {
	struct delayed_filename filename;
};

struct io_rename___delayed {
	struct delayed_filename oldpath;
	struct delayed_filename newpath;
};

struct io_unlink___delayed {
	struct delayed_filename filename;
};

struct io_link___delayed {
	struct delayed_filename oldpath;
	struct delayed_filename newpath;
};

struct io_connect {
	struct sockaddr *addr; /* the program's */
	int addr_len;
};

struct io_bind {
	int addr_len;
};

struct io_accept {
	int flags;
	int iou_flags;
	__u32 file_slot;
};

struct io_sr_msg {
	void *umsg;
	unsigned int msg_flags;
	__u16 flags;
};

/* Before 6.10; of SEND_ZC, since 6.0. */
struct io_sr_msg___address {
	void *addr;
	__u32 addr_len;
};

struct msghdr {
	void *msg_name;
	int msg_namelen;
	void *msg_control;	      /* the program's, behind what the kernel has written */
	unsigned long msg_controllen; /* what is left there */
};

struct __kernel_sockaddr_storage {
	unsigned short ss_family;
};

struct io_async_msghdr {
	unsigned long controllen; /* of a multishot request: of each message */
	struct msghdr msg;
	struct __kernel_sockaddr_storage addr;
};

/* Its end (6.10, e2ea5a706913) is also when addresses began to be copied before the request is submitted. */
struct io_async_connect {
	struct __kernel_sockaddr_storage address;
};

#pragma clang attribute pop

/* enum io_uring_op of linux/io_uring.h: the operations that make records, and two that take descriptors away. */
enum uring_opcode {
	URING_SENDMSG = 9,
	URING_RECVMSG = 10,
	URING_ACCEPT = 13,
	URING_CONNECT = 16,
	URING_OPENAT = 18,
	URING_CLOSE = 19,
	URING_FILES_UPDATE = 20,
	URING_SEND = 26,
	URING_OPENAT2 = 28,
	URING_RENAMEAT = 35,
	URING_UNLINKAT = 36,
	URING_SYMLINKAT = 38,
	URING_LINKAT = 39,
	URING_SEND_ZC = 47,
	URING_SENDMSG_ZC = 48,
	URING_BIND = 56,
	URING_LISTEN = 57,
	URING_OPCODES = 64,
};

enum {
	/* io_kiocb.flags: as IOSQE_* of the submission, which are programs' interface */
	URING_FIXED_FILE = 1,
	URING_SKIP_SUCCESS = 64,
	URING_MULTISHOT = 1,	     /* IORING_ACCEPT_MULTISHOT */
	URING_RECEIVE_MULTISHOT = 2, /* IORING_RECV_MULTISHOT */
	URING_NARROW = 1u << 31,     /* MSG_CMSG_COMPAT: a 32-bit program's message */
	URING_NEW_SLOT =
		~0u, /* IORING_FILE_INDEX_ALLOC: the kernel chooses the direct descriptor */
	FILE_POINTER_FLAGS = 7,	  /* what is kept in the low bits of io_rsrc_node.file_ptr */
	URING_LIST_END = 1 << 20, /* of completions in one go: more than any ring has */
};

/* What a program submits: 64 bytes of the interface (linux/io_uring.h), unions by what is read of them here. */
struct uring_sqe {
	__u8 opcode, flags;
	__u16 ioprio;
	int fd;
	__u64 second; /* off, addr2 */
	__u64 addr;
	__u32 len;
	__u32 op_flags;
	__u64 user_data;
	__u16 buf_index, personality;
	__u32 file_index; /* of a send, the low half: the address's length */
	__u64 addr3, pad;
};

/* The kernel's copy of a name that a request holds. `type` is the request's structure, `member` the name's. */
#define uring_name(type, request, member)                                        \
	((__u64)(bpf_core_field_exists(((struct type *)0)->member) ?             \
			 BPF_CORE_READ((struct type *)(request), member, name) : \
			 BPF_CORE_READ((struct type##___delayed *)(request),     \
				       member.__incomplete_filename, name)))

/* The task that the request runs for, and whose descriptors it uses. */
static __always_inline struct task_struct *uring_task(const struct io_kiocb *request)
{
	if (bpf_core_field_exists(((struct io_uring_task *)0)->task))
		return KREAD(request, tctx, task);
	return BPF_CORE_READ((const struct io_kiocb___task *)request, task);
}

/* Does the request hold the kernel's copy of an address when it is submitted? */
static __always_inline bool uring_copies_addresses(void)
{
	return !bpf_core_type_exists(struct io_async_connect);
}

/* The file of a direct descriptor. */
static __always_inline struct file *uring_slot_file(const struct io_ring_ctx *ctx, __u32 slot)
{
	unsigned long pointer = 0;

	if (bpf_core_field_exists(((struct io_file_table *)0)->data)) {
		struct io_rsrc_node **nodes = KREAD(ctx, file_table.data.nodes), *node = NULL;

		if (slot >= KREAD(ctx, file_table.data.nr))
			return NULL;
		bpf_probe_read_kernel(&node, sizeof(node), nodes + slot);
		if (node)
			pointer = KREAD(node, file_ptr);
	} else {
		const void *table =
			(const void *)ctx + bpf_core_field_offset(struct io_ring_ctx, file_table);
		struct io_fixed_file *files =
			BPF_CORE_READ((const struct io_file_table___array *)table, files);

		if (slot >= KREAD((const struct io_ring_ctx___array *)ctx, nr_user_files))
			return NULL;
		bpf_probe_read_kernel(&pointer, sizeof(pointer), files + slot);
	}
	return (struct file *)(pointer & ~(unsigned long)FILE_POINTER_FLAGS);
}

/*
 * The credentials of a request that was submitted with a registered personality, NULL for none. REQ_F_CREDS moved when
 * REQ_F_IOPOLL_STATE came before it in 6.13 (01ee194d1aba); another reason to set it there is only after submission.
 */
static __always_inline const struct cred *uring_creds(const struct io_kiocb *request)
{
	__u64 flag = bpf_core_field_exists(((struct io_ring_ctx *)0)->hybrid_poll_time) ?
			     1ull << 19 :
			     1ull << 18;

	if (!KREAD(request, ctx, personalities.xa_head) || !(KREAD(request, flags) & flag))
		return NULL;
	return KREAD(request, creds);
}

#endif
