/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Into the background, as daemons go that nobody supervises: the command returns when the daemon is ready, or
 * says what went wrong.
 */
#ifndef SESHAT_DAEMON_BACKGROUND_H
#define SESHAT_DAEMON_BACKGROUND_H

/*
 * Forks. In the child, which leads a session of its own, it returns 0, and *ret_ready is a descriptor to be
 * given to background_ready(). In the parent it returns 1 once the child is ready or has ended, and
 * *ret_status is what the parent should exit with: 0, the child's status, or 128 plus the number of the signal
 * that ended it. Returns negative errno when there is no child. To be called before there are threads.
 */
int background_enter(int *ret_ready, int *ret_status);

/*
 * Standard input, output and error become /dev/null, the working directory /, and the parent is told that it
 * may go. *ready is closed and -1 afterwards; with -1 (not in the background) nothing is done. Returns 0 or negative errno.
 */
int background_ready(int *ready);

#endif
