/* SPDX-License-Identifier: GPL-2.0-only */
/* The records of io_uring's requests, from a staging and the result. */
#ifndef SESHAT_URING_EMIT_BPF_H
#define SESHAT_URING_EMIT_BPF_H

#include "uring_read.bpf.h"

static __always_inline struct scratch *uring_begin(__u16 kind, __u32 fixed, __u64 session,
						   const struct wire_task *task)
{
	struct scratch *scratch = record_take(kind, fixed, session);
	struct wire_header *header;

	if (!scratch)
		return NULL;
	header = (struct wire_header *)scratch->record;
	header->time = bpf_ktime_get_boot_ns();
	header->task = *task;
	return scratch;
}

/* A staged name as a part of the record. */
static __always_inline void uring_part(struct scratch *scratch, __u16 type, const char *text,
				       __u16 notes)
{
	__u32 at, size = 0;
	long r = 0;

	if (!part_begin(scratch, WIRE_PATH_SIZE, &at))
		return;
	if (text[0])
		r = bpf_probe_read_kernel_str(&scratch->record[at + sizeof(struct wire_part)],
					      WIRE_PATH_SIZE, text);
	if (r > 0)
		size = (__u32)r - 1;
	part_end(scratch, at, type,
		 !text[0] && (notes & URING_UNREADABLE) ? WIRE_PART_UNREADABLE : 0, size);
}

/* As part_base(), of the task that the request runs for. `first` is the first character. */
SHARED int uring_base(struct scratch *scratch, __u64 req, int descriptor, char first, __u16 type)
{
	struct task_struct *task = uring_task((const struct io_kiocb *)req);
	struct fs_struct *fs = KREAD(task, fs);
	struct file *file;

	if (!scratch)
		return 0;
	if (first == '/')
		return root_is_plain(task) ? 0 : part_path_of(scratch, type, fs, root);
	if (descriptor == FD_CWD)
		return part_path_of(scratch, type, fs, pwd);
	file = file_of(task, (__u32)descriptor);
	return file ? part_path_of(scratch, type, file, f_path) : 0;
}

/* The file that has come of a request: at its descriptor, or at its direct one. */
static __always_inline struct file *uring_new_file(const struct io_kiocb *req, __u32 slot, long ret)
{
	const struct io_ring_ctx *ctx = KREAD(req, ctx);

	if (ret < 0)
		return NULL;
	if (slot)
		return uring_slot_file(ctx, slot == URING_NEW_SLOT ? (__u32)ret : slot - 1);
	return file_of(uring_task(req), (__u32)ret);
}

static __always_inline void uring_opened(struct scratch *scratch, struct wire_open *out,
					 const struct file *file)
{
	struct inode *inode = KREAD(file, f_inode);

	out->inode = KREAD(inode, i_ino);
	out->dev = KREAD(inode, i_sb, s_dev);
	out->created = (KREAD(file, f_mode) & FMODE_CREATED) || (out->flags & OPEN_TMPFILE);
	part_path_of(scratch, WIRE_PART_PATH, file, f_path);
}

SHARED int uring_emit_open(struct scratch *staging, __u64 req, long ret)
{
	struct uring_long *entry;
	struct uring_request *request;
	struct file *file = NULL;
	struct scratch *scratch;
	struct wire_open *out;
	char first;

	if (!staging)
		return 0;
	entry = staging_entry(staging);
	request = &entry->request;
	scratch = uring_begin(WIRE_OPEN, sizeof(*out), request->session, &request->task);
	if (!scratch)
		return 0;
	out = (struct wire_open *)&scratch->record[RECORD_FIXED];
	*out = (struct wire_open){
		.return_code = ret,
		.flags = request->flags,
		.resolve = request->resolve,
		.mode = request->mode,
		.via = WIRE_VIA_IO_URING,
		.notes = request->notes & URING_NO_RESULT ? WIRE_OPEN_NO_RESULT : 0,
	};
	first = entry->text[0][0];
	if (!(request->notes & URING_NO_RESULT))
		file = uring_new_file((const struct io_kiocb *)req, request->slot, ret);
	/* Another one stands for the descriptor by now: see open_file(). */
	if (file && !file_is_single(file))
		file = NULL;
	if (file)
		uring_opened(scratch, out, file);
	else
		uring_base(scratch, req, request->directory,
			   request->resolve & OPEN_IN_ROOT ? 0 : first, WIRE_PART_BASE);
	uring_part(scratch, WIRE_PART_REQUEST, entry->text[0], request->notes);
	return record_end(scratch);
}

static __always_inline __u32 uring_file_operation(const struct uring_request *request)
{
	switch (request->opcode) {
	case URING_RENAMEAT:
		return WIRE_FILE_RENAME;
	case URING_LINKAT:
		return WIRE_FILE_LINK;
	case URING_SYMLINKAT:
		return WIRE_FILE_SYMLINK;
	default:
		return request->flags & URING_UNLINK_DIRECTORY ? WIRE_FILE_RMDIR : WIRE_FILE_UNLINK;
	}
}

/* The path of a symbolic link is where it is; what it says is a text. */
SHARED int uring_emit_file(struct scratch *staging, __u64 req, long ret)
{
	struct uring_long *entry;
	struct uring_request *request;
	struct scratch *scratch;
	struct wire_file *out;

	if (!staging)
		return 0;
	entry = staging_entry(staging);
	request = &entry->request;
	scratch = uring_begin(WIRE_FILE, sizeof(*out), request->session, &request->task);
	if (!scratch)
		return 0;
	out = (struct wire_file *)&scratch->record[RECORD_FIXED];
	*out = (struct wire_file){
		.return_code = ret,
		.flags = request->flags,
		.operation = uring_file_operation(request),
		.via = WIRE_VIA_IO_URING,
		.notes = request->notes & URING_NO_RESULT ? WIRE_OPEN_NO_RESULT : 0,
	};
	if (request->opcode == URING_SYMLINKAT) {
		uring_part(scratch, WIRE_PART_REQUEST, entry->text[1], request->notes);
		uring_base(scratch, req, request->new_directory, entry->text[1][0], WIRE_PART_BASE);
		uring_part(scratch, WIRE_PART_NAME, entry->text[0], request->notes);
		return record_end(scratch);
	}
	uring_part(scratch, WIRE_PART_REQUEST, entry->text[0], request->notes);
	uring_base(scratch, req, request->directory, entry->text[0][0], WIRE_PART_BASE);
	if (request->opcode != URING_UNLINKAT) {
		uring_part(scratch, WIRE_PART_NEW_REQUEST, entry->text[1], request->notes);
		uring_base(scratch, req, request->new_directory, entry->text[1][0],
			   WIRE_PART_NEW_BASE);
	}
	return record_end(scratch);
}

#endif
