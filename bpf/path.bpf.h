/* SPDX-License-Identifier: GPL-2.0-only */
/* Paths from the kernel's own dentries and mounts, to the top of the mount tree, as d_path(9) walks them. */
#ifndef SESHAT_PATH_BPF_H
#define SESHAT_PATH_BPF_H

#include "part.bpf.h"

enum {
	WALK_STEPS = 8192, /* components and mounts: a path of PATH_MAX has at most half as many of each */
	NAME_LENGTH = 255, /* NAME_MAX */
	NUMBER_DIGITS = 20, /* of an inode number */
	FILE_TYPE = 0170000, /* S_IFMT, and two of its values */
	FILE_SOCKET = 0140000,
	FILE_FIFO = 0010000,
};

struct path_walk {
	__u64 dentry;
	__u64 mount;
	__u64 root; /* of the mount */
	__u8 *buffer; /* of WALK_SIZE; the path grows from WIRE_PATH_SIZE downwards */
	__u32 position;
	__u32 flags; /* enum wire_part_flags */
};

/* Puts "/" and a name before what has been walked. */
static __always_inline long walk_prepend(struct path_walk *walk, const struct dentry *dentry)
{
	struct qstr name;
	__u32 length, position = walk->position;

	if (bpf_core_read(&name, sizeof(name), &dentry->d_name))
		return 1;
	length = name.len;
	if (length > NAME_LENGTH || position > WIRE_PATH_SIZE || position < length + 1) {
		walk->flags |= WIRE_PATH_CUT;
		return 1;
	}
	position -= length;
	position &= WIRE_PATH_SIZE - 1;
	length &= NAME_LENGTH;
	bpf_probe_read_kernel(walk->buffer + position, length, name.name);
	position--;
	position &= WIRE_PATH_SIZE - 1;
	walk->buffer[position] = '/';
	walk->position = position;
	return 0;
}

/* One character before what has been walked. */
static __always_inline void walk_character(struct path_walk *walk, char character)
{
	walk->position = (walk->position - 1) & (WIRE_PATH_SIZE - 1);
	walk->buffer[walk->position] = character;
}

static __always_inline void walk_word(struct path_walk *walk, const char *word, __u32 length)
{
	__u32 position = (walk->position - length) & (WIRE_PATH_SIZE - 1);

	__builtin_memcpy(walk->buffer + position, word, length);
	walk->position = position;
}

/*
 * Pipes and sockets have no name but the one that d_path() makes of their type and number, "pipe:[4711]". It is
 * the whole path, so there is room for it.
 */
static __always_inline void walk_nameless(struct path_walk *walk, const struct dentry *dentry)
{
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);
	__u16 type = BPF_CORE_READ(inode, i_mode) & FILE_TYPE;
	__u64 number = BPF_CORE_READ(inode, i_ino);
	__u32 i;

	walk_character(walk, ']');
	for (i = 0; i < NUMBER_DIGITS; i++) {
		walk_character(walk, '0' + number % 10);
		number /= 10;
		if (!number)
			break;
	}
	if (type == FILE_FIFO)
		walk_word(walk, "/pipe:[", 7);
	else if (type == FILE_SOCKET)
		walk_word(walk, "/socket:[", 9);
	else
		walk_word(walk, "/inode:[", 8);
}

static long path_walk_step(__u32 index, void *data)
{
	struct path_walk *walk = data;
	const struct dentry *dentry = (const struct dentry *)walk->dentry, *parent;
	const struct mount *mount = (const struct mount *)walk->mount, *above;

	if (walk->dentry == walk->root) {
		if (bpf_core_read(&above, sizeof(above), &mount->mnt_parent))
			return 1;
		if (above == mount) {
			if (!BPF_CORE_READ(mount, mnt_ns))
				walk->flags |= WIRE_PATH_DETACHED;
			return 1;
		}
		walk->dentry = (__u64)BPF_CORE_READ(mount, mnt_mountpoint);
		walk->mount = (__u64)above;
		walk->root = (__u64)BPF_CORE_READ(above, mnt.mnt_root);
		return walk->dentry == 0;
	}
	if (bpf_core_read(&parent, sizeof(parent), &dentry->d_parent))
		return 1;
	if (parent == dentry) {
		walk->flags |= WIRE_PATH_PSEUDO;
		if (BPF_CORE_READ(dentry, d_name.len))
			walk_prepend(walk, dentry);
		else
			walk_nameless(walk, dentry);
		return 1;
	}
	walk->dentry = (__u64)parent;
	return walk_prepend(walk, dentry);
}

/* Walks from a dentry up. Returns where in scratch->walk the path begins; it ends at WIRE_PATH_SIZE. */
static __always_inline __u32 path_walk(struct scratch *scratch, struct dentry *dentry,
				       struct vfsmount *vfsmount, __u32 *ret_flags)
{
	struct path_walk walk = {
		.dentry = (__u64)dentry,
		.root = (__u64)BPF_CORE_READ(vfsmount, mnt_root),
		.position = WIRE_PATH_SIZE,
	};
	void **pprev;

	walk.buffer = scratch->walk;
	walk.mount = (__u64)vfsmount - bpf_core_field_offset(struct mount, mnt);
	bpf_loop(WALK_STEPS, path_walk_step, &walk, 0);
	/* d_unlinked(): no longer in the hash, and not the top of a tree, which never was. */
	if (!bpf_core_read(&pprev, sizeof(pprev), &dentry->d_hash.pprev) && !pprev &&
	    BPF_CORE_READ(dentry, d_parent) != dentry)
		walk.flags |= WIRE_PATH_DELETED;
	*ret_flags = walk.flags;
	return walk.position;
}

/* The walked path of a file or directory, given by its struct path's two members, as a part of the record. */
SHARED int part_path(struct scratch *scratch, __u16 type, __u64 dentry_pointer, __u64 mount_pointer)
{
	struct dentry *dentry = (struct dentry *)dentry_pointer;
	struct vfsmount *vfsmount = (struct vfsmount *)mount_pointer;
	__u32 at, position, size, flags = 0;

	if (!scratch || !dentry || !vfsmount || !part_begin(scratch, WIRE_PATH_SIZE, &at))
		return 0;
	position = path_walk(scratch, dentry, vfsmount, &flags);
	if (position >= WIRE_PATH_SIZE) {
		/* The top of the tree itself has no components. */
		position = WIRE_PATH_SIZE - 1;
		scratch->walk[position] = '/';
	}
	size = WIRE_PATH_SIZE - position;
	barrier_var(size);
	if (size > WIRE_PATH_SIZE)
		return 0;
	bpf_probe_read_kernel(&scratch->record[at + sizeof(struct wire_part)], size,
			      &scratch->walk[position & (WIRE_PATH_SIZE - 1)]);
	return part_end(scratch, at, type, (__u16)flags, size);
}

/* The same, for a struct path in kernel memory. */
static __always_inline void part_path_of(struct scratch *scratch, __u16 type, const struct path *source)
{
	struct path path;

	if (!bpf_core_read(&path, sizeof(path), source))
		part_path(scratch, type, (__u64)path.dentry, (__u64)path.mnt);
}

/* The file behind a descriptor of the current task, or NULL. A kernel pointer to be read with care. */
static __always_inline struct file *file_of(struct task_struct *task, __u32 descriptor)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files, *file = NULL;

	if (!table || descriptor >= BPF_CORE_READ(table, max_fds))
		return NULL;
	files = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + descriptor);
	return file;
}

/*
 * Do the current task's paths begin where walked paths begin, so that an absolute one is right as it is? The real
 * root is mounted over the root of the kernel's first, empty file system, or is the top itself.
 */
static __always_inline bool root_is_plain(struct task_struct *task)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct vfsmount *vfsmount = BPF_CORE_READ(fs, root.mnt);
	struct mount *mount = (void *)vfsmount - bpf_core_field_offset(struct mount, mnt), *above;

	if (BPF_CORE_READ(fs, root.dentry) != BPF_CORE_READ(vfsmount, mnt_root))
		return false;
	above = BPF_CORE_READ(mount, mnt_parent);
	return above == mount || (BPF_CORE_READ(mount, mnt_mountpoint) == BPF_CORE_READ(above, mnt.mnt_root) &&
				  BPF_CORE_READ(above, mnt_parent) == above);
}

enum { FD_CWD = -100 }; /* AT_FDCWD */

/*
 * What a request is relative to, as WIRE_PART_BASE: the task's root for an absolute one (left out where it is
 * the top of the tree), the working directory, or a descriptor's directory. `in_root`: RESOLVE_IN_ROOT, where
 * an absolute request begins at the descriptor too.
 */
SHARED int part_base(struct scratch *scratch, int descriptor, __u64 request, __u32 in_root)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct path path = {};
	struct file *file;
	char first = 0;

	if (!scratch)
		return 0;
	bpf_probe_read_user(&first, 1, (const void *)request);
	if (first == '/' && !in_root) {
		if (root_is_plain(task))
			return 0;
		bpf_core_read(&path, sizeof(path), &fs->root);
	} else if (descriptor == FD_CWD) {
		bpf_core_read(&path, sizeof(path), &fs->pwd);
	} else {
		file = file_of(task, (__u32)descriptor);
		if (file)
			bpf_core_read(&path, sizeof(path), &file->f_path);
	}
	return part_path(scratch, WIRE_PART_BASE, (__u64)path.dentry, (__u64)path.mnt);
}

#endif
