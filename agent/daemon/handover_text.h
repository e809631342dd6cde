/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session as text: what the next agent must know of how it began.
 */
#ifndef SESHAT_DAEMON_HANDOVER_TEXT_H
#define SESHAT_DAEMON_HANDOVER_TEXT_H

#include <stddef.h>

struct agent_session;
struct json_object;

/* *ret is the caller's. Returns 0 or -ENOMEM. */
int handover_text_write(const struct agent_session *session, struct json_object **ret);

/*
 * Reads it into a new session: its key, sid, login, leader, slot and times, and the path of its cgroup, which is not
 * opened. Returns 0, -EBADMSG, or -ENOMEM.
 */
int handover_text_read(const char *text, size_t size, struct agent_session *session);

#endif
