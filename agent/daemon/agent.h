/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent: one process that audits the sessions that PAM, or whoever else may, opens over the control socket.
 */
#ifndef SESHAT_DAEMON_AGENT_H
#define SESHAT_DAEMON_AGENT_H

#include <stdbool.h>

enum agent_status {
	AGENT_OK = 0,
	AGENT_FAILED = 1,
	AGENT_USAGE = 64,  /* EX_USAGE of sysexits.h */
	AGENT_CONFIG = 78, /* EX_CONFIG: the configuration is wrong; trying again will not help */
};

struct agent_options {
	const char *config; /* path */
	bool config_asked;  /* the user named it: it must be there */
	bool foreground;
};

/* Runs until it is told to stop. Messages are written to the log. Returns enum agent_status. */
int agent_run(const struct agent_options *options);

/* Reads the configuration and says what is wrong with it, or that nothing is. Returns enum agent_status. */
int agent_check_config(const struct agent_options *options);

/*
 * Removes what an agent that was stopped, or died, has left in the kernel and below its state directory: probes,
 * cgroups, what it knew of open sessions. Refuses while one runs. Returns enum agent_status.
 */
int agent_detach(const struct agent_options *options);

#endif
