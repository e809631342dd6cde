/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A request of io_uring, from its submission until its completion: who submitted it, and what it asks for. It is put
 * together in a scratch buffer of its own (the staging), kept in a map in between, and read from a staging again.
 */
#ifndef SESHAT_URING_BPF_H
#define SESHAT_URING_BPF_H

#include "image.bpf.h"
#include "uring_types.h"

enum {
	URING_SHORT = 192, /* of a text that is kept with little memory; an address fits */
	URING_LONG = WIRE_PATH_SIZE,
	URING_REQUESTS =
		65536, /* at once; what finds no room is recorded at its submission, without a result */
	URING_LONG_REQUESTS = 4096,
	URING_MESSAGES =
		4, /* that are recorded in one go: one that is begun has those before it recorded */
};

enum uring_notes {
	/* recorded at the submission: how it ends is not known */
	URING_NO_RESULT = 1,
	/* the program's memory could not be read, the kernel's answer is the error */
	URING_UNREADABLE = 2,
	URING_FIXED = 4, /* the descriptor is a direct one */
	URING_CLAIM = 8, /* the address is as the program's memory has it */
};

struct uring_request {
	__u64 session;
	__u64 flags;   /* as the program gave them */
	__u64 resolve; /* of openat2; of a receive the kernel's copy of the message's header */
	__u64 ring;    /* its struct io_ring_ctx */
	__u64 user_data;
	__u32 mode;
	int directory, new_directory;
	__u32 descriptor; /* of the socket */
	__u32 slot; /* where the new direct descriptor goes: 0 for none, from 1, or URING_NEW_SLOT */
	__u32 size; /* of the address in text[0] */
	__u16 opcode;
	__u16 notes;   /* enum uring_notes */
	__u16 longest; /* of the two paths, bytes with the final NUL */
	__u16 multishot;
	struct wire_task task;
};

/* The texts are two paths with their final NUL, or an address. */
struct uring_short {
	struct uring_request request;
	char text[2][URING_SHORT];
};

struct uring_long {
	struct uring_request request;
	char text[2][URING_LONG];
};

/* In text[0] of a receive: the program's memory. */
struct uring_receive {
	__u64 message;	     /* its struct msghdr */
	__u64 control, size; /* where it wants control messages, and how much there is room for */
};

/* Requests that make more than one completion each, which the kernel does not tell whose they are. */
struct uring_shots {
	struct uring_request request;
	__u64 count;
};

struct uring_shots_key {
	__u64 ring, user_data;
	__u64 receives; /* else it accepts */
};

_Static_assert(sizeof(struct uring_request) == 72 + sizeof(struct wire_task),
	       "uring_request has padding");
_Static_assert(sizeof(struct uring_long) <= WIRE_RECORD_SIZE, "a staging is too small");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, URING_REQUESTS);
	__type(key, __u64);
	__type(value, struct uring_short);
} uring_requests SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, URING_LONG_REQUESTS);
	__type(key, __u64);
	__type(value, struct uring_long);
} uring_long_requests SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, URING_REQUESTS);
	__type(key, struct uring_shots_key);
	__type(value, struct uring_shots);
} uring_shots SEC(".maps");

/* A record to be made: of what is kept, or of what is in a staging. */
struct uring_job {
	__u64 req; /* the request; of a shot, its ring */
	__s64 ret;
	__u32 staging; /* its slot + 1; 0: it is kept */
	__u16 notes;   /* enum uring_notes, to be added */
	__u16 shot;    /* one completion of several */
};

/* Control messages that have come, for the program that makes records of their descriptors. */
struct uring_received {
	__u64 session;
	__u64 control, end;
	__u32 narrow;
	__u32 reserved;
	struct wire_task task;
};

/* From a hook to the program that makes the records: only there are they verified. */
struct uring_jobs {
	__u32 busy;
	__u32 count;
	__u32 pid; /* also of all that is kept of this process, 0 for none */
	__u32 reserved;
	__u64 list; /* and of this list of io_kiocb.comp_list, which are about to complete; 0 for none */
	struct uring_job job[2];
	__u32 messages;
	__u32 reserved2;
	struct uring_received received[URING_MESSAGES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct uring_jobs);
} uring_jobs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} uring_programs SEC(".maps");

enum { URING_RECORD, URING_RECEIVE }; /* in uring_programs */

/* NULL: they are in use, by what this task has interrupted. */
static __always_inline struct uring_jobs *jobs_begin(void)
{
	__u32 key = 0;
	struct uring_jobs *jobs = bpf_map_lookup_elem(&uring_jobs, &key);

	if (!jobs || __sync_lock_test_and_set(&jobs->busy, 1))
		return NULL;
	jobs->count = 0;
	jobs->pid = 0;
	jobs->list = 0;
	jobs->messages = 0;
	return jobs;
}

static __always_inline struct scratch *staging_take(void)
{
	int slot = scratch_take();
	struct scratch *staging = slot >= 0 ? bpf_map_lookup_elem(&scratches, &slot) : NULL;

	/* What is no record yet has no size: this is how a job names it. */
	if (staging)
		staging->fill = (__u32)slot + 1;
	return staging;
}

static __always_inline struct uring_long *staging_entry(struct scratch *staging)
{
	return (struct uring_long *)staging->record;
}

static __always_inline struct uring_shots_key shots_key(const struct uring_request *request)
{
	return (struct uring_shots_key){ .ring = request->ring,
					 .user_data = request->user_data,
					 .receives = request->opcode == URING_RECVMSG };
}

/* Counts a multishot request, under what its completions will tell. */
static __always_inline void shots_add(const struct uring_request *request)
{
	struct uring_shots_key key = shots_key(request);
	struct uring_shots made = { .request = *request, .count = 1 }, *shots;

	shots = bpf_map_lookup_elem(&uring_shots, &key);
	if (shots)
		__sync_fetch_and_add(&shots->count, 1);
	else
		bpf_map_update_elem(&uring_shots, &key, &made, BPF_ANY);
}

static __always_inline void shots_remove(const struct uring_request *request)
{
	struct uring_shots_key key = shots_key(request);
	struct uring_shots *shots = bpf_map_lookup_elem(&uring_shots, &key);

	if (shots && __sync_fetch_and_add(&shots->count, -1) <= 1)
		bpf_map_delete_elem(&uring_shots, &key);
}

static __always_inline bool uring_is_kept(__u64 req)
{
	return bpf_map_lookup_elem(&uring_requests, &req) ||
	       bpf_map_lookup_elem(&uring_long_requests, &req);
}

/* Keeps the staged request until its completion. False: there is no room. */
SHARED int uring_keep(struct scratch *taken, __u64 request)
{
	__u32 slot = taken ? taken->fill - 1 : SCRATCH_SLOTS;
	/* Looked up once more: before 6.2 the verifier takes nothing for a map's value but memory that it knows to be a map's. */
	struct scratch *staging = bpf_map_lookup_elem(&scratches, &slot);
	struct uring_long *entry;
	long r;

	if (!staging)
		return 0;
	entry = staging_entry(staging);
	if (entry->request.longest > URING_SHORT) {
		r = bpf_map_update_elem(&uring_long_requests, &request, entry, BPF_ANY);
	} else {
		__builtin_memcpy(entry->text[0] + URING_SHORT, entry->text[1], URING_SHORT);
		r = bpf_map_update_elem(&uring_requests, &request, entry, BPF_ANY);
	}
	if (r)
		return 0;
	__sync_fetch_and_add(&control.uring_requests, 1);
	if (entry->request.multishot)
		shots_add(&entry->request);
	return 1;
}

/* Takes a request out again, into the staging. False: it is none that was kept. */
SHARED int uring_recall(struct scratch *staging, __u64 request)
{
	struct uring_short *kept;
	struct uring_long *entry, *kept_long;

	if (!staging)
		return 0;
	entry = staging_entry(staging);
	kept = bpf_map_lookup_elem(&uring_requests, &request);
	if (kept) {
		entry->request = kept->request;
		bpf_probe_read_kernel(entry->text[0], URING_SHORT, kept->text[0]);
		bpf_probe_read_kernel(entry->text[1], URING_SHORT, kept->text[1]);
		if (bpf_map_delete_elem(&uring_requests, &request))
			return 0;
	} else {
		kept_long = bpf_map_lookup_elem(&uring_long_requests, &request);
		if (!kept_long)
			return 0;
		bpf_probe_read_kernel(entry, sizeof(*entry), kept_long);
		if (bpf_map_delete_elem(&uring_long_requests, &request))
			return 0;
	}
	__sync_fetch_and_add(&control.uring_requests, -1);
	if (entry->request.multishot)
		shots_remove(&entry->request);
	return 1;
}

/* Ends the hook: what it has staged, or what is kept, is recorded by another program. */
static __always_inline void uring_hand_over(void *ctx, struct uring_jobs *jobs)
{
	__u32 i, slot;
	struct scratch *staging;

	bpf_tail_call(ctx, &uring_programs, URING_RECORD);
	/* It could not be loaded. */
	for (i = 0; i < 2; i++) {
		slot = jobs->job[i].staging - 1;
		staging = i < jobs->count ? bpf_map_lookup_elem(&scratches, &slot) : NULL;
		if (staging)
			scratch_give(staging);
	}
	jobs->busy = 0;
}

/* The tracepoints' arguments were the ring and more before 6.0, when struct io_kiocb got a header of its own. */
static __always_inline __u64 uring_argument(struct bpf_raw_tracepoint_args *ctx, __u32 now,
					    __u32 before)
{
	__u64 argument;

	if (!bpf_core_field_exists(((struct io_kiocb *)0)->cmd)) {
		argument = ctx->args[before];
		/* Else the compiler computes the place, which the verifier does not allow. */
		barrier_var(argument);
		return argument;
	}
	argument = ctx->args[now];
	barrier_var(argument);
	return argument;
}

#endif
