/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How programs speak with the agent: one connection to a SOCK_SEQPACKET socket, one JSON object a
 * packet, one reply a request.
 *
 *	{"op": "NAME", ...}  ->  {"ok": true, ...}  or  {"ok": false, "error": "in words", "errno": "EPERM"}
 *
 * A string whose bytes are no UTF-8 goes as {"base64": "..."} (control_bytes_new).
 */
#ifndef SESHAT_CONTROL_PROTOCOL_H
#define SESHAT_CONTROL_PROTOCOL_H

#define CONTROL_SOCKET "/run/seshat/control.sock"
/* Members of it may ask what changes nothing. */
#define CONTROL_GROUP  "seshat"

enum {
	CONTROL_MESSAGE_MAX = 131072, /* bytes of a packet */
	CONTROL_DEPTH_MAX = 8, /* objects and arrays in one another, the outermost included */

	/*
	 * What a session.open may hold, so that it fits a packet whatever the bytes are: ssh_auth_info, and each
	 * other string. The former is cut to one byte more than its limit, which tells that it was.
	 */
	CONTROL_AUTH_INFO_MAX = 49152,
	CONTROL_STRING_MAX = 2048,
};

#endif
