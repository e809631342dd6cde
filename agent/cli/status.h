/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exit statuses. Those from 125 on are what env(1), nohup(1) and timeout(1) use; those of `run` are below them, where
 * programs seldom go, as COMMAND's own status is passed on as it is. The small ones are of the commands that ask the
 * agent or the log, with the numbers that service managers have for them.
 */
#ifndef SESHAT_CLI_STATUS_H
#define SESHAT_CLI_STATUS_H

enum status {
	STATUS_NEGATIVE =
		1, /* done, and the answer is no: a failed check, no such session, a refusal */
	STATUS_NO_AGENT = 3,	/* the agent does not run, or does not answer */
	STATUS_DENIED = 4,	/* the agent does not take this from this user */
	STATUS_UNAUDITED = 118, /* the agent that was to audit does not run, or refuses */
	STATUS_FILE = 119,	/* the file for the records cannot be written */
	STATUS_NOT_ROOT = 120,
	STATUS_CAPABILITY = 121, /* root, but without a capability that is needed */
	STATUS_NO_BTF = 122,	 /* the kernel has no type information */
	STATUS_NO_CGROUP = 123,	 /* no version 2 cgroup hierarchy is mounted */
	STATUS_LOCKDOWN = 124,
	STATUS_FAILED = 125, /* anything else, a wrong option included */
	STATUS_NOT_EXECUTABLE = 126,
	STATUS_NOT_FOUND = 127,
	STATUS_SIGNAL = 128, /* plus the number of the signal that ended COMMAND */
};

#endif
