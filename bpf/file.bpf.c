/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names and mounts that are made, removed or moved. By the end of the call the kernel has let go of what it looked up, so a
 * path is what was asked for and what that is relative to; but for a new root, which the task has then.
 */
#include "arch_calls.bpf.h"
#include "image.bpf.h"

enum {
	UNLINK_DIRECTORY = 0x200, /* AT_REMOVEDIR */
	MOUNT_BIND = 4096,	  /* MS_BIND, MS_MOVE: the source is a path */
	MOUNT_MOVE = 8192,
};

struct file_request {
	__u64 path, new_path, name; /* in the program's memory, 0 for none */
	__u64 flags;
	int directory, new_directory;
	__u32 operation;
	bool new_is_text; /* a mount's source that is no path */
};

/* Those with one path. */
static __always_inline bool file_one(struct file_request *request, const __u64 *arguments,
				     __u32 call)
{
	request->path = arguments[0];
	switch (call) {
	case WIRE_CALL_UNLINK:
		request->operation = WIRE_FILE_UNLINK;
		return true;
	case WIRE_CALL_RMDIR:
		request->operation = WIRE_FILE_RMDIR;
		return true;
	case WIRE_CALL_UNLINKAT:
		request->directory = (int)arguments[0];
		request->path = arguments[1];
		request->flags = (__u32)arguments[2];
		request->operation = request->flags & UNLINK_DIRECTORY ? WIRE_FILE_RMDIR :
									 WIRE_FILE_UNLINK;
		return true;
	case WIRE_CALL_TRUNCATE:
		request->operation = WIRE_FILE_TRUNCATE;
		return true;
	case WIRE_CALL_CHROOT:
		request->operation = WIRE_FILE_CHROOT;
		return true;
	case WIRE_CALL_UMOUNT2:
		request->flags = (__u32)arguments[1];
		request->operation = WIRE_FILE_UMOUNT;
		return true;
	case WIRE_CALL_UMOUNT:
		request->operation = WIRE_FILE_UMOUNT;
		return true;
	default:
		return false;
	}
}

/* Those with a directory before each of two paths. */
static __always_inline bool file_two_at(struct file_request *request, const __u64 *arguments,
					__u32 call)
{
	request->directory = (int)arguments[0];
	request->path = arguments[1];
	request->new_directory = (int)arguments[2];
	request->new_path = arguments[3];
	if (call != WIRE_CALL_RENAMEAT) /* it alone has no flags */
		request->flags = (__u32)arguments[4];
	switch (call) {
	case WIRE_CALL_RENAMEAT:
	case WIRE_CALL_RENAMEAT2:
		request->operation = WIRE_FILE_RENAME;
		return true;
	case WIRE_CALL_LINKAT:
		request->operation = WIRE_FILE_LINK;
		return true;
	case WIRE_CALL_MOVE_MOUNT:
		request->operation = WIRE_FILE_MOVE_MOUNT;
		return true;
	default:
		return false;
	}
}

/* Those with two paths, or one and a text. */
static __always_inline void file_two(struct file_request *request, const __u64 *arguments,
				     __u32 call)
{
	request->flags = 0;
	request->directory = request->new_directory = FD_CWD;
	request->path = arguments[0];
	request->new_path = arguments[1];
	request->operation = call == WIRE_CALL_RENAME ? WIRE_FILE_RENAME :
			     call == WIRE_CALL_LINK   ? WIRE_FILE_LINK :
							WIRE_FILE_PIVOT_ROOT;
	if (call == WIRE_CALL_SYMLINK || call == WIRE_CALL_SYMLINKAT) {
		request->operation = WIRE_FILE_SYMLINK;
		request->name = arguments[0];
		request->new_path = 0;
		request->path = arguments[1];
		if (call == WIRE_CALL_SYMLINKAT) {
			request->directory = (int)arguments[1];
			request->path = arguments[2];
		}
	} else if (call == WIRE_CALL_MOUNT) {
		request->operation = WIRE_FILE_MOUNT;
		request->new_path = arguments[0];
		request->path = arguments[1];
		request->name = arguments[2];
		request->flags = arguments[3];
		request->new_is_text = !(arguments[3] & (MOUNT_BIND | MOUNT_MOVE));
	}
}

/* A new root is the kernel's word; and what was absolute before does not begin there. */
static __always_inline bool file_new_root(struct scratch *scratch, struct task_struct *task,
					  const struct wire_file *out)
{
	if (out->return_code != 0)
		return false;
	if (out->operation == WIRE_FILE_CHROOT)
		part_path_of(scratch, WIRE_PART_PATH, KREAD(task, fs), root);
	return out->operation == WIRE_FILE_CHROOT || out->operation == WIRE_FILE_PIVOT_ROOT;
}

/* The body: a call of the current task's that has ended with `ret`. */
SHARED int file_body(struct task_state *state, struct file_request *request, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *scratch;
	struct wire_file *out;
	bool moved;

	if (!state || !request)
		return 0;
	image_tell(task, state);
	scratch = record_begin(WIRE_FILE, sizeof(*out), task, state);
	if (!scratch)
		return 0;
	out = (struct wire_file *)&scratch->record[RECORD_FIXED];
	*out = (struct wire_file){
		.return_code = syscall_result(ret),
		.flags = request->flags,
		.operation = request->operation,
	};
	moved = file_new_root(scratch, task, out);
	part_user_string(scratch, WIRE_PART_REQUEST, request->path);
	if (!moved)
		part_base(scratch, request->directory, request->path, 0);
	if (request->new_path) {
		part_user_string(scratch, WIRE_PART_NEW_REQUEST, request->new_path);
		if (!moved && !request->new_is_text)
			part_base_as(scratch, WIRE_PART_NEW_BASE, request->new_directory,
				     request->new_path, 0);
	}
	if (request->name)
		part_user_string(scratch, WIRE_PART_NAME, request->name);
	return record_end(scratch);
}

static __always_inline int file_ended(struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct file_request request = { .directory = FD_CWD, .new_directory = FD_CWD };
	bool compat = arch_compat(task);
	__u32 call = arch_call(regs, compat);
	struct task_state *state;
	__u64 arguments[5];

	arguments[0] = arch_argument(regs, compat, 0);
	arguments[1] = arch_argument(regs, compat, 1);
	arguments[2] = arch_argument(regs, compat, 2);
	arguments[3] = arch_argument(regs, compat, 3);
	arguments[4] = arch_argument(regs, compat, 4);
	if (!file_one(&request, arguments, call) && !file_two_at(&request, arguments, call))
		file_two(&request, arguments, call);
	state = scope_find(task);
	return state ? file_body(state, &request, ret) : 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(file_exit, struct pt_regs *regs, long ret)
{
	return file_ended(regs, ret);
}
