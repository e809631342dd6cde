/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Replies of the control protocol, sent at once or not at all.
 */
#ifndef SESHAT_DAEMON_REPLY_H
#define SESHAT_DAEMON_REPLY_H

struct json_object;

/*
 * Sends a reply. Returns 0, -EAGAIN (the peer does not read its replies), -EMSGSIZE (too long; nothing was
 * sent), or another negative errno.
 */
int reply_send(int fd, struct json_object *reply);

/*
 * Sends that the request was not done: why as negative errno, and in words; NULL: in those of strerror(3).
 * Returns as reply_send() does.
 */
int reply_send_failure(int fd, int error, const char *text);

#endif
