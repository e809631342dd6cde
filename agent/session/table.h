/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The open sessions, by their key. There is no limit to their number.
 */
#ifndef SESHAT_SESSION_TABLE_H
#define SESHAT_SESSION_TABLE_H

#include "session/session.h"

/* Zeroed to begin with. */
struct session_table {
	struct session *sessions; /* owned */
	struct session *latest;	  /* borrowed: found last, as records come in runs of one session */
};

/* Takes ownership of the session, on success only. Returns 0, -EEXIST or -ENOMEM. */
int session_table_add(struct session_table *table, struct session *session);

/* NULL when there is none. Borrowed until it is removed. */
struct session *session_table_find(struct session_table *table, uint64_t key);

/* Frees the session. */
void session_table_remove(struct session_table *table, struct session *session);

/* Frees all sessions. */
void session_table_clear(struct session_table *table);

#endif
