/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The few kernel structures that the probes read, with only the members that they read. libbpf finds each
 * member's place in the running kernel's BTF at load time (CO-RE), so neither order nor gaps matter here.
 * A member that was renamed between kernels has a "___" flavour and one getter below, with the commit.
 */
#ifndef SESHAT_KERNEL_TYPES_H
#define SESHAT_KERNEL_TYPES_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	__u32 val;
} kuid_t;

typedef struct {
	__u32 val;
} kgid_t;

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__s64 counter;
} atomic64_t;

struct qstr {
	union {
		struct {
			__u32 hash;
			__u32 len;
		};
		__u64 hash_len;
	};
	const unsigned char *name;
};

struct hlist_bl_node {
	struct hlist_bl_node *next, **pprev;
};

struct super_block {
	__u32 s_dev;
	unsigned long s_flags;
	unsigned long s_magic;
};

struct inode {
	__u16 i_mode;
	unsigned long i_ino;
	struct super_block *i_sb;
	void *i_private;
};

typedef struct seqcount {
	unsigned int sequence;
} seqcount_t;

typedef struct seqcount_spinlock {
	seqcount_t seqcount;
} seqcount_spinlock_t;

struct dentry {
	seqcount_spinlock_t d_seq;
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};

struct vfsmount {
	struct dentry *mnt_root;
};

struct proc_ns_operations {
	const char *name;
};

struct ns_common {
	const struct proc_ns_operations *ops;
	unsigned int inum;
	__u64 ns_id;
};

struct net {
	struct ns_common ns;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct user_namespace {
	struct ns_common ns;
};

struct mnt_namespace {
	struct ns_common ns;
	__u64 seq;
};

struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
};

struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
};

typedef struct {
	atomic64_t refcnt;
} file_ref_t;

struct file {
	struct path f_path;
	struct inode *f_inode;
	__u32 f_mode;
	unsigned int f_flags;
	void *private_data;
	file_ref_t f_ref;
};

/* Before 6.13 (90ee6ed776c0, "fs: port files to file_ref"): counted from 1, not from 0. */
struct file___counted {
	atomic64_t f_count;
};

struct vm_area_struct {
	struct file *vm_file;
};

/* What a file of an overlay is mapped from, since 6.5 (62d53c4a1dfe, "fs: use backing_file container"). */
struct backing_file {
	struct path user_path;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct fs_struct {
	struct path root, pwd;
};

struct mm_struct {
	unsigned long arg_start, arg_end;
	struct file *exe_file;
};

/* 64 bits, as two words before 6.3: the type has the name of neither. */
struct kernel_cap {
	__u64 val;
};

struct cred {
	kuid_t uid;
	kgid_t gid;
	kuid_t suid;
	kgid_t sgid;
	kuid_t euid;
	kgid_t egid;
	kuid_t fsuid;
	kgid_t fsgid;
	struct kernel_cap cap_permitted, cap_effective;
	struct user_namespace *user_ns;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct xa_node {
	unsigned char shift;
	void *slots[1];
};

struct xarray {
	void *xa_head;
};

struct idr {
	struct xarray idr_rt;
};

struct pid_namespace {
	struct idr idr;
};

struct upid {
	int nr;
	struct pid_namespace *ns;
};

struct pid {
	unsigned int level; /* of its namespace, 0 for the first one */
	struct hlist_head tasks[1];
	struct upid numbers[1];
};

struct bpf_prog_aux {
	__u32 id;
	char name[16];
};

struct bpf_prog {
	enum bpf_prog_type type;
	struct bpf_prog_aux *aux;
};

struct kernfs_node {
	__u64 id;
};

struct cgroup_subsys_state {
	struct cgroup_subsys_state *parent;
};

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup {
	struct cgroup_subsys_state self;
	struct kernfs_node *kn;
	struct cgroup_root *root;
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct tty_struct {
	char name[64];
};

struct bpf_local_storage_data {
	void *smap; /* struct bpf_local_storage_map */
	unsigned char data[1];
};

struct bpf_local_storage_elem {
	struct hlist_node snode;
	struct bpf_local_storage_data sdata;
};

struct bpf_local_storage {
	struct hlist_head list;
};

struct signal_struct {
	atomic_t live;
	int nr_threads;
	int group_exit_code;
	unsigned int flags;
	struct tty_struct *tty;
	__u64 utime, stime;
	unsigned long long sum_sched_runtime;
};

struct sched_entity {
	__u64 sum_exec_runtime;
};

struct thread_info {
	unsigned long flags;
	unsigned long syscall_work;
	__u32 status;
};

enum syscall_work_bit {
	SYSCALL_WORK_BIT_SYSCALL_EMU = 3,
};

typedef struct {
	unsigned long sig[1];
} sigset_t;

struct sigpending {
	sigset_t signal;
};

struct task_struct {
	struct thread_info thread_info;
	unsigned int flags;
	struct sched_entity se;
	struct mm_struct *mm;
	int exit_code;
	int pid;
	int tgid;
	unsigned int ptrace;
	struct task_struct *real_parent;
	struct task_struct *parent; /* who is told of it: the tracer, if there is one */
	struct task_struct *group_leader;
	void *worker_private;
	struct pid *thread_pid;
	struct hlist_node pid_links[1];
	struct bpf_local_storage *bpf_storage;
	__u64 utime, stime;
	__u64 start_boottime;
	const struct cred *real_cred, *cred;
	char comm[16];
	struct fs_struct *fs;
	struct files_struct *files;
	struct signal_struct *signal;
	struct sigpending pending;
	struct css_set *cgroups;
	kuid_t loginuid;
	unsigned int sessionid;
};

struct linux_binprm {
	int argc;
	const char *filename;
	const char *interp;
	const char *fdpath;
};

struct in6_addr {
	__u8 u6_addr8[16];
};

struct sock_common {
	__u32 skc_daddr;
	__u32 skc_rcv_saddr;
	__u16 skc_dport;
	__u16 skc_num;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	int skc_bound_dev_if;
	possible_net_t skc_net;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	atomic64_t skc_cookie;
};

struct sock {
	struct sock_common __sk_common;
	int sk_err;
	struct socket *sk_socket;
	__u16 sk_type;
	__u16 sk_protocol;
};

struct mptcp_sock {
	struct sock *first; /* the connection below it */
};

struct socket {
	short type;
	struct file *file;
	struct sock *sk;
};

/* The port stays here when a connection has failed and the socket has given it back. */
struct inet_sock {
	__u16 inet_sport;
};

struct sockaddr_vm {
	unsigned int svm_port;
	unsigned int svm_cid;
};

struct vsock_sock {
	struct sockaddr_vm local_addr;
	struct sockaddr_vm remote_addr;
};

struct sockaddr_un {
	__u16 sun_family;
	char sun_path[108];
};

struct unix_address {
	int len;
	struct sockaddr_un name[];
};

struct unix_sock {
	struct unix_address *addr;
	struct path path;
	struct sock *peer;
};

/* What a cgroup/connect_unix program's context stands for in the kernel, since 6.7. */
struct bpf_sock_addr_kern {
	struct sock *sk;
	void *uaddr;
	__u32 uaddrlen;
};

/* The tracepoint's second argument since 6.16; this shows whether there is one. */
struct trace_event_raw_sched_process_exit {
	bool group_dead;
};

#if defined(__TARGET_ARCH_x86)
struct pt_regs {
	unsigned long bp, bx, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip;
};
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs {
	__u64 regs[31];
	__u64 pc;
	__u64 orig_x0;
	int syscallno;
};
#endif

#pragma clang attribute pop

/*
 * KREAD(pointer, member, member ...) is pointer->member->member, for any number that may be a kernel pointer: one
 * is none reads as 0. Since 6.2 (a35b9af4ec2c) a plain load does that, behind a cast that costs nothing;
 * before it takes a helper call for each arrow, 28 ns against 1 on the machine this was measured on: there is an object for
 * either kind of kernel (seshat_helpers.bpf.c), and the loader takes the one that loads. Pointers
 * from bpf_get_current_task_btf() would do without the cast, but for each of their members that is followed the
 * verifier searches all of the kernel's types by name: together most of the time to load the probes.
 */
#if defined(SESHAT_HELPERS)

#define KREAD(pointer, member, ...) BPF_CORE_READ(pointer, member, ##__VA_ARGS__)

#else

extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym;

#define KCAST(pointer)                                    \
	((typeof(*(pointer)) *)bpf_rdonly_cast((pointer), \
					       bpf_core_type_id_kernel(typeof(*(pointer)))))

#define KREAD(pointer, member, ...) ___arrow(KCAST(pointer), member, ##__VA_ARGS__)

#endif

/* Is there one reference to the file and no other? */
static __always_inline bool file_is_single(const struct file *file)
{
	const struct file___counted *counted = (const void *)file;

	if (bpf_core_field_exists(file->f_ref))
		return KREAD(file, f_ref.refcnt.counter) == 0;
	return KREAD(counted, f_count.counter) == 1;
}

enum {
	PF_EXITING = 0x4, /* task_struct.flags */
	PF_IO_WORKER = 0x10,
	SIGNAL_GROUP_EXIT = 0x4,
	SIGNAL_KILL = 1 << 8, /* SIGKILL's bit in a set */
	FMODE_CREATED = 0x100000,
	/* what a program cannot open itself; FMODE_BACKING had several values */
	FMODE_NOACCOUNT = 0x20000000,
	SOCKFS_MAGIC = 0x534F434B,
	ANON_INODE_MAGIC = 0x09041934, /* ANON_INODE_FS_MAGIC */
	ALLOW = 1,		       /* what a sock_addr program returns to let the call go on */
	FAMILY_UNSPEC = 0,	       /* AF_* */
	FAMILY_UNIX = 1,
	FAMILY_INET = 2,
	FAMILY_INET6 = 10,
	FAMILY_NETLINK = 16,
	FAMILY_VSOCK = 40,
};

/*
 * Is it a thread that the kernel has made for io_uring? Before 6.5 (fd37b884003c) one that ends has no such flag any more, but
 * still what makes it a worker.
 */
static __always_inline bool task_is_worker(const struct task_struct *task)
{
	return (KREAD(task, flags) & PF_IO_WORKER) || KREAD(task, worker_private);
}

#endif
