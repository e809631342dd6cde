/* SPDX-License-Identifier: Apache-2.0 */
/* The state of an audit, between its beginning (audit_begin.c) and its end (audit.c). */
#ifndef SESHAT_CLI_AUDIT_STATE_H
#define SESHAT_CLI_AUDIT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/audit.h"
#include "kernel/loader.h"
#include "kernel/ring.h"
#include "pipeline/pipeline.h"
#include "session/cgroup.h"

enum {
	SESSION_KEY = 1, /* the only one */
};

struct audit {
	struct loader *loader;	   /* owned */
	struct ring *ring;	   /* owned */
	struct pipeline *pipeline; /* owned */
	struct cgroup cgroup;	   /* owned */
	uint64_t received;	   /* numbered records */
	uint64_t lost;		   /* what the kernel has counted, as far as told */
	bool telling;		   /* of something lost: pipeline_losses() is to be called again */
	bool exited;		   /* a process has ended since the accounts were looked at */
	bool stopped;		   /* ended by order, while processes live on */
};

/* Takes everything down, in whatever state, and frees. */
void audit_free(struct audit *audit);

#endif
