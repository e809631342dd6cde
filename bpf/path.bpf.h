/* SPDX-License-Identifier: GPL-2.0-only */
/* Paths from the kernel's own dentries and mounts, to the top of the mount tree, as d_path(9) walks them. */
#ifndef SESHAT_PATH_BPF_H
#define SESHAT_PATH_BPF_H

#include "part.bpf.h"

enum {
	/* components, of which a path has at most half PATH_MAX, and mounts: over each other more than fs.mount-max */
	WALK_STEPS = 131072,
	CUT_LENGTH = 3,
	NAME_LENGTH = 255, /* NAME_MAX */
	UNREACHABLE_LENGTH = 13,
	NUMBER_DIGITS = 20,  /* of an inode number */
	FILE_TYPE = 0170000, /* S_IFMT, and two of its values */
	FILE_SOCKET = 0140000,
	FILE_FIFO = 0010000,
	SB_KERNMOUNT = 1 << 22,	  /* a file system of the kernel's own */
	NSFS_MAGIC = 0x6e736673,  /* of namespaces, as /proc/PID/ns leads to them */
	NAMESPACE_NAME_SIZE = 16, /* "cgroup", the longest, and more */
};

struct walk_loop {
	struct scratch *scratch;
};

/* Puts "/" and a name before what has been walked. */
static __always_inline long walk_prepend(struct scratch *scratch, const struct dentry *dentry)
{
	__u32 length = KREAD(dentry, d_name.len), position = scratch->path.position;

	if (length > NAME_LENGTH || position > WIRE_PATH_SIZE || position < length + 1) {
		scratch->path.flags |= WIRE_PATH_CUT;
		return 1;
	}
	position -= length;
	position &= WIRE_PATH_SIZE - 1;
	length &= NAME_LENGTH;
	bpf_probe_read_kernel(scratch->walk + position, length, KREAD(dentry, d_name.name));
	position--;
	position &= WIRE_PATH_SIZE - 1;
	scratch->walk[position] = '/';
	scratch->path.position = position;
	return 0;
}

/* One character before what has been walked. */
static __always_inline void walk_character(struct scratch *scratch, char character)
{
	__u32 position = (scratch->path.position - 1) & (WIRE_PATH_SIZE - 1);

	scratch->walk[position] = character;
	scratch->path.position = position;
}

static __always_inline void walk_word(struct scratch *scratch, const char *word, __u32 length)
{
	__u32 position = (scratch->path.position - length) & (WIRE_PATH_SIZE - 1);

	__builtin_memcpy(scratch->walk + position, word, length);
	scratch->path.position = position;
}

/* "/mnt:[", before the number of a namespace. */
static __always_inline void walk_namespace(struct scratch *scratch, const struct inode *inode)
{
	const struct ns_common *namespace = KREAD(inode, i_private);
	char name[NAMESPACE_NAME_SIZE] = "";
	__u32 i;

	bpf_probe_read_kernel_str(name, sizeof(name), KREAD(namespace, ops, name));
	walk_character(scratch, '[');
	walk_character(scratch, ':');
	for (i = 0; i < NAMESPACE_NAME_SIZE; i++)
		if (name[NAMESPACE_NAME_SIZE - 1 - i])
			walk_character(scratch, name[NAMESPACE_NAME_SIZE - 1 - i]);
	walk_character(scratch, '/');
}

/*
 * Pipes and sockets have no name but the one that d_path() makes of their type and number, "pipe:[4711]". It is
 * the whole path, so there is room for it.
 */
static __noinline void walk_nameless(struct scratch *scratch, const struct dentry *dentry)
{
	struct inode *inode = KREAD(dentry, d_inode);
	__u16 type = KREAD(inode, i_mode) & FILE_TYPE;
	__u64 number = KREAD(inode, i_ino);
	__u32 i;

	walk_character(scratch, ']');
	for (i = 0; i < NUMBER_DIGITS; i++) {
		walk_character(scratch, '0' + number % 10);
		number /= 10;
		if (!number)
			break;
	}
	if (KREAD(inode, i_sb, s_magic) == NSFS_MAGIC)
		walk_namespace(scratch, inode);
	else if (type == FILE_FIFO)
		walk_word(scratch, "/pipe:[", 7);
	else if (type == FILE_SOCKET)
		walk_word(scratch, "/socket:[", 9);
	else
		walk_word(scratch, "/inode:[", 8);
}

/*
 * The number of the mount namespace that a mount is in, where that is not the host's; else 0. All mounts of a tree are
 * in the same one, so that a walk need not get to the top to tell.
 */
static __always_inline __u32 mount_foreign(const struct mount *mount)
{
	const struct mnt_namespace *namespace = KREAD(mount, mnt_ns);
	__u32 number = namespace ? KREAD(namespace, ns.inum) : 0;

	return number == control.mount_ns[0] || number == control.mount_ns[1] ? 0 : number;
}

/*
 * Does the mount hang in no tree that has a root? Unmounted lazily it has no namespace, and made by open_tree(2) or
 * fsmount(2) an anonymous one: is_anon_ns() in fs/mount.h, by its number, or before there was one by its sequence.
 */
static __always_inline bool mount_is_detached(const struct mount *mount)
{
	const struct mnt_namespace *namespace = KREAD(mount, mnt_ns);

	if (!namespace)
		return true;
	if (bpf_core_field_exists(namespace->seq))
		return KREAD(namespace, seq) == 0;
	if (bpf_core_field_exists(namespace->ns.ns_id))
		return KREAD(namespace, ns.ns_id) == 0;
	return false;
}

/*
 * From the top of a mount to where it is mounted; 1 at the top of the tree. Where that tree is none, on to the top of the
 * file system: a copy of the mount of a folder tells which folder that is.
 */
static __always_inline long walk_mount(struct path_walk *walk)
{
	const struct mount *mount = (const struct mount *)walk->mount,
			   *above = KREAD(mount, mnt_parent);

	if (above == mount || !above) {
		walk->root = 0;
		return !mount_is_detached(mount);
	}
	walk->dentry = (__u64)KREAD(mount, mnt_mountpoint);
	walk->mount = (__u64)above;
	walk->root = (__u64)KREAD(above, mnt.mnt_root);
	return walk->dentry == 0;
}

/*
 * A top that is not the mount's. In a file system of the kernel's own every file is one, with a name that is none or "/"
 * where d_path() makes one up. In others the file was moved out of what is mounted (a part of the file system), or
 * opened by its handle: it hangs in no tree of mounts.
 */
static __always_inline void walk_top(struct scratch *scratch, const struct dentry *dentry)
{
	struct inode *inode = KREAD(dentry, d_inode);
	char first = 0;

	bpf_probe_read_kernel(&first, 1, KREAD(dentry, d_name.name));
	if (first == '/' &&
	    (!scratch->path.root || !(KREAD(inode, i_sb, s_flags) & SB_KERNMOUNT))) {
		scratch->path.flags |= WIRE_PATH_DETACHED;
		return;
	}
	scratch->path.flags |= WIRE_PATH_PSEUDO;
	if (first && first != '/')
		walk_prepend(scratch, dentry);
	else
		scratch->path.nameless = 1;
}

/*
 * The name of a dentry and its parent as they were at one moment: a rename (__d_move() in fs/dcache.c) makes the sequence
 * odd while it changes the two. Then nothing is prepended, and the next step tries again: a step is far shorter.
 */
static __always_inline long walk_name(struct scratch *scratch, const struct dentry *dentry)
{
	struct path_walk *walk = &scratch->path;
	__u32 position = walk->position, sequence = KREAD(dentry, d_seq.seqcount.sequence);
	struct dentry *parent;
	long r;

	barrier();
	parent = KREAD(dentry, d_parent);
	r = walk_prepend(scratch, dentry);
	barrier();
	if ((sequence & 1) || KREAD(dentry, d_seq.seqcount.sequence) != sequence) {
		walk->position = position;
		walk->flags &= ~(__u32)WIRE_PATH_CUT;
		return 0;
	}
	walk->dentry = (__u64)parent;
	return parent ? r : 1;
}

static long path_walk_step(__u32 index, void *data)
{
	struct scratch *scratch = ((struct walk_loop *)data)->scratch;
	struct path_walk *walk = &scratch->path;
	const struct dentry *dentry = (const struct dentry *)walk->dentry;

	if (walk->dentry == walk->root)
		return walk_mount(walk);
	if (KREAD(dentry, d_parent) == dentry) {
		walk_top(scratch, dentry);
		return 1;
	}
	return walk_name(scratch, dentry);
}

/* What is no whole path from a root does not look like one, which begins with "/". */
static __always_inline void walk_mark(struct scratch *scratch)
{
	__u32 position = scratch->path.position;

	if ((scratch->path.flags & WIRE_PATH_CUT) && position >= CUT_LENGTH)
		walk_word(scratch, "...", CUT_LENGTH);
	else if (scratch->path.flags & WIRE_PATH_CUT)
		__builtin_memcpy(&scratch->walk[position & (WIRE_PATH_SIZE - 1)], "...",
				 CUT_LENGTH);
	else if ((scratch->path.flags & WIRE_PATH_DETACHED) && position >= UNREACHABLE_LENGTH)
		walk_word(scratch, "(unreachable)", UNREACHABLE_LENGTH); /* as getcwd(2) has it */
}

/* Walks from where path_from() has set the beginning. Returns enum wire_part_flags. */
static __always_inline __u32 path_walk(struct scratch *scratch)
{
	const struct dentry *dentry = (const struct dentry *)scratch->path.dentry;
	bool detached = mount_is_detached((const struct mount *)scratch->path.mount);
	struct walk_loop loop = { .scratch = scratch };

	if (bpf_loop(WALK_STEPS, path_walk_step, &loop, 0) >= WALK_STEPS)
		scratch->path.flags |= WIRE_PATH_CUT;
	/* Not in the walk's steps: the stack is deep enough there. */
	if (scratch->path.nameless)
		walk_nameless(scratch, (const struct dentry *)scratch->path.dentry);
	/* d_unlinked(): no longer in the hash, and not the top of a tree, which never was. */
	if (!KREAD(dentry, d_hash.pprev) && KREAD(dentry, d_parent) != dentry)
		scratch->path.flags |= WIRE_PATH_DELETED;
	/* What has no name is in a mount of the kernel's own, which never was in a tree. */
	if (detached && !(scratch->path.flags & WIRE_PATH_PSEUDO))
		scratch->path.flags |= WIRE_PATH_DETACHED;
	if (scratch->path.position >= WIRE_PATH_SIZE) {
		/* The top of the tree itself has no components. */
		scratch->path.position = WIRE_PATH_SIZE;
		walk_character(scratch, '/');
	}
	walk_mark(scratch);
	return scratch->path.flags;
}

/* The path that path_from() has set the beginning of, as a part of the record. */
SHARED int part_path(struct scratch *scratch, __u16 type)
{
	__u32 at, position, size, flags, mount_ns;

	if (!scratch || !scratch->path.dentry || !part_begin(scratch, WIRE_PATH_SIZE, &at))
		return 0;
	mount_ns = mount_foreign((const struct mount *)scratch->path.mount);
	flags = path_walk(scratch);
	position = scratch->path.position & (WIRE_PATH_SIZE - 1);
	size = WIRE_PATH_SIZE - position;
	barrier_var(size);
	/* Before 6.4 the verifier has forgotten what part_begin() made sure of. */
	barrier_var(at);
	if (size > WIRE_PATH_SIZE || at > PART_LAST)
		return 0;
	bpf_probe_read_kernel(&scratch->record[at + sizeof(struct wire_part)], size,
			      &scratch->walk[position & (WIRE_PATH_SIZE - 1)]);
	part_end(scratch, at, type, (__u16)flags, size);
	if (!(flags & (WIRE_PATH_DETACHED | WIRE_PATH_PSEUDO)))
		((struct wire_part *)&scratch->record[at])->mount_ns = mount_ns;
	return 0;
}

/* Where the next walk begins. */
static __always_inline void path_from(struct scratch *scratch, const struct dentry *dentry,
				      const struct vfsmount *vfsmount)
{
	struct path_walk *walk = &scratch->path;

	walk->dentry = vfsmount ? (__u64)dentry : 0;
	walk->root = (__u64)KREAD(vfsmount, mnt_root);
	walk->mount = (__u64)vfsmount - bpf_core_field_offset(struct mount, mnt);
	walk->position = WIRE_PATH_SIZE;
	walk->flags = 0;
	walk->nameless = 0;
}

/* The walked path of a file, or of a struct fs_struct's member, as a part of the record. */
#define part_path_of(scratch, type, pointer, member)                                           \
	({                                                                                     \
		const typeof(*(pointer)) *owner_ = (pointer);                                  \
		path_from((scratch), KREAD(owner_, member.dentry), KREAD(owner_, member.mnt)); \
		part_path((scratch), (type));                                                  \
	})

/* The file behind a descriptor of the current task, or NULL. A kernel pointer to be read with care. */
static __always_inline struct file *file_of(struct task_struct *task, __u32 descriptor)
{
	struct fdtable *table = KREAD(task, files, fdt);
	struct file **files, *file = NULL;

	if (!table || descriptor >= KREAD(table, max_fds))
		return NULL;
	files = KREAD(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + descriptor);
	return file;
}

/*
 * Do the current task's paths begin where the host's begin, so that an absolute one is right as it is? The real
 * root is mounted over the root of the kernel's first, empty file system, or is the top itself.
 */
static __always_inline bool root_is_plain(struct task_struct *task)
{
	struct fs_struct *fs = KREAD(task, fs);
	struct vfsmount *vfsmount = KREAD(fs, root.mnt);
	struct mount *mount = (void *)vfsmount - bpf_core_field_offset(struct mount, mnt), *above;

	if (KREAD(fs, root.dentry) != KREAD(vfsmount, mnt_root) || mount_is_detached(mount) ||
	    mount_foreign(mount))
		return false;
	above = KREAD(mount, mnt_parent);
	return above == mount || (KREAD(mount, mnt_mountpoint) == KREAD(above, mnt.mnt_root) &&
				  KREAD(above, mnt_parent) == above);
}

enum { FD_CWD = -100 }; /* AT_FDCWD */

/*
 * What a request is relative to, as a part of this type: the task's root for an absolute one (left out where it is
 * the top of the host's tree), the working directory, or a descriptor's directory. `in_root`: RESOLVE_IN_ROOT, where
 * an absolute request begins at the descriptor too.
 */
SHARED int part_base_as(struct scratch *scratch, __u16 type, int descriptor, __u64 request,
			__u32 in_root)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fs_struct *fs = KREAD(task, fs);
	struct file *file;
	char first = 0;

	if (!scratch)
		return 0;
	bpf_probe_read_user(&first, 1, (const void *)request);
	if (first == '/' && !in_root)
		return root_is_plain(task) ? 0 : part_path_of(scratch, type, fs, root);
	if (descriptor == FD_CWD)
		return part_path_of(scratch, type, fs, pwd);
	file = file_of(task, (__u32)descriptor);
	return file ? part_path_of(scratch, type, file, f_path) : 0;
}

static __always_inline int part_base(struct scratch *scratch, int descriptor, __u64 request,
				     __u32 in_root)
{
	return part_base_as(scratch, WIRE_PART_BASE, descriptor, request, in_root);
}

#endif
