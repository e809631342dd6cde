/* SPDX-License-Identifier: Apache-2.0 */
/* Can a session be audited here at all? */
#ifndef SESHAT_CLI_PREFLIGHT_H
#define SESHAT_CLI_PREFLIGHT_H

/*
 * Returns 0, or the exit status (enum status) of the first thing that is missing, which it has told on standard
 * error in one line, with what to do about it.
 */
int preflight(void);

#endif
