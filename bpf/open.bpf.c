/* SPDX-License-Identifier: GPL-2.0-only */
/* The open family: what was opened is read from the descriptor's file, what was asked for from the registers. */
#include "image.bpf.h"

enum {
	OPEN_CREAT = 00000101 |
		     00001000,	  /* what creat(2) stands for: O_CREAT | O_WRONLY | O_TRUNC */
	OPEN_TMPFILE = 020000000, /* __O_TMPFILE */
	OPEN_IN_ROOT = 0x10,	  /* RESOLVE_IN_ROOT */
};

struct open_how {
	__u64 flags, mode, resolve;
};

struct open_request {
	__u64 path;
	struct open_how how;
	int directory;
	__u16 via;
	__u16 unknown;
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
	} else if (number == (compat ? COMPAT_OPENAT2 : NATIVE_OPENAT2)) {
		request->directory = (int)first;
		request->path = second;
		/* Of a shorter one than the first that there was the kernel reads nothing. */
		if (fourth < sizeof(request->how) ||
		    bpf_probe_read_user(&request->how, sizeof(request->how), (const void *)third))
			request->unknown = 1;
	} else if (number == (compat ? COMPAT_OPEN_BY_HANDLE_AT : NATIVE_OPEN_BY_HANDLE_AT)) {
		request->how.flags = (__u32)third;
		request->via = WIRE_VIA_HANDLE;
	} else if (number == (compat ? COMPAT_CREAT : NATIVE_CREAT)) {
		request->path = first;
		request->how.flags = OPEN_CREAT;
		request->how.mode = (__u16)second;
	} else {
		request->path = first;
		request->how.flags = (__u32)second;
		request->how.mode = (__u16)third;
	}
}

static __always_inline void open_result(struct scratch *scratch, struct wire_open *open,
					struct task_struct *task,
					const struct open_request *request)
{
	struct file *file = open->return_code >= 0 ? file_of(task, (__u32)open->return_code) : NULL;
	struct inode *inode;

	if (!file) {
		if (request->path)
			part_base(scratch, request->directory, request->path,
				  request->how.resolve & OPEN_IN_ROOT);
		return;
	}
	inode = KREAD(file, f_inode);
	open->inode = KREAD(inode, i_ino);
	open->dev = KREAD(inode, i_sb, s_dev);
	/* A file without a name is always a new one, though not marked as such (vfs_tmpfile()). */
	open->created = (KREAD(file, f_mode) & FMODE_CREATED) ||
			(request->how.flags & OPEN_TMPFILE);
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
		.unknown = request->unknown,
	};
	open_result(scratch, open, task, request);
	/* A handle has no path: what the program asked for is not a name. */
	if (request->via != WIRE_VIA_HANDLE)
		part_user_string(scratch, WIRE_PART_REQUEST, request->path);
	return record_end(scratch);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(open_exit, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool compat = arch_compat(task);
	struct open_request request = { .directory = FD_CWD };
	struct task_state *state;

	open_arguments(&request, regs, compat, arch_syscall(regs, compat));
	state = scope_find(task);
	return state ? open_body(state, &request, ret) : 0;
}
