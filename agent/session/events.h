/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens to a session but is no kernel record: how it began, what was lost of it, how it
 * ended.
 */
#ifndef SESHAT_SESSION_EVENTS_H
#define SESHAT_SESSION_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bpf/wire.h"

/* The kinds of audit records: those of enum wire_kind, then these. */
enum event_kind {
	EVENT_START = WIRE_KINDS,
	EVENT_LOST,
	EVENT_END,
	EVENT_KINDS,
};

/* A probe that could not be attached. */
struct probe_missing {
	const char *probe;
	const char *reason;
};

/* Everything is borrowed during the call. */
struct session_start {
	uint64_t key;	 /* header.session of its records */
	uint64_t time;	 /* CLOCK_BOOTTIME, nanoseconds */
	const char *sid; /* 36 characters */
	const char *login;
	const char *user;
	const char *service;
	const char *version; /* of the program */
	bool interactive;
	uint32_t leader_pid;
	const char *cgroup_path;   /* in the v2 hierarchy */
	uint32_t audit_session_id; /* 4294967295: unset */
	const char *strategy;
	const char *kernel;	   /* uname -r */
	const char *const *probes; /* names of those attached */
	size_t probes_count;
	const struct probe_missing *missing;
	size_t missing_count;
};

/* The kernel's counters of one session: totals since it began. */
struct kernel_losses {
	uint64_t by_kind[WIRE_KINDS]; /* records that found no room, each once */
	uint64_t numbered;	      /* numbers given out */
};

/* Everything is borrowed during the call. */
struct session_end {
	uint64_t time; /* CLOCK_BOOTTIME, nanoseconds */
	struct kernel_losses losses;
	uint64_t processes;   /* how many still run */
	const uint32_t *pids; /* of them */
	size_t pids_count;
};

enum loss_reason {
	LOSS_RING,   /* no room in the kernel's ring buffer */
	LOSS_MEMORY, /* user space ran out of memory, or out of what it may use */
	LOSS_DECODE, /* the bytes were not as they must be */
	LOSS_ENCODE, /* the audit record could not be built */
	LOSS_SINK,   /* a sink refused the line */
	LOSS_REASONS,
};

/* Numbered records that were lost for one reason. */
struct loss {
	uint64_t by_kind[WIRE_KINDS];
	uint64_t count; /* may be more than by_kind has: some had no readable kind */
	uint64_t first; /* kernel numbers; 0 when none is known */
	uint64_t last;
};

#endif
