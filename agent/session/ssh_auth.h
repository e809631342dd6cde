/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sshd tells PAM of a login: SSH_AUTH_INFO_0, a line for each method that succeeded ("publickey
 * ssh-ed25519 AAAA...", "password", "keyboard-interactive/pam"), and SSH_CONNECTION.
 */
#ifndef SESHAT_SESSION_SSH_AUTH_H
#define SESHAT_SESSION_SSH_AUTH_H

#include "base/bytes.h"
#include "session/login.h"

enum {
	SSH_AUTH_INFO_MAX = 49152,     /* bytes that are looked at */
	SSH_AUTH_METHOD_MAX = 64,      /* characters of a method's name */
	SSH_AUTH_CONNECTION_MAX = 256, /* bytes: two addresses with zones, two ports */
};

/*
 * Reads SSH_AUTH_INFO_0, any bytes. Broken parts are left out, and ret->bad is set. The key is a user's
 * certificate, else a user's plain key, else a host's; of several the last one. The caller frees *ret (login_auth_free). Returns
 * 0 or -ENOMEM.
 */
int ssh_auth_parse(struct bytes text, struct login_auth *ret);

/*
 * Reads SSH_CONNECTION, "ADDRESS PORT ADDRESS PORT": the client's, and the server's. The caller frees *ret
 * (login_connection_free). Returns 0, -EBADMSG, or -ENOMEM.
 */
int ssh_connection_parse(struct bytes text, struct login_connection *ret);

#endif
