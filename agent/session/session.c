/* SPDX-License-Identifier: Apache-2.0 */
#include "session/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "record/record.h"

enum {
	SESSION_MEMBERS_SIZE = 65536, /* limit of the constant members; names are far shorter */
};

int session_new(struct session **ret, const struct session_start *start)
{
	_cleanup_(session_freep) struct session *session = NULL;

	if (strlen(start->sid) != UUID_SIZE - 1)
		return -EINVAL;
	session = calloc(1, sizeof(*session));
	if (!session)
		return -ENOMEM;
	session->key = start->key;
	session->start_time = start->time;
	memcpy(session->sid, start->sid, UUID_SIZE);
	session->members = BUFFER_INIT(SESSION_MEMBERS_SIZE);
	session->members_raw = BUFFER_INIT(SESSION_MEMBERS_SIZE);
	session->login = strdup(start->login);
	session->user = strdup(start->user);
	if (!session->login || !session->user)
		return -ENOMEM;
	*ret = TAKE_PTR(session);
	return 0;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	free(session->login);
	free(session->user);
	gaps_free(&session->gaps);
	buffer_free(&session->members);
	buffer_free(&session->members_raw);
	free(session);
}

void session_freep(struct session **session)
{
	session_free(*session);
}

uint64_t session_written(const struct session *session)
{
	uint64_t sum = 0;

	for (unsigned int kind = 0; kind < WIRE_KINDS; kind++)
		if (record_numbered(kind))
			sum += session->records[kind];
	return sum;
}
