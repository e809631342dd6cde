/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public keys and certificates as SSH has them on the wire (RFC 4253, RFC 5656, OpenSSH's PROTOCOL.certkeys
 * and PROTOCOL.u2f).
 */
#ifndef SESHAT_SESSION_SSH_KEY_H
#define SESHAT_SESSION_SSH_KEY_H

#include "base/bytes.h"
#include "session/login.h"

/*
 * Reads one blob, any bytes. The fingerprint is what ssh-keygen -l prints; a certificate's is that of the key
 * in it. The caller frees *ret (login_key_free). A key of an unknown type has a fingerprint too, a
 * certificate of an unknown type cannot be read. Returns 0, -EBADMSG (broken), -EOPNOTSUPP (such a certificate),
 * or -ENOMEM.
 */
int ssh_key_parse(struct bytes blob, struct login_key *ret);

#endif
