/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables that the registry is made of, one a file.
 */
#ifndef SESHAT_PROBES_PROBES_H
#define SESHAT_PROBES_PROBES_H

#include "probes/probe.h"

extern const struct probe probe_exec;
extern const struct probe probe_exit;
extern const struct probe probe_open;
extern const struct probe probe_network;
extern const struct probe probe_cgroup;
extern const struct probe probe_tty;
extern const struct probe probe_privilege;
extern const struct probe probe_ptrace;
extern const struct probe probe_kernel;
extern const struct probe probe_file;
extern const struct probe probe_start;	      /* event: struct session_start */
extern const struct probe probe_lost;	      /* event: struct lost_event */
extern const struct probe probe_end;	      /* event: struct session_end */
extern const struct probe probe_switch;	      /* event: struct session_switch */
extern const struct probe probe_logout;	      /* event: struct session_logout */
extern const struct probe probe_agent_start;  /* event: struct agent_start */
extern const struct probe probe_agent_stop;   /* event: struct agent_stop */
extern const struct probe probe_agent_config; /* event: struct agent_config */

/* What probe_lost is given. */
struct lost_event {
	enum loss_reason reason;
	struct loss loss;
	/* not NULL: what the sink of this name lacks, in place of loss */
	const struct sink_loss *sink_loss;
	const char *sink;
};

#endif
