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
#include "session/login.h"

/* The kinds of audit records: those of enum wire_kind, then these. */
enum event_kind {
	EVENT_START = WIRE_KINDS,
	EVENT_LOST,
	EVENT_END,
	EVENT_SWITCH,
	EVENT_LOGOUT,
	EVENT_AGENT_START,
	EVENT_AGENT_STOP,
	EVENT_AGENT_CONFIG,
	EVENT_KINDS,
};

/* A probe that could not be attached. */
struct probe_missing {
	const char *probe;
	const char *reason;
};

/* What probes there are. Everything is borrowed. */
struct probes_report {
	const char *const *attached; /* names */
	size_t attached_count;
	const struct probe_missing *missing;
	size_t missing_count;
	const char *const *off; /* kinds of events that nobody wants */
	size_t off_count;
};

/* Everything is borrowed during the call. Texts that are NULL, or "", are left out of the record. */
struct session_start {
	uint64_t key;	 /* header.session of its records */
	uint64_t time;	 /* CLOCK_BOOTTIME, nanoseconds */
	const char *sid; /* 36 characters */
	const char *login;
	const char *user;
	const char *service;
	const char *version; /* of the program */
	int interactive; /* 1: its standard input is a terminal; 0: it is none; -1: that is not known */
	uint32_t leader_pid;
	const char *cgroup_path;   /* in the v2 hierarchy */
	uint32_t audit_session_id; /* 4294967295: unset */
	const char *strategy;
	const char *strategy_reason;
	const char *kernel; /* uname -r */
	struct probes_report probes;
	/* of a login through PAM; NULL where there is none */
	const char *rhost;
	const char *tty;
	const char *logind_session;
	const struct login_connection *connection;
	const struct login_auth *auth;
};

/* Somebody became somebody else inside a session. Everything is borrowed; texts may be NULL. */
struct session_switch {
	const char *service;
	const char *from;
	const char *to;
	const char *tty;
	uint32_t pid; /* of the process that does it */
	const char *program;
	const char *exe;
	const struct login_connection
		*connection; /* of an sshd that runs inside the session; NULL */
	const struct login_auth *auth;
};

/* The login is over; what it started may live on. */
struct session_logout {
	const char *reason; /* "closed" or "leader_exited" */
	uint64_t processes; /* alive */
};

/* A program that audits for many sessions begins its work. Everything is borrowed. */
struct agent_start {
	const char *version;
	const char *strategy;
	const char *strategy_reason; /* NULL: left out */
	const char *kernel;
	uint32_t pid;
	const char *config; /* path; NULL: the defaults */
	const char *const *capabilities;
	size_t capabilities_count;
	const char *const *sinks; /* names */
	size_t sinks_count;
	struct probes_report probes; /* attached: those that will be */
	uint64_t sessions;	     /* open ones that it goes on with */
	/* may records be missing, of what they did while no agent ran? */
	bool gap;
};

struct agent_stop {
	const char *reason; /* "SIGTERM", ... */
	uint64_t uptime_ns;
	uint64_t sessions; /* still open, for the next agent */
	uint64_t records;  /* written in all, this one left out */
	uint64_t lost;
};

struct config_change {
	const char *key;
	const char *from;
	const char *to;
	bool live; /* in force; else with the next start */
};

struct agent_config {
	const struct config_change *changes;
	size_t changes_count;
};

/* The kernel's counters of one session: totals since it began. */
struct kernel_losses {
	uint64_t by_kind[WIRE_KINDS]; /* records that found no room, each once */
	uint64_t numbered;	      /* numbers given out */
	/* at most so many have not even begun, and have no number: a processor had been preempted in their program */
	uint64_t preempted;
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
	LOSS_PREEMPTED, /* the last one: at most so many, as the kernel left out a program, of whatever session */
	LOSS_REASONS,
};

/* What one sink lacks, while another one has it. */
struct sink_loss {
	uint64_t by_kind[EVENT_KINDS];
	uint64_t count;
	uint64_t first_ei; /* of the records that it lacks; count is not 0 */
	uint64_t last_ei;
	const char *sink; /* its name, a constant: another one may have its place by now */
	bool foreign;	  /* some are of other sessions: the indexes say nothing */
};

/* Numbered records that were lost for one reason. */
struct loss {
	uint64_t by_kind[WIRE_KINDS];
	uint64_t count; /* may be more than by_kind has: some had no readable kind */
	uint64_t first; /* kernel numbers; 0 when none is known */
	uint64_t last;
};

#endif
