/* SPDX-License-Identifier: GPL-2.0-only */
/* The running executable: told to user space once, then named by its dentry and mount. */
#ifndef SESHAT_IMAGE_BPF_H
#define SESHAT_IMAGE_BPF_H

#include "path.bpf.h"

enum { IMAGE_UNKNOWN = 1 }; /* task_state.image[1], where image[0] is 0: never to be told */

/* User space has been told what the task runs, with the record that was just sent. */
static __always_inline void image_told(struct task_state *state, __u64 dentry, __u64 mount)
{
	state->image[0] = dentry;
	state->image[1] = mount;
	state->told = __sync_fetch_and_add(&control.images, 1);
}

static __always_inline void image_send(struct task_struct *task, struct task_state *state,
				       const struct file *file, __u64 dentry, __u64 mount)
{
	struct scratch *scratch = record_begin(WIRE_IMAGE, sizeof(struct wire_image), task, state);
	struct wire_header *header;
	struct wire_image *image;

	if (!scratch)
		return;
	header = (struct wire_header *)scratch->record;
	header->task.image[0] = dentry;
	header->task.image[1] = mount;
	image = (struct wire_image *)&scratch->record[RECORD_FIXED];
	image->inode = KREAD(file, f_inode, i_ino);
	image->dev = KREAD(file, f_inode, i_sb, s_dev);
	image->reserved = 0;
	part_path_of(scratch, WIRE_PART_PATH, file, f_path);
	/* Not told if it was lost: the task's next record tries again. */
	if (!record_end(scratch))
		image_told(state, dentry, mount);
}

/*
 * Before a record of the task: has user space heard of the executable, not so long ago that it may have forgotten? It is
 * the one that was executed, by the task or before it was forked, and only an exec changes it: mm->exe_file is also what
 * prctl(PR_SET_MM) makes of it, at anyone's wish in a user namespace of his own. Of somebody who did that there is nothing
 * that could be told again.
 */
static __always_inline void image_tell(struct task_struct *task, struct task_state *state)
{
	struct file *file;
	__u64 dentry, mount;

	if (state->image[0] ? control.images - (__u32)state->told < IMAGES_FRESH :
			      state->image[1] == IMAGE_UNKNOWN)
		return;
	file = KREAD(task, mm, exe_file);
	if (!file)
		return;
	dentry = (__u64)KREAD(file, f_path.dentry);
	mount = (__u64)KREAD(file, f_path.mnt);
	if (state->image[0] && (dentry != state->image[0] || mount != state->image[1])) {
		state->image[0] = 0;
		state->image[1] = IMAGE_UNKNOWN;
		return;
	}
	image_send(task, state, file, dentry, mount);
}

#endif
