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

	if (!session || session->tty_told || !tty ||
	    __sync_lock_test_and_set(&session->tty_told, 1))
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

struct loader_search {
	__u64 file;
};

static long loader_found(struct task_struct *task, struct vm_area_struct *area, void *data)
{
	((struct loader_search *)data)->file = (__u64)KREAD(area, vm_file);
	return 0;
}

/*
 * The dynamic linker, which is what runs first: where the new program begins is in it, not in the program. The kernel has
 * opened it by its name in the program's ELF header, and whoever has mounts of his own can put another file there.
 */
static __always_inline void exec_loader(struct scratch *scratch, struct wire_exec *exec,
					struct task_struct *task, const struct file *program)
{
	struct pt_regs *regs = (struct pt_regs *)bpf_task_pt_regs(task);
	struct loader_search search = {};
	struct backing_file *backing;
	struct vfsmount *mount;
	struct dentry *dentry;
	struct file *file;

	bpf_find_vma(task, arch_instruction(regs), loader_found, &search, 0);
	file = (struct file *)search.file;
	if (!file)
		return;
	/* A file of an overlay is mapped from a layer's: what it is to the program is beside it. */
	if (bpf_core_type_exists(struct backing_file) && (KREAD(file, f_mode) & FMODE_NOACCOUNT)) {
		backing = (struct backing_file *)file;
		dentry = KREAD(backing, user_path.dentry);
		mount = KREAD(backing, user_path.mnt);
	} else {
		dentry = KREAD(file, f_path.dentry);
		mount = KREAD(file, f_path.mnt);
	}
	if (KREAD(dentry, d_inode) == KREAD(program, f_inode))
		return;
	exec->loader_inode = KREAD(dentry, d_inode, i_ino);
	path_from(scratch, dentry, mount);
	part_path(scratch, WIRE_PART_NEW_PATH);
}

/* The body: the current task has executed what the struct linux_binprm at `pointer` was for. */
SHARED int exec_body(struct task_state *state, __u64 pointer)
{
	struct linux_binprm *bprm = (struct linux_binprm *)pointer;
	struct task_struct *task = bpf_get_current_task_btf();
	struct mm_struct *mm = KREAD(task, mm);
	struct file *file = KREAD(mm, exe_file);
	struct wire_header *header;
	struct scratch *scratch;
	struct wire_exec *exec;

	if (!state || !file)
		return 0;
	tty_tell(task, state);
	/* An executable that user space does not hear of now is told with the task's next record. */
	state->image[0] = 0;
	state->image[1] = 0;
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
	exec_loader(scratch, exec, task, file);
	if (!args_area(scratch, KREAD(mm, arg_start), KREAD(mm, arg_end), KREAD(bprm, argc)))
		image_told(state, (__u64)KREAD(file, f_path.dentry),
			   (__u64)KREAD(file, f_path.mnt));
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(exec_done, struct task_struct *task)
{
	struct task_state *state = scope_find(task);
	__u64 bprm = 0;

	/* As a plain number: what the shared functions take. */
	bpf_probe_read_kernel(&bprm, sizeof(bprm), &ctx[2]);
	return state ? exec_body(state, bprm) : 0;
}

struct exec_attempt {
	__u64 path;
	__u64 argv;
	int directory;
	bool at;   /* execveat */
	bool wide; /* pointers have 8 bytes */
};

/* The body: an attempt of the current task's that has failed with `ret`. */
SHARED int exec_failed_body(struct task_state *state, struct exec_attempt *attempt, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct scratch *scratch;
	struct wire_exec *exec;

	if (!state || !attempt)
		return 0;
	image_tell(task, state);
	scratch = record_begin(WIRE_EXEC, sizeof(*exec), task, state);
	if (!scratch)
		return 0;
	exec = (struct wire_exec *)&scratch->record[RECORD_FIXED];
	*exec = (struct wire_exec){
		.return_code = syscall_result(ret),
		.flags = attempt->at ? WIRE_EXEC_AT : 0,
	};
	part_user_string(scratch, WIRE_PART_REQUEST, attempt->path);
	part_base(scratch, attempt->directory, attempt->path, 0);
	part_path_of(scratch, WIRE_PART_CWD, KREAD(task, fs), pwd);
	return args_array(scratch, attempt->argv, attempt->wide);
}

/* execve(path, argv, envp) and execveat(directory, path, argv, envp, flags) */
static __always_inline int exec_ended(struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool compat = arch_compat(task);
	struct exec_attempt attempt = { .directory = FD_CWD };
	struct task_state *state;

	if (ret >= 0)
		return 0;
	attempt.wide = !arch_pointers32(regs, compat);
	if (arch_syscall(regs, compat) == (compat ? COMPAT_EXECVEAT : NATIVE_EXECVEAT)) {
		attempt.at = true;
		attempt.directory = (int)arch_argument(regs, compat, 0);
		attempt.path = arch_argument(regs, compat, 1);
		attempt.argv = arch_argument(regs, compat, 2);
	} else {
		attempt.path = arch_argument(regs, compat, 0);
		attempt.argv = arch_argument(regs, compat, 1);
	}
	state = scope_find(task);
	return state ? exec_failed_body(state, &attempt, ret) : 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(exec_failed, struct pt_regs *regs, long ret)
{
	return exec_ended(regs, ret);
}
