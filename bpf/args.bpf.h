/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * argv into a record: the first bytes as its WIRE_PART_ARGS, the others in as many WIRE_MORE records as it
 * takes. An executed program's argv is one area of its memory; a failed exec's is an array of pointers in the
 * caller's. Both write through struct args, which sends what is full and goes on.
 */
#ifndef SESHAT_ARGS_BPF_H
#define SESHAT_ARGS_BPF_H

#include "part.bpf.h"

enum {
	/* read at once; also a page, the unit in which memory can be unreadable */
	ARGS_PIECE = 4096,
	/* a piece may be cut by a page's end */
	ARGS_AREA_STEPS = WIRE_ARGS_SIZE / ARGS_PIECE * 2 + 4,
	/* pieces of strings: more than 6 MiB of strings and pointers can be */
	ARGS_ARRAY_STEPS = 800000,
	MORE_FIXED = sizeof(struct wire_header) + sizeof(struct wire_more),
};

struct args {
	/* next byte to read; in an array the string that is being read, or 0 between two */
	__u64 source;
	__u64 next; /* the end of the area, or the next pointer's place in the array */
	__u32 at;   /* of the part or of the bytes of a wire_more in the record */
	__u32 size; /* bytes so far in this record */
	__u32 total;
	__u32 count; /* strings */
	__u32 index; /* of the record: 0 is the first, which holds the part */
	__u16 flags; /* enum wire_part_flags of the part's end */
	__u8 wide;   /* pointers have 8 bytes */
	__u8 lost;   /* a record of it did not fit the ring */
};

struct args_loop {
	struct args args;
	struct scratch *scratch;
};

/* Closes the first record, with the part's head, or a later one. */
static __always_inline void args_close(struct args *args, struct scratch *scratch, bool last)
{
	__u32 size = args->size;
	struct wire_more *more = (struct wire_more *)&scratch->record[RECORD_FIXED];
	struct wire_exec *exec = (struct wire_exec *)&scratch->record[RECORD_FIXED];

	if (size > WIRE_MORE_SIZE)
		return;
	if (args->index == 0) {
		exec->argc = args->count;
		part_end(scratch, args->at, WIRE_PART_ARGS,
			 args->flags | (last ? 0 : WIRE_PART_MORE), size);
		return;
	}
	more->type = WIRE_PART_ARGS;
	more->flags = (last ? WIRE_MORE_LAST : 0) |
		      (args->flags & WIRE_PART_UNREADABLE ? WIRE_MORE_UNREADABLE : 0) |
		      (args->flags & WIRE_PART_LIMIT ? WIRE_MORE_LIMIT : 0);
	more->index = args->index;
	more->bytes = size;
	more->reserved = 0;
	scratch->fill = MORE_FIXED + ((size + 7) & ~7u);
}

/* Sends the record as it stands and begins the next one. Returns 0, or -1 when it was lost, and counted. */
SHARED int args_flush(struct args *args, struct scratch *scratch, __u32 last)
{
	struct wire_header *header;

	if (!args || !scratch)
		return -1;
	header = (struct wire_header *)scratch->record;
	args_close(args, scratch, last);
	if (record_send(scratch)) {
		header->kind = WIRE_EXEC;
		record_lost(scratch);
		args->lost = 1;
		return -1;
	}
	header->kind = WIRE_MORE;
	args->index++;
	args->at = MORE_FIXED;
	args->size = 0;
	return 0;
}

/* The room for the next piece, and in *ret_place where it goes; sends a full record first. 0: it was lost. */
static __always_inline __u32 args_room(struct args *args, struct scratch *scratch, __u32 *ret_place)
{
	__u32 limit = args->index ? WIRE_MORE_SIZE : WIRE_ARGS_INLINE_SIZE;
	__u32 place, room;

	/* A piece of one byte would hold nothing but the NUL that the helper ends a string with. */
	if (args->size + 1 >= limit) {
		if (args_flush(args, scratch, 0))
			return 0;
		limit = WIRE_MORE_SIZE;
	}
	room = limit - args->size;
	if (room > ARGS_PIECE)
		room = ARGS_PIECE;
	place = args->at + args->size + (args->index ? 0 : (__u32)sizeof(struct wire_part));
	barrier_var(place);
	if (place > WIRE_RECORD_SIZE - ARGS_PIECE - 8)
		return 0;
	*ret_place = place;
	return room;
}

/* A piece of the area; where a page of it cannot be read, what is before that page. */
static long args_area_step(__u32 index, void *data)
{
	struct args_loop *loop = data;
	struct args *args = &loop->args;
	__u64 left = args->next - args->source;
	__u32 room, place = 0, page = ARGS_PIECE - (args->source & (ARGS_PIECE - 1));

	if (left == 0)
		return 1;
	room = args_room(args, loop->scratch, &place);
	if (room > left)
		room = (__u32)left;
	/* Pages end at pages: a piece is readable as a whole or not at all. */
	if (room > page)
		room = page;
	barrier_var(room);
	if (room == 0 || room > ARGS_PIECE)
		return 1;
	if (bpf_probe_read_user(&loop->scratch->record[place], room, (const void *)args->source)) {
		args->flags |= WIRE_PART_UNREADABLE;
		return 1;
	}
	args->size += room;
	args->source += room;
	return 0;
}

/* The next string's address, or false at the end of the array. */
static __always_inline bool args_next(struct args *args)
{
	__u64 pointer = 0;
	__u32 width = args->wide ? 8 : 4;

	if (bpf_probe_read_user(&pointer, width, (const void *)args->next)) {
		args->flags |= WIRE_PART_UNREADABLE;
		return false;
	}
	args->source = pointer;
	args->next += width;
	return pointer != 0;
}

static long args_array_step(__u32 index, void *data)
{
	struct args_loop *loop = data;
	struct args *args = &loop->args;
	__u32 room, place = 0;
	char last = 0;
	long r;

	if (!args->source && !args_next(args))
		return 1;
	if (args->total >= WIRE_ARGS_SIZE - ARGS_PIECE) {
		args->flags |= WIRE_PART_LIMIT;
		return 1;
	}
	room = args_room(args, loop->scratch, &place);
	if (room == 0)
		return 1;
	r = user_string(&loop->scratch->record[place], room, args->source);
	if (r <= 0 || r > ARGS_PIECE) {
		args->flags |= WIRE_PART_UNREADABLE;
		return 1;
	}
	/* Filled to the brim: was that its own final NUL, or the one that the helper put there? */
	if (r == room)
		bpf_probe_read_user(&last, 1, (const void *)(args->source + room - 1));
	if (last) {
		args->source += room - 1;
		args->size += room - 1;
		args->total += room - 1;
		return 0;
	}
	args->source = 0;
	args->size += r;
	args->total += r;
	args->count++;
	return 0;
}

/*
 * The area that the kernel laid out in the new program's memory. Ends the record, as record_end() does.
 * Returns 0 when all of it was sent.
 */
SHARED int args_area(struct scratch *scratch, __u64 start, __u64 end, __u32 argc)
{
	struct args_loop loop = { .args = { .source = start, .next = end, .count = argc } };

	if (!scratch)
		return -1;
	loop.scratch = scratch;
	loop.args.at = scratch->fill;
	if (end < start || end - start > WIRE_ARGS_SIZE) {
		loop.args.next = start;
		loop.args.flags = WIRE_PART_UNREADABLE;
	}
	bpf_loop(ARGS_AREA_STEPS, args_area_step, &loop, 0);
	if (!loop.args.lost)
		args_flush(&loop.args, scratch, 1);
	scratch_give(scratch);
	return loop.args.lost;
}

/* The caller's array of pointers, as execve(2) takes it. Ends the record, as record_end() does. */
SHARED int args_array(struct scratch *scratch, __u64 array, __u32 wide)
{
	struct args_loop loop = { .args = { .next = array, .wide = wide != 0 } };

	if (!scratch)
		return -1;
	loop.scratch = scratch;
	loop.args.at = scratch->fill;
	if (array)
		bpf_loop(ARGS_ARRAY_STEPS, args_array_step, &loop, 0);
	if (!loop.args.lost)
		args_flush(&loop.args, scratch, 1);
	scratch_give(scratch);
	return loop.args.lost;
}

#endif
