/* SPDX-License-Identifier: GPL-2.0-only */
/* The variable parts of a record, and those that are strings. */
#ifndef SESHAT_PART_BPF_H
#define SESHAT_PART_BPF_H

#include "emit.bpf.h"

/* Where the last part can begin that may be as long as a path. */
enum { PART_LAST = WIRE_RECORD_SIZE - WIRE_PATH_SIZE - sizeof(struct wire_part) - 8 };

/*
 * The place for a part of up to `room` bytes: sets *ret_at to the offset of its struct wire_part.
 * The caller writes the bytes behind it and calls part_end().
 */
static __always_inline bool part_begin(struct scratch *scratch, __u32 room, __u32 *ret_at)
{
	__u32 fill = scratch->fill;

	barrier_var(fill);
	if (fill > WIRE_RECORD_SIZE - sizeof(struct wire_part) - 8 - room)
		return false;
	*ret_at = fill;
	return true;
}

/* Closes the part that part_begin() gave the place `at`; `size` is at most WIRE_PATH_SIZE. */
SHARED int part_end(struct scratch *scratch, __u32 at, __u16 type, __u16 flags, __u32 size)
{
	struct wire_part *part;
	__u32 odd = size & 7;

	if (!scratch || at > PART_LAST || size > WIRE_PATH_SIZE)
		return -1;
	part = (struct wire_part *)&scratch->record[at];
	part->type = type;
	part->flags = flags;
	part->size = size;
	part->mount_ns = 0;
	part->reserved = 0;
	if (odd) {
		/* The padding is zero: nothing of an earlier record is left in it. */
		__u64 *last = (__u64 *)&scratch->record[at + sizeof(*part) + (size & ~7u)];

		*last &= ((__u64)1 << (odd * 8)) - 1;
		size += 8 - odd;
	}
	scratch->fill = at + sizeof(*part) + size;
	return 0;
}

/* A string of the program's, as it is in its memory now. */
SHARED int part_user_string(struct scratch *scratch, __u16 type, __u64 string)
{
	__u32 at, size = 0;
	__u16 flags = 0;
	long r;

	if (!scratch || !part_begin(scratch, WIRE_PATH_SIZE, &at))
		return 0;
	r = user_string(&scratch->record[at + sizeof(struct wire_part)], WIRE_PATH_SIZE, string);
	if (r <= 0)
		flags = WIRE_PART_UNREADABLE;
	else
		size = (__u32)r - 1;
	return part_end(scratch, at, type, flags, size);
}

SHARED int part_kernel_string(struct scratch *scratch, __u16 type, __u64 string)
{
	__u32 at, size = 0;
	long r;

	if (!scratch || !part_begin(scratch, WIRE_PATH_SIZE, &at))
		return 0;
	r = bpf_probe_read_kernel_str(&scratch->record[at + sizeof(struct wire_part)],
				      WIRE_PATH_SIZE, (const void *)string);
	if (r > 0)
		size = (__u32)r - 1;
	return part_end(scratch, at, type, r > 0 ? 0 : WIRE_PART_UNREADABLE, size);
}

#endif
