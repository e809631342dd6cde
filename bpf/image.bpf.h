/* SPDX-License-Identifier: GPL-2.0-only */
/* The running executable: told to user space once, then named by its dentry and mount. */
#ifndef SESHAT_IMAGE_BPF_H
#define SESHAT_IMAGE_BPF_H

#include "path.bpf.h"

static __always_inline void image_send(struct task_struct *task, struct task_state *state,
				       const struct file *file, const struct path *path)
{
	struct scratch *scratch = record_begin(WIRE_IMAGE, sizeof(struct wire_image), task, state);
	struct wire_header *header;
	struct wire_image *image;

	if (!scratch)
		return;
	header = (struct wire_header *)scratch->record;
	header->task.image[0] = (__u64)path->dentry;
	header->task.image[1] = (__u64)path->mnt;
	image = (struct wire_image *)&scratch->record[RECORD_FIXED];
	image->inode = BPF_CORE_READ(file, f_inode, i_ino);
	image->dev = BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	image->reserved = 0;
	part_path(scratch, WIRE_PART_PATH, (__u64)path->dentry, (__u64)path->mnt);
	/* Not told if it was lost: the task's next record tries again. */
	if (!record_end(scratch)) {
		state->image[0] = (__u64)path->dentry;
		state->image[1] = (__u64)path->mnt;
	}
}

/* Before a record of the task: has user space heard of the executable that it runs now? */
static __always_inline void image_tell(struct task_struct *task, struct task_state *state)
{
	struct file *file = BPF_CORE_READ(task, mm, exe_file);
	struct path path;

	if (!file || bpf_core_read(&path, sizeof(path), &file->f_path))
		return;
	if ((__u64)path.dentry != state->image[0] || (__u64)path.mnt != state->image[1])
		image_send(task, state, file, &path);
}

#endif
