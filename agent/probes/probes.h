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
extern const struct probe probe_start; /* event: struct session_start */
extern const struct probe probe_lost;  /* event: struct lost_event */
extern const struct probe probe_end;   /* event: struct session_end */

/* What probe_lost is given. */
struct lost_event {
	enum loss_reason reason;
	struct loss loss;
};

#endif
