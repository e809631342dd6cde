/* SPDX-License-Identifier: Apache-2.0 */
#include "session/table.h"

#include <errno.h>

int session_table_add(struct session_table *table, struct session *session)
{
	if (session_table_find(table, session->key))
		return -EEXIST;
	HASH_ADD(hh, table->sessions, key, sizeof(session->key), session);
	return session->hh.tbl ? 0 : -ENOMEM;
}

struct session *session_table_find(struct session_table *table, uint64_t key)
{
	struct session *session = table->latest;

	if (session && session->key == key)
		return session;
	HASH_FIND(hh, table->sessions, &key, sizeof(key), session);
	if (session)
		table->latest = session;
	return session;
}

void session_table_remove(struct session_table *table, struct session *session)
{
	HASH_DELETE(hh, table->sessions, session);
	if (table->latest == session)
		table->latest = NULL;
	session_free(session);
}

void session_table_clear(struct session_table *table)
{
	struct session *session, *next;

	HASH_ITER(hh, table->sessions, session, next)
		session_table_remove(table, session);
}
