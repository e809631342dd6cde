/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks the agent. Fit for libraries in other people's programs: no signal, no output, nothing that stays
 * open, no state.
 */
#ifndef SESHAT_CONTROL_CLIENT_H
#define SESHAT_CONTROL_CLIENT_H

struct json_object;

/*
 * Connects to the socket, sends the request, waits for the reply; all that within timeout_ms. The other end
 * must be root's, or belong to this process's effective user, who could do to it no more than to himself.
 * *ret_reply is the caller's (json_object_put); whether it says "ok" is told by control_reply_error().
 * Returns 0 when there is a reply, or negative errno, among them:
 *
 *	-ENOENT, -ECONNREFUSED	nobody listens there
 *	-ETIMEDOUT		the agent was too slow
 *	-EPERM			somebody else listens there
 *	-ECONNRESET		the agent closed the connection instead of a reply
 *	-EPROTO			what came is no reply
 *	-EMSGSIZE		the request is too long
 *	-ENAMETOOLONG		the path of the socket is too long
 */
int control_call(const char *socket, struct json_object *request, unsigned int timeout_ms,
		 struct json_object **ret_reply);

/*
 * The three steps of it, for who has something else to wait for before the reply comes (the descriptor becomes readable).
 * control_connect() returns a descriptor, the caller's; all return negative errno as above.
 */
int control_connect(const char *socket, unsigned int timeout_ms);
int control_send(int fd, struct json_object *request, unsigned int timeout_ms);
int control_receive(int fd, unsigned int timeout_ms, struct json_object **ret);

#endif
