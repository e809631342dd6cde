/* SPDX-License-Identifier: GPL-2.0-only */
/* The open family: what was opened is read from the descriptor's file, what was asked for from the registers. */
#include "image.bpf.h"

enum {
	OPEN_CREAT = 00000101 |
		     00001000, /* what creat(2) stands for: O_CREAT | O_WRONLY | O_TRUNC */
	OPEN_EXCLUSIVE = 00000100 | 00000200, /* O_CREAT | O_EXCL */
	OPEN_TMPFILE = 020000000,	      /* __O_TMPFILE */
	OPEN_IN_ROOT = 0x10,		      /* RESOLVE_IN_ROOT */
	/* what an open file does not keep, O_CREAT, O_EXCL, O_NOCTTY, O_TRUNC and O_CLOEXEC, or has anyway, O_LARGEFILE */
	OPEN_SPENT = 00000100 | 00000200 | 00000400 | 00001000 | 02000000 | 00100000,
};

struct open_how {
	__u64 flags, mode, resolve;
};

struct open_request {
	__u64 path;
	struct open_how how;
	int directory;
	__u16 via;
	__u16 notes; /* enum wire_open_notes */
	bool claimed; /* `how` was in the program's memory, which another thread can have changed since */
};

/* What the call was asked for: open_how of openat2() is in the program's memory, all else in registers. */
static __always_inline void open_arguments(struct open_request *request, const struct pt_regs *regs,
					   bool compat, __u32 number)
{
	__u64 first = arch_argument(regs, compat, 0), second = arch_argument(regs, compat, 1);
	__u64 third = arch_argument(regs, compat, 2), fourth = arch_argument(regs, compat, 3);

	if (number == (compat ? COMPAT_OPENAT : NATIVE_OPENAT)) {
		request->directory = (int)first;
		request->path = second;
		request->how.flags = (__u32)third;
		request->how.mode = (__u16)fourth;
	} else if (number == BOTH_OPENAT2) {
		request->directory = (int)first;
		request->path = second;
		request->claimed = true;
		/* Of a shorter one than the first that there was the kernel reads nothing. */
		if (fourth < sizeof(request->how) ||
		    bpf_probe_read_user(&request->how, sizeof(request->how), (const void *)third))
			request->notes = WIRE_OPEN_UNKNOWN;
	} else if (number == (compat ? COMPAT_OPEN_BY_HANDLE_AT : NATIVE_OPEN_BY_HANDLE_AT)) {
		request->how.flags = (__u32)third;
		request->via = WIRE_VIA_HANDLE;
	} else if (number == BOTH_OPEN_TREE || number == BOTH_OPEN_TREE_ATTR) {
		request->directory = (int)first;
		request->path = second;
		request->how.flags = (__u32)third;
		request->via = WIRE_VIA_OPEN_TREE;
	} else if (number == (compat ? COMPAT_CREAT : NATIVE_CREAT)) {
		request->path = first;
		request->how.flags = OPEN_CREAT;
		request->how.mode = (__u16)second;
	} else {
		request->path = first;
		request->how.flags = (__u32)second;
		request->how.mode = (__u16)third;
		if (number == (compat ? COMPAT_MQ_OPEN : NATIVE_MQ_OPEN))
			request->via = WIRE_VIA_MQ_OPEN;
	}
}

/* Did the call make the file that it has opened? */
static __always_inline bool open_created(const struct file *file,
					 const struct open_request *request, __u64 flags)
{
	/* Its flags are others. */
	if (request->via == WIRE_VIA_OPEN_TREE)
		return false;
	/* The kernel does not mark a new queue: this is what tells (do_mq_open()). */
	if (request->via == WIRE_VIA_MQ_OPEN)
		return (request->how.flags & OPEN_EXCLUSIVE) == OPEN_EXCLUSIVE;
	/* A file without a name is always a new one, though not marked as such (vfs_tmpfile()). */
	return (KREAD(file, f_mode) & FMODE_CREATED) || (flags & OPEN_TMPFILE);
}

/*
 * The file that the call opened. By now the descriptor may be another file's: of whoever shares the descriptors and put
 * one in its place, or of a seccomp filter that answered for the kernel. Such a file has been there before and has
 * another reference, which one that was just opened has not; then there is only the request.
 */
static __always_inline struct file *open_file(struct task_struct *task, __s64 descriptor)
{
	struct file *file = descriptor >= 0 ? file_of(task, (__u32)descriptor) : NULL;

	return file && file_is_single(file) ? file : NULL;
}

/* The flags: those that the open file has, where the program's memory may have others by now. */
static __always_inline __u64 open_flags(const struct file *file, const struct open_request *request)
{
	if (!request->claimed)
		return request->how.flags;
	return (request->how.flags & OPEN_SPENT) | (KREAD(file, f_flags) & ~(__u32)OPEN_SPENT);
}

static __always_inline void open_result(struct scratch *scratch, struct wire_open *open,
					struct task_struct *task,
					const struct open_request *request)
{
	struct file *file = open_file(task, open->return_code);
	struct inode *inode;

	if (!file) {
		/* The name of a queue is relative to the queues' file system alone. */
		if (request->path && request->via != WIRE_VIA_MQ_OPEN)
			part_base(scratch, request->directory, request->path,
				  request->how.resolve & OPEN_IN_ROOT);
		return;
	}
	open->flags = open_flags(file, request);
	inode = KREAD(file, f_inode);
	open->inode = KREAD(inode, i_ino);
	open->dev = KREAD(inode, i_sb, s_dev);
	open->created = open_created(file, request, open->flags);
	part_path_of(scratch, WIRE_PART_PATH, file, f_path);
}

/* The body: a call of the current task's that has ended with `ret`. */
SHARED int open_body(struct task_state *state, struct open_request *request, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *scratch;
	struct wire_open *open;

	if (!state || !request)
		return 0;
	image_tell(task, state);
	scratch = record_begin(WIRE_OPEN, sizeof(*open), task, state);
	if (!scratch)
		return 0;
	open = (struct wire_open *)&scratch->record[RECORD_FIXED];
	*open = (struct wire_open){
		.return_code = syscall_result(ret),
		.flags = request->how.flags,
		.resolve = request->how.resolve,
		.mode = (__u32)request->how.mode,
		.via = request->via,
		.notes = request->notes,
	};
	open_result(scratch, open, task, request);
	/* A handle has no path: what the program asked for is not a name. */
	if (request->via != WIRE_VIA_HANDLE)
		part_user_string(scratch, WIRE_PART_REQUEST, request->path);
	return record_end(scratch);
}

static __always_inline int open_ended(struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool compat = arch_compat(task);
	struct open_request request = { .directory = FD_CWD };
	struct task_state *state;

	open_arguments(&request, regs, compat, arch_syscall(regs, compat));
	state = scope_find(task);
	return state ? open_body(state, &request, ret) : 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(open_exit, struct pt_regs *regs, long ret)
{
	return open_ended(regs, ret);
}
