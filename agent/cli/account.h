/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs this command. */
#ifndef SESHAT_CLI_ACCOUNT_H
#define SESHAT_CLI_ACCOUNT_H

#include <stdint.h>

#define ACCOUNT_UNSET UINT32_MAX /* no login uid, no audit session id */

/*
 * The account that logged in (the login uid, which su and sudo leave as it is), else the one that runs this process.
 * The caller frees *ret, which is the uid's number where it has no name. Returns 0 or negative errno.
 */
int account_login(char **ret);

/* The kernel's audit session id of this process, or ACCOUNT_UNSET. */
uint32_t account_audit_session(void);

#endif
