/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canary of seshat check: a process that does one of each, where this process listens, in a folder of its own. Nothing of
 * it stays: not when this process dies either, but for the folder after a SIGKILL.
 */
#ifndef SESHAT_CLI_CHECK_CANARY_H
#define SESHAT_CLI_CHECK_CANARY_H

#include <stdint.h>
#include <sys/types.h>

#include "cli/check_expect.h"

struct canary {
	struct check_facts facts;	       /* its strings are those below */
	char *exe, *absent, *created, *socket; /* owned */
	char *folder;			       /* owned */
	char *cgroup;	     /* owned: the root's cgroup.procs; NULL: it cannot leave its cgroup */
	int tcp, udp, unix_; /* owned; listening */
	int talk;	     /* owned: says what it shall do, and tells what it has done */
	pid_t pid;	     /* 0: there is none */
};

/*
 * Makes the folder and the sockets, and starts the process, which waits. Returns 0 or negative errno; *ret is to be
 * freed in any case.
 */
int canary_start(struct canary *ret);

/*
 * Lets it do everything but end, and waits for that. *ret_done has the bit of each step that is to be seen in the end
 * (1 << step). Returns 0, or -EPROTO when it ended before.
 */
int canary_run(struct canary *canary, uint32_t *ret_done);

/* Lets it end, and waits for that. */
void canary_finish(struct canary *canary);

/* Ends it where it still lives, and removes everything. */
void canary_free(struct canary *canary);

#endif
