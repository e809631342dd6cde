/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs executed, and attempts that failed. */
#include "args.bpf.h"
#include "image.bpf.h"

enum {
	FDPATH_PREFIX = 8, /* "/dev/fd/", which the kernel puts before what execveat() is given */
	FDPATH_DIGITS = 10,
};

/* The session's terminal, once. */
static __always_inline void tty_tell(struct task_struct *task, struct task_state *state)
{
	struct session_state *session = scope_session(state->session);
	struct tty_struct *tty = BPF_CORE_READ(task, signal, tty);
	struct scratch *scratch;

	if (!session || session->tty_told || !tty || __sync_lock_test_and_set(&session->tty_told, 1))
		return;
	scratch = record_begin(WIRE_TTY, sizeof(struct wire_tty), task, state);
	if (!scratch)
		return;
	((struct wire_tty *)&scratch->record[RECORD_FIXED])->reserved = 0;
	part_kernel_string(scratch, WIRE_PART_NAME, (__u64)tty->name);
	record_end(scratch);
}

/* execveat(descriptor, path): the kernel made "/dev/fd/N/path" of it. */
SHARED int exec_request_at(struct scratch *scratch, __u64 pointer)
{
	struct task_struct *task = bpf_get_current_task_btf();
	const char *fdpath = (const char *)pointer + FDPATH_PREFIX;
	__u32 descriptor = 0, i;
	struct file *file;
	char digit;

	if (!scratch)
		return 0;
	for (i = 0; i < FDPATH_DIGITS; i++) {
		digit = 0;
		bpf_probe_read_kernel(&digit, 1, fdpath);
		if (digit < '0' || digit > '9')
			break;
		descriptor = descriptor * 10 + (digit - '0');
		fdpath++;
	}
	digit = 0;
	bpf_probe_read_kernel(&digit, 1, fdpath);
	part_kernel_string(scratch, WIRE_PART_REQUEST, (__u64)fdpath + (digit == '/'));
	/* One that closes on exec is gone by now, and then so is the directory's name. */
	file = file_of(task, descriptor);
	if (file)
		part_path_of(scratch, WIRE_PART_BASE, file, f_path);
	return 0;
}

static __always_inline void exec_request(struct scratch *scratch, struct task_struct *task,
					 struct linux_binprm *bprm, struct wire_exec *exec)
{
	/* By a helper, as plain numbers: what the shared functions take. */
	const char *filename = BPF_CORE_READ(bprm, filename), *fdpath = BPF_CORE_READ(bprm, fdpath);
	char first = 0;

	if (KREAD(bprm, interp) != filename)
		exec->flags |= WIRE_EXEC_SCRIPT;
	if (fdpath) {
		exec->flags |= WIRE_EXEC_AT;
		exec_request_at(scratch, (__u64)fdpath);
		return;
	}
	part_kernel_string(scratch, WIRE_PART_REQUEST, (__u64)filename);
	bpf_probe_read_kernel(&first, 1, filename);
	if (first == '/' && !root_is_plain(task))
		part_path_of(scratch, WIRE_PART_BASE, KREAD(task, fs), root);
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec_done, struct task_struct *task, int old_pid, struct linux_binprm *bprm)
{
	struct task_state *state = scope_find(task);
	struct wire_header *header;
	struct scratch *scratch;
	struct wire_exec *exec;
	struct mm_struct *mm;
	struct file *file;

	if (!state)
		return 0;
	if (control.scope_hints && !scope_state(task)) {
		scope_lost(state, WIRE_EXEC);
		return 0;
	}
	state = scope_state(task);
	mm = KREAD(task, mm);
	file = KREAD(mm, exe_file);
	if (!state || !file)
		return 0;
	tty_tell(task, state);
	scratch = record_begin(WIRE_EXEC, sizeof(*exec), task, state);
	if (!scratch)
		return 0;
	header = (struct wire_header *)scratch->record;
	header->task.image[0] = (__u64)KREAD(file, f_path.dentry);
	header->task.image[1] = (__u64)KREAD(file, f_path.mnt);
	exec = (struct wire_exec *)&scratch->record[RECORD_FIXED];
	*exec = (struct wire_exec){
		.inode = KREAD(file, f_inode, i_ino),
		.dev = KREAD(file, f_inode, i_sb, s_dev),
	};
	part_path_of(scratch, WIRE_PART_PATH, file, f_path);
	exec_request(scratch, task, bprm, exec);
	part_path_of(scratch, WIRE_PART_CWD, KREAD(task, fs), pwd);
	/* An executable that user space did not hear of is told with the task's next record. */
	if (!args_area(scratch, KREAD(mm, arg_start), KREAD(mm, arg_end), bprm->argc)) {
		state->image[0] = (__u64)KREAD(file, f_path.dentry);
		state->image[1] = (__u64)KREAD(file, f_path.mnt);
	}
	return 0;
}

/* execve(path, argv, envp) and execveat(directory, path, argv, envp, flags) that failed */
SEC("tp_btf/sys_exit")
int BPF_PROG(exec_failed, struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct task_state *state = scope_state(task);
	bool compat = arch_compat(task);
	__u32 number = arch_syscall(regs, compat), first = 0;
	struct scratch *scratch;
	struct wire_exec *exec;
	int directory = FD_CWD;
	__u64 path;

	if (!state || ret >= 0)
		return 0;
	if (number == (compat ? COMPAT_EXECVEAT : NATIVE_EXECVEAT)) {
		directory = (int)arch_argument(regs, compat, 0);
		path = arch_argument(regs, compat, 1);
		first = 1;
	} else {
		path = arch_argument(regs, compat, 0);
	}
	image_tell(task, state);
	scratch = record_begin(WIRE_EXEC, sizeof(*exec), task, state);
	if (!scratch)
		return 0;
	((struct wire_header *)scratch->record)->flags = compat ? WIRE_COMPAT : 0;
	exec = (struct wire_exec *)&scratch->record[RECORD_FIXED];
	*exec = (struct wire_exec){ .return_code = syscall_result(ret), .flags = first ? WIRE_EXEC_AT : 0 };
	part_user_string(scratch, WIRE_PART_REQUEST, path);
	part_base(scratch, directory, path, 0);
	part_path_of(scratch, WIRE_PART_CWD, KREAD(task, fs), pwd);
	args_array(scratch, first ? arch_argument(regs, compat, 2) : arch_argument(regs, compat, 1),
		   !arch_pointers32(regs, compat));
	return 0;
}
