/* SPDX-License-Identifier: GPL-2.0-only */
/* Code that is loaded into the kernel, or removed from it: modules, another kernel, BPF programs. */
#include "arch_calls.bpf.h"
#include "image.bpf.h"

enum {
	COMMAND_PROG_LOAD = 5,	       /* BPF_PROG_LOAD; other commands load nothing */
	BPF_NAME = 0x676f72702d667062, /* "bpf-prog", as the descriptor's file is called */
	BPF_NAME_LENGTH = 8,
};

/* The beginning of union bpf_attr, as BPF_PROG_LOAD has it. */
struct bpf_load_attributes {
	__u32 type, count;
	__u64 instructions, license;
	__u32 log_level, log_size;
	__u64 log;
	__u32 version, flags;
	char name[16];
};

struct kernel_request {
	__u64 name;	 /* of the module to remove, in the program's memory */
	__u64 arguments; /* union bpf_attr, in the program's memory */
	int file;	 /* descriptor, -1 for none */
	__u32 operation;
	__u32 flags;
};

/* False: it loads nothing. */
static __always_inline bool kernel_arguments(struct kernel_request *request,
					     const struct pt_regs *regs, bool compat)
{
	__u64 first = arch_argument(regs, compat, 0), second = arch_argument(regs, compat, 1);

	switch (arch_call(regs, compat)) {
	case WIRE_CALL_FINIT_MODULE:
		request->file = (int)first;
		request->flags = (__u32)arch_argument(regs, compat, 2);
		break;
	case WIRE_CALL_INIT_MODULE:
		break;
	case WIRE_CALL_DELETE_MODULE:
		request->operation = WIRE_KERNEL_MODULE_UNLOAD;
		request->name = first;
		request->flags = (__u32)second;
		break;
	case WIRE_CALL_KEXEC_LOAD:
		request->operation = WIRE_KERNEL_KEXEC;
		request->flags = (__u32)arch_argument(regs, compat, 3);
		break;
	case WIRE_CALL_KEXEC_FILE_LOAD:
		request->operation = WIRE_KERNEL_KEXEC;
		request->file = (int)first;
		request->flags = (__u32)arch_argument(regs, compat, 4);
		break;
	default:
		request->operation = WIRE_KERNEL_BPF_LOAD;
		request->arguments = second;
		return (__u32)first == COMMAND_PROG_LOAD;
	}
	return true;
}

static __always_inline void kernel_file(struct scratch *scratch, struct wire_kernel *out,
					const struct file *file)
{
	const struct inode *inode = KREAD(file, f_inode);

	out->inode = KREAD(inode, i_ino);
	out->dev = KREAD(inode, i_sb, s_dev);
	part_path_of(scratch, WIRE_PART_PATH, file, f_path);
}

/* The program behind a descriptor, NULL if it is none: another thread may have put something else there. */
static __always_inline const struct bpf_prog *kernel_program(const struct file *file)
{
	const struct dentry *dentry = KREAD(file, f_path.dentry);
	__u64 name = 0;

	if (KREAD(file, f_inode, i_sb, s_magic) != ANON_INODE_MAGIC ||
	    KREAD(dentry, d_name.len) != BPF_NAME_LENGTH)
		return NULL;
	bpf_probe_read_kernel(&name, sizeof(name), KREAD(dentry, d_name.name));
	return name == BPF_NAME ? KREAD(file, private_data) : NULL;
}

/* What was loaded, by the kernel's own account; of what was refused there is only the program's word. */
static __always_inline void kernel_bpf(struct scratch *scratch, struct wire_kernel *out,
				       const struct kernel_request *request,
				       struct task_struct *task)
{
	struct bpf_load_attributes attributes = {};
	const struct bpf_prog *program = NULL;
	const struct bpf_prog_aux *aux;

	if (out->return_code >= 0)
		program = kernel_program(file_of(task, (__u32)out->return_code));
	bpf_probe_read_user(&attributes, sizeof(attributes), (const void *)request->arguments);
	out->flags = attributes.flags;
	if (!program) {
		out->type = attributes.type;
		part_user_string(scratch, WIRE_PART_NAME,
				 request->arguments +
					 __builtin_offsetof(struct bpf_load_attributes, name));
		return;
	}
	/* By a helper, as a plain number: what the shared functions take. */
	aux = BPF_CORE_READ(program, aux);
	out->type = KREAD(program, type);
	out->id = KREAD(aux, id);
	part_kernel_string(scratch, WIRE_PART_NAME, (__u64)&aux->name);
}

/* The body: a call of the current task's that has ended with `ret`. */
SHARED int kernel_body(struct task_state *state, struct kernel_request *request, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct wire_kernel *out;
	struct scratch *scratch;
	struct file *file;

	if (!state || !request)
		return 0;
	image_tell(task, state);
	scratch = record_begin(WIRE_KERNEL, sizeof(*out), task, state);
	if (!scratch)
		return 0;
	out = (struct wire_kernel *)&scratch->record[RECORD_FIXED];
	*out = (struct wire_kernel){
		.return_code = syscall_result(ret),
		.operation = request->operation,
		.flags = request->flags,
	};
	file = request->file >= 0 ? file_of(task, (__u32)request->file) : NULL;
	if (file)
		kernel_file(scratch, out, file);
	if (request->name)
		part_user_string(scratch, WIRE_PART_NAME, request->name);
	if (request->operation == WIRE_KERNEL_BPF_LOAD)
		kernel_bpf(scratch, out, request, task);
	return record_end(scratch);
}

static __always_inline int kernel_ended(struct pt_regs *regs, long ret)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct kernel_request request = { .file = -1 };
	struct task_state *state;

	if (!kernel_arguments(&request, regs, arch_compat(task)))
		return 0;
	state = scope_find(task);
	return state ? kernel_body(state, &request, ret) : 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(kernel_exit, struct pt_regs *regs, long ret)
{
	return kernel_ended(regs, ret);
}
